"""The power simulator's pure core: cryptography, money and the order's path, for any input."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta

import gmalg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from simulators.kit.clock import ManualClock
from simulators.kit.simulator import Profile
from simulators.power import contract, crypto, times
from simulators.power.accounts import Account, Bill
from simulators.power.orders import NODE_NAMES, Orders, path

KEYS = crypto.test_keys(1)
TYPES = ("110", "120", "130", "140", "210", "211", "310", "320", "330", "410", "420", "510", "610")
FATES = ("", "contract", "fee", "return", "reject", "stuck")


def test_sm3_and_hmac_sm3_give_the_standards_own_values():
    # GB/T 32905-2016, appendix A.1
    assert crypto.sm3_hex(b"abc") == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert len(crypto.hmac_sm3_hex("key", "text")) == 64


@settings(max_examples=8, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2**32))
def test_envelope_opens_with_the_owners_key_to_the_same_bytes(plain, seed):
    sealed = crypto.seal(plain, KEYS.app.public, random.Random(seed))
    assert len(sealed["encKey"]) == 224
    assert crypto.unseal(sealed, KEYS.app.private) == plain


def test_envelope_for_another_owner_or_with_a_flipped_bit_does_not_open():
    sealed = crypto.seal(b"text", KEYS.app.public, random.Random(1))
    with pytest.raises(crypto.EnvelopeError):
        crypto.unseal(sealed, KEYS.platform.private)
    flipped = sealed["encKey"][:-1] + ("0" if sealed["encKey"][-1] != "0" else "1")
    with pytest.raises(crypto.EnvelopeError):
        crypto.unseal({**sealed, "encKey": flipped}, KEYS.app.private)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**9))
def test_callback_signature_is_always_64_bytes_and_holds(number):
    fields = {"code": "1", "appNo": number, "nodeCode": "01"}
    raw = bytes.fromhex(crypto.sign_callback(fields, KEYS.callback))
    assert len(raw) == 64
    checker = gmalg.SM2(uid=b"1234567812345678", pk=bytes.fromhex(KEYS.callback.public))
    assert checker.verify(f"appNo={number}&code=1&nodeCode=01".encode(), raw[:32], raw[32:])


def test_keys_do_not_show_their_secrets():
    shown = repr(KEYS)
    assert KEYS.app_secret not in shown
    assert KEYS.app.private not in shown


bills = st.lists(
    st.tuples(st.integers(-50_000, 50_000).filter(bool), st.integers(0, 500), st.integers(202501, 202512).map(str)),
    max_size=6,
)


@given(bills, st.integers(1, 200_000))
def test_a_payment_loses_no_fen_and_its_reversal_restores_everything(debts, amount):
    account = Account("3304020000001", "甲", "E1")
    account.bills = [Bill(month, owed, penalty if owed > 0 else 0) for owed, penalty, month in debts]
    before = [(bill.received, bill.flag) for bill in account.bills]
    balance = account.balance
    settlement = account.pay(amount)
    assert account.balance - account.prepaid == balance - amount
    assert account.prepaid >= 0
    assert account.prepaid == 0 or account.balance == 0
    account.undo(settlement)
    assert [(bill.received, bill.flag) for bill in account.bills] == before
    assert (account.balance, account.prepaid) == (balance, 0)


@given(st.integers(0, 9_000), st.integers(1, 9_000))
def test_prepaid_balance_pays_the_next_bill_first(prepaid, owed):
    account = Account("3304020000001", "甲", "E1", prepaid=prepaid)
    account.charge(Bill("202601", owed))
    assert account.arrears == max(0, owed - prepaid)
    assert account.prepaid == max(0, prepaid - owed)


@pytest.mark.parametrize("app_type", TYPES)
@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("final_bill", [True, False])
def test_every_path_rises_in_time_and_ends_as_its_fate_says(app_type, fate, final_bill):
    steps = path(app_type, fate, final_bill)
    hours = [hour for _, hour, _ in steps]
    assert hours == sorted(hours)
    nodes = [node for node, _, _ in steps]
    assert set(nodes) <= set(NODE_NAMES)
    ends = {"reject": "07", "stuck": nodes[-1] if nodes else ""}
    assert not nodes or nodes[-1] == ends.get(fate, "06")
    assert ("20003" in [cause for _, _, cause in steps]) == (final_bill and "05" in nodes)


actions = st.lists(
    st.one_of(
        st.integers(1, 40).map(lambda hours: ("wait", hours)),
        st.sampled_from(["resume", "cancel"]).map(lambda act: (act, 0)),
        st.sampled_from(sorted(NODE_NAMES)).map(lambda node: ("push", node)),
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(TYPES), st.sampled_from(FATES), st.booleans(), actions)
def test_order_never_goes_back_in_time_nor_on_from_its_end(app_type, fate, final_bill, acts):
    clock = ManualClock()
    told = []
    orders = Orders(clock, Profile(), lambda _, step: told.append(step))
    order = orders.create({"appTypeCode": app_type, "outerNo": "A"}, "c", fate=fate, final_bill=final_bill)
    for act, value in acts:
        if act == "wait":
            clock.advance(timedelta(hours=value))
        orders.catch_up()
        ended = order.final
        if act == "resume" and order.waiting:
            orders.resume(order)
        elif act == "cancel" and not ended:
            orders.cancel(order)
        elif act == "push" and not ended:
            orders.push(order, value)
    assert told == order.nodes
    assert [step.at for step in order.nodes] == sorted(step.at for step in order.nodes)
    assert order.nodes[0].node == "01"
    assert not any(step.node in {"06", "07"} for step in order.nodes[:-1])
    assert (orders.open_on("c") is None) == order.final
    assert order.as_wire()["nodeCode"] == order.now_at.node


def test_same_seed_gives_the_same_times_and_another_seed_others():
    def due(seed):
        orders = Orders(ManualClock(), Profile(seed=seed))
        return orders.create({"appTypeCode": "210", "outerNo": "A"}, "c").due

    assert due(1) == due(1)
    assert due(1) != due(2)


@pytest.mark.parametrize("service", contract.SERVICES)
def test_schema_is_valid_and_closed(service):
    written = contract.schema(service)
    Draft202012Validator.check_schema(written)
    assert written["additionalProperties"] is False
    assert json.dumps(written)


@given(st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)))
def test_stamp_is_a_real_time_and_the_billing_day_lies_ahead(when):
    assert times.is_written(times.stamp(when), times.STAMP, 14)
    assert times.next_billing_day(when) > times.day(when)
    opens = times.reopening(when)
    assert (opens is not None) == (times.stamp(when)[6:8] == "01" and times.stamp(when)[8:10] < "06")
    assert opens is None or timedelta(0) < opens - when <= timedelta(hours=6)


@pytest.mark.parametrize("text", ["2026010", "20260132", "２０２６０１０１", "2026-1-1", "", 20260101])
def test_text_that_is_no_day_is_not_taken_for_one(text):
    assert not times.is_written(text, "%Y%m%d", 8)
