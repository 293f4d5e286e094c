"""The ways the platform says no: a business code inside the envelope, or a plain gateway error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

MESSAGES = {
    10001: "参数错误",
    10002: "令牌无效或已过期",
    10003: "签名错误",
    10004: "时间戳或随机数无效",
    10010: "请求号重复且内容不同",
    20001: "户号或工单不存在",
    20002: "户名或证件不符",
    20003: "存在欠费",
    20004: "存在在途工单",
    20005: "不符合电价政策",
    20006: "超出供电单位管辖范围",
    20007: "合同期限或用户状态不允许",
    30001: "系统繁忙",
    30003: "电费结算期,暂停受理",
}


class Refusal(Exception):
    """A code of the business side; `violation` says that the caller broke the written contract."""

    def __init__(
        self, code: int, data: Mapping[str, Any] | None = None, *, detail: str = "", violation: bool = False
    ) -> None:
        self.code, self.data = code, dict(data or {})
        self.message = f"{MESSAGES[code]}: {detail}" if detail else MESSAGES[code]
        self.violation = violation
        super().__init__(self.message)


class GatewayRefusal(Refusal):
    """Refused before the body was opened: answered plain, perhaps with an HTTP status of its own."""

    def __init__(
        self,
        code: int,
        *,
        status: int = 200,
        detail: str = "",
        data: Mapping[str, Any] | None = None,
        headers: tuple[tuple[str, str], ...] = (),
        violation: bool = False,
    ) -> None:
        super().__init__(code, data, detail=detail, violation=violation)
        self.status, self.headers = status, headers


def parameter(field: str, rule: str, *, violation: bool = False) -> Refusal:
    return Refusal(10001, {"field": field, "rule": rule}, detail=f"{field} ({rule})", violation=violation)
