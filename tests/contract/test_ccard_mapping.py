"""The citizen card mappings: against their contracts, for every code, and for whatever people are called."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.ccard.adapter import CcardAdapter
from hub.config import load_configuration
from hub.domain.form import ContactChange
from hub.domain.taxonomy import ErrorCode as E
from hub.engine.selfcheck import canonical_tables, check_set
from hub.errors import DecodeError, EncodeError, ManifestError, UnmappedCode
from hub.registry import Registry
from hub.wire.exchange import FrameResponse
from simulators.ccard import files, iso
from tests.golden.ccard_frames import frame, reply
from tests.golden.test_ccard_goldens import ADAPTER, CONFIG, draw, env
from tests.integration.ccard_hub import CHILD, DEMO, ITEMS, MAPPINGS, batch_of, order_of, topup

ACT = {
    "00": None, "12": E.ELG_STATUS, "14": E.ELG_ACCOUNT_NOT_FOUND, "30": E.VAL_FORMAT, "36": E.ELG_STATUS,
    "41": E.ELG_STATUS, "43": E.ELG_STATUS, "51": E.ELG_NOT_ELIGIBLE, "61": E.PAY_AMOUNT, "68": E.UPS_TIMEOUT_UNKNOWN,
    "90": E.UPS_MAINTENANCE, "91": E.UPS_UNAVAILABLE, "94": E.DUP_SAME, "96": E.UPS_TIMEOUT_UNKNOWN, "A0": E.UPS_AUTH,
    "N1": E.ELG_STATUS, "N2": E.ELG_STATUS, "N3": E.IDN_MISMATCH,
}  # fmt: skip
MONEY = {code: error for code, error in ACT.items() if code not in {"N1", "N2"}} | {
    "68": E.PAY_UNKNOWN,
    "96": E.PAY_UNKNOWN,
}
STATUS = {
    "00": None, "36": None, "41": None, "43": None, "12": E.UPS_PROTOCOL, "14": E.ELG_ACCOUNT_NOT_FOUND,
    "30": E.VAL_FORMAT, "68": E.UPS_BUSY, "90": E.UPS_MAINTENANCE, "91": E.UPS_UNAVAILABLE, "96": E.UPS_BUSY,
    "A0": E.UPS_AUTH, "N3": E.IDN_MISMATCH,
}  # fmt: skip
TOTALS = {
    "00": None, "30": E.VAL_FORMAT, "90": E.UPS_MAINTENANCE, "91": E.UPS_UNAVAILABLE, "96": E.UPS_BUSY,
    "97": E.FILE_COUNT, "A0": E.UPS_AUTH,
}  # fmt: skip
PING = {"00": None, "12": E.UPS_AUTH, "30": E.VAL_FORMAT}
BY_MESSAGE = {
    "act": ACT,
    "topup": MONEY,
    "reversal": MONEY,
    "status": STATUS,
    "find": STATUS,
    "totals": TOTALS,
    "ping": PING,
}
MTI = {"reversal": "0410", "totals": "0510", "ping": "0810"}
CODES = [(message, code) for message, codes in BY_MESSAGE.items() for code in codes]
# Any character that a name can have, the CJK extensions among them, but no surrogates and no control codes.
NAMES = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cn"]), min_size=1, max_size=40
) | st.sampled_from(["䶮·𬭎", "阿卜杜热西提·买买提依明", "O'Brien—Łódź", "锘縜", "a|b", "END|1"])


def test_mappings_keep_to_their_contracts():
    configuration, registry = load_configuration(), Registry.load()
    assert check_set(registry, CcardAdapter, "ccard", canonical_tables(configuration)) == []


def test_every_item_is_served_by_one_operation():
    assert len(ITEMS) == 9
    served = {item.code: ADAPTER.serving(item.upstream.operation).name for item in ITEMS}
    assert set(served.values()) == {"apply", "act", "change", "status", "pay"}
    assert served["JX6-CIT-09"] == "pay"


@pytest.mark.parametrize(("message", "code"), CODES)
def test_every_code_means_what_the_interface_says(message, code):
    more = {"de2": DEMO, "de54": "0002156C000000005000"} if code in {"00", "36", "41", "43"} else {}
    found = understood(message, reply(code, mti=MTI.get(message, "0210"), **more))
    assert (found.raw_code, found.error) == (code, BY_MESSAGE[message][code])


@pytest.mark.parametrize("message", BY_MESSAGE)
def test_a_code_that_nobody_wrote_down_is_not_guessed(message):
    with pytest.raises(UnmappedCode) as caught:
        understood(message, reply("Z9", mti=MTI.get(message, "0210")))
    assert caught.value.raw == "Z9"


def understood(message, body):
    tree = ADAPTER.decode(message, FrameResponse(body), env())
    return MAPPINGS.reply(message)(tree, env())


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (frame("0200", de39="00"), "MTI"),
        (frame("0210", de11="000001"), "MTI"),
        (reply("00", de54="0002156X000000005000"), "DE54"),
        (reply("00", de54="5000"), "DE54"),
        (reply("00", de7="1324091501"), "DE7"),
        (reply("00", de2=DEMO, tags={"008": "20261399000000"}), "DE48.T008"),
    ],
)
def test_a_reply_that_breaks_the_contract_is_refused_by_place(body, where):
    with pytest.raises(DecodeError) as caught:
        understood("status", body)
    assert caught.value.where == where


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_a_spoilt_reply_never_does_more_than_be_refused(data):
    body = bytearray(reply("00", what="900010", tags={"008": "20261129091501", "001": "王**"}, de2=DEMO))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(DecodeError, UnmappedCode):
        assert understood("act", bytes(body)).raw_code


@settings(deadline=None, max_examples=60)
@given(NAMES)
def test_any_name_is_right_on_the_wire_or_refused_without_being_shown(name):
    order = order_of("JX6-CIT-06", applicant=CHILD.with_(name=name))
    if len(name.encode("gb18030")) > 60:
        with pytest.raises(EncodeError) as caught:
            written("act", order)
        assert (caught.value.where, name in str(caught.value)) == ("DE48.T001", False)
        return
    sent = iso.read(written("act", order))
    assert (sent.mti, sent.get(3), sent.tag("001"), sent.tag("002")) == ("0200", "900040", name, CHILD.document.number)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 99_999_999), st.integers(1, 999_999))
def test_any_amount_is_fen_in_twelve_digits_and_the_trace_is_the_task(amount, seq):
    order = topup(seq, amount)
    sent = iso.read(written("topup", order))
    assert int(sent.get(4)) == amount
    assert sent.get(41) + sent.get(11) == order.serial[6:]
    assert sent.get(13) == order.serial[2:6]
    back = iso.read(written("reversal", order))
    assert back.get(90)[4:14] == sent.get(11) + sent.get(13)
    assert (back.get(37), back.get(4), len(back.get(90))) == (sent.get(37), sent.get(4), 42)


def written(message, order):
    tree = MAPPINGS.request(message)(order, env())
    return ADAPTER.encode(message, tree, env(), draw).body


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4))
def test_any_names_and_addresses_read_back_from_the_file_as_the_centre_reads_it(people):
    orders = [
        order_of("JX6-CIT-07", seq, form={"contact_change": ContactChange(name=name, address=address)})
        for seq, (name, address) in enumerate(people, start=1)
    ]
    tree = MAPPINGS.request("INFO")(batch_of("INFO", *orders), env())
    rows = files.read("INFO", ADAPTER.encode("INFO", tree, env(), draw).body)
    found = [(row["name"], row["address"]) for row in rows if row["act"] == "1"]
    assert found == [(name.replace("|", "｜"), address.replace("|", "｜")) for name, address in people]
    assert [row["serial"] for row in rows if row["act"] == "2"] == [order.serial for order in orders]


def test_configuration_demands_its_keys_and_shows_no_secret():
    for key, wrong in (("master_key", "short"), ("sign_private_key", "zz" * 32), ("institution", None)):
        with pytest.raises(ManifestError) as caught:
            CcardAdapter("ccard", {**CONFIG, key: wrong})
        assert key in str(caught.value)
        assert str(wrong) not in str(caught.value) or wrong is None
    assert CONFIG["master_key"] not in repr(ADAPTER)
