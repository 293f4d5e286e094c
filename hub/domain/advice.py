"""What a citizen is told to do next about one task: a sentence from its state, its error and who acts on it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.clock import SHANGHAI
from hub.domain.base import Frozen
from hub.domain.case import Task
from hub.domain.money import format_yuan
from hub.domain.states import TaskState
from hub.domain.taxonomy import Actor, ErrorCode

Tone = Literal["done", "open", "acts", "refused"]

TONES: dict[TaskState, Tone] = {
    TaskState.COMPLETED: "done",
    TaskState.REJECTED: "refused",
    TaskState.CANCELLED: "refused",
    TaskState.COMPENSATED: "refused",
    TaskState.AWAITING_APPLICANT: "acts",
    TaskState.AWAITING_PAYMENT: "acts",
    TaskState.SUSPENDED: "acts",
}
"""How a state is to be read; every other one is under way."""


class Advice(Frozen):
    """What to do next. `acts`: the applicant has to do it, or nothing will come of the task."""

    text: str
    acts: bool = False


_WAITING: dict[TaskState, str] = {
    TaskState.PENDING: "待前置事项办结后自动开始，无需操作。",
    TaskState.READY: "平台即将提交，无需操作。",
    TaskState.DISPATCHING: "平台正在提交，无需操作。",
    TaskState.HELD: "单位系统停机，恢复后由平台自动提交，无需再来。",
    TaskState.UNKNOWN: "已提交，结果正向单位核实；请勿重复申请。",
    TaskState.MANUAL: "由工作人员核实处理；请勿重复申请，有结果即通知您。",
    TaskState.CANCELLING: "正在请单位撤销，结果以单位答复为准。",
    TaskState.COMPENSATING: "正在恢复原状，无需操作。",
}
_ENDED: dict[TaskState, str] = {
    TaskState.CANCELLED: "本事项已撤销、未办理；仍需办理的，请重新申请。",
    TaskState.COMPENSATED: "本事项已恢复原状；仍需办理的，请重新申请。",
}
_REFUSED: dict[ErrorCode, str] = {
    ErrorCode.IDN_MISMATCH: "请核对户名与证件，更正后重新申请。",
    ErrorCode.IDN_EXPIRED: "请先换领有效证件，再重新申请。",
    ErrorCode.ELG_ACCOUNT_NOT_FOUND: "请核对户号（见缴费单），更正后重新申请。",
    ErrorCode.ELG_AMBIGUOUS: "请到综合窗口选定户号后重新申请。",
    ErrorCode.ELG_OPEN_ORDER: "该户已有在途业务，请待其办结后再申请。",
    ErrorCode.ELG_HAZARD: "请先预约安全检查并整改，再重新申请。",
    ErrorCode.MAT_MISSING: "请补齐材料后重新申请。",
    ErrorCode.MAT_INVALID: "请更换有效材料后重新申请。",
    ErrorCode.MAT_UNREADABLE: "请重新提交清晰的材料。",
}


def advice(task: Task, now: datetime, hotline: str | None = None) -> Advice | None:
    """What to do next about a task; nothing when it is done and there is nothing to do."""
    if task.state is TaskState.COMPLETED:
        return None
    told = {**_WAITING, **_ENDED}.get(task.state)
    if told is not None:
        return Advice(text=told)
    if task.state in {TaskState.ACCEPTED, TaskState.IN_PROGRESS}:
        return Advice(text=_under_way(task, now, hotline))
    return Advice(text=_acting(task, hotline), acts=True)


def _acting(task: Task, hotline: str | None) -> str:
    """What the applicant has to do."""
    match task.state:
        case TaskState.AWAITING_APPLICANT:
            return f"请按{_whose(task)}要求补正材料。"
        case TaskState.AWAITING_PAYMENT:
            amount = f"{format_yuan(task.fee_due_fen)}元" if task.fee_due_fen else "费用"
            return f"请缴纳{amount}，到账后继续办理。"
        case TaskState.SUSPENDED:
            return f"单位已中止办理，请联系{_whose(task)}{_phone(hotline)}。"
        case _:
            return _refused(task, hotline)


def _under_way(task: Task, now: datetime, hotline: str | None) -> str:
    if task.due_at is None:
        return "单位正在办理，无需操作。"
    if task.due_at < now:
        return f"单位正在办理，已超过承诺期限；可联系{_whose(task)}{_phone(hotline)}。"
    return f"单位正在办理，预计{_day(task.due_at)}前办结，无需操作。"


def _refused(task: Task, hotline: str | None) -> str:
    error = task.error
    if error is None:
        return f"请向{_whose(task)}了解原因{_phone(hotline)}。"
    if error.code is ErrorCode.ELG_ARREARS:
        amount = f"{format_yuan(error.amount_fen)}元" if error.amount_fen else ""
        return f"请先结清欠费{amount}，再重新申请本事项。"
    if error.code in _REFUSED:
        return _REFUSED[error.code]
    again = "请按上述原因处理后重新申请" if error.code.rule.actor is Actor.APPLICANT else "请到综合窗口核对后重新申请"
    return f"{again}；有疑问请联系{_whose(task)}{_phone(hotline)}。"


def _whose(task: Task) -> str:
    return task.provider_zh or "办理单位"


def _phone(hotline: str | None) -> str:
    return f"（电话{hotline}）" if hotline else ""


def _day(when: datetime) -> str:
    local = when.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日"
