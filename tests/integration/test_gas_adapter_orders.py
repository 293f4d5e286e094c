"""The gas adapter against the simulator over real sockets: orders of every item, their files, visits, and the feed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.party import DocumentType, IdentityAssertion, IdentityDocument, PartyRef, Person
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.sdk import Collect
from tests.integration.gas_hub import (
    ACCEPTED,
    CATALOGUE,
    FIRM,
    HOLDER,
    LAG,
    START,
    TOWNS,
    acceptable,
    company_of,
    material,
    order_of,
    query,
    running,
)

CONTRACTS = {"NEW_CONN", "BIZ_CONN", "TRANSFER", "USAGE_CHANGE"}
PDF = b"%PDF-1.7 synthetic"
UNSIGNED = ("JX6-GAS-01", "JX6-GAS-02", "JX6-GAS-03", "JX6-GAS-07")


def without_agreement(order):
    return order.with_(evidence=tuple(each for each in order.evidence if each.material != "SUPPLY_CONTRACT"))


@pytest.mark.parametrize("town", TOWNS)
@pytest.mark.parametrize("code", ACCEPTED)
async def test_order_of_every_item_is_accepted_once_and_completed_in_every_county(code, town):
    async with running(company_of(town)) as hub:
        order = acceptable(code, town=town)
        if order.variant == "RESUME":
            hub.gas.add_account(customerNo=order.form.account_no, status="SUSPENDED")
        accepted = await hub.run("accept", order)
        assert (accepted.kind, accepted.raw_code, accepted.provider_ref[:9]) == ("accepted", "REGISTERED", "G20261124")
        assert [entry.effect for entry in hub.gas.ledger.effects(order.serial)] == ["order"]
        assert not hub.gas.journal.violations()
        await hub.gas.advance(order.serial, "COMPLETED")
        done = await hub.run("progress", order.with_(provider_ref=accepted.provider_ref))
        assert (done.kind, done.provider_ref, done.raw_code) == ("completed", accepted.provider_ref, "COMPLETED")
        assert [each.kind for each in done.outputs] == (["contract"] if order.variant in CONTRACTS else [])


@pytest.mark.parametrize("code", [code for code in ACCEPTED if "enterprise" in CATALOGUE.by_code[code].audience])
async def test_order_of_a_company_is_taken_with_its_legal_representative_if_the_item_asks_for_him(code):
    async with running() as hub:
        order = order_of(code, audience="enterprise")
        number = order.form.account_no or "10012345"
        status = "SUSPENDED" if order.variant == "RESUME" else "ACTIVE"
        holder = {"name": "李建国"} if order.variant == "TRANSFER" else {"idType": "USCC", "idNo": FIRM.document.number}
        hub.gas.add_account(customerNo=number, status=status, **holder)
        assert (await hub.run("accept", order)).kind == "accepted"
        sent = hub.messages("createServiceOrder")[0].request_tree["order"]
        assert sent["applicant"]["idType"] == "USCC"
        assert ("legalRepresentative" in sent) == (order.applicant.legal_rep is not None)
        assert not hub.gas.journal.violations()


# agreement, supplements, files


@pytest.mark.parametrize("code", UNSIGNED)
async def test_unsigned_agreement_waits_for_the_applicant_and_its_supplement_lets_the_work_begin(code):
    async with running() as hub:
        order = without_agreement(acceptable(code))
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        waiting = await hub.run("progress", order)
        assert (waiting.kind, waiting.state) == ("progress", TaskState.AWAITING_APPLICANT)
        assert (waiting.error.code, waiting.error.field) == (ErrorCode.MAT_MISSING, "SUPPLY_CONTRACT")
        hub.store.files = {"two": PDF}
        more = order.with_(evidence=(material(PDF, "SUPPLY_CONTRACT", "two"),))
        assert (await hub.run("supplemented", more)).kind == "absent"
        assert [(await hub.run("supplement", more)).kind for _ in range(2)] == ["accepted", "accepted"]
        assert (await hub.run("supplemented", more)).kind == "accepted"
        assert hub.gas.ledger.count("attachment") == 1
        await hub.clock.advance(hours=5)
        assert (await hub.run("progress", order)).state is TaskState.IN_PROGRESS


async def test_agreement_that_is_not_signed_in_five_working_days_cancels_the_order():
    async with running() as hub:
        order = without_agreement(acceptable("JX6-GAS-03"))
        order = order.with_(provider_ref=(await hub.run("accept", order)).provider_ref)
        await hub.clock.advance(days=8)
        outcome = await hub.run("progress", order)
        assert (outcome.state, outcome.raw_code, "五个工作日" in outcome.opinion) == (
            TaskState.CANCELLED,
            "CANCELLED",
            True,
        )


async def test_files_go_after_the_order_under_names_that_tell_nobody_s():
    async with running() as hub:
        hub.store.files = {"one": PDF, "two": PDF[::-1]}
        files = (
            material(PDF),
            material(PDF[::-1], "SUPPLY_CONTRACT", "two"),
            material(b"", "OLD_CARD").with_(ref=None),
        )
        order = acceptable("JX6-GAS-03", evidence=files)
        assert (await hub.run("accept", order)).kind == "accepted"
        sent = hub.gas.books.orders[hub.calls[-1].request_tree["orderNo"]]
        assert [file.kind for file in sent.attachments] == ["PROPERTY", "AGREEMENT"]
        assert not any("王秀兰" in file.name for file in sent.attachments)
        assert sent.signed


@pytest.mark.parametrize("kind", ["before-commit", "after-commit", "half-body", "garbage", "html", "crash"])
@pytest.mark.parametrize("passed", [0, 1])
async def test_upload_that_breaks_off_is_a_doubt_and_the_inquiry_sends_just_what_is_missing(kind, passed):
    async with running() as hub:
        hub.store.files = {"one": PDF, "two": PDF[::-1]}
        order = acceptable("JX6-GAS-03", evidence=(material(PDF), material(PDF[::-1], "SUPPLY_CONTRACT", "two")))
        hub.gas.faults.arm(kind, operation="addAttachment", after=passed)
        outcome = await hub.run("accept", order)
        assert (outcome.kind, outcome.provider_ref[0]) == ("unknown", "G")
        await hub.clock.advance(seconds=LAG)
        assert (await hub.run("find", order)).provider_ref == outcome.provider_ref
        assert hub.gas.ledger.summary() == {"order": 1, "attachment": 2}


async def test_file_of_more_than_two_megabytes_keeps_the_order_from_being_sent():
    async with running() as hub:
        large = material(b"x").with_(size=2 * 1024 * 1024 + 1)
        outcome = await hub.run("accept", acceptable("JX6-GAS-03", evidence=(large,)))
        assert (outcome.kind, outcome.error.code, outcome.error.field) == ("faulty", ErrorCode.MAT_INVALID, "RE_CERT")
        assert hub.calls == []


async def test_file_of_exactly_two_megabytes_arrives_whole():
    async with running() as hub:
        content = bytes(range(256)) * 8192
        hub.store.files = {"one": content}
        hub.equipment = hub.equipment.__class__(**{**_fields(hub.equipment), "limits": _patient(hub.equipment.limits)})
        outcome = await hub.run("accept", acceptable("JX6-GAS-03", evidence=(material(content),)))
        (attachment,) = hub.gas.books.orders[outcome.provider_ref].attachments
        assert (outcome.kind, attachment.size) == ("accepted", len(content))


def _fields(value):
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _patient(limits):
    return limits.__class__(**{**_fields(limits), "read": 20, "total": 20})


# visits


async def test_wished_half_day_becomes_the_first_visit_that_is_free_there():
    async with running() as hub:
        slots = []
        for seq, period in enumerate(("AM", "AM", "AM", "AM", "PM"), 1):
            order = await hub.accepted("JX6-GAS-04", seq=seq, form={"visit_slot": f"2026-12-02 {period}"})
            slots.append(hub.gas.books.orders[order.provider_ref].slot[-2:])
        assert slots == ["01", "01", "02", "02", "03"]


async def test_half_day_that_is_full_is_refused_before_anything_is_ordered():
    async with running() as hub:
        for number in ("01", "02"):
            hub.gas.books.booked[f"S330402-20261201-{number}"] = 2
        outcome = await hub.run("accept", acceptable("JX6-GAS-04"))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == (
            "rejected",
            ErrorCode.ELG_NOT_ELIGIBLE,
            "GAS-1008",
        )
        assert "another half day" in outcome.error.note
        assert hub.messages("createServiceOrder") == []


async def test_visit_that_somebody_takes_in_between_makes_way_for_the_next():
    async with running() as hub:
        hub.gas.faults.arm("unknown-code", operation="createServiceOrder", code="GAS-1008")
        assert (await hub.run("accept", acceptable("JX6-GAS-04"))).kind == "accepted"
        sent = [call.request_tree["order"]["appointment"]["slotId"] for call in hub.messages("createServiceOrder")]
        assert sent == ["S330402-20261201-01", "S330402-20261201-02"]
        assert hub.gas.ledger.count("order") == 1


async def test_visit_can_be_chosen_with_a_supplement():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-05", form={"visit_slot": None}, evidence=())
        later = order.with_(form=order.form.with_(visit_slot="2026-12-03 PM"))
        hub.gas.books.booked["S330402-20261203-03"] = 1
        assert [(await hub.run("supplement", later)).kind for _ in range(2)] == ["accepted", "accepted"]
        assert hub.gas.books.orders[order.provider_ref].slot == "S330402-20261203-03"
        assert hub.gas.ledger.count("visit") == 1


# refusals


@pytest.mark.parametrize(
    ("code", "changes", "error", "raw"),
    [
        ("JX6-GAS-03", {"form": {"account_no": "10099999"}}, ErrorCode.ELG_ACCOUNT_NOT_FOUND, "GAS-1001"),
        ("JX6-GAS-03", {"form": {"old_holder_name": "张三"}}, ErrorCode.IDN_MISMATCH, "GAS-1002"),
        ("JX6-GAS-03", {"form": {"account_no": "81012345"}}, ErrorCode.RTE_WRONG_AREA, "GAS-1006"),
        ("JX6-GAS-10", {}, ErrorCode.ELG_STATUS, "GAS-1010"),
        ("JX6-GAS-11", {"form": {"visit_slot": None}}, ErrorCode.VAL_REQUIRED, "GAS-1011"),
    ],
)
async def test_refusal_is_final_and_keeps_its_code(code, changes, error, raw):
    async with running() as hub:
        outcome = await hub.run("accept", acceptable(code, **changes))
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", error, raw)
        assert hub.gas.ledger.count() == 0


@pytest.mark.parametrize(
    ("facts", "error", "raw", "amount"),
    [
        ({"bills": [{"period": "202610", "charge": "40.10"}]}, ErrorCode.ELG_ARREARS, "GAS-1003", 4010),
        ({"check": "HAZARD"}, ErrorCode.ELG_HAZARD, "GAS-1004", None),
        ({"checked": "2024-01-31"}, ErrorCode.ELG_HAZARD, "GAS-1004", None),
        ({"status": "CLOSED"}, ErrorCode.ELG_STATUS, "GAS-1010", None),
    ],
)
async def test_state_of_the_customer_refuses_and_the_precheck_says_the_same_before(facts, error, raw, amount):
    async with running() as hub:
        hub.gas.add_account(customerNo="10012345", **facts)
        order = acceptable("JX6-GAS-03")
        before = await hub.run("precheck", order)
        assert (before.kind, before.error.code, before.error.amount_fen) == ("rejected", error, amount)
        assert hub.gas.ledger.count() == 0
        outcome = await hub.run("accept", order)
        assert (outcome.kind, outcome.error.code, outcome.raw_code, outcome.error.amount_fen) == (
            "rejected",
            error,
            raw,
            amount,
        )


async def test_open_order_of_another_kind_is_named():
    async with running() as hub:
        hub.gas.books.customers["10020010"] = hub.gas.books.customers["10012345"].__class__(
            **{**_fields(hub.gas.books.customers["10020010"]), "id_number": HOLDER.document.number}
        )
        outcome = await hub.run("accept", acceptable("JX6-GAS-09", form={"account_no": "10020010"}))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_OPEN_ORDER)
        assert outcome.error.ref.startswith("G")


# precheck


@pytest.mark.parametrize("code", ACCEPTED)
async def test_precheck_lets_pass_what_the_company_takes_and_changes_nothing(code):
    async with running() as hub:
        order = acceptable(code)
        if order.variant == "RESUME":
            hub.gas.add_account(customerNo=order.form.account_no, status="SUSPENDED")
        checked = await hub.run("precheck", order)
        assert (checked.kind, bool(checked.opinion)) == ("completed", True)
        assert hub.gas.ledger.count() == 0
        assert (await hub.run("accept", order)).kind == "accepted"


@pytest.mark.parametrize(
    ("code", "form", "error"),
    [
        ("JX6-GAS-03", {"account_no": "10099999"}, ErrorCode.ELG_ACCOUNT_NOT_FOUND),
        ("JX6-GAS-03", {"old_holder_name": "张三"}, ErrorCode.IDN_MISMATCH),
        ("JX6-GAS-10", {}, ErrorCode.ELG_STATUS),
        ("JX6-GAS-08", {"account_no": "10020004"}, ErrorCode.ELG_HAZARD),
        ("JX6-GAS-13", {"account_no": "10020006"}, ErrorCode.ELG_NOT_ELIGIBLE),
    ],
)
async def test_precheck_says_what_stands_against_an_order(code, form, error):
    async with running() as hub:
        outcome = await hub.run("precheck", acceptable(code, form=form))
        assert (outcome.kind, outcome.error.code) == ("rejected", error)


async def test_precheck_of_a_company_that_cannot_be_reached_decides_nothing():
    async with running() as hub:
        hub.gas.faults.arm("html", operation="getBalance")
        assert (await hub.run("precheck", acceptable("JX6-GAS-03"))).kind == "not_sent"


# progress


async def test_progress_follows_the_order_with_the_fee_while_it_is_due():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-01")
        seen = []
        for hours in (0, 5, 8, 4):
            await hub.clock.advance(hours=hours)
            seen.append(await hub.run("progress", order))
        assert [outcome.raw_code for outcome in seen] == ["REGISTERED", "SCHEDULED", "ON_SITE", "PENDING_PAYMENT"]
        assert (seen[3].state, seen[3].fee_due_fen, seen[2].fee_due_fen) == (TaskState.AWAITING_PAYMENT, 250_000, None)
        assert [outcome.rank for outcome in seen] == [1, 2, 3, 5]
        assert seen[0].event_time == START
        assert seen[3].event_time > seen[1].event_time


async def test_hazard_suspends_an_order_and_its_end_lets_it_go_on():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-04")
        await hub.gas.advance(order.provider_ref, "HAZARD_HOLD")
        held = await hub.run("progress", order)
        assert (held.state, held.error.code) == (TaskState.SUSPENDED, ErrorCode.ELG_HAZARD)
        await hub.gas.advance(order.provider_ref, "ON_SITE")
        assert (await hub.run("progress", order)).state is TaskState.IN_PROGRESS


async def test_order_that_the_company_turns_down_is_rejected():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-05")
        await hub.gas.advance(order.provider_ref, "REJECTED")
        outcome = await hub.run("progress", order)
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == (
            "rejected",
            ErrorCode.ELG_NOT_ELIGIBLE,
            "REJECTED",
        )


@pytest.mark.parametrize("name", ["find", "progress"])
@pytest.mark.parametrize("raw", ["GAS-1006", "GAS-1002", "GAS-1011"])
async def test_refused_question_never_rejects_the_order(name, raw):
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-08")
        for operation in ("findOrders", "getServiceOrder"):
            hub.gas.faults.arm("unknown-code", operation=operation, code=raw)
            outcome = await hub.run(name, order)
            assert (outcome.kind, outcome.error.provider_code_raw) == ("faulty", raw)


async def test_order_the_company_does_not_know_is_absent():
    async with running() as hub:
        order = acceptable("JX6-GAS-08")
        assert (await hub.run("find", order)).kind == "absent"
        assert (await hub.run("progress", order.with_(provider_ref="G2026112499999"))).kind == "absent"


# the feed


def since(*days):
    return Collect(days=days or (START.date(),))


async def test_feed_tells_of_every_order_that_changed_and_its_cursor_of_the_next_beginning():
    async with running() as hub:
        orders = [await hub.accepted("JX6-GAS-08", seq=seq, form={"account_no": "10012345"}) for seq in (1, 2)]
        assert (await hub.run("collect", since())).files == ()
        await hub.clock.advance(seconds=LAG)
        first = await hub.run("collect", since())
        assert [file.outcomes.keys() for file in first.files] == [{order.serial for order in orders}]
        known = frozenset(file.name for file in first.files)
        assert (await hub.run("collect", Collect(days=(START.date(),), known=known))).files == ()
        await hub.gas.advance(orders[0].provider_ref, "COMPLETED")
        await hub.clock.advance(seconds=LAG)
        second = await hub.run("collect", Collect(days=(START.date(),), known=known))
        (outcomes,) = [file.outcomes for file in second.files]
        assert {serial: outcome.kind for serial, outcome in outcomes.items()} == {orders[0].serial: "completed"}


async def test_feed_of_more_than_a_page_is_read_to_its_end():
    async with running() as hub:
        order = acceptable("JX6-GAS-08")
        for seq in range(103):
            await hub.run("accept", order.with_(serial=f"{seq:020d}"))
        await hub.clock.advance(seconds=LAG)
        found = await hub.run("collect", since())
        assert [len(file.outcomes) for file in found.files] == [100, 3]


async def test_feed_with_two_orders_of_one_serial_tells_of_the_first():
    async with running() as hub:
        order = acceptable("JX6-GAS-08")
        hub.gas.faults.arm("twice", operation="createServiceOrder")
        hub.gas.faults.arm("after-commit", operation="createServiceOrder")
        await hub.run("accept", order)
        await hub.clock.advance(seconds=LAG)
        (file,) = (await hub.run("collect", since())).files
        assert file.outcomes[order.serial].provider_ref == min(
            number for number, each in hub.gas.books.orders.items() if each.reference == order.serial
        )


async def test_feed_that_breaks_off_changes_nothing_and_is_read_again():
    async with running() as hub:
        await hub.accepted("JX6-GAS-08")
        await hub.clock.advance(seconds=LAG)
        hub.gas.faults.arm("garbage", operation="getServiceOrder")
        assert (await hub.run("collect", since())).kind == "not_sent"
        assert len((await hub.run("collect", since())).files) == 1


# cancellation


async def test_order_is_withdrawn_once_however_often_it_is_asked():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-08")
        assert [(await hub.run("cancel", order)).state for _ in range(2)] == [TaskState.CANCELLED] * 2
        assert hub.gas.ledger.count("cancel") == 1


async def test_order_that_is_worked_on_cannot_be_withdrawn():
    async with running() as hub:
        order = await hub.accepted("JX6-GAS-05")
        await hub.gas.advance(order.provider_ref, "ON_SITE")
        outcome = await hub.run("cancel", order)
        assert (outcome.kind, outcome.error.code, outcome.raw_code) == ("rejected", ErrorCode.ELG_STATUS, "GAS-1010")


# what stands on the wire


@pytest.mark.parametrize("name", ["王䶮", "𬭎·阿卜杜拉", "玛利亚·冈萨雷斯", "<&>\"'", "名" * 60])
async def test_rare_name_reaches_the_company_and_comes_back_whole(name):
    async with running() as hub:
        order = acceptable("JX6-GAS-03", form={"designated_holder": None})
        order = order.with_(applicant=order.applicant.with_(name=name))
        accepted = await hub.run("accept", order)
        await hub.gas.advance(accepted.provider_ref, "COMPLETED")
        (account,) = (await hub.run("accounts", query(account_no="10012345"))).accounts
        assert account.holder_name == name


@pytest.mark.parametrize(
    ("document", "wire"),
    [
        ((DocumentType.PASSPORT, "E12345678"), "PASSPORT"),
        ((DocumentType.HM_PERMIT, "H1234567890"), "HMT_PERMIT"),
        ((DocumentType.TW_PERMIT, "12345678"), "HMT_PERMIT"),
        ((DocumentType.HMT_RESIDENCE, "810000199001010019"), "HMT_PERMIT"),
        ((DocumentType.RIC, "33040219700101001X"), "ID_CARD"),
        ((DocumentType.FPR, "933840199001010013"), None),
        ((DocumentType.FPR, "ABC123456789012"), None),
        ((DocumentType.HOUSEHOLD, "123456789"), None),
        ((DocumentType.RIC, "330402880101001"), None),  # fifteen digits
    ],
)
async def test_document_is_right_on_the_wire_or_the_order_is_not_sent(document, wire):
    async with running() as hub:
        kind, number = document
        person = Person(name="SMITH JOHN", document=IdentityDocument(type=kind, number=number), mobile="13800138000")
        outcome = await hub.run("accept", acceptable("JX6-GAS-01", applicant=person))
        if wire is None:
            assert (outcome.kind, outcome.error.code) == ("faulty", ErrorCode.VAL_FORMAT)
            assert outcome.error.field in {"order.applicant.idType", "order.applicant.idNo"}
            assert hub.messages("createServiceOrder") == []
        else:
            assert outcome.kind == "accepted"
            sent = hub.gas.books.orders[outcome.provider_ref].facts["applicant"]
            assert (sent["idType"], sent["idNo"]) == (wire, number)


async def test_designated_holder_becomes_the_new_one_and_the_identity_check_goes_along():
    async with running() as hub:
        wife = PartyRef(name="赵一", document=IdentityDocument(type=DocumentType.RIC, number="330411200501010025"))
        checked = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
        assertion = IdentityAssertion(
            id="a",
            method="AUTHORITY_CHECK",
            level=2,
            verified_at=checked,
            expires_at=checked + timedelta(1),
            request_id="r-1",
        )
        order = acceptable("JX6-GAS-03", form={"designated_holder": wife}, assertion=assertion)
        facts = hub.gas.books.orders[(await hub.run("accept", order)).provider_ref].facts
        assert (facts["newHolder"]["name"], facts["applicant"]["name"]) == ("赵一", "王秀兰")
        assert facts["identityCheck"] == {
            "method": "AUTHORITY_CHECK",
            "level": "2",
            "checkedAt": "2026-11-24T00:30:00Z",
            "reference": "r-1",
        }


# accounts


async def test_accounts_are_found_by_number_and_by_document():
    async with running() as hub:
        (one,) = (await hub.run("accounts", query(account_no="10012345"))).accounts
        assert (one.account_no, one.holder_name, one.holder_document) == ("10012345", "李建国", "330402********0012")
        assert (one.use, one.meter_kind, one.meter_no, one.status) == ("RESIDENTIAL", "IOT", "M10012345", "normal")
        assert (one.safety_result, str(one.safety_checked_on)) == ("pass", "2026-05-28")
        document = HOLDER.document.with_(number=hub.gas.books.customers["10020007"].id_number)
        found = (await hub.run("accounts", query(document=document))).accounts
        assert [account.account_no for account in found] == ["10020007", "10020008"]
        assert found[1].address == "嘉兴市南湖街道南溪西路８８号１２幢３０２室"
        nobody = HOLDER.document.with_(number="330411200501010025")
        assert (await hub.run("accounts", query(document=nobody))).accounts == ()


@pytest.mark.parametrize(
    ("number", "status", "result"),
    [("10020002", "closed", "pass"), ("10020003", "suspended", "pass"), ("10020011", "normal", "none")],
)
async def test_state_of_an_account_is_told_in_our_words(number, status, result):
    async with running() as hub:
        (account,) = (await hub.run("accounts", query(account_no=number))).accounts
        assert (account.status, account.safety_result) == (status, result)


async def test_account_nobody_has_is_an_answer_with_an_error():
    async with running() as hub:
        reply = await hub.run("accounts", query(account_no="10099999"))
        assert (reply.error, reply.accounts) == (ErrorCode.ELG_ACCOUNT_NOT_FOUND, ())
