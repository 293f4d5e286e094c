"""Applying results: many per transaction, each at most once, and what is to be done next is decided here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from hub.domain.derive import derive
from hub.domain.machine import LIVE
from hub.domain.outcome import Absent, Accepted, Faulty, NotSent, Outcome, Unknown
from hub.domain.states import EventSource, TaskState
from hub.domain.taxonomy import ErrorCode, Retry
from hub.domain.work import CommandKind, FileTaken, Result
from hub.engine import batches
from hub.engine.bundles.compensating import Compensating
from hub.engine.bundles.gates import Gates
from hub.engine.cancelling import IDLE, Cancelling
from hub.engine.events import event_of, name_of, step_of
from hub.engine.money import paying, reconciling
from hub.engine.money.till import MONEY, Till
from hub.engine.policy import exhausted
from hub.engine.rules import Rules
from hub.engine.step import OPEN, Steps
from hub.engine.supplements.supplementing import Supplementing
from hub.engine.timing import lapsed
from hub.store.tables import CallbackRow
from hub.store.unit import TaskRecord, UnitOfWork

_HOLD = timedelta(minutes=30)
_LOST_POLLS = 5
_LOGINS = 5
_QUESTIONS = frozenset({CommandKind.INQUIRE, CommandKind.INQUIRE_BATCH})
_ASKABLE = LIVE | {TaskState.UNKNOWN, TaskState.CANCELLING, TaskState.MANUAL}


class Applier:
    """Applies results inside one unit of work."""

    def __init__(self, unit: UnitOfWork, rules: Rules) -> None:
        self._unit, self._rules, self._now = unit, rules, rules.now()
        self._steps = Steps(unit, rules)
        self._cancelling = Cancelling(self._steps, self._go_on)
        self._compensating = Compensating(self._steps)
        self.gates = Gates(self._steps, self._cancelling, self._compensating, send)
        self.supplementing = Supplementing(self._steps, self._go_on)

    def apply(self, results: Iterable[Result]) -> set[str]:
        """Apply results, derive the cases; returns the numbers of the cases that saw an event."""
        for result in results:
            self._apply(result)
        for number in list(self._steps.touched):
            self.settle(number)
        return self._steps.touched

    def settle(self, number: str) -> None:
        """Open, cancel or undo what the state of a case's tasks calls for, and derive its own."""
        tasks = [record.task for record in self.gates.settle(number)]
        standing = derive(tasks, handed_over=self._unit.handed_over(number))
        self._unit.set_case(number, standing.state, standing.outcome)

    def _apply(self, result: Result) -> None:
        command = self._unit.command(result.command)
        if command is None or not self._unit.finish(result.command):
            return
        if result.kind in MONEY:
            self._settle_money(result)
            return
        tasks = [number for number in result.outcomes if number != result.endpoint]
        for exchange in result.exchanges:
            self._unit.add_exchange(result.command, result.endpoint, tasks, exchange)
        if result.kind is CommandKind.RECONCILE:
            reconciling.apply(self._unit, self._rules, result, self._steps.touched)
            return
        if result.kind is CommandKind.COLLECT:
            for file in result.files:
                self._apply_file(file, result)
            return
        for number, outcome in result.outcomes.items():
            record = self._unit.task(number)
            # What becomes of a file is nothing to an order that has gone on into another one.
            if command.batch_id in {None, record.row.batch_id}:
                self._settle(record, outcome, result)

    def _settle_money(self, result: Result) -> None:
        till = Till(self._unit, self._rules, self._steps.touched)
        for number, outcome in result.outcomes.items():
            record = self._unit.payment(number)
            for exchange in result.exchanges:
                self._unit.add_exchange(result.command, result.endpoint, [record.row.task], exchange)
            paying.after(till, record, outcome, result)

    def _settle(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        match result.kind:
            case CommandKind.POLL:
                self._after_poll(record, outcome, result)
            case CommandKind.CANCEL:
                self._cancelling.after(record, outcome, result)
            case CommandKind.HOLDS:
                lapsed.after(self._unit, self._rules, record, outcome, result)
                self._steps.touched.add(record.task.case_number)
            case CommandKind.COMPENSATE:
                self._compensating.after(record, outcome, result)
            case CommandKind.PRECHECK:
                self.gates.checked(record, outcome, result)
            case CommandKind.SUPPLEMENT:
                self.supplementing.after(record, outcome, result)
            case _ if result.inquired:
                self._after_inquiry(record, outcome, result)
            case _:
                self._after_send(record, outcome, result)

    # what an attempt to send came to

    def _after_send(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        if not isinstance(outcome, NotSent | Unknown):
            self._adopt(record, outcome, result)
        elif self._overtaken(record):
            self._steps.outcome(record, outcome, result)
            self._go_on(record)
        elif isinstance(outcome, NotSent):
            self._not_sent(record, outcome, result)
        else:
            self._steps.outcome(record, outcome, result)
            self._inquire(record, result, 1, outcome.retry_after)

    def _not_sent(self, record: TaskRecord, outcome: NotSent, result: Result) -> None:
        rule = outcome.error.code.rule.retry
        # An announced closure does not count, and after it the hours are counted anew.
        closed = rule is Retry.HOLD
        record.row.failures = 0 if closed else record.row.failures + 1
        # Refused credentials do not get better by trying; many tries get an account locked.
        locked = rule is Retry.RENEW and record.row.failures >= _LOGINS and not record.row.cancel_asked
        if locked or (not closed and self._exhausted(record)):
            self._steps.give_up(record, result.command, outcome.error)
            return
        self._steps.outcome(record, outcome, result)
        delay = self._rules.backoff(record.row.endpoint, record.row.failures, outcome.retry_after)
        if closed:
            until = self._rules.held_until(record.row.endpoint, record.task.operation, self._now) or self._now + _HOLD
            delay = outcome.retry_after or until - self._now
        self._send_again(record, self._now + delay)

    def _after_inquiry(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        """Found: adopt it. Absent, and to be believed: send again with the same key. Else ask again later."""
        if record.task.state is TaskState.DISPATCHING:
            # The command was delivered again: until now nobody knew that this order was in doubt.
            name = name_of(result.command, record.task.number, f"{result.attempt}:doubt")
            self._steps.own(record, name, TaskState.UNKNOWN)
        absent = isinstance(outcome, Absent)
        believed_from = (record.row.doubt_until if absent else None) or self._now
        if not isinstance(outcome, Absent | NotSent | Unknown):
            self._adopt(record, outcome, result)
        elif self._overtaken(record):
            self._go_on(record)
        elif absent and self._now >= believed_from:
            self._absent(record, outcome, result)
        else:
            step = step_of(result.command) + 1 if result.kind in _QUESTIONS else 1
            self._inquire(record, result, step, getattr(outcome, "retry_after", None), believed_from)

    def _absent(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        record.row.failures += 1
        if self._exhausted(record):
            error = record.task.error or self._steps.error(record, ErrorCode.SYS_EXHAUSTED)
            self._steps.give_up(record, result.command, error)
            return
        self._steps.outcome(record, outcome, result)
        self._send_again(record, self._now + self._rules.backoff(record.row.endpoint, record.row.failures))

    def _adopt(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        """The utility has the order, or has decided it."""
        record.row.failures = 0
        self._steps.outcome(record, outcome, result)
        for row, told in self._unit.early_callbacks(record):
            self.callback(record, row, told)
        if record.task.state in OPEN:
            # The answer contradicts what is known of the order, so that it moved nothing; nobody else will move it.
            self._steps.give_up(record, result.command, self._steps.error(record, ErrorCode.UPS_PROTOCOL))
        self._go_on(record)

    def _inquire(
        self,
        record: TaskRecord,
        result: Result,
        step: int,
        retry_after: timedelta | None = None,
        not_before: datetime | None = None,
    ) -> None:
        served = self._rules.endpoints[record.row.endpoint]
        operation = served.operation(record.task.operation)
        since = max(record.task.state_since, record.row.ready_at)
        if operation.inquiry is None or exhausted(step - 1, since, self._now, served.spec.retry):
            self._steps.give_up(record, result.command, record.task.error)
            return
        delay = timedelta(seconds=operation.visibility_lag)
        if step > 1 or retry_after:
            delay = max(delay, self._rules.backoff(record.row.endpoint, step, retry_after))
        when = max(self._now + delay, not_before or self._now)
        self._unit.save(record)
        if record.row.batch_id is not None:
            batches.inquire(self._unit, record.row.batch_id, result, step, when)
            return
        self._unit.enqueue(
            f"{record.task.number}:inquire:{record.task.attempts}.{step}",
            CommandKind.INQUIRE,
            record.row.endpoint,
            operation.name,
            task=record.task.number,
            attempt=record.task.attempts,
            not_before=when,
        )

    def _overtaken(self, record: TaskRecord) -> bool:
        """Whether something else told meanwhile where the order stands. A file may have to go for orders that live."""
        return record.task.state.final or (record.row.batch_id is None and record.task.state not in OPEN)

    # progress

    def _after_poll(self, record: TaskRecord, outcome: Outcome, result: Result) -> None:
        if isinstance(outcome, NotSent | Unknown | Absent):
            record.row.failures += isinstance(outcome, Absent)
            if record.row.failures > _LOST_POLLS:
                error = self._steps.error(record, ErrorCode.UPS_PROTOCOL, "order not found")
                self._steps.give_up(record, result.command, error)
            self._unit.save(record)
        else:
            record.row.failures = 0
            self._steps.outcome(record, outcome, result)
        self._go_on(record, getattr(outcome, "retry_after", None))

    def _go_on(self, record: TaskRecord, retry_after: timedelta | None = None) -> None:
        """As long as the utility has the order: ask it to cancel if that is wanted, and see to it that a poll comes."""
        if record.row.cancel_asked and record.task.state in LIVE:
            self._cancelling.begin(record)
        if record.task.state in LIVE | {TaskState.CANCELLING}:
            self._poll(record, retry_after)

    def _poll(self, record: TaskRecord, retry_after: timedelta | None) -> None:
        operation = self._rules.endpoints[record.row.endpoint].operation(record.task.operation)
        number = record.task.number
        if operation.follow is None or self._unit.has_open(number, CommandKind.POLL):
            return
        when = self._now + max(self._rules.poll_every(record.row.endpoint), retry_after or timedelta(0))
        self._unit.enqueue(
            f"{number}:poll:{when.timestamp():.6f}",
            CommandKind.POLL,
            record.row.endpoint,
            operation.follow,
            task=number,
            attempt=record.task.attempts,
            not_before=when,
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
            self._steps.advance(record, event)
        elif state in IDLE | OPEN:
            # The order is there: it must not be sent (again) while its end is being asked for.
            self._steps.advance(record, event.with_(to=TaskState.IN_PROGRESS, error=None))
        else:
            self._unit.add_event(event.with_(from_=state, applied=False), record.task.case_number)
            self._steps.touched.add(record.task.case_number)
        if operation.follow is not None and record.task.state in _ASKABLE:
            name = f"{number}:news:{row.id}"
            place = record.row.endpoint
            self._unit.enqueue(name, CommandKind.POLL, place, operation.follow, task=number, not_before=self._now)
        self._go_on(record)

    # files

    def _apply_file(self, file: FileTaken, result: Result) -> None:
        """Apply what a collected file says; what belongs to no order of ours is kept with the file."""
        records = {key: self._unit.find_task(result.endpoint, serial=key) for key in file.outcomes}
        unmatched = [key for key, record in records.items() if record is None]
        unmatched += [key for key in file.batches if self._unit.batch(key) is None]
        if not self._unit.take_file(result.endpoint, file.name, file.digest, self._now, unmatched):
            return
        undone: defaultdict[str, list[TaskRecord]] = defaultdict(list)
        for serial, outcome in file.outcomes.items():
            record = records[serial]
            if record is None or isinstance(outcome, Absent):
                continue
            if isinstance(outcome, NotSent) and record.row.batch_id is not None:
                undone[record.row.batch_id] += [record] if batches.under_way(record) else []
                continue
            # A doubt in an answer is nothing that a question could clear up: the answers come by themselves.
            told = Faulty(error=outcome.error) if isinstance(outcome, Unknown | NotSent) else outcome
            name = f"{result.endpoint}:{file.name}:{serial}"
            self._steps.advance(record, event_of(record.task.number, name, told, EventSource.FILE, result.finished_at))
            self._go_on(record)
        for batch_id, some in undone.items():
            if some:
                self._whole_file(batch_id, some, file.outcomes[some[0].order.serial], f"{file.name}:")
        for batch_id, outcome in file.batches.items():
            self._whole_file(batch_id, batches.members(self._unit, batch_id), outcome)

    def _whole_file(self, batch_id: str, records: list[TaskRecord], outcome: Outcome, place: str = "") -> None:
        """The word on a whole file, or on some of its records: refused and undone, they go into a new file."""
        if isinstance(outcome, NotSent):
            for record in records:
                if record.row.cancel_asked:
                    self._cancelling.done(record)
            staying = [record for record in records if not record.task.state.final]
            if batches.write_again(self._unit, self._rules, batch_id, staying, outcome.retry_after):
                return
            records, outcome = staying, Faulty(error=outcome.error)
        for record in records:
            if isinstance(outcome, Accepted) and record.task.state in LIVE:
                continue
            event_id = f"{batch_id}:{place}{outcome.kind}:{record.task.number}"
            self._steps.advance(record, event_of(record.task.number, event_id, outcome, EventSource.FILE, self._now))
            self._go_on(record)

    def cancel(self, record: TaskRecord) -> None:
        """Begin to cancel: at once where the utility has nothing yet, else by asking it; a doubt is resolved first."""
        self._cancelling.begin(record)

    def _send_again(self, record: TaskRecord, when: datetime) -> None:
        if record.row.cancel_asked:
            self._cancelling.begin(record)
        idle = record.task.state in {TaskState.READY, TaskState.HELD}
        # A refused file's orders stay with the utility, as it were, until their new file is through.
        if idle or (record.row.batch_id is not None and record.task.state in LIVE | OPEN | {TaskState.CANCELLING}):
            send(self._unit, self._rules, record, when)

    def _exhausted(self, record: TaskRecord) -> bool:
        policy = self._rules.endpoints[record.row.endpoint].spec.retry
        wanted = not record.row.cancel_asked or record.row.batch_id is not None
        return wanted and exhausted(record.row.failures, record.row.ready_at, self._now, policy)


def send(unit: UnitOfWork, rules: Rules, record: TaskRecord, when: datetime) -> None:
    """Queue the next attempt of a task: a command of its own, or its place in the next batch file."""
    operation = rules.endpoints[record.row.endpoint].operation(record.task.operation)
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
