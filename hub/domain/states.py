"""The states of cases, tasks and payments, each with its label, whose clock runs, and whether it is final."""

from __future__ import annotations

from enum import StrEnum

from hub.domain.base import Labelled


class ClockKind(StrEnum):
    """Whose time limit runs in a state."""

    HUB = "hub"
    PROVIDER = "provider"
    STOPPED = "stopped"
    NONE = "none"


class TaskState(Labelled):
    """Task 子办件 state, as in the state machine of `hub.domain.machine`."""

    PENDING = "PENDING", "待触发"
    READY = "READY", "待派发"
    HELD = "HELD", "停机暂存"
    DISPATCHING = "DISPATCHING", "派发中"
    UNKNOWN = "UNKNOWN", "结果待确认"
    ACCEPTED = "ACCEPTED", "单位已受理"
    IN_PROGRESS = "IN_PROGRESS", "办理中"
    AWAITING_APPLICANT = "AWAITING_APPLICANT", "待申请人"
    AWAITING_PAYMENT = "AWAITING_PAYMENT", "待缴费"
    SUSPENDED = "SUSPENDED", "中止"
    CANCELLING = "CANCELLING", "撤销中"
    MANUAL = "MANUAL", "转人工"
    COMPENSATING = "COMPENSATING", "补偿中"
    COMPLETED = "COMPLETED", "办结"
    REJECTED = "REJECTED", "不予办理"
    CANCELLED = "CANCELLED", "已撤销"
    COMPENSATED = "COMPENSATED", "已补偿"

    @property
    def final(self) -> bool:
        return self in _FINAL

    @property
    def clock(self) -> ClockKind:
        return _CLOCK[self]


_FINAL = frozenset({TaskState.COMPLETED, TaskState.REJECTED, TaskState.CANCELLED, TaskState.COMPENSATED})
_CLOCK: dict[TaskState, ClockKind] = {
    TaskState.PENDING: ClockKind.STOPPED,
    TaskState.READY: ClockKind.HUB,
    TaskState.HELD: ClockKind.HUB,
    TaskState.DISPATCHING: ClockKind.HUB,
    TaskState.UNKNOWN: ClockKind.HUB,
    TaskState.ACCEPTED: ClockKind.PROVIDER,
    TaskState.IN_PROGRESS: ClockKind.PROVIDER,
    TaskState.AWAITING_APPLICANT: ClockKind.STOPPED,
    TaskState.AWAITING_PAYMENT: ClockKind.STOPPED,
    TaskState.SUSPENDED: ClockKind.STOPPED,
    TaskState.CANCELLING: ClockKind.PROVIDER,
    TaskState.MANUAL: ClockKind.HUB,
    TaskState.COMPENSATING: ClockKind.NONE,
    TaskState.COMPLETED: ClockKind.NONE,
    TaskState.REJECTED: ClockKind.NONE,
    TaskState.CANCELLED: ClockKind.NONE,
    TaskState.COMPENSATED: ClockKind.NONE,
}


class CaseState(Labelled):
    """Case 办件 state; from ACCEPTED on it is derived from the tasks."""

    DRAFT = "DRAFT", "暂存"
    SUBMITTED = "SUBMITTED", "已提交"
    ACCEPTED = "ACCEPTED", "已受理"
    PROCESSING = "PROCESSING", "办理中"
    SUPPLEMENT = "SUPPLEMENT", "待补正"
    DECIDED = "DECIDED", "已办结(待发证)"
    DELIVERED = "DELIVERED", "已送达"
    ARCHIVED = "ARCHIVED", "归档"
    NOT_ACCEPTED = "NOT_ACCEPTED", "不予受理"
    WITHDRAWN = "WITHDRAWN", "已撤回"
    EXPIRED = "EXPIRED", "逾期未补正"


class CaseOutcome(Labelled):
    """What a decided case came to."""

    ALL_COMPLETED = "ALL_COMPLETED", "全部办结"
    PARTLY_COMPLETED = "PARTLY_COMPLETED", "部分办结"
    ALL_REJECTED = "ALL_REJECTED", "全部不予办理"
    ALL_CANCELLED = "ALL_CANCELLED", "全部撤销"


class EventSource(Labelled):
    """Where a task event came from."""

    HUB = "HUB", "平台"
    CALL = "CALL", "调用"
    CALLBACK = "CALLBACK", "回调"
    POLL = "POLL", "查询"
    FILE = "FILE", "文件"
    CLERK = "CLERK", "窗口人员"
    APPLICANT = "APPLICANT", "申请人"
    TIMER = "TIMER", "定时"


class PaymentState(Labelled):
    """Payment 缴费 state; money is posted at most once per bill."""

    INITIATED = "INITIATED", "待支付"
    PAID = "PAID", "已支付"
    POSTED = "POSTED", "已销账"
    REVERSING = "REVERSING", "冲正中"
    REVERSED = "REVERSED", "已冲正"
    UNKNOWN = "UNKNOWN", "结果待确认"
