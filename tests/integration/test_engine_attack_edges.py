"""Single steps of the engine that are hard to reach from outside, played at the table."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hub import TaskState
from hub.domain.outcome import Absent, Accepted, Completed, NotSent, Progress, Unknown
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.domain.work import CommandKind
from hub.engine.applier import Applier
from hub.engine.batches import members
from hub.engine.relay import Relay
from hub.sdk.adapter import Callback
from tests.toy.desk import CLOSED, DOWN, LOST
from tests.toy.filing import FilingAdapter
from tests.toy.table import Table, result
from tests.toy.talking import CallingAdapter, TalkingAdapter

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    kinds = (TalkingAdapter, CallingAdapter, FilingAdapter)
    made = {kind: Table(tmp_path_factory.mktemp("table"), kind) for kind in kinds}
    yield made
    for each in made.values():
        each.close()


@pytest.fixture
def table(tables):
    tables[TalkingAdapter].clear()
    return tables[TalkingAdapter]


@pytest.fixture
def calling(tables):
    tables[CallingAdapter].clear()
    return tables[CallingAdapter]


@pytest.fixture
def filing(tables):
    tables[FilingAdapter].clear()
    return tables[FilingAdapter]


def only(table):
    (command,) = table.claim()
    return command


def answer(table, outcome, **more):
    table.apply(result(only(table), outcome, at=table.clock.now(), **more))


def absent_for_good(table):
    table.clock.time += HOUR
    answer(table, Absent())
    table.clock.time += HOUR


def test_order_found_with_a_time_before_our_question_is_adopted(table):
    number = table.submit("request-0001")
    answer(table, LOST)
    absent_for_good(table)
    answer(table, LOST)
    table.clock.time += HOUR
    answer(table, Progress(state=TaskState.IN_PROGRESS, event_time=table.clock.now() - 2 * HOUR))
    assert table.task(number).state is TaskState.IN_PROGRESS
    assert table.lost() == []


def test_answer_that_names_another_order_than_the_one_known_goes_to_a_person(table):
    number = table.submit("request-0001")
    answer(table, LOST.with_(provider_ref="T1"))
    absent_for_good(table)
    answer(table, Accepted(provider_ref="T2"))
    assert table.task(number).state is TaskState.MANUAL


def test_absent_is_not_asked_for_again_before_it_can_be_believed(table):
    number = table.submit("request-0001")
    answer(table, LOST)
    fence = table.row(number).doubt_until
    answer(table, Absent())
    (waiting,) = table.open_commands()
    assert waiting.kind == CommandKind.INQUIRE
    assert waiting.not_before >= fence


def test_callback_by_the_utilitys_number_alone_is_kept_until_that_number_is_known(calling):
    number = calling.submit("request-0001")
    calling.callback(Callback("E1", Completed(), provider_ref="T1"))
    assert calling.task(number).state is TaskState.READY
    answer(calling, Accepted(provider_ref="T1"))
    assert calling.task(number).state is TaskState.COMPLETED
    assert calling.case_of(number).state == "DECIDED"


def test_callback_for_another_order_under_a_number_that_comes_round_again_is_not_ours(calling):
    number = calling.submit("request-0001")
    answer(calling, Accepted(provider_ref="T1"))
    calling.callback(Callback("E1", Completed(), serial="9" * 20, provider_ref="T1"))
    assert calling.task(number).state is TaskState.ACCEPTED


def test_order_wanted_no_more_is_cancelled_as_soon_as_it_is_known_that_it_was_never_sent(table):
    number = table.submit("request-0001")
    command = only(table)
    table.cancel(number)
    assert table.task(number).state is TaskState.DISPATCHING
    table.apply(result(command, NotSent(error=ServiceError(code=ErrorCode.UPS_AUTH))))
    assert table.task(number).state is TaskState.CANCELLED
    assert table.open_commands() == []


def test_hours_of_a_closure_do_not_count_as_time_used_up(table):
    number = table.submit("request-0001")
    answer(table, CLOSED)
    assert table.task(number).state is TaskState.HELD
    table.clock.time += 72 * HOUR
    answer(table, DOWN)
    assert table.task(number).state is TaskState.READY


def test_hours_in_which_no_hub_ran_do_not_count_as_time_used_up(table):
    number = table.submit("request-0001")
    table.clock.time += 72 * HOUR
    answer(table, DOWN)
    assert table.task(number).state is TaskState.READY


def test_file_that_met_a_closed_utility_is_sent_when_it_opens(filing):
    number = filing.submit("request-0001")
    assert filing.close_batches() == 1
    answer(filing, CLOSED)
    assert filing.task(number).state is TaskState.HELD
    filing.clock.time += HOUR
    answer(filing, Accepted())
    assert filing.task(number).state is TaskState.ACCEPTED


def test_late_word_on_an_earlier_file_is_nothing_to_the_order_in_its_later_one(filing):
    number = filing.submit("request-0001")
    filing.close_batches()
    first = only(filing)
    filing.run(lambda unit: _refuse(filing, unit, first.batch.id))
    second = only(filing)
    assert second.batch.id != first.batch.id
    filing.apply(result(first, Unknown(phase="SENT", error=LOST.error)))
    filing.apply(result(second, Accepted()))
    assert filing.task(number).state is TaskState.ACCEPTED
    assert [each.batch_id for each in filing.open_commands()] == []


def _refuse(table, unit, batch_id):
    applier = Applier(unit, table.rules)
    applier._whole_file(batch_id, members(unit, batch_id), DOWN)
    applier.apply(())


def test_endpoint_that_is_full_neither_hides_its_lapsed_leases_nor_is_looked_at_in_vain(table):
    for each in range(10):
        table.submit(f"request-{each:04}")
    relay = Relay(table.store, None, table.rules, table.clock)
    room = relay.room()
    assert room == {"water-city": 8}
    commands, _ = table.run(lambda unit: relay.claim(unit, room))
    assert len(commands) == 8
    for command in commands:
        relay._leases["water-city"][command.id] = relay._lease("water-city", command.send_deadline)
    assert relay.room() == {}
    warnings = {each.not_before for each in table.open_commands(timers=True)}
    assert table.run(lambda unit: relay.claim(unit, relay.room())) == ([], [min(warnings)])
    # A virtual clock wakes its sleepers at that very instant.
    table.clock.time = next(iter(relay._leases["water-city"].values()))
    again, _ = table.run(lambda unit: relay.claim(unit, relay.room()))
    assert sorted(command.delivery for command in again) == [2] * 8
