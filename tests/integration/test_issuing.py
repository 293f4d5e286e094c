"""One joint receipt for a case on real simulators: issued, handed out, checked; documents fetched; failures said."""

from __future__ import annotations

import asyncio
from io import BytesIO

import pypdf
import pytest

from hub import CaseState, example_case, simulated
from hub.clock import VirtualClock
from hub.errors import NotAllowed, NotFound
from hub.simulation import START
from simulators.kit.simulator import Profile

MADE = "JX6202611243304020099990"


@pytest.fixture
async def city(tmp_path):
    """A hub on the simulated water and power companies, which work at once."""
    async with simulated("water", "power", clock=VirtualClock(START), data_dir=tmp_path, profile=Profile()) as found:
        yield found


async def decided(city, *codes):
    application = example_case(codes or ("JX6-WAT-01",), "individual", city.hub.configuration.catalogue)
    case = await city.hub.submit(application)
    return await city.hub.wait(case.number, seconds=30)


def text(pdf):
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(pdf)).pages)


async def test_one_receipt_tells_of_all_utilities_and_is_marked_as_simulated(city):
    case = await decided(city, "JX6-WAT-01", "JX6-ELE-05")
    issue = await city.hub.issue(case.number)
    assert (issue.receipt.stage, issue.receipt.summary) == ("final", "共2项：办结2项")
    shown = text(await city.hub.receipt_file(issue))
    for words in (case.number, "嘉兴市区供水公司", "嘉兴供电公司", "王**", "模拟", case.tasks[0].outputs[0].identifier):
        assert words in shown
    assert "王秀兰" not in shown
    assert "330402195203140024" not in shown


async def test_the_contract_is_fetched_once_kept_and_listed(city):
    case = await decided(city)
    issue = await city.hub.issue(case.number)
    assert "电子文件已归集" in issue.receipt.lines[0].outputs[0].file
    (output,) = (await city.hub.case(case.number)).tasks[0].outputs
    assert (output.file.media_type, output.file.file_name) == ("application/pdf", f"{case.number}-01-contract.pdf")
    content = await city.hub.output_file(output)
    assert f"SIMULATED CONTRACT {output.identifier}".encode() in content
    asked = len(city.simulators["water"].journal.entries)
    await city.hub.issue(case.number)
    assert len(city.simulators["water"].journal.entries) == asked


async def test_a_utility_that_is_away_keeps_no_receipt_back_and_the_document_comes_with_the_next(city):
    case = await decided(city)
    city.simulators["water"].faults.arm("down")
    first = await city.hub.issue(case.number)
    assert "电子文件未取得" in first.receipt.lines[0].outputs[0].file
    city.simulators["water"].faults.lift("down")
    second = await city.hub.issue(case.number)
    assert second.receipt.seq == 2
    assert "电子文件已归集" in second.receipt.lines[0].outputs[0].file


async def test_a_document_that_was_lost_is_fetched_again_or_said_to_be_lost(city, tmp_path):
    case = await decided(city)
    await city.hub.issue(case.number)
    (output,) = (await city.hub.case(case.number)).tasks[0].outputs
    stored = tmp_path / "evidence" / output.file.ref[:2] / output.file.ref
    stored.unlink()
    with pytest.raises(NotFound):
        await city.hub.output_file(output)
    assert (await city.hub.issue(case.number)).receipt.seq == 1, "fetched again: nothing new to tell"
    stored.unlink()
    city.simulators["water"].faults.arm("down")
    lost = await city.hub.issue(case.number)
    assert "缺失或损坏" in lost.receipt.lines[0].outputs[0].file


async def test_as_long_as_nothing_changes_it_is_the_same_receipt(city):
    case = await decided(city)
    first = await city.hub.issue(case.number)
    await city.clock.sleep(3600)
    several = await asyncio.gather(*(city.hub.issue(case.number) for _ in range(4)))
    assert {each.code for each in several} == {first.code}
    assert [each.receipt.seq for each in await city.hub.issues(case.number)] == [1]


async def test_several_at_once_for_a_new_case_make_one_receipt(city):
    case = await decided(city)
    made = await asyncio.gather(*(city.hub.issue(case.number) for _ in range(4)))
    assert {each.receipt.seq for each in made} == {1}
    assert len(await city.hub.issues(case.number)) == 1


