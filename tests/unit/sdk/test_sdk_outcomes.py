"""What questions and inquiries make of a refusal."""

import pytest

from hub.domain.outcome import Absent, Accepted, Faulty, NotSent, Rejected
from hub.domain.reply import Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.sdk import not_decided, resolved

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


def test_inquiry_resolves_a_refusal_that_may_mean_our_own_order():
    refused = Rejected(error=ServiceError(code=ErrorCode.ELG_OPEN_ORDER))
    found = Accepted(provider_ref="1")
    assert resolved(found, refused) is found
    assert resolved(Absent(), refused) is refused
    assert resolved(Faulty(error=BUSY), refused).kind == "faulty"
    doubt = resolved(NotSent(error=BUSY), refused)
    assert (doubt.kind, doubt.error) == ("unknown", BUSY)
