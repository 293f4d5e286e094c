"""From a canonical reply to an outcome, and from there to the event of a task."""

from datetime import UTC, datetime

import pytest

from hub.domain.states import EventSource, TaskState
from hub.engine.events import event_of
from hub.sdk import Reply, outcome_of

ENTERED = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize("state", [None, TaskState.ACCEPTED, TaskState.IN_PROGRESS, TaskState.COMPLETED])
def test_legal_effect_goes_from_the_reply_to_the_event_whatever_the_state(state):
    outcome = outcome_of(Reply(state=state, legal_effect=ENTERED))
    assert outcome.legal_effect == ENTERED
    assert event_of("T-01", "e1", outcome, EventSource.POLL, ENTERED).legal_effect == ENTERED


def test_reply_without_legal_effect_claims_none():
    assert outcome_of(Reply(state=TaskState.COMPLETED)).legal_effect is None