async def test_a_case_under_way_gets_an_interim_receipt_that_the_final_one_replaces(city):
    application = example_case(["JX6-WAT-01"], "individual", city.hub.configuration.catalogue)
    number = (await city.hub.submit(application)).number
    interim = await city.hub.issue(number)
    assert interim.receipt.stage == "interim"
    await city.hub.wait(number, seconds=30)
    final = await city.hub.issue(number)
    assert (final.receipt.stage, final.receipt.seq) == ("final", 2)
    old = await city.hub.verify_receipt(await city.hub.receipt_file(interim))
    assert (old.genuine, old.current) == (True, False)
    assert "receipt 2 replaces it" in old.reason


async def test_handing_out_the_final_receipt_delivers_the_case_and_is_on_record(city):
    case = await decided(city)
    with pytest.raises(NotAllowed, match="issue it first"):
        await city.hub.deliver(case.number, "window")
    await city.hub.issue(case.number)
    given = await city.hub.deliver(case.number, "post", reference="EMS1", operator="c01")
    (record,) = given.deliveries
    assert (record.method, record.reference, record.receiver) == ("post", "EMS1", "王秀兰")
    assert record.tasks == (f"{case.number}-01",)
    assert (await city.hub.case(case.number)).state is CaseState.DELIVERED
    again = await city.hub.deliver(case.number, "post", reference="EMS1", operator="c01")
    assert len(again.deliveries) == 1
    other = await city.hub.deliver(case.number, "window", receiver="陈明")
    assert [each.receiver for each in other.deliveries] == ["王秀兰", "陈明"]


async def test_an_interim_receipt_delivers_nothing_and_an_outdated_one_is_not_handed_out(city):
    application = example_case(["JX6-WAT-01"], "individual", city.hub.configuration.catalogue)
    number = (await city.hub.submit(application)).number
    await city.clock.sleep(120)
    await city.hub.issue(number)
    await city.hub.deliver(number, "window")
    case = await city.hub.wait(number, seconds=30)
    assert case.state is CaseState.DECIDED
    with pytest.raises(NotAllowed, match="moved on"):
        await city.hub.deliver(number, "window")


async def test_a_file_that_was_altered_or_made_up_is_told_from_a_genuine_one(city):
    case = await decided(city)
    issue = await city.hub.issue(case.number)
    pdf = await city.hub.receipt_file(issue)
    good = await city.hub.verify_receipt(pdf)
    assert (good.genuine, good.current, good.file_checked) == (True, True, True)
    assert (await city.hub.verify_receipt(issue.code)).genuine
    altered = await city.hub.verify_receipt(pdf + b"\n")
    assert not altered.genuine
    assert altered.issue.receipt.summary == issue.receipt.summary, "it tells what was really issued"
    forged = issue.code.replace(case.number, MADE)
    assert not (await city.hub.verify_receipt(forged)).genuine
    assert not (await city.hub.verify_receipt(b"%PDF nothing")).genuine


async def test_another_hub_does_not_vouch_for_it(city, tmp_path):
    case = await decided(city)
    issue = await city.hub.issue(case.number)
    async with simulated("water", data_dir=tmp_path / "other") as other:
        found = await other.hub.verify_receipt(issue.code)
    assert (found.genuine, found.reason) == (False, "the code was not signed by this hub, or was altered")


async def test_a_receipt_outlives_the_hub_that_issued_it(tmp_path):
    clock = VirtualClock(START)
    async with simulated("water", clock=clock, data_dir=tmp_path) as city:
        case = await decided(city)
        issue = await city.hub.issue(case.number)
        pdf = await city.hub.receipt_file(issue)
        await city.hub.deliver(case.number, "window")
    async with simulated("water", clock=VirtualClock(clock.now()), data_dir=tmp_path) as again:
        (kept,) = await again.hub.issues(case.number)
        assert await again.hub.receipt_file(kept) == pdf
        assert (await again.hub.issue(case.number)).code == issue.code
        assert (await again.hub.verify_receipt(pdf)).genuine
        assert (await again.hub.case(case.number)).state is CaseState.DELIVERED


async def test_nothing_personal_of_a_receipt_lies_open_on_the_disk(city, tmp_path):
    case = await decided(city)
    await city.hub.issue(case.number)
    await city.hub.deliver(case.number, "window", receiver="王喆垚")
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for canary in ("王秀兰", "王喆垚", "330402195203140024", "%PDF"):
        assert canary.encode() not in stored


async def test_a_case_that_is_not_there_has_no_receipt(city):
    for ask in (city.hub.issue(MADE), city.hub.issues(MADE), city.hub.deliver(MADE, "window")):
        with pytest.raises(NotFound):
            await ask
