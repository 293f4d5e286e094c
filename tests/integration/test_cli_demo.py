"""`hub demo`, end to end as a process: the joint application comes to its end, with and without trouble."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys

import pytest

SUMMARY = re.compile(r"case JX6\d{21} DECIDED ALL_COMPLETED 4/4")
LEDGER = {
    "realty": "realty: 1 application",
    "water": "water: 1 order",
    "power": "power: 1 order",
    "gas": "gas: 1 order",
}
PRINCIPAL = {"water": "water-city: 3001", "power": "power: app.submit", "gas": "gas-city: createServiceOrder"}
LIMIT = 100


async def _demo(*arguments, **environment):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from hub.cli import main; main()",
        "demo",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), LIMIT)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output.decode(), errors.decode()


async def test_home_transfer_is_done_by_registry_and_utilities_once():
    code, output, errors = await _demo()
    assert (code, errors) == (0, ""), output
    lines = [line.rstrip() for line in output.splitlines()]
    assert SUMMARY.fullmatch(lines[-1])
    assert "模拟" in lines[0]
    assert set(LEDGER.values()) <= set(lines)
    for told in ("soap11-asmx-inner-xml", "rest-json-webhook", "soap12-wsse-typed", "database-exchange", "王秀兰"):
        assert told in output, told
    for told in ("AUTHORITY_CHECK level 2", "each once", "预检通过", "GATE_OPENED", "已登簿生效", "joint receipt JX6"):
        assert told in output, told
    for told in ("回调 CALLBACK", "查询 POLL", "文件 FILE"):
        assert told in output, told
    assert "Doubt" not in output
    assert "\x1b" not in output


@pytest.mark.parametrize("system", sorted(PRINCIPAL))
async def test_answer_lost_after_the_effect_is_inquired_and_nothing_is_done_twice(system):
    code, output, errors = await _demo("--fault", f"{system}:after-commit")
    assert (code, errors) == (0, ""), output
    lines = [line.rstrip() for line in output.splitlines()]
    assert SUMMARY.fullmatch(lines[-1])
    assert set(LEDGER.values()) <= set(lines)
    doubt = lines[next(place for place, line in enumerate(lines) if line.startswith("Doubt")) :]
    assert doubt[1].startswith(f"{PRINCIPAL[system]} reached phase ")
    assert "UNKNOWN (UPS_TIMEOUT_UNKNOWN" in doubt[1]
    assert any(line.startswith("  inquiry: ") for line in doubt)
    assert any("adopted, nothing was sent twice" in line for line in doubt)


def _time_of(output, what):
    """The seconds of the first line of the timeline that has all these words."""
    line = next(line for line in output.splitlines() if all(word in line for word in what))
    return re.search(r"\d\d-\d\d \d\d:\d\d:\d\d", line)[0]


async def test_utilities_commit_when_the_registration_is_entered_and_not_before():
    code, output, _ = await _demo()
    assert code == 0
    entered = _time_of(output, ("01 realty", "in force since"))
    for utility in ("02 water-city", "03 power", "04 gas-city"):
        assert _time_of(output, (utility, "PRECHECK_PASSED")) < entered
        assert _time_of(output, (utility, "GATE_OPENED")) == _time_of(output, (utility, "ACCEPTED")) == entered
    assert _time_of(output, ("01 realty", "COMPLETED")) > entered


async def test_options_are_handled_along_with_the_story():
    code, output, _ = await _demo("--with", "JX6-CTV-03", "--with", "JX6-BUS-03", "--json")
    assert code == 0, output
    told = json.loads(output)
    assert told["summary"].endswith("DECIDED ALL_COMPLETED 6/6")
    assert (told["ledger"]["catv"]["order"], told["ledger"]["transit"]["application"]) == (1, 1)


@pytest.mark.parametrize(("story", "count"), [("02", 4), ("03", 3), ("04", 2), ("05", 3), ("06", 2)])
async def test_every_other_bundle_of_the_catalogue_comes_to_its_end(story, count):
    code, output, errors = await _demo("--story", f"JX6-TH-{story}", "--json")
    assert (code, errors) == (0, "")
    told = json.loads(output)
    assert told["summary"].endswith(f"DECIDED ALL_COMPLETED {count}/{count}")
    assert told["receipt"]["receipt"]["stage"] == "final"


async def test_two_faults_at_once_are_both_survived():
    code, output, _ = await _demo("--fault", "water:before-commit", "--fault", "power:busy", "--json")
    assert code == 0, output
    told = json.loads(output)
    assert SUMMARY.fullmatch(told["summary"])
    assert (told["ledger"]["water"]["order"], told["ledger"]["power"]) == (1, {"order": 1})


async def test_kept_data_can_be_traced_afterwards(tmp_path):
    kept = tmp_path / "kept"
    code, output, _ = await _demo("--keep", str(kept), "--json")
    assert code == 0, output
    number = json.loads(output)["case"]["number"]
    script = "import sys; from hub.cli import main; sys.argv[1:] = sys.argv[1:]; main()"
    traced = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script, "trace", number, "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HUB_DATA_DIR": str(kept)},
    )
    document = json.loads(traced.stdout)
    assert document["case"]["summary"].endswith("DECIDED ALL_COMPLETED 4/4")
    assert "王秀兰" not in traced.stdout
    code, output, errors = await _demo("--keep", str(kept))
    assert (code, output) == (2, "")
    assert errors.startswith("--keep: ")


@pytest.mark.parametrize(
    ("fault", "named"),
    [("sea:busy", "power, realty, transit, water"), ("water:sleepy", "after-commit"), ("water", "SYSTEM:KIND")],
)
async def test_unknown_fault_ends_with_2_and_lists_the_known(fault, named):
    code, _, errors = await _demo("--fault", fault)
    assert code == 2
    assert named in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("--story", "JX6-TH-99"), "JX6-TH-02 新房入住一件事"), (("--with", "JX6-XX-01"), "JX6-XX-01")],
)
async def test_unknown_story_or_item_ends_with_2_and_says_so(arguments, named):
    code, _, errors = await _demo(*arguments)
    assert code == 2
    assert named in errors


async def test_demonstration_ignores_the_user_s_own_configuration(tmp_path):
    code, output, errors = await _demo(
        "--json",
        HUB_MODE="production",
        HUB_CONFIG_DIR=str(tmp_path / "nowhere"),
        HUB_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/none",
        HUB_SECRETS_DIR=str(tmp_path),
        HUB_CLOCK="noon",
    )
    assert (code, errors) == (0, ""), output
