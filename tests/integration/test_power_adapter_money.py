"""The power adapter against the simulator: accounts, bills, payments, reversals, the day's file, the check."""

from __future__ import annotations

import pytest

from adapters.power.adapter import PowerAdapter
from hub.domain.party import DocumentType, IdentityDocument
from hub.domain.taxonomy import ErrorCode
from hub.errors import ManifestError
from hub.sdk.outcomes import outcome_of
from simulators.kit.simulator import Profile
from simulators.power import PowerSimulator
from tests.integration.power_hub import (
    DEBTOR,
    DEMO,
    FORMER,
    START,
    day_query,
    fake_config,
    order_of,
    payment,
    query,
    running,
)

WRONG = {
    "app_key": "NOBODY",
    "app_secret": "WRONG",
    "platform_public_key": PowerSimulator(profile=Profile(seed=8)).connection()["platform_public_key"],
}


async def test_account_is_found_by_its_number_new_or_old():
    async with running() as hub:
        (account,) = (await hub.run("accounts", query(account_no=DEMO))).accounts
        assert (account.account_no, account.account_no_old, account.holder_name) == (DEMO, "0012345678", "李建国")
        assert (account.status, account.use, account.arrears_fen, account.balance_fen) == ("normal", "200", 0, 0)
        assert (await hub.run("accounts", query(account_no="0012345678"))).accounts == (account,)


async def test_accounts_of_a_document_are_found_in_every_county():
    async with running() as hub:
        people = {"name": "张三", "cert_no": "330411200501010025"}
        for number, org in (("3304020019101", "330402001"), ("3304810019102", "330481001")):
            hub.power.add_account(cons_no=number, org_no=org, **people)
        holder = IdentityDocument(type=DocumentType.RIC, number=people["cert_no"])
        found = await hub.run("accounts", query(document=holder, name="张三"))
        assert {"3304020019101", "3304810019102"} <= {account.account_no for account in found.accounts}


async def test_account_states_are_canonical():
    async with running() as hub:
        hub.power.add_account(cons_no="3304020019103", name="甲", cert_no=FORMER.document.number, status="2")
        states = [
            (await hub.run("accounts", query(account_no=number))).accounts[0].status
            for number in (DEMO, "3304020012378", "3304020019103", "3304020012360")
        ]
        assert states == ["normal", "suspended", "arrears", "closed"]


async def test_unknown_account_is_an_answer_and_unknown_document_an_empty_one():
    async with running() as hub:
        reply = await hub.run("accounts", query(account_no="3304020099999"))
        assert (reply.error, reply.raw_code) == (ErrorCode.ELG_ACCOUNT_NOT_FOUND, "20001")
        nobody = IdentityDocument(type=DocumentType.PASSPORT, number="E00000000")
        assert (await hub.run("accounts", query(document=nobody))).accounts == ()


async def test_bills_say_what_is_open():
    async with running() as hub:
        reply = await hub.run("arrears", query(account_no=DEBTOR))
        assert reply.arrears_fen == 18650 == sum(bill.total_fen for bill in reply.bills)
        assert [(bill.period, bill.charge_fen, bill.penalty_fen, bill.total_fen) for bill in reply.bills] == [
            ("202510", 9650, 120, 4770),
            ("202511", 13400, 480, 13880),
        ]


async def test_refund_is_negative():
    async with running() as hub:
        assert (await hub.run("arrears", query(account_no="3304020012428"))).arrears_fen < 0


async def test_query_item_is_completed_with_the_bills_of_its_period():
    async with running() as hub:
        order = order_of("JX6-ELE-14", form={"account_no": DEBTOR, "period": "202510"})
        outcome = outcome_of(await hub.run("arrears", order), done=True)
        (answer,) = outcome.outputs
        assert (answer.kind, answer.data["arrears_fen"]) == ("answer", 18650)


async def test_repeated_reads_show_what_has_changed_since():
    async with running() as hub:
        before = await hub.run("arrears", query(account_no=DEBTOR))
        assert (await hub.run("pay", payment())).kind == "completed"
        after = await hub.run("arrears", query(account_no=DEBTOR))
        assert (before.arrears_fen, after.arrears_fen) == (18650, 0)


async def test_payment_is_completed_with_its_receipt():
    async with running() as hub:
        outcome = await hub.run("pay", payment())
        receipt = next(output for output in outcome.outputs if output.kind == "receipt")
        assert (outcome.kind, receipt.identifier, len(receipt.identifier)) == ("completed", outcome.provider_ref, 20)
        assert hub.power.ledger.effects(payment().serial)[0].facts["payAmt"] == 18650


async def test_payment_repeated_in_every_way_is_made_once():
    async with running() as hub:
        order = payment()
        outcomes = [await hub.run(name, order) for name in ("pay", "pay", "payment")]
        assert len({outcome.provider_ref for outcome in outcomes}) == 1
        assert hub.power.ledger.count("payment") == 1


