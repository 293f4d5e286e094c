"""Applying results: many per transaction, each at most once, and what is to be done next is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from hub.domain.case import TaskEvent
from hub.domain.derive import derive
from hub.domain.machine import LIVE, Advance
from hub.domain.outcome import Absent, Accepted, Completed, Faulty, NotSent, Outcome, Progress, Rejected, Unknown
from hub.domain.states import EventSource, TaskState
from hub.domain.taxonomy import ErrorCode, Retry, ServiceError
from hub.domain.work import CommandKind, Result
from hub.engine import batches
from hub.engine.events import SOURCE, event_of, hub_event
from hub.engine.policy import exhausted
from hub.engine.rules import Rules
from hub.engine.step import apply_event
from hub.store.tables import CallbackRow
from hub.store.unit import TaskRecord, UnitOfWork

_HOLD = timedelta(minutes=30)
_LOST_POLLS = 5
_LOGINS = 5
_ASKABLE = LIVE | {TaskState.UNKNOWN, TaskState.CANCELLING, TaskState.MANUAL}


class Applier:
    """Applies results inside one unit of work. `touched` collects the cases whose state may have changed."""

    def __init__(self, unit: UnitOfWork, rules: Rules) -> None:
        self._unit, self._rules = unit, rules
        self._now = rules.now()
        self.touched: set[str] = set()

    def apply(self, results: Iterable[Result]) -> set[str]:
        """Apply results, derive the cases; returns the numbers of the cases that saw an event."""
        for result in results:
            self._apply(result)
        for number in self.touched:
            standing = derive([record.task for record in self._unit.tasks(number)])
            self._unit.set_case(number, standing.state, standing.outcome)
        return self.touched

    def _apply(self, result: Result) -> None:
        if not self._unit.finish(result.command):
            return
        tasks = [number for number in result.outcomes if number != result.endpoint]
        for exchange in result.exchanges:
            self._unit.add_exchange(result.command, result.endpoint, tasks, exchange)
        if result.kind is CommandKind.COLLECT:
            self._apply_files(result)
            return
        for number, outcome in result.outcomes.items():
            self._settle(self._unit.task(number), outcome, result)

    def _settle(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        match result.kind:
            case CommandKind.POLL:
                self._after_poll(record, outcome, result)
            case CommandKind.CANCEL:
                self._after_cancel(record, outcome, result)
            case _ if result.inquired:
                self._after_inquiry(record, outcome, result)
            case _:
                self._after_send(record, outcome, result)

    # what an attempt to send came to

    def _after_send(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        if isinstance(outcome, NotSent):
            self._not_sent(record, outcome, result)
            return
        record.row.failures = 0
        self._event(record, outcome, result)
        if isinstance(outcome, Unknown):
            self._inquire(record, result, 1, outcome.retry_after)
        else:
            self._follow_up(record)

    def _not_sent(self, record: TaskRecord, outcome: NotSent, result: Result) -> None:
        record.row.failures += 1
        policy = self._rules.endpoints[record.row.endpoint].spec.retry
        rule = outcome.error.code.rule.retry
        waiting = rule is Retry.HOLD
        # Refused credentials do not get better by trying; many tries get an account locked.
        locked = rule is Retry.RENEW and record.row.failures >= _LOGINS
        if locked or (not waiting and exhausted(record.row.failures, record.task.created_at, self._now, policy)):
            self._give_up(record, f"{result.command}:end", outcome.error)
            return
        self._event(record, outcome, result)
        if record.row.cancel_asked:
            self.cancel(record)
            return
        delay = self._rules.backoff(record.row.endpoint, record.row.failures, outcome.retry_after)
        if waiting:
            upstream = record.task.operation
            until = self._rules.held_until(record.row.endpoint, upstream, self._now) or self._now + _HOLD
            delay = outcome.retry_after or until - self._now
        self._send(record, self._now + delay)

    def _after_inquiry(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        """Found: adopt it. Absent, and to be believed: send again with the same key. Else ask again later."""
        if record.task.state is TaskState.DISPATCHING:
            # The command was delivered again: until now nobody knew that this order was in doubt.
            self._hub_event(record, f"{result.command}:{result.attempt}:doubt", TaskState.UNKNOWN)
        doubt_until = record.row.doubt_until or self._now
        if isinstance(outcome, Absent) and self._now >= doubt_until:
            self._event(record, outcome, result)
            if record.row.cancel_asked:
                self.cancel(record)
            else:
                self._send(record, self._now)
        elif isinstance(outcome, Absent | NotSent | Unknown):
            tries = _step(result.command) + 1
            self._inquire(record, result, tries, getattr(outcome, "retry_after", None))
        else:
            record.row.failures = 0
            self._event(record, outcome, result)
            self._follow_up(record)

    def _inquire(self, record: TaskRecord, result: Result, step: int, retry_after: timedelta | None = None) -> None:
        served = self._rules.endpoints[record.row.endpoint]
        operation = served.operation(record.task.operation)
        if operation.inquiry is None or exhausted(step, record.task.state_since, self._now, served.spec.retry):
            error = record.task.error or ServiceError(code=ErrorCode.UPS_TIMEOUT_UNKNOWN, provider=record.row.endpoint)
            self._give_up(record, f"{result.command}:end", error)
            return
        delay = max(
            timedelta(seconds=operation.visibility_lag),
            self._rules.backoff(record.row.endpoint, step, retry_after) if step > 1 or retry_after else timedelta(0),
        )
        self._unit.save(record)
        if record.row.batch_id is not None:
            batches.inquire(self._unit, record.row.batch_id, result, step, self._now + delay)
            return
        self._unit.enqueue(
            f"{record.task.number}:inquire:{record.task.attempts}.{step}",
            CommandKind.INQUIRE,
            record.row.endpoint,
            operation.name,
            task=record.task.number,
            attempt=record.task.attempts,
            not_before=self._now + delay,
        )

    # progress

    def _after_poll(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        step = _step(result.command)
        if isinstance(outcome, NotSent | Unknown | Absent):
            record.row.failures = record.row.failures + 1 if isinstance(outcome, Absent) else record.row.failures
            if record.row.failures > _LOST_POLLS:
                error = ServiceError(code=ErrorCode.UPS_PROTOCOL, provider=record.row.endpoint, note="order not found")
                self._give_up(record, f"{result.command}:lost", error)
                return
            self._unit.save(record)
        else:
            record.row.failures = 0
            self._event(record, outcome, result)
        if ":news:" not in result.command:
            self._poll(record, step + 1, getattr(outcome, "retry_after", None))

    def _follow_up(self, record: TaskRecord) -> None:
        """After the utility has taken an order: callbacks that were early, a cancellation that was asked, polls."""
        for row, outcome in self._unit.early_callbacks(record):
            self.callback(record, row, outcome)
        if record.row.cancel_asked and record.task.state in LIVE:
            self.cancel(record)
        self._poll(record, 1)

    def _poll(self, record: TaskRecord, step: int, retry_after: timedelta | None = None) -> None:
        operation = self._rules.endpoints[record.row.endpoint].operation(record.task.operation)
        if operation.follow is None or record.task.state not in LIVE | {TaskState.CANCELLING}:
            return
        self._unit.enqueue(
            f"{record.task.number}:poll:{record.task.attempts}.{step}",
            CommandKind.POLL,
            record.row.endpoint,
            operation.follow,
            task=record.task.number,
            attempt=record.task.attempts,
            not_before=self._now + max(self._rules.poll_every(record.row.endpoint), retry_after or timedelta(0)),
        )

    def callback(self, record: TaskRecord, row: CallbackRow, outcome: Outcome) -> None:
        """Apply a callback to its task; once, whatever the order of arrival.

        A callback is news, not the whole story: where the order can be asked about, that is done at once, and only
        the answer ends the task, because it alone brings the results.
        """
        number, state = record.task.number, record.task.state
        self._unit.match_callback(row, number)
        event = event_of(number, row.id, outcome, EventSource.CALLBACK, row.received_at)
        operation = self._rules.endpoints[record.row.endpoint].operation(record.task.operation)
        if operation.follow is None or not event.to.final or state.final:
            self._advance(record, event)
        else:
            self._unit.add_event(event.with_(from_=state, applied=False), record.task.case_number)
            self.touched.add(record.task.case_number)
        if operation.follow is not None and record.task.state in _ASKABLE:
            name = f"{number}:news:{row.id}"
            place = record.row.endpoint
            self._unit.enqueue(name, CommandKind.POLL, place, operation.follow, task=number, not_before=self._now)

    def _apply_files(self, result: Result) -> None:
        """Apply what collected files say; what belongs to no order of ours is kept with the file."""
        for file in result.files:
            unmatched = [key for key in file.outcomes if self._unit.find_task(result.endpoint, serial=key) is None]
            unmatched += [key for key in file.batches if self._unit.batch(key) is None]
            if not self._unit.take_file(result.endpoint, file.name, file.digest, self._now, unmatched):
                continue
            for serial, outcome in file.outcomes.items():
                record = self._unit.find_task(result.endpoint, serial=serial)
                if record is not None:
                    event_id = f"{result.endpoint}:{file.name}:{serial}"
                    event = event_of(record.task.number, event_id, outcome, EventSource.FILE, result.finished_at)
                    self._advance(record, event)
                    self._poll(record, 1)
            for batch_id, outcome in file.batches.items():
                batches.refused(self._unit, self._rules, batch_id, outcome)

    # cancellation

    def cancel(self, record: TaskRecord) -> None:
        """Begin to cancel: at once where the utility has nothing yet, else by asking it; a doubt is resolved first."""
        record.row.cancel_asked = True
        number, attempts = record.task.number, record.task.attempts
        idle = record.task.state in {TaskState.PENDING, TaskState.READY, TaskState.HELD}
        # An order in a closed file goes with it: the file's content may not change any more.
        if idle and record.row.batch_id is None:
            self._unit.withdraw(number)
            by = EventSource.APPLICANT
            self._hub_event(record, f"{number}:cancel:{attempts}.0", TaskState.CANCELLING, source=by)
            self._hub_event(record, f"{number}:cancelled:{attempts}.0", TaskState.CANCELLED)
        elif record.task.state in LIVE:
            event_id = f"{number}:cancel:{attempts}.{record.row.version}"
            self._hub_event(record, event_id, TaskState.CANCELLING, source=EventSource.APPLICANT)
            self._ask_to_cancel(record, 1, self._now)
        else:
            self._unit.save(record)

    def _ask_to_cancel(self, record: TaskRecord, step: int, when: datetime) -> None:
        self._unit.enqueue(
            f"{record.task.number}:cancel:{record.task.attempts}.{record.row.version}.{step}",
            CommandKind.CANCEL,
            record.row.endpoint,
            "cancel",
            task=record.task.number,
            attempt=record.task.attempts,
            not_before=when,
        )

    def _after_cancel(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        match outcome:
            case Completed() | Accepted() | Progress(state=TaskState.CANCELLED) if not result.inquired:
                self._event(record, outcome, result, to=TaskState.CANCELLED)
            case Rejected(error=error) | Faulty(error=error) if not result.inquired:
                record.row.cancel_asked = False
                event_id = f"{result.command}:refused"
                self._hub_event(record, event_id, TaskState.IN_PROGRESS, error=error, raw_code=error.provider_code_raw)
                self._poll(record, 1)
            case Progress(state=TaskState.CANCELLED) | Completed() | Rejected():
                self._event(record, outcome, result)
            case _ if record.task.state is TaskState.CANCELLING:
                step = _step(result.command) + 1
                delay = self._rules.backoff(record.row.endpoint, step, getattr(outcome, "retry_after", None))
                self._ask_to_cancel(record, step, self._now + delay)

    # shared

    def _send(self, record: TaskRecord, when: datetime) -> None:
        if record.task.state in {TaskState.READY, TaskState.HELD}:
            send(self._unit, self._rules, record, when)

    def _give_up(self, record: TaskRecord, event_id: str, error: ServiceError) -> None:
        if record.task.state in LIVE | {TaskState.DISPATCHING, TaskState.UNKNOWN, TaskState.CANCELLING}:
            self._hub_event(record, event_id, TaskState.MANUAL, error=error)
        else:
            self._unit.save(record)

    def _event(self, record: TaskRecord, outcome: Outcome, result: Result, to: TaskState | None = None) -> None:
        source = EventSource.POLL if result.inquired else SOURCE[result.kind]
        event_id = f"{result.command}:{record.task.number[-2:]}:{result.attempt}"
        self._advance(record, event_of(record.task.number, event_id, outcome, source, result.finished_at, to))

    def _hub_event(self, record: TaskRecord, event_id: str, to: TaskState, **details: object) -> None:
        self._advance(record, hub_event(record.task.number, event_id, to, self._now, **details))

    def _advance(self, record: TaskRecord, event: TaskEvent) -> Advance:
        step = apply_event(self._unit, self._rules, record, event)
        self.touched.add(record.task.case_number)
        if step.applied and record.task.state.final:
            self._unit.withdraw(record.task.number)
        return step


def send(unit: UnitOfWork, rules: Rules, record: TaskRecord, when: datetime) -> None:
    """Queue the next attempt of a task: a command of its own, or its place in the next batch file."""
    operation = rules.endpoints[record.row.endpoint].operation(record.task.operation)
    record.row.ready_at = when
    unit.save(record)
    if operation.batch_type is not None:
        if record.row.batch_id is not None:
            batches.send_again(unit, rules, record.row.batch_id, record.task.operation, when)
        return
    attempt = record.task.attempts + 1
    unit.enqueue(
        f"{record.task.number}:send:{attempt}",
        CommandKind.SEND,
        record.row.endpoint,
        operation.name,
        task=record.task.number,
        attempt=attempt,
        not_before=when,
    )


def _step(command_id: str) -> int:
    """The counter at the end of a command id: `…:poll:2.7` -> 7."""
    tail = command_id.rpartition(":")[2].rpartition(".")[2]
    return int(tail) if tail.isdigit() else 0
