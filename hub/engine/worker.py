"""A worker: takes commands of its endpoints, runs the adapter's operation, gives results back. Needs no database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import tenacity

from hub.bus import Bus
from hub.clock import Clock
from hub.domain.machine import LIVE
from hub.domain.outcome import Absent, Faulty, NotSent, Outcome, Progress, Unknown
from hub.domain.provider import RetryPolicy
from hub.domain.reply import Reply
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode, Retry, ServiceError
from hub.domain.work import Command, CommandKind, FileTaken, Result
from hub.engine.evidence import record_of
from hub.engine.money import reconciling
from hub.engine.policy import Draw, backoff
from hub.errors import NotSupported
from hub.sdk.adapter import Collect, Collected
from hub.sdk.context import Call, Context, Equipment
from hub.sdk.errors import CallEnded
from hub.sdk.operation import Kind, Operation
from hub.sdk.outcomes import outcome_of
from hub.wire.exchange import Phase

_LOG = logging.getLogger("hub.worker")
_QUICK_TRIES = 3
Answer = Outcome | Collected | Reply
_STATES = LIVE | {TaskState.COMPLETED, TaskState.REJECTED, TaskState.CANCELLED}


@dataclass(slots=True)
class _Attempt:
    """What one command did so far."""

    calls: list[Call] = field(default_factory=list)
    inquired: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether an effect may have happened."""
        return any(call.effect and not call.phase.provably_not_sent for call in self.calls)


