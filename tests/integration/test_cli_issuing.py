"""The commands of issuing, looking up and checking on simulators in this process, as a window would use them."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager

import pytest

from hub import example_case, simulated
from hub.cli import opening
from hub.cli.app import run
from hub.clock import VirtualClock
from hub.simulation import START


class Ran:
    """How one command ended."""

    def __init__(self, code, printed):
        self.code, self.out, self.err = code, printed.out, printed.err

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    """`cli("issue", number)` on the data folder `tmp_path / "data"`."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run([str(each) for each in arguments])
        return Ran(ended.value.code or 0, capsys.readouterr())

    return command


@pytest.fixture
def filed(tmp_path):
    """A case that was decided on simulators; its number. Afterwards the data folder stands alone."""
    import asyncio

    async def make():
        async with simulated("water", clock=VirtualClock(START), data_dir=tmp_path / "data") as city:
            application = example_case(["JX6-WAT-01"], "individual", city.hub.configuration.catalogue)
            case = await city.hub.wait((await city.hub.submit(application)).number, seconds=30)
            await city.hub.issue(case.number)
            return case.number

    return asyncio.run(make())


def test_a_receipt_is_written_shown_and_checked(cli, filed, tmp_path):
    shown = cli("receipt", filed, "-o", "r.pdf", "--documents", "papers")
    assert shown.code == 0
    assert "供用合同" in shown.out
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "papers" / f"{filed}-01-contract.pdf").read_bytes().startswith(b"%PDF")
    checked = cli("verify-receipt", "r.pdf", "--json").json
    assert (checked["genuine"], checked["current"], checked["file_checked"]) == (True, True, True)
    code = checked["issue"]["code"]
    assert "only the code was checked" in cli("verify-receipt", code).out
    assert cli("verify-receipt", code, "--key", checked["public_key"]).code == 0
    assert cli("verify-receipt", code, "--key", "00").code == 2
    (tmp_path / "r.pdf").write_bytes((tmp_path / "r.pdf").read_bytes() + b" ")
    altered = cli("verify-receipt", "r.pdf")
    assert (altered.code, altered.out.startswith("NOT genuine")) == (1, True)
    assert cli("verify-receipt", "nowhere.pdf").code == 2


def test_issuing_again_gives_the_same_and_delivery_is_shown_with_the_case(cli, filed):
    assert cli("issue", filed, "--json").json["receipt"]["seq"] == 1
    given = cli("deliver", filed, "--method", "window", "--operator", "c01", "--receiver", "王喆垚", "--json").json
    assert given["deliveries"][0]["receiver"] == "王**"
    case = cli("case", filed, "--json").json
    assert case["state"] == "DELIVERED"
    assert case["receipts"][0]["deliveries"][0]["operator"] == "c01"
    assert case["tasks"][0]["outputs"][0]["file"]["media_type"] == "application/pdf"
    table = cli("case", filed).out
    assert "application/pdf" in table
    assert "receipt 1 (final): 共1项：办结1项, handed out by window" in table


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("deliver", "{}", "--method", "pigeon"), 2, "--method"),
        (("receipt", "{}", "--receipt", "9"), 2, "has no receipt 9"),
        (("issue", "JX6202611243304020099990"), 2, "there is no case"),
        (("receipt", "{}", "-o", "/nowhere/r.pdf"), 2, "cannot be written"),
        (("lookup",), 2, "NUMBER"),
        (("lookup", "1", "--type", "XX"), 2, "--type"),
        (("lookup", "--account", "water"), 2, "--account"),
    ],
)
def test_what_is_wrong_is_named(cli, filed, arguments, code, words):
    ran = cli(*(each.format(filed) for each in arguments))
    assert (ran.code, words in ran.err) == (code, True)


def test_validate_tells_every_fault_and_ends_with_1(cli, tmp_path, monkeypatch):
    monkeypatch.setenv("HUB_MODE", "development")
    example = cli("example", "JX6-WAT-01").json
    example["applicant"]["document"]["number"] = "330402195203140025"
    del example["items"][0]["form"]["account_no"]
    (tmp_path / "app.json").write_text(json.dumps(example), encoding="utf-8")
    ran = cli("validate", "app.json", "--json")
    assert ran.code == 1
    assert {(fault["where"], fault["rule"]) for fault in ran.json["faults"]} >= {
        ("items[0].form.account_no", "VAL_REQUIRED"),
        ("applicant.document.number", "VAL_FORMAT"),
    }


def test_lookup_prints_accounts_masked_and_forms_filled_in(cli, monkeypatch):
    @asynccontextmanager
    async def looking(_config=None):
        async with simulated("water", "power", clock=VirtualClock(START)) as city:
            city.simulators["power"].faults.arm("down")
            yield city.hub

    monkeypatch.setattr(opening, "looking_hub", looking)
    ran = cli("lookup", "330402198801010012", "--division", "330402007", "--item", "JX6-WAT-14")
    assert ran.code == 0
    assert "0100012345" in ran.out
    assert "李**" in ran.out
    assert "李建国" not in ran.out
    assert "嘉兴供电公司:未能查询,对方系统不可用" in ran.out
    assert "JX6-WAT-14: account_no=0100012345" in ran.out
    told = cli("lookup", "330402198801010012", "--field", "water", "--reveal", "checked at the window", "--json").json
    assert "李建国" in {account["holder_name"] for each in told["found"] for account in each["accounts"]}
