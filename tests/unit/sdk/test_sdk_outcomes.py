"""From a canonical reply to an outcome, and from there to the event of a task."""

from datetime import UTC, datetime

import pytest

from hub.domain.outcome import Absent, Accepted, Faulty, NotSent, Rejected
from hub.domain.states import EventSource, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.engine.events import event_of
from hub.sdk import Reply, ServiceOrder, not_decided, outcome_of, paid, resolved

ENTERED = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("state", [None, TaskState.ACCEPTED, TaskState.IN_PROGRESS, TaskState.COMPLETED])
def test_legal_effect_goes_from_the_reply_to_the_event_whatever_the_state(state):
    outcome = outcome_of(Reply(state=state, legal_effect=ENTERED))
    assert outcome.legal_effect == ENTERED
    assert event_of("T-01", "e1", outcome, EventSource.POLL, ENTERED).legal_effect == ENTERED


def test_reply_without_legal_effect_claims_none():
    assert outcome_of(Reply(state=TaskState.COMPLETED)).legal_effect is None


BUSY = ServiceError(code=ErrorCode.UPS_BUSY)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ErrorCode.ELG_ACCOUNT_NOT_FOUND, "faulty"),
        (ErrorCode.UPS_BUSY, "not_sent"),
        (ErrorCode.UPS_TIMEOUT_UNKNOWN, "unknown"),
        (ErrorCode.UPS_UNMAPPED, "faulty"),
    ],
)
def test_refused_question_never_says_that_the_order_was_rejected(error, kind):
    outcome = not_decided(Reply(error=error, raw_code="x"))
    assert (outcome.kind, outcome.error.code) == (kind, error)


def test_adapter_may_judge_a_refused_question_by_its_own_rule_first():
    refused = Rejected(error=ServiceError(code=ErrorCode.ELG_NOT_ELIGIBLE, note="our word"))
    assert not_decided(refused) == Faulty(error=refused.error)
    assert not_decided(NotSent(error=BUSY)) == NotSent(error=BUSY)


def test_inquiry_resolves_a_refusal_that_may_mean_our_own_order():
    refused = Rejected(error=ServiceError(code=ErrorCode.ELG_OPEN_ORDER))
    found = Accepted(provider_ref="1")
    assert resolved(found, refused) is found
    assert resolved(Absent(), refused) is refused
    assert resolved(Faulty(error=BUSY), refused).kind == "faulty"
    doubt = resolved(NotSent(error=BUSY), refused)
    assert (doubt.kind, doubt.error) == ("unknown", BUSY)


def test_payment_is_known_by_the_order_whose_fee_it_is_or_by_its_receipt():
    reply = Reply(receipt_no="R1", raw_code="0", event_time=ENTERED)
    of_an_order = paid(ServiceOrder.model_construct(provider_ref="W1"), reply)
    assert (of_an_order.provider_ref, of_an_order.event_time, of_an_order.raw_code) == ("W1", ENTERED, "0")
    assert paid(ServiceOrder.model_construct(provider_ref=None), reply).provider_ref == "R1"
    assert [(output.kind, output.identifier) for output in of_an_order.outputs] == [("receipt", "R1")]