class Worker:
    """Runs commands of some endpoints. `equipment` says how each endpoint is reached."""

    def __init__(
        self,
        bus: Bus,
        equipment: Mapping[str, Equipment],
        policies: Mapping[str, RetryPolicy],
        clock: Clock,
        waits: Callable[[str], Draw],
    ) -> None:
        self._bus, self._equipment, self._policies = bus, equipment, policies
        self._clock, self._waits = clock, waits

    async def run(self, endpoint: str) -> None:
        """Serve one endpoint for ever, one command at a time; run several of these for more concurrency."""
        while True:
            command = await self._bus.take(endpoint)
            with self._clock.busy():
                await self._bus.answer(await self.execute(command))

    async def execute(self, command: Command) -> Result:
        """Carry out one command. Never raises for what an adapter or the network does."""
        attempt = _Attempt()
        equipment = self._equipment[command.endpoint]
        try:
            operation = equipment.adapter.operation(command.operation)
            attempt.inquired = _asks(command, operation)
            if attempt.inquired:
                operation = equipment.adapter.operation(operation.inquiry or "")
            answer = await self._with_retries(equipment, operation, command, attempt)
        except NotSupported:
            error = self._error(command, ErrorCode.SYS_INTERNAL, "no such operation, or no inquiry to resolve a doubt")
            answer = Faulty(error=error)
        messages = equipment.adapter.spec.messages
        return Result(
            command=command.id,
            kind=command.kind,
            endpoint=command.endpoint,
            attempt=command.attempt,
            inquired=attempt.inquired,
            **_answer(command, answer),
            exchanges=tuple(record_of(call, secret=messages[call.message].secret) for call in attempt.calls),
            finished_at=self._clock.now(),
        )

    async def _with_retries(
        self, equipment: Equipment, operation: Operation, command: Command, attempt: _Attempt
    ) -> Answer:
        """Try again quickly what was provably not sent, within the send deadline; long waits are the database's."""
        policy = self._policies[command.endpoint]

        def again(state: tenacity.RetryCallState) -> bool:
            outcome = state.outcome.result() if state.outcome else None
            return (
                isinstance(outcome, NotSent)
                and outcome.retry_after is None
                and outcome.error.code.rule.retry is Retry.BACKOFF
                and self._clock.now() < command.send_deadline
            )

        def wait(state: tenacity.RetryCallState) -> float:
            # Not the source of the waits between attempts: those are drawn while the next command is at work.
            draw = self._waits(f"{command.endpoint} at work")
            return min(backoff(state.attempt_number, policy, draw), timedelta(seconds=2)).total_seconds()

        retrying = tenacity.AsyncRetrying(
            sleep=self._clock.sleep,
            retry=again,
            wait=wait,
            stop=tenacity.stop_after_attempt(_QUICK_TRIES),
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        return await retrying(self._once, equipment, operation, command, attempt)

    async def _once(self, equipment: Equipment, operation: Operation, command: Command, attempt: _Attempt) -> Answer:
        context = Context(
            equipment,
            operation.name,
            deadline=command.send_deadline if operation.changes else self._clock.now() + timedelta(days=1),
            record=attempt.calls.append,
            correlation=command.id,
            params=command.params,
        )
        budget = equipment.limits.total * 4
        try:
            async with asyncio.timeout(budget):
                answer = await _run(equipment, operation, command, context)
        except CallEnded as ended:
            answer = ended.outcome
        except TimeoutError:
            return self._interrupted(command, attempt, ErrorCode.UPS_TIMEOUT_UNKNOWN, "operation-deadline")
        except NotSupported:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever an adapter raises must harm no other endpoint
            # Neither the text nor the traceback: both may hold what the utility sent.
            _LOG.error("an adapter failed", extra={"endpoint": command.endpoint, "error": type(error).__name__})
            return self._interrupted(command, attempt, ErrorCode.SYS_INTERNAL, type(error).__name__)
        wrong = _impossible(answer, attempt, operation)
        return self._interrupted(command, attempt, ErrorCode.SYS_INTERNAL, wrong) if wrong else answer

    def _interrupted(self, command: Command, attempt: _Attempt, code: ErrorCode, note: str) -> Outcome:
        error = self._error(command, code, note)
        if attempt.doubtful:
            return Unknown(phase=Phase.SENT.name, error=error)
        return NotSent(error=error) if code is not ErrorCode.SYS_INTERNAL else Faulty(error=error)

    def _error(self, command: Command, code: ErrorCode, note: str) -> ServiceError:
        return ServiceError(code=code, provider=command.endpoint, correlation_id=command.id, note=note)


def _asks(command: Command, operation: Operation) -> bool:
    """Whether the operation's inquiry is to be run in its place. What only reads is simply run again."""
    question = command.kind in {CommandKind.INQUIRE, CommandKind.INQUIRE_BATCH}
    return question or (command.in_doubt and operation.changes)


async def _run(equipment: Equipment, operation: Operation, command: Command, context: Context) -> Answer:
    source = _source(command)
    if operation.run is not None:
        answer = await operation.run(equipment.adapter, source, context)
    else:
        answer = await context.call(operation.message or operation.name, source)
    if isinstance(answer, Reply):
        if command.kind is CommandKind.RECONCILE and answer.error is None:
            return answer
        # A yes without a state ends what was asked, but never an order that goes on at the utility.
        if command.kind in {CommandKind.PAY, CommandKind.REVERSE}:
            return outcome_of(answer, done=True)
        goes_on = command.kind is CommandKind.POLL or equipment.adapter.operation(command.operation).follow is not None
        return outcome_of(answer, done=operation.kind is Kind.READ and not goes_on)
    if operation.kind is Kind.COLLECT and not isinstance(answer, Collected):
        raise TypeError("a collect operation answers Collected")
    return answer  # type: ignore[no-any-return]


def _source(command: Command) -> Any:
    if command.kind is CommandKind.RECONCILE:
        return reconciling.question(command)
    return command.batch or command.order or Collect(days=command.days, known=command.known)


def _impossible(answer: Answer, attempt: _Attempt, operation: Operation) -> str | None:
    """What is wrong with an answer that would let the engine do harm, whatever the adapter meant by it."""
    if isinstance(answer, Progress) and answer.state not in _STATES:
        return "progress-without-a-state"
    if not operation.changes:
        return None
    if isinstance(answer, Absent):
        return "absent-is-no-answer-to-a-write"
    done = any(call.effect and call.reply is not None and call.reply.error is None for call in attempt.calls)
    return "not-sent-after-an-effect" if isinstance(answer, NotSent) and done else None


def _answer(command: Command, answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Reply):
        return {"records": answer.records}
    if not isinstance(answer, Collected):
        return {"outcomes": dict.fromkeys(command.tasks or (command.endpoint,), answer)}
    files = tuple(
        FileTaken(name=each.name, digest=each.digest, outcomes=dict(each.outcomes), batches=dict(each.batches))
        for each in answer.files
    )
    return {"files": files, "damaged": answer.damaged}
