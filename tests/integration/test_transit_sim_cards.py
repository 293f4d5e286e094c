"""What becomes of bus cards after the answer: loss, reissue, review, return, and the files that tell of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from simulators.kit.clock import SHANGHAI
from simulators.kit.people import DEMO_CITIZEN, FORMER_HOLDER, resident_id
from tests.integration.transit_hub import appl, rchg, running

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


async def results(hub, *lines, **where):
    return [row["result"] for row in await hub.ask(*lines, **where)]


async def card(hub, cardno):
    return hub.simulator.state()["cards"][cardno]


# --- 02 to 07 -------------------------------------------------------------------------------------------------


async def test_loss_is_queued_and_takes_effect_with_the_next_blacklist(hub):
    [row] = await hub.ask(appl(biz="05", **FORMER))  # taken 09:30
    assert (row["result"], row["effdate"]) == ("0000", DAY)
    assert "2026-01-05 10:00" in row["msg"]
    [listed] = [r for r in await hub.rows("BLKL") if r["cardno"] == FORMER_CARD]
    assert (listed["reason"], listed["effective"]) == ("01", "20260105100000")
    assert (await card(hub, FORMER_CARD))["status"] == "01"


async def test_until_the_blacklist_is_out_the_card_is_still_good_but_a_top_up_is_refused(hub):
    await hub.clock.play(timedelta(minutes=56))  # 10:01
    await hub.send("APPL", [appl(biz="05", **FORMER)])
    await hub.cycle()
    assert (await card(hub, FORMER_CARD))["status"] == "00"
    assert await results(hub, rchg(FORMER_CARD, 100), ftype="RCHG") == ["0000", "1005"]


async def test_a_loss_late_at_night_takes_effect_the_next_day(hub):
    await hub.clock.play(timedelta(hours=12, minutes=40))  # 21:45
    await hub.send("APPL", [appl(biz="05", **FORMER)])
    await hub.clock.play(timedelta(minutes=30))
    await hub.clock.play(timedelta(hours=8, minutes=45))
    [row] = await hub.rows("RESP")
    assert row["effdate"] == "20260106"
    assert any(r["cardno"] == FORMER_CARD for r in await hub.rows("BLKL", day="20260106"))


async def test_loss_reported_twice_is_1005_and_cancelling_it_takes_the_card_off_the_list(hub):
    assert await results(hub, appl(1, biz="05", reqno="L1", **FORMER), appl(2, biz="05", reqno="L2", **FORMER)) == [
        "0000",
        "1005",
    ]
    [row] = await hub.ask(appl(biz="06", reqno="C1", **FORMER))
    assert row["result"] == "0000"
    await hub.cycle(4)
    assert [r["reason"] for r in await hub.rows("BLKL") if r["cardno"] == FORMER_CARD] == ["01", "00"]
    assert (await card(hub, FORMER_CARD))["status"] == "00"
    assert await results(hub, appl(biz="06", reqno="C2", **FORMER)) == ["1003"]


async def test_reissue_wants_the_loss_reported_and_moves_the_money_to_the_new_card(hub):
    assert await results(hub, appl(biz="02", reqno="R1", **FORMER)) == ["1004"]
    assert await results(hub, appl(biz="05", reqno="R2", **FORMER)) == ["0000"]
    first, again = await hub.ask(
        appl(1, biz="02", reqno="R3", amount=400, **FORMER), appl(2, biz="02", reqno="R4", **FORMER)
    )
    assert (first["result"], int(first["fee"]), again["result"]) == ("0100", 600, "1004")
    await hub.simulator.advance("R3", "produced")
    await hub.cycle()
    final = (await hub.rows("RESP"))[-1]
    assert (final["reqno"], final["cardno"]) == ("R3", FORMER_CARD)
    assert await card(hub, final["newcard"]) == {"type": "10", "status": "00", "inst": "0402", "balance": 5_000}
    assert (await card(hub, FORMER_CARD)) == {"type": "10", "status": "03", "inst": "0402", "balance": 0}
    await hub.cycle(4)
    assert [r["reason"] for r in await hub.rows("BLKL") if r["cardno"] == FORMER_CARD] == ["01", "03"]


async def test_replacement_may_change_the_type_adds_the_surplus_and_blacklists_the_old_card(hub):
    senior = {"idno": resident_id("330402", date(1958, 3, 14), 44), "birth": "19580314", "cardno": SENIOR_CARD}
    assert await results(hub, appl(biz="03", reqno="R1", cardtype="31", **senior)) == ["1003"]
    assert await results(hub, appl(biz="03", reqno="R2", cardtype="10", amount=1500, **senior)) == ["0100"]
    assert (await card(hub, SENIOR_CARD))["status"] == "00"
    await hub.simulator.advance("R2", "produced")
    await hub.cycle()
    new = (await hub.rows("RESP"))[-1]["newcard"]
    assert await card(hub, new) == {"type": "10", "status": "00", "inst": "0402", "balance": 1_100}
    await hub.cycle(4)
    assert [r["reason"] for r in await hub.rows("BLKL") if r["cardno"] == SENIOR_CARD] == ["03"]


async def test_review_renews_an_overdue_card_and_is_refused_for_an_ordinary_one(hub):
    oldest = {"idno": resident_id("330402", date(1945, 3, 14), 51), "birth": 0, "cardno": OVERDUE_CARD, "cardtype": 0}
    assert await results(hub, rchg(OVERDUE_CARD, 100), ftype="RCHG") == ["1003"]
    lines = [appl(1, biz="04", reqno="V1", **{**oldest, "cardtype": "30"}), appl(2, biz="04", reqno="V2", **oldest),
             appl(3, biz="04", reqno="V3", **FORMER)]  # fmt: skip
    assert await results(hub, *lines) == ["1003", "0000", "1003"]
    assert (await card(hub, OVERDUE_CARD))["status"] == "00"
    await hub.simulator.advance("*", "snapshot")
    [row] = [r for r in (await hub.files("CARD"))[-1] if r["cardno"] == OVERDUE_CARD]
    assert (row["status"], row["reviewdue"]) == ("00", "20270105")


async def test_a_card_past_its_review_becomes_overdue_with_the_snapshot_and_is_listed(hub):
    await hub.clock.play(timedelta(days=11, hours=1))  # due on the 15th, seen on the 16th
    [row] = [r for r in await hub.rows("CARD", day="20260116") if r["cardno"] == SENIOR_CARD]
    listed = [r for r in await hub.rows("BLKL", day="20260116") if r["cardno"] == SENIOR_CARD]
    assert (row["status"], [r["reason"] for r in listed]) == ("04", ["04"])


async def test_returned_card_is_gone_at_once_and_blacklisted_with_the_next_list(hub):
    assert await results(hub, appl(1, biz="07", **FORMER), appl(2, biz="07", reqno="X", **FORMER)) == ["0000", "1006"]
    assert await card(hub, FORMER_CARD) == {"type": "10", "status": "03", "inst": "0402", "balance": 0}
    assert [r["reason"] for r in await hub.rows("BLKL") if r["cardno"] == FORMER_CARD] == ["03"]


# --- CARD, BLKL, RECN -------------------------------------------------------------------------------------------


async def test_snapshot_of_last_night_is_there_at_the_start_masked_and_cut(hub):
    rows = {row["cardno"]: row for row in await hub.rows("CARD")}
    former, longest = rows[FORMER_CARD], rows["3104330000000000057"]
    assert (former["name"], former["idmask"], int(former["balance"])) == ("李建国", "330402********0012", 5_000)
    assert longest["name"] == "阿卜杜热西提·买买提依明·𠅤"
    assert len(longest["name"].encode("gb18030")) <= 30
    assert {row["status"] for row in rows.values()} == {"00", "01", "02", "03", "04"}


async def test_snapshot_shows_the_night_and_not_the_day(hub):
    await hub.ask(rchg(FORMER_CARD, 700), ftype="RCHG")
    before = {row["cardno"]: int(row["balance"]) for row in await hub.rows("CARD")}
    await hub.clock.play(timedelta(hours=18))
    after = {row["cardno"]: row for row in await hub.rows("CARD", day="20260106")}
    assert (before[FORMER_CARD], int(after[FORMER_CARD]["balance"])) == (5_000, 5_700)
    assert after[FORMER_CARD]["lasttxn"] == "20260105090000"


async def test_blacklist_comes_every_even_hour_for_every_institution_even_if_empty(hub):
    await hub.clock.play(timedelta(hours=15))
    names = [name for name in await hub.names("/out/20260105") if "BLKL" in name and name.endswith(".ok")]
    assert len(names) == 7 * 7  # 10, 12 … 22
    assert len([n for n in await hub.names("/out/20260106") if "BLKL_0483" in n and n.endswith(".ok")]) == 1  # 00


async def test_reconciliation_next_morning_tells_what_became_of_every_record(hub):
    await hub.send(
        "APPL", [appl(1, reqno="A1", amount=0), appl(2, reqno="A2", biz="05", **FORMER), appl(3, reqno="A3", photo="")]
    )
    await hub.send("RCHG", [rchg(STUDENT_CARD, 500, 1, "T1"), rchg(STUDENT_CARD, 99_999, 2, "T2")])
    await hub.cycle(2)
    answers = {row["reqno"]: row["orderno"] for row in await hub.rows("RESP")}
    await hub.simulator.advance("A1", "produced")
    await hub.clock.play(timedelta(hours=22))
    rows = await hub.rows("RECN", day="20260106")
    assert [(r["reqno"], r["txn"], int(r["amount"]), r["status"]) for r in rows] == [
        ("A1", "01", 0, "01"), ("A2", "05", 0, "00"), ("A3", "01", 0, "09"),
        ("T1", "11", 500, "00"), ("T2", "11", 0, "09"), ("A1", "01", 0, "00"),
    ]  # fmt: skip
    assert all(r["orderno"] == answers[r["reqno"]] and r["txntime"].startswith(DAY) for r in rows)
    assert await hub.rows("RECN", inst="0481", day="20260106") == []
    await hub.clock.play(timedelta(days=1))
    assert await hub.files("RECN", day="20260107") == [[]]


async def test_ledger_holds_one_effect_for_each_granted_record(hub):
    await hub.send("APPL", [appl(1, reqno="A1"), appl(2, reqno="A2", photo="")])
    await hub.send("RCHG", [rchg(FORMER_CARD, 500)])
    await hub.cycle()
    assert hub.simulator.ledger.summary() == {"application": 1, "topup": 1}
    [entry] = hub.simulator.ledger.effects("A1")
    assert (entry.facts["biz"], entry.facts["bizdate"], entry.facts["inst"]) == ("01", DAY, "0402")


async def test_no_name_or_number_of_a_person_stands_in_state_journal_or_ledger(hub):
    await hub.ask(appl(1, reqno="A1"), appl(2, reqno="A2", name="", mobile=""))
    seen = repr(
        (hub.simulator.state(), hub.simulator.journal.entries, hub.simulator.ledger.entries, hub.simulator._centre)
    )
    for secret in (
        DEMO_CITIZEN.name,
        DEMO_CITIZEN.id_number,
        DEMO_CITIZEN.mobile,
        FORMER_HOLDER.name,
        FORMER_HOLDER.id_number,
    ):
        assert secret not in seen


async def test_added_account_can_be_used_and_wrong_facts_are_refused(hub):
    hub.simulator.add_account(
        name="测试", id_number=resident_id("330402", date(1990, 1, 1), 5), card_no=NEVER_ISSUED, balance=10
    )
    assert await results(hub, rchg(NEVER_ISSUED, 90), ftype="RCHG") == ["0000"]
    for wrong in ({"inst": "0499"}, {"card_type": "77"}, {"status": "9"}, {"card_no": "123"}):
        with pytest.raises(ValueError, match=r"unknown|check digit"):
            hub.simulator.add_account(name="测试", id_number=resident_id("330402", date(1991, 1, 1), 5), **wrong)


@pytest.mark.parametrize(("order", "state"), [("*", "lunch"), ("NOBODY", "produced"), ("A1", "soon")])
async def test_advance_refuses_what_it_does_not_know(hub, order, state):
    with pytest.raises(ValueError, match=r"order|state"):
        await hub.simulator.advance(order, state)


async def test_counter_order_is_delivered_without_an_answer_to_the_hub(hub):
    made = hub.simulator.state()["in_production"]
    assert len(made) == 1
    await hub.clock.play(timedelta(days=4))
    assert hub.simulator.state()["in_production"] == {}
    day = f"{hub.clock.now().astimezone(SHANGHAI) - timedelta(days=1):%Y%m%d}"
    assert await hub.rows("RESP", day=day) == []
