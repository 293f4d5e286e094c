"""What an answer to a pre-check means: only a clear no is an obstacle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hub.domain.case import PreCheckState
from hub.domain.outcome import Absent, Accepted, Completed, Faulty, NotSent, Output, Rejected, Unknown
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.engine.bundles.prechecks import reading

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
DOWN = ServiceError(code=ErrorCode.UPS_UNAVAILABLE)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Completed(), PreCheckState.PASSED),
        (Accepted(), PreCheckState.PASSED),
        (Rejected(error=ServiceError(code=ErrorCode.ELG_STATUS)), PreCheckState.OBSTACLE),
        (NotSent(error=DOWN), PreCheckState.UNKNOWN),
        (Unknown(phase="SENT", error=DOWN), PreCheckState.UNKNOWN),
        (Faulty(error=DOWN), PreCheckState.UNKNOWN),
        (Absent(), PreCheckState.UNKNOWN),
    ],
)
def test_only_a_clear_no_is_an_obstacle(outcome, state):
    found = reading(outcome, NOW)
    assert (found.state, found.error) == (state, getattr(outcome, "error", None))
    assert (found.as_of, found.checked_at) == (NOW, NOW)


def test_answer_is_as_old_as_the_utility_says_and_keeps_its_word_to_the_clerk():
    old = NOW - timedelta(hours=9)
    found = reading(Completed(opinion="违约金:108", event_time=old), NOW)
    assert (found.opinion, found.as_of, found.checked_at) == ("违约金:108", old, NOW)


@pytest.mark.parametrize(
    ("data", "due"),
    [
        ({}, []),
        ({"arrears_fen": 0}, []),
        ({"arrears_fen": -3150}, []),
        ({"arrears_fen": 2950}, [2950]),
        (
            {
                "arrears_fen": 2950,
                "bills": [
                    {"period": "202610", "total_fen": 2950},
                    {"period": "202609", "total_fen": 100, "settled": True},
                    {"period": "202608", "total_fen": -50},
                ],
            },
            [2950],
        ),
    ],
)
def test_charges_are_the_open_bills_or_the_sum(data, due):
    outcome = Completed(outputs=(Output(kind="answer", data=data),) if data else ())
    assert [bill.total_fen for bill in reading(outcome, NOW).charges] == due


def test_obstacle_names_the_debt_that_it_knows():
    error = ServiceError(code=ErrorCode.ELG_ARREARS, amount_fen=12860)
    assert [bill.total_fen for bill in reading(Rejected(error=error), NOW).charges] == [12860]
