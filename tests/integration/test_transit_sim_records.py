"""What the bus card centre says to each record: every result code, and what leads to it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from simulators.kit.people import DEMO_CITIZEN, FORMER_HOLDER, resident_id
from tests.integration.transit_hub import appl, jpeg, rchg, running

FORMER_CARD = "3104330000000000016"
STUDENT_CARD = "3104330000000000024"
SENIOR_CARD = "3104330000000000032"
OVERDUE_CARD = "3104330000000000040"
NEVER_ISSUED = "3104330000000099992"
FORMER = {"name": FORMER_HOLDER.name, "idno": FORMER_HOLDER.id_number, "birth": 0, "cardtype": 0, "cardno": FORMER_CARD}
DAY = "20260105"


@pytest.fixture
async def hub():
    async with running() as hub:
        yield hub


def born(year: int, month: int = 1, day: int = 1) -> dict[str, str]:
    birth = date(year, month, day)
    return {"idno": resident_id("330402", birth, 5), "birth": f"{birth:%Y%m%d}"}


async def results(hub, *lines, **where):
    return [row["result"] for row in await hub.ask(*lines, **where)]


async def card(hub, cardno):
    return hub.simulator.state()["cards"][cardno]


# --- 01: a first card -------------------------------------------------------------------------------------


async def test_application_is_accepted_then_answered_finally_with_the_new_card_after_three_working_days(hub):
    [first] = await hub.ask(appl(reqno="A1", amount=0))
    assert (first["result"], first["newcard"], int(first["fee"]), first["effdate"]) == ("0100", "0" * 19, 0, "20260108")
    assert "制卡" in first["msg"]
    await hub.clock.play(timedelta(days=2, hours=23))
    assert await hub.rows("RESP", day="20260108") == []
    await hub.cycle(2)
    [final] = await hub.rows("RESP", day="20260108")
    assert (final["reqno"], final["result"], final["orderno"]) == ("A1", "0000", first["orderno"])
    assert (await card(hub, final["newcard"]))["status"] == "00"


async def test_weekend_days_do_not_count_and_pace_shortens_production():
    async with running() as hub:
        await hub.clock.play(timedelta(days=3))  # Thursday
        [first] = await hub.ask(appl())
        assert first["effdate"] == "20260113"
    async with running(pace=0) as hub:
        assert await results(hub, appl()) == ["0100", "0000"]


async def test_first_top_up_of_a_student_stands_on_the_new_card(hub):
    [first] = await hub.ask(appl(reqno="S1", cardtype="20", amount=5000, **born(2014)))
    await hub.simulator.advance("S1", "produced")
    await hub.cycle(2)
    final = (await hub.rows("RESP"))[-1]
    assert first["result"] == "0100"
    assert (await card(hub, final["newcard"]))["balance"] == 5000


async def test_production_that_fails_is_answered_finally_with_its_code(hub):
    await hub.ask(appl(reqno="A1"))
    await hub.simulator.advance("A1", "1002")
    await hub.cycle()
    final = (await hub.rows("RESP"))[-1]
    assert (final["reqno"], final["result"], final["newcard"]) == ("A1", "1002", "0" * 19)
    assert await results(hub, appl(reqno="A2")) == ["0100"]


# --- 1001 -------------------------------------------------------------------------------------------------

WRONG_FORM = {
    "reqno blank": ("reqno", {"reqno": ""}),
    "reqno with a slash": ("reqno", {"reqno": "a/b"}),
    "biz unknown": ("biz", {"biz": "08"}),
    "cardtype unknown": ("cardtype", {"cardtype": "99"}),
    "cardtype missing for 01": ("cardtype", {"cardtype": 0}),
    "cardno given for 01": ("cardno", {"cardno": FORMER_CARD}),
    "cardno missing for 05": ("cardno", {"biz": "05"}),
    "Luhn digit wrong": ("cardno", {"biz": "05", "cardno": "3104330000000000017"}),
    "name blank": ("name", {"name": ""}),
    "idtype missing": ("idtype", {"idtype": 0}),
    "idno blank": ("idno", {"idno": ""}),
    "check digit wrong": ("idno", {"idno": DEMO_CITIZEN.id_number[:-1] + "5"}),
    "small x": ("idno", {"idno": "33040219700101001x", "birth": 0}),
    "birth differs": ("birth", {"birth": "19520315"}),
    "birth no date": ("birth", {"birth": "19521340"}),
    "birth missing for a passport": ("birth", {"idtype": "414", "idno": "E12345678", "birth": 0}),
    "mobile missing": ("mobile", {"mobile": ""}),
    "mobile a landline": ("mobile", {"mobile": "057382089"}),
    "division missing": ("division", {"division": 0}),
    "amount given for a review": ("amount", {"biz": "04", "cardno": FORMER_CARD, "amount": 1}),
    "photo with a path": ("photo", {"photo": "../good.jpg"}),
    "first top-up of a student too small": ("amount", {"cardtype": "20", "amount": 2999, **born(2014)}),
}


@pytest.mark.parametrize(("field", "changes"), WRONG_FORM.values(), ids=WRONG_FORM)
async def test_1001_names_the_field(hub, field, changes):
    [row] = await hub.ask(appl(**changes))
    assert (row["result"], row["msg"].split(":")[0]) == ("1001", field)
    assert hub.simulator.ledger.count() == 0


SPOILT = {
    "rectype": lambda line: b"X" + line[1:],
    "seq": lambda line: line[:1] + b"00000007" + line[9:],
    "birth": lambda line: line[:114] + b"1952031X" + line[122:],
    "name": lambda line: line[:52] + b"\xcd\xff" + line[54:],
    "record": lambda line: line[:-1],
}


@pytest.mark.parametrize(("field", "spoil"), SPOILT.items(), ids=SPOILT)
async def test_1001_for_a_spoilt_line_leaves_the_others_alone(hub, field, spoil):
    wrong, right = await hub.ask(spoil(appl(1, reqno="BAD")), appl(2, reqno="GOOD"))
    assert (wrong["reqno"], wrong["result"], wrong["msg"].split(":")[0]) == ("BAD", "1001", field)
    assert (right["reqno"], right["result"]) == ("GOOD", "0100")
    assert len(hub.simulator.journal.violations()) == 1


async def test_name_cut_in_the_middle_of_a_character_is_refused_and_on_its_edge_taken(hub):
    whole = ("阿" * 14 + "𠅤").encode("gb18030")
    assert len(whole) == 32
    line = appl()
    halved = line[:52] + whole[:30] + line[82:]
    cut_right = line[:52] + whole[:28] + b"  " + line[82:]
    assert await results(hub, halved) == ["1001"]
    assert await results(hub, cut_right[:9] + b"R2".ljust(20) + cut_right[29:]) == ["0100"]


# --- 1002 -------------------------------------------------------------------------------------------------

PHOTOS = {
    "missing": None,
    "no jpeg": b"GIF89a" + b"\0" * 100,
    "empty": b"",
    "turned": jpeg(441, 358),
    "larger": jpeg(359, 441),
    "cut before the frame": jpeg()[:12],
}


@pytest.mark.parametrize("data", PHOTOS.values(), ids=PHOTOS)
async def test_1002_when_the_photo_is_not_a_portrait(hub, data):
    if data is not None:
        await hub.put("/photo/p.jpg", data)
    assert await results(hub, appl(photo="p.jpg")) == ["1002"]


async def test_1002_when_no_photo_is_named(hub):
    assert await results(hub, appl(photo="")) == ["1002"]


# --- 1003 to 1006, 2001, 2002 ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cardtype", "birth", "expected"),
    [("30", born(1966, 1, 5), "0100"), ("30", born(1966, 1, 6), "1003"), ("31", born(1956, 1, 5), "0100"),
     ("31", born(1956, 1, 6), "1003"), ("20", born(2020, 1, 5), "0100"), ("20", born(2020, 1, 6), "1003"),
     ("20", born(1995, 1, 1), "1003"), ("41", born(2008, 1, 6), "1003"), ("10", born(2020, 1, 1), "0100"),
     ("40", born(2020, 1, 1), "0100")],
)  # fmt: skip
async def test_age_on_the_business_day_decides_on_the_card_type(hub, cardtype, birth, expected):
    assert await results(hub, appl(cardtype=cardtype, amount=3000, **birth)) == [expected]


async def test_1003_for_a_record_of_another_district_and_its_own_office_takes_it(hub):
    haining = {"division": "330481001"}
    assert await results(hub, appl(**haining)) == ["1003"]
    assert await results(hub, appl(**haining), inst="0481") == ["0100"]


async def test_1003_for_a_card_of_another_institution(hub):
    cards = hub.simulator.state()["cards"].items()
    theirs = next(cardno for cardno, facts in cards if facts["inst"] == "0481")
    assert await results(hub, rchg(theirs, 100), ftype="RCHG") == ["1003"]
    assert await results(hub, appl(biz="05", reqno="L", cardno=theirs, cardtype=0)) == ["1003"]


async def test_1004_when_the_holder_has_a_card_or_one_in_production(hub):
    own = {**FORMER, "cardno": 0, "cardtype": "10"}
    assert await results(hub, appl(**own)) == ["1004"]
    assert await results(hub, appl(1, reqno="R2"), appl(2, reqno="R3")) == ["0100", "1004"]


async def test_1004_does_not_hold_for_one_whose_card_was_returned(hub):
    before = set(hub.simulator.state()["cards"])
    assert await results(hub, appl()) == ["0100"]
    await hub.simulator.advance("REQ0001", "produced")
    await hub.cycle()
    [own] = set(hub.simulator.state()["cards"]) - before
    assert await results(hub, appl(biz="07", reqno="BACK", cardno=own)) == ["0000"]
    assert await results(hub, appl(reqno="NEW")) == ["0100"]


async def test_1005_for_a_blacklisted_holder_and_card(hub):
    await hub.simulator.advance(FORMER_CARD, "02")
    lines = [
        appl(1, **{**FORMER, "cardno": 0, "cardtype": "10"}),
        *(appl(i, biz=f"{i:02d}", **FORMER) for i in range(2, 8)),
    ]
    assert await results(hub, *lines) == ["1005"] * 7
    assert await results(hub, rchg(FORMER_CARD, 100), ftype="RCHG") == ["1005"]


async def test_1006_for_no_card_another_holders_card_and_a_returned_card(hub):
    await hub.simulator.advance(SENIOR_CARD, "03")
    lines = [
        appl(1, biz="05", cardno=NEVER_ISSUED, cardtype=0),
        appl(2, biz="05", cardno=FORMER_CARD, cardtype=0),
        appl(3, biz="05", cardno=SENIOR_CARD, cardtype=0, idno=resident_id("330402", date(1958, 3, 14), 44), birth=0),
    ]
    assert await results(hub, *lines) == ["1006"] * 3
    assert await results(hub, rchg(NEVER_ISSUED, 1), ftype="RCHG") == ["1006"]


async def test_2001_when_a_top_up_would_pass_the_limit_and_the_limit_itself_is_allowed(hub):
    lines = [
        rchg(STUDENT_CARD, 1001, 1, "T1"), rchg(STUDENT_CARD, 1000, 2, "T2"), rchg(STUDENT_CARD, 1, 3, "T3"),
        rchg(FORMER_CARD, 95_001, 4, "T4"), rchg(FORMER_CARD, 95_000, 5, "T5"),
    ]  # fmt: skip
    assert await results(hub, *lines, ftype="RCHG") == ["2001", "0000", "2001", "2001", "0000"]
    assert (await card(hub, STUDENT_CARD))["balance"] == 20_000
    assert await results(hub, appl(cardtype="20", amount=20_001, **born(2014))) == ["2001"]


async def test_2002_for_a_reqno_used_that_day_in_any_file_with_the_order_of_the_first(hub):
    first, again = await hub.ask(rchg(FORMER_CARD, 100, 1, "T1"), rchg(FORMER_CARD, 100, 2, "T1"), ftype="RCHG")
    [later] = await hub.ask(appl(reqno="T1"))
    assert [row["result"] for row in (first, again, later)] == ["0000", "2002", "2002"]
    assert first["orderno"] == again["orderno"] == later["orderno"] != ""
    assert len(hub.simulator.ledger.effects("T1")) == 1


async def test_2002_also_for_a_reqno_that_was_refused(hub):
    assert await results(hub, appl(reqno="R", photo="none.jpg")) == ["1002"]
    assert await results(hub, appl(reqno="R")) == ["2002"]


async def test_the_same_reqno_is_processed_again_on_the_next_business_day(hub):
    assert await results(hub, rchg(FORMER_CARD, 100), ftype="RCHG") == ["0000"]
    await hub.clock.play(timedelta(days=1))
    assert await results(hub, rchg(FORMER_CARD, 100), ftype="RCHG") == ["0000"]
    assert len(hub.simulator.ledger.effects("TOP0001")) == 2
    assert (await card(hub, FORMER_CARD))["balance"] == 5_200


async def test_yesterdays_business_day_sent_today_keeps_its_own_reqnos(hub):
    await hub.send("RCHG", [rchg(FORMER_CARD, 100)])
    await hub.clock.play(timedelta(days=1))
    await hub.send("RCHG", [rchg(FORMER_CARD, 100)], day=DAY)
    await hub.cycle(2)
    assert [row["result"] for row in await hub.rows("RESP")] == ["2002"]


@pytest.mark.parametrize(
    ("field", "line"),
    [("amount", rchg(FORMER_CARD, 0)), ("cardno", rchg("0", 5)), ("paytime", rchg(FORMER_CARD, 5, paytime="20260105250000")),
     ("amount", rchg(FORMER_CARD, 5)[:48] + b"000000001 " + rchg(FORMER_CARD, 5)[58:])],
)  # fmt: skip
async def test_1001_of_a_top_up_names_the_field(hub, field, line):
    [row] = await hub.ask(line, ftype="RCHG")
    assert (row["result"], row["msg"].split(":")[0]) == ("1001", field)
