"""What an identity assertion is good for: every rule by itself, and all of them against an oracle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.config import load_configuration
from hub.domain.application import Channel, ItemRequest
from hub.domain.example import example_case
from hub.domain.identity import Presented, acting, identity_faults
from hub.domain.party import IdentityAssertion

CONFIGURATION = load_configuration()
CATALOGUE, RULES = CONFIGURATION.catalogue, CONFIGURATION.identity
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TRANSFER, PAYMENT, QUERY, SUSPEND = "JX6-WAT-01", "JX6-WAT-14", "JX6-WAT-13", "JX6-WAT-08"
CHANNELS = ("WINDOW", "TERMINAL", "WEB", "MOBILE", "HOTLINE")
ITEMS = (TRANSFER, SUSPEND, PAYMENT, QUERY)


def subject(document):
    return f"digest of {document.type} {document.number}"


def application(*codes, channel="WINDOW", operator=None, **changes):
    made = example_case((TRANSFER,), "individual", CATALOGUE)
    items = tuple(ItemRequest(code=code) for code in codes or (TRANSFER,))
    return made.with_(items=items, channel=Channel(type=channel, operator=operator), **changes)


def assertion(applied, **changes):
    given_ = {
        "id": "A1",
        "method": "FACE_COMPARE",
        "level": 3,
        "verified_at": NOW,
        "expires_at": NOW + timedelta(minutes=10),
        "subject": subject(acting(applied)[0].document),
        "case_number": "JX6202611243304020000015",
        "channel": applied.channel.type,
        "items": tuple(request.code for request in applied.items),
    }
    return IdentityAssertion(**{**given_, **changes})


def rules_broken(applied, presented=None, now=NOW):
    faults = identity_faults(applied, presented or Presented(), RULES, CATALOGUE, subject, now)
    return [(fault.where, fault.rule) for fault in faults]


def test_assertion_that_is_right_in_everything_is_taken():
    applied = application(channel="TERMINAL", assertion="A1")
    assert rules_broken(applied, Presented(assertion(applied))) == []


@pytest.mark.parametrize(
    ("changes", "used", "broken"),
    [
        ({}, True, ("assertion", "IDN_USED")),
        ({"expires_at": NOW}, False, ("assertion", "IDN_LAPSED")),
        ({"subject": "somebody"}, False, ("assertion", "IDN_SUBJECT")),
        ({"channel": "WINDOW"}, False, ("assertion", "IDN_PURPOSE")),
        ({"items": (PAYMENT,)}, False, ("items[0].code", "IDN_PURPOSE")),
        ({"level": 2, "method": "AUTHORITY_CHECK"}, False, ("items[0].code", "IDN_LEVEL")),
    ],
)
def test_each_rule_that_is_broken_is_named(changes, used, broken):
    applied = application(channel="TERMINAL", assertion="A1")
    assert rules_broken(applied, Presented(assertion(applied, **changes), used=used)) == [broken]


def test_assertion_that_is_not_on_record_is_missing():
    assert rules_broken(application(assertion="A1")) == [("assertion", "IDN_MISSING")]


def test_clerk_who_is_named_vouches_at_a_window_and_nowhere_else():
    assert rules_broken(application(operator="c01")) == []
    assert rules_broken(application()) == [("assertion", "IDN_MISSING")]
    for channel in CHANNELS[1:]:
        assert rules_broken(application(channel=channel, operator="c01")) == [("assertion", "IDN_MISSING")]


def test_payment_may_be_made_by_anybody_anywhere():
    for channel in CHANNELS:
        assert rules_broken(application(PAYMENT, channel=channel)) == []


@pytest.mark.parametrize(
    ("item", "channel", "wanted"),
    [
        (TRANSFER, "WINDOW", 2),
        (TRANSFER, "TERMINAL", 3),
        (TRANSFER, "WEB", 3),
        (SUSPEND, "WINDOW", 1),
        (SUSPEND, "TERMINAL", 1),
        (PAYMENT, "TERMINAL", 0),
    ],
)
def test_level_is_that_of_the_item_raised_by_the_channel(item, channel, wanted):
    assert RULES.demanded(CATALOGUE.by_code[item].identity_level, channel) == wanted


@pytest.mark.parametrize("kind", ["transfer", "close", "card_reissue", "credential_reset"])
def test_acts_that_take_something_from_somebody_demand_level_2(kind):
    found = [item for item in CATALOGUE.items if item.business_type == kind]
    assert found
    assert {item.identity_level for item in found} == {2}


def test_agent_is_checked_in_place_of_the_applicant_and_a_legal_representative_for_the_firm():
    firm = example_case((TRANSFER,), "enterprise", CATALOGUE)
    assert [party.document.type for party in acting(firm)] in (["RIC"], ["RIC", "USCC"])
    alone = firm.with_(agent=None)
    assert [party.document.type for party in acting(alone)] == ["RIC", "USCC"]
    person = application()
    assert acting(person) == (person.applicant,)
    agent = example_case(("JX6-WAT-02",), "enterprise", CATALOGUE).agent or firm.agent
    if agent is not None:
        assert acting(person.with_(agent=agent)) == (agent.person,)


@settings(max_examples=300, deadline=None)
@given(
    codes=st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3, unique=True),
    made_for=st.sets(st.sampled_from(ITEMS)),
    channel=st.sampled_from(CHANNELS),
    made_at=st.sampled_from(CHANNELS),
    method=st.sampled_from([rule.id for rule in RULES.methods]),
    age=st.integers(-5, 40),
    used=st.booleans(),
    own=st.booleans(),
)
def test_assertion_is_taken_exactly_when_every_condition_holds(
    codes, made_for, channel, made_at, method, age, used, own
):
    applied = application(*codes, channel=channel, assertion="A1")
    made = assertion(
        applied,
        method=method,
        level=RULES.by_method[method].level,
        channel=made_at,
        items=tuple(made_for),
        expires_at=NOW + RULES.lifetime(made_at),
        **({} if own else {"subject": "another"}),
    )
    now = NOW + timedelta(minutes=age)
    lifetime = {"WINDOW": 30}.get(made_at, 10)
    worth = {"CLERK": 2, "CARD_READER": 1, "AUTHORITY_CHECK": 2, "FACE_COMPARE": 3}[method]
    wanted = {TRANSFER: 2 if channel == "WINDOW" else 3, SUSPEND: 1, QUERY: 1, PAYMENT: 0}
    good = (
        not used
        and age < lifetime
        and own
        and channel == made_at
        and set(codes) <= made_for
        and all(worth >= wanted[code] for code in codes)
    )
    faults = identity_faults(applied, Presented(made, used=used), RULES, CATALOGUE, subject, now)
    assert (not faults) == good
    for fault in faults:
        assert "330402" not in str(fault)
        assert "王" not in str(fault)
