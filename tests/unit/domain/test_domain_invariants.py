"""The ten invariants of a task, each checked by its number while a hub and a faulty utility play against each other.

The utility is as bad as they come: it has no idempotency (every create call that reaches it makes an order), it
loses replies before and after the effect, skips steps, and sends its callbacks late, twice, or in any order.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from hub.domain.calendar import WorkCalendar
from hub.domain.case import Task, TaskEvent
from hub.domain.machine import LIVE, Payment, advance, advance_payment, may_post
from hub.domain.states import ClockKind, EventSource, PaymentState, TaskState

S, By, P = TaskState, EventSource, PaymentState
T0 = datetime(2026, 9, 29, 1, 0, tzinfo=UTC)
WORKED = WorkCalendar.seeded().working_time
ORDERED = {By.CALLBACK, By.POLL, By.FILE}


@dataclass
class Order:
    ref: str
    state: TaskState
    at: datetime
    rank: int = 0


@dataclass
class Utility:
    """Makes an order of every create call that reaches it."""

    skew: timedelta
    orders: list[Order] = field(default_factory=list)
    posted: Counter = field(default_factory=Counter)

    def create(self, now, state):
        self.orders.append(Order(f"W{len(self.orders) + 1}", state, now + self.skew))
        return self.orders[-1]

    @property
    def order(self):
        return self.orders[-1] if self.orders else None


@dataclass
class Reply:
    """What the create call of one attempt will say when its reply comes through."""

    attempt: int
    to: TaskState
    order: Order | None = None


class TaskLife(RuleBasedStateMachine):
    @initialize(gated=st.sampled_from([False, False, False, True]), skew=st.integers(-300, 300))
    def start(self, gated, skew):
        self.now = T0
        self.utility = Utility(timedelta(seconds=skew))
        self.gated, self.gate_open = gated, not gated
        self.task = Task(
            number="JX6202609293304020000011-01",
            case_number="JX6202609293304020000011",
            item="JX6-WAT-01",
            provider="water-city",
            endpoint="water-city",
            operation="3001:01",
            state=S.PENDING if gated else S.READY,
            gated=gated,
            state_since=T0,
            created_at=T0,
        )
        self.kept: list[TaskEvent] = []
        self.said: dict[str, str | None] = {}
        self.reply: Reply | None = None
        self.callbacks: list[TaskEvent] = []
        self.in_doubt = False
        self.count = 0

    # How the hub applies one event, and what must hold whenever it does.

    def event(self, to, source, *, at=None, rank=0, ref=None, raw=None):
        self.count += 1
        event = TaskEvent(
            id=f"e{self.count}",
            task=self.task.number,
            source=source,
            to=to,
            event_time=at or self.now,
            received_at=self.now,
            rank=rank,
            raw_code=raw,
            provider_ref=ref,
        )
        self.said[event.id] = raw
        return event

    def apply(self, event):
        before = self.task
        result = advance(before, event, worked=WORKED)
        self.task = result.task
        self.kept.append(result.event)
        moved = self.task.state is not before.state
        assert moved is result.applied
        if before.state.final and moved:
            assert (before.state, self.task.state) == (S.COMPLETED, S.COMPENSATING), "invariant 3"
        if event.source in ORDERED and before.last_event_time and event.event_time < before.last_event_time:
            assert self.task is before, "invariant 4"
            assert not result.applied, "invariant 4"
        if before.state is S.COMPLETED and event.to in {S.CANCELLING, S.CANCELLED}:
            assert not result.applied, "invariant 10"
        self.in_doubt = self.in_doubt or self.task.state is S.UNKNOWN
        return result

    # The hub's own steps.

    @precondition(lambda self: not self.gate_open)
    @rule(opens=st.sampled_from([True, True, False]))
    def lead_decides(self, opens):
        self.gate_open = opens and self.task.state is S.PENDING
        self.apply(self.event(S.READY if opens else S.CANCELLED, By.HUB))

    @precondition(lambda self: self.task.state not in LIVE and not self.task.state.final)
    @rule(
        fate=st.sampled_from(
            ["taken", "cut-after", "cut-before", "busy", "closed", "taken", "cut-after", "at-once", "rejected"]
        ),
        replies=st.booleans(),
    )
    def claim_and_send(self, fate, replies):
        if not self.apply(self.event(S.DISPATCHING, By.HUB)).applied:
            return
        assert not self.in_doubt, "invariant 1"
        assert self.gate_open, "invariant 9"
        attempt = self.task.attempts
        match fate:
            case "taken" | "at-once" | "rejected":
                to = {"taken": S.ACCEPTED, "at-once": S.COMPLETED, "rejected": S.REJECTED}[fate]
                self.reply = Reply(attempt, to, self.utility.create(self.now, to))
            case "busy" | "closed":
                self.reply = Reply(attempt, S.READY if fate == "busy" else S.HELD)
            case "cut-before":
                self.reply = Reply(attempt, S.UNKNOWN)
            case "cut-after":
                self.utility.create(self.now, S.ACCEPTED)
                self.reply = Reply(attempt, S.UNKNOWN)
        if replies:
            self.reply_arrives()

    @precondition(lambda self: self.reply)
    @rule()
    def late_reply_arrives(self):
        self.reply_arrives()

    def reply_arrives(self):
        reply, self.reply = self.reply, None
        # As the engine does: what an earlier attempt has to say about sending again is out of date.
        if reply.attempt != self.task.attempts and reply.order is None:
            return
        ref = reply.order.ref if reply.order else None
        self.apply(self.event(reply.to, By.CALL, ref=ref, raw=f"call-{reply.to}"))

    @precondition(lambda self: self.task.state is S.UNKNOWN)
    @rule()
    def inquiry_answers(self):
        order = self.utility.order
        if order is None:
            self.in_doubt = False
            assert self.apply(self.event(S.READY, By.POLL, raw="absent")).applied
        else:
            self.report(order, By.POLL)

    @precondition(lambda self: self.task.state is S.MANUAL)
    @rule()
    def clerk_looks_it_up(self):
        order = self.utility.order
        if order is None:
            self.in_doubt = False
        self.apply(self.event(order.state if order else S.READY, By.CLERK, ref=order.ref if order else None))

    @precondition(lambda self: not self.task.state.final)
    @rule(
        to=st.sampled_from([S.READY, S.HELD, S.UNKNOWN, S.MANUAL, *S]),
        source=st.sampled_from([By.TIMER, By.TIMER, By.APPLICANT]),
        minutes=st.integers(0, 3000),
    )
    def timer_or_stray_button(self, to, source, minutes):
        self.now += timedelta(minutes=minutes)
        if to is not S.CANCELLING:
            self.apply(self.event(to, source))

    # Cancelling and undoing.

    @precondition(lambda self: self.count > 15 or self.task.state.final)
    @rule()
    def applicant_cancels(self):
        before = self.task.state
        applied = self.apply(self.event(S.CANCELLING, By.APPLICANT)).applied
        assert applied is (not before.final and before not in {S.CANCELLING, S.COMPENSATING}), "invariant 10"

    @precondition(lambda self: self.task.state is S.CANCELLING and self.reply is None)
    @rule(agrees=st.booleans())
    def cancelling_is_answered(self, agrees):
        order = self.utility.order
        if order is None or (agrees and order.state in LIVE):
            if order:
                order.state = S.CANCELLED
            self.apply(self.event(S.CANCELLED, By.CALL, raw="cancelled"))
        elif order.state in LIVE:
            self.apply(self.event(S.IN_PROGRESS, By.HUB))
        else:
            self.apply(self.event(order.state, By.CALL, raw="too-late"))

    @precondition(lambda self: self.task.state in {S.COMPLETED, S.COMPENSATING} and self.count > 12)
    @rule()
    def lead_fails_afterwards(self):
        to = S.COMPENSATING if self.task.state is S.COMPLETED else S.COMPENSATED
        assert self.apply(self.event(to, By.HUB)).applied

    # The utility's steps and their reports.

    def report(self, order, source):
        event = self.event(
            order.state, source, at=order.at, rank=order.rank, ref=order.ref, raw=f"{source}-{order.state}-{order.rank}"
        )
        return self.apply(event)

    @precondition(lambda self: self.utility.order and self.utility.order.state in LIVE)
    @rule(
        steps=st.lists(st.tuples(st.sampled_from(sorted(LIVE)), st.integers(0, 400)), min_size=1, max_size=4),
        end=st.sampled_from([None, None, None, S.COMPLETED, S.REJECTED, S.CANCELLED]),
        silent=st.booleans(),
    )
    def utility_works(self, steps, end, silent):
        order = self.utility.order
        for to, minutes in [*steps, *([(end, 5)] if end else [])]:
            self.now += timedelta(minutes=minutes)
            order.state, order.at, order.rank = to, self.now + self.utility.skew, order.rank + 1
            raw = f"callback-{to}-{order.rank}"
            if not silent:
                event = self.event(to, By.CALLBACK, at=order.at, rank=order.rank, ref=order.ref, raw=raw)
                self.callbacks.append(event)

    @precondition(lambda self: self.callbacks)
    @rule(order=st.permutations(range(4)), again=st.booleans())
    def callbacks_arrive(self, order, again):
        due, self.callbacks = self.callbacks[:4], self.callbacks[4:]
        for event in [due[n].with_(received_at=self.now) for n in order if n < len(due)]:
            self.apply(event)
            if again:
                before = self.task
                repeated = self.apply(event)
                assert not repeated.applied, "invariant 5"
                assert self.task is before or repeated.reason == "same-state", "invariant 5"
        self.callbacks.extend(due[:1] if again else [])

    @precondition(lambda self: self.utility.order and self.task.state in LIVE)
    @rule()
    def poll(self):
        self.report(self.utility.order, By.POLL)

    # What must hold at every moment.

    @invariant()
    def invariant_2_one_live_order(self):
        if hasattr(self, "utility"):
            assert len(self.utility.orders) <= 1, "invariant 2"

    @invariant()
    def invariant_5_each_event_moves_once(self):
        moves = Counter(event.id for event in getattr(self, "kept", []) if event.applied)
        assert all(times == 1 for times in moves.values()), "invariant 5"

    @invariant()
    def invariant_7_history_explains_the_state(self):
        if not hasattr(self, "kept"):
            return
        state = S.PENDING if self.gated else S.READY
        for event in self.kept:
            assert event.raw_code == self.said[event.id], "invariant 7"
            if event.applied:
                assert event.from_ is state, "invariant 7"
                state = event.to
        assert state is self.task.state, "invariant 7"

    @invariant()
    def invariant_8_clock_is_working_time_less_stopped_time(self):
        if not hasattr(self, "kept"):
            return
        since, stopped = T0, timedelta(0)
        for event in self.kept:
            if event.applied:
                until = max(since, min(event.event_time, event.received_at))
                if event.from_.clock in {ClockKind.STOPPED, ClockKind.NONE}:
                    stopped += WORKED(since, until)
                since = until
        assert since == self.task.state_since, "invariant 8"
        assert self.task.clock_used == WORKED(T0, since) - stopped, "invariant 8"

    @invariant()
    def invariant_9_nothing_is_sent_before_the_gate(self):
        if hasattr(self, "utility") and not self.gate_open:
            assert not self.utility.orders, "invariant 9"
            assert self.task.state not in {S.READY, S.HELD, S.DISPATCHING, S.UNKNOWN}, "invariant 9"


class BillLife(RuleBasedStateMachine):
    """Invariant 6: three payers, two bills, a utility that posts whatever reaches it and loses replies."""

    BILLS = (("b1",), ("b1", "b2"), ("b2",))
    which = st.integers(0, 2)

    @initialize()
    def start(self):
        self.posted: dict[str, set[str]] = {"b1": set(), "b2": set()}
        self.payments = [
            Payment(id=f"p{n}", bills=frozenset(bills), amount_fen=1250) for n, bills in enumerate(self.BILLS)
        ]

    def move(self, n, to):
        result = advance_payment(self.payments[n], to, self.payments)
        self.payments[n] = result.payment
        return result.applied

    @rule(n=which)
    def payer_pays(self, n):
        if self.payments[n].state is P.INITIATED:
            assert self.move(n, P.PAID)

    @rule(n=which, fate=st.sampled_from(["posted", "cut-before", "cut-after", "refused"]))
    def hub_posts(self, n, fate):
        payment = self.payments[n]
        if not may_post(payment, self.payments):
            return
        if fate in {"posted", "cut-after"}:
            for bill in payment.bills:
                self.posted[bill].add(payment.id)
        if fate != "refused":
            assert self.move(n, P.POSTED if fate == "posted" else P.UNKNOWN)

    @rule(n=which)
    def hub_inquires(self, n):
        if self.payments[n].state is P.UNKNOWN:
            found = any(self.payments[n].id in ids for ids in self.posted.values())
            assert self.move(n, P.POSTED if found else P.PAID)

    @rule(n=which)
    def hub_reverses(self, n):
        if self.payments[n].state in {P.POSTED, P.PAID}:
            self.move(n, P.REVERSING)

    @rule(n=which, agrees=st.booleans())
    def reversal_is_answered(self, n, agrees):
        payment = self.payments[n]
        if payment.state is not P.REVERSING:
            return
        settled = any(payment.id in ids for ids in self.posted.values())
        if agrees or not settled:
            for bill in payment.bills:
                self.posted[bill].discard(payment.id)
            assert self.move(n, P.REVERSED)
        else:
            assert self.move(n, P.POSTED)
            assert self.payments[n].state is P.POSTED

    @invariant()
    def invariant_6_money_is_posted_at_most_once_per_bill(self):
        for ids in getattr(self, "posted", {}).values():
            assert len(ids) <= 1, "invariant 6"


TestTaskLife = TaskLife.TestCase
TestTaskLife.settings = settings(max_examples=250, stateful_step_count=50, deadline=None)
TestBillLife = BillLife.TestCase
TestBillLife.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)