async def test_doubt_older_than_the_platform_s_memory_is_never_paid_again():
    async with running() as hub:
        await hub.run("pay", payment())
        await hub.clock.advance(hours=25)
        outcome = await hub.run("payment", payment())
        assert (outcome.kind, outcome.error.code) == ("unknown", ErrorCode.PAY_UNKNOWN)
        assert hub.power.ledger.count("payment") == 1


async def test_more_than_the_debt_becomes_balance():
    async with running() as hub:
        await hub.run("pay", payment(amount=20000))
        assert (await hub.run("arrears", query(account_no=DEBTOR))).balance_fen == 1350


async def test_payment_for_an_unknown_account_is_rejected():
    async with running() as hub:
        outcome = await hub.run("pay", payment(account="3304020099999"))
        assert (outcome.kind, outcome.error.code) == ("rejected", ErrorCode.ELG_ACCOUNT_NOT_FOUND)


async def test_fee_of_a_waiting_order_is_paid_by_its_number_and_the_order_goes_on():
    async with running(extra={"fates": {"110": "fee"}}) as hub:
        order = order_of("JX6-ELE-01")
        accepted = await hub.run("accept", order)
        await hub.clock.advance(hours=12)
        order = order.with_(provider_ref=accepted.provider_ref)
        waiting = await hub.run("progress", order)
        assert (waiting.state.value, waiting.fee_due_fen) == ("AWAITING_PAYMENT", 12600)
        paid = await hub.run("pay", order.with_(form=order.form.with_(amount=12600, pay_channel="ALIPAY")))
        assert (paid.kind, paid.provider_ref) == ("completed", accepted.provider_ref)
        going_on = await hub.run("progress", order)
        assert (going_on.state.value, going_on.fee_due_fen) == ("IN_PROGRESS", None)


async def test_reversal_is_made_once_and_only_on_the_same_day():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        back = payment().with_(provider_ref=paid.provider_ref)
        assert (await hub.run("reverse", back)).kind == "completed"
        await hub.clock.advance(hours=1)
        hub.adapter, key = type(hub.adapter)("power", hub.adapter.config), "d" * 32
        assert (await hub.run("reverse", back.with_(request_id=key))).kind == "completed"
        assert (await hub.run("arrears", query(account_no=DEBTOR))).arrears_fen == 18650


async def test_reversal_of_yesterday_is_rejected():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        await hub.clock.advance(hours=20)
        refused = await hub.run("reverse", payment().with_(provider_ref=paid.provider_ref))
        assert (refused.kind, refused.error.field, refused.error.note) == ("rejected", "chargeId", "sameDay")


async def test_day_file_lists_payments_and_reversals():
    async with running() as hub:
        paid = await hub.run("pay", payment())
        await hub.run("pay", payment(2, account=DEMO, amount=100))
        await hub.run("reverse", payment().with_(provider_ref=paid.provider_ref))
        await hub.clock.advance(hours=20)
        reply = await hub.run("reconcile", day_query())
        records = sorted(reply.records, key=lambda record: -record.amount_fen)
        assert [(record.kind, record.amount_fen) for record in records] == [
            ("payment", 18650),
            ("payment", 100),
            ("reversal", -18650),
        ]
        first, _, last = records
        assert (first.serial, first.provider_ref, first.account_no) == (payment().serial, paid.provider_ref, DEBTOR)
        assert last.note == paid.provider_ref
        assert first.at == START


async def test_day_that_is_not_over_has_no_file():
    async with running() as hub:
        reply = await hub.run("reconcile", day_query())
        assert (reply.error, reply.missing, reply.note) == (ErrorCode.VAL_FORMAT, ("bizDate",), "closed")


async def test_check_is_good():
    async with running() as hub:
        assert (await hub.run("check", None)).kind == "completed"


@pytest.mark.parametrize("key", sorted(WRONG))
async def test_check_with_a_wrong_credential_is_not_the_same_as_no_connection(key):
    async with running(config={key: WRONG[key]}) as hub:
        outcome = await hub.run("check", None)
        wanted = ErrorCode.UPS_PROTOCOL if key == "platform_public_key" else ErrorCode.UPS_AUTH
        assert outcome.error.code is wanted
        assert len(hub.calls) <= 2
    async with running() as hub:
        hub.power.faults.arm("down")
        assert (await hub.run("check", None)).error.code is ErrorCode.UPS_UNAVAILABLE


def test_key_of_a_wrong_form_is_named_when_the_endpoint_is_opened():
    config = {**fake_config(), "platform_public_key": "not a key", "app_private_key": "ab" * 31}
    with pytest.raises(ManifestError) as refused:
        PowerAdapter("power", config)
    assert [str(fault).rpartition("the key ")[2] for fault in refused.value.faults] == [
        "'platform_public_key' must be 130 hex digits [CONFIG]",
        "'app_private_key' must be 64 hex digits [CONFIG]",
    ]
    assert "not a key" not in str(refused.value)
