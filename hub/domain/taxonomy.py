"""The error taxonomy: every code a task can fail with, what may be done about it, and by whom."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from hub.domain.base import Frozen


class Retry(StrEnum):
    """What the engine may do after an error."""

    NEVER = "never"
    BACKOFF = "backoff"
    HOLD = "hold"
    PROBE = "probe"
    RENEW = "renew"
    REROUTE = "reroute"
    SUCCESS = "success"
    MANUAL = "manual"


class Actor(StrEnum):
    """Who acts on an error."""

    APPLICANT = "applicant"
    CLERK = "clerk"
    HUB = "hub"
    OPERATIONS = "operations"
    FINANCE = "finance"


class ErrorCode(StrEnum):
    """Canonical error codes; texts and handling are in `RULES`."""

    VAL_FORMAT = "VAL_FORMAT"
    VAL_REQUIRED = "VAL_REQUIRED"
    VAL_CODE = "VAL_CODE"
    IDN_MISMATCH = "IDN_MISMATCH"
    IDN_NOT_FOUND = "IDN_NOT_FOUND"
    IDN_EXPIRED = "IDN_EXPIRED"
    IDN_LEVEL = "IDN_LEVEL"
    IDN_MISSING = "IDN_MISSING"
    IDN_LAPSED = "IDN_LAPSED"
    IDN_SUBJECT = "IDN_SUBJECT"
    IDN_USED = "IDN_USED"
    IDN_PURPOSE = "IDN_PURPOSE"
    AGY_MISSING = "AGY_MISSING"
    CON_MISSING = "CON_MISSING"
    MAT_MISSING = "MAT_MISSING"
    MAT_INVALID = "MAT_INVALID"
    MAT_UNREADABLE = "MAT_UNREADABLE"
    ELG_ACCOUNT_NOT_FOUND = "ELG_ACCOUNT_NOT_FOUND"
    ELG_AMBIGUOUS = "ELG_AMBIGUOUS"
    ELG_ARREARS = "ELG_ARREARS"
    ELG_OPEN_ORDER = "ELG_OPEN_ORDER"
    ELG_STATUS = "ELG_STATUS"
    ELG_CONTRACT = "ELG_CONTRACT"
    ELG_HAZARD = "ELG_HAZARD"
    ELG_NOT_ELIGIBLE = "ELG_NOT_ELIGIBLE"
    RTE_NO_PROVIDER = "RTE_NO_PROVIDER"
    RTE_WRONG_AREA = "RTE_WRONG_AREA"
    DUP_SAME = "DUP_SAME"
    UPS_UNAVAILABLE = "UPS_UNAVAILABLE"
    UPS_BUSY = "UPS_BUSY"
    UPS_THROTTLED = "UPS_THROTTLED"
    UPS_MAINTENANCE = "UPS_MAINTENANCE"
    UPS_TIMEOUT_UNKNOWN = "UPS_TIMEOUT_UNKNOWN"
    UPS_AUTH = "UPS_AUTH"
    UPS_PROTOCOL = "UPS_PROTOCOL"
    UPS_ENCODING = "UPS_ENCODING"
    UPS_UNMAPPED = "UPS_UNMAPPED"
    PAY_AMOUNT = "PAY_AMOUNT"
    PAY_UNKNOWN = "PAY_UNKNOWN"
    PAY_REVERSED = "PAY_REVERSED"
    REC_MISSING_OURS = "REC_MISSING_OURS"
    REC_MISSING_THEIRS = "REC_MISSING_THEIRS"
    REC_AMOUNT = "REC_AMOUNT"
    REC_STATUS = "REC_STATUS"
    FILE_DIGEST = "FILE_DIGEST"
    FILE_COUNT = "FILE_COUNT"
    FILE_GAP = "FILE_GAP"
    FILE_LATE = "FILE_LATE"
    SYS_INTERNAL = "SYS_INTERNAL"
    SYS_EXHAUSTED = "SYS_EXHAUSTED"

    @property
    def rule(self) -> ErrorRule:
        return RULES[self]


class ErrorRule(Frozen):
    """How one code is handled and what it says to people."""

    retry: Retry
    actor: Actor
    message_zh: str
    message_en: str


def _rule(retry: Retry, actor: Actor, zh: str, en: str) -> ErrorRule:
    return ErrorRule(retry=retry, actor=actor, message_zh=zh, message_en=en)


_N, _B, _M = Retry.NEVER, Retry.BACKOFF, Retry.MANUAL
_A, _C, _H, _O, _F = Actor.APPLICANT, Actor.CLERK, Actor.HUB, Actor.OPERATIONS, Actor.FINANCE
_E = ErrorCode

RULES: dict[ErrorCode, ErrorRule] = {
    _E.VAL_FORMAT: _rule(_N, _A, "格式不正确", "the format is wrong"),
    _E.VAL_REQUIRED: _rule(_N, _A, "缺少必填项", "a required field is missing"),
    _E.VAL_CODE: _rule(_N, _A, "代码不在允许范围内", "the code is not an allowed one"),
    _E.IDN_MISMATCH: _rule(_N, _A, "户名与证件不符", "name and identity document do not match"),
    _E.IDN_NOT_FOUND: _rule(_N, _A, "查无此证件", "the identity document is not on record"),
    _E.IDN_EXPIRED: _rule(_N, _A, "证件已失效", "the identity document has expired"),
    _E.IDN_LEVEL: _rule(_N, _A, "身份核验级别不足", "the identity check is not strong enough"),
    _E.IDN_MISSING: _rule(_N, _A, "缺少身份核验", "the identity check is missing"),
    _E.IDN_LAPSED: _rule(_N, _A, "身份核验已过期,请重新核验", "the identity check has lapsed; check again"),
    _E.IDN_SUBJECT: _rule(_N, _A, "被核验人与办理人不一致", "somebody else was checked than who applies"),
    _E.IDN_USED: _rule(_N, _A, "身份核验已用于其他办件", "the identity check was used for another case"),
    _E.IDN_PURPOSE: _rule(_N, _C, "身份核验的用途与本办件不符", "the identity check was made for another purpose"),
    _E.AGY_MISSING: _rule(_N, _A, "缺少有效的代办授权", "the agent's authority is missing"),
    _E.CON_MISSING: _rule(_N, _A, "缺少对该接收单位的授权同意", "consent for this recipient is missing"),
    _E.MAT_MISSING: _rule(_N, _A, "缺少材料", "a material is missing"),
    _E.MAT_INVALID: _rule(_N, _A, "材料无效", "a material is not valid"),
    _E.MAT_UNREADABLE: _rule(_N, _A, "材料无法识别", "a material cannot be read"),
    _E.ELG_ACCOUNT_NOT_FOUND: _rule(_N, _C, "户号不存在", "there is no such account"),
    _E.ELG_AMBIGUOUS: _rule(_N, _C, "匹配到多个账户", "several accounts match; choose one"),
    _E.ELG_ARREARS: _rule(_N, _A, "存在欠费,请先结清", "there are arrears to be paid first"),
    _E.ELG_OPEN_ORDER: _rule(_N, _C, "已有在途业务", "another order is open for this account"),
    _E.ELG_STATUS: _rule(_N, _A, "账户或表具状态不允许", "the account's state does not allow it"),
    _E.ELG_CONTRACT: _rule(_N, _A, "合约限制", "a contract term does not allow it"),
    _E.ELG_HAZARD: _rule(_N, _A, "存在安全隐患或无有效安检", "a safety hazard or missing safety check"),
    _E.ELG_NOT_ELIGIBLE: _rule(_N, _A, "不符合办理条件", "the conditions are not met"),
    _E.RTE_NO_PROVIDER: _rule(_N, _O, "该区域无服务单位", "nobody serves this division"),
    _E.RTE_WRONG_AREA: _rule(Retry.REROUTE, _O, "不属该单位服务区域", "outside this provider's area"),
    _E.DUP_SAME: _rule(Retry.SUCCESS, _H, "本平台此前的请求已办理", "our own earlier request did it"),
    _E.UPS_UNAVAILABLE: _rule(_B, _H, "对方系统不可用", "the utility's system is not available"),
    _E.UPS_BUSY: _rule(_B, _H, "对方系统忙", "the utility's system is busy"),
    _E.UPS_THROTTLED: _rule(_B, _H, "请求过于频繁", "the utility's system limits the rate"),
    _E.UPS_MAINTENANCE: _rule(Retry.HOLD, _H, "对方系统停机维护", "the utility's system is closed for now"),
    _E.UPS_TIMEOUT_UNKNOWN: _rule(Retry.PROBE, _H, "结果未知,待查询确认", "sent, no answer: to be inquired"),
    _E.UPS_AUTH: _rule(Retry.RENEW, _O, "对方系统拒绝凭据", "the utility's system refuses our credentials"),
    _E.UPS_PROTOCOL: _rule(_M, _O, "对方应答不符合约定", "the utility's answer breaks the contract"),
    _E.UPS_ENCODING: _rule(_M, _O, "字符编码错误", "the characters cannot be read or written"),
    _E.UPS_UNMAPPED: _rule(_M, _O, "对方返回未知代码", "the utility used an unknown code"),
    _E.PAY_AMOUNT: _rule(_N, _F, "金额不符", "the amount does not match"),
    _E.PAY_UNKNOWN: _rule(Retry.PROBE, _F, "缴费结果未知", "the payment's result is unknown"),
    _E.PAY_REVERSED: _rule(_N, _F, "缴费已冲正", "the payment was reversed"),
    _E.REC_MISSING_OURS: _rule(_N, _F, "对账:我方缺失", "reconciliation: we have no such record"),
    _E.REC_MISSING_THEIRS: _rule(_N, _F, "对账:对方缺失", "reconciliation: they have no such record"),
    _E.REC_AMOUNT: _rule(_N, _F, "对账:金额不一致", "reconciliation: amounts differ"),
    _E.REC_STATUS: _rule(_N, _F, "对账:状态不一致", "reconciliation: states differ"),
    _E.FILE_DIGEST: _rule(_B, _H, "文件摘要不符", "the file's digest does not match"),
    _E.FILE_COUNT: _rule(_B, _H, "文件笔数或金额不符", "the file's count or sum does not match"),
    _E.FILE_GAP: _rule(_B, _H, "文件序号不连续", "a file is missing in the sequence"),
    _E.FILE_LATE: _rule(_B, _H, "文件逾期未到", "a file is late"),
    _E.SYS_INTERNAL: _rule(_M, _O, "平台内部错误", "an internal error of the hub"),
    _E.SYS_EXHAUSTED: _rule(_M, _O, "重试次数或时限用尽", "attempts or time are used up"),
}


class ServiceError(Frozen):
    """One failure, as it is stored and shown. It holds no personal data and no raw body."""

    code: ErrorCode
    field: str | None = None
    provider: str | None = None
    provider_code_raw: str | None = None
    retry_after: timedelta | None = None
    ref: str | None = None
    amount_fen: int | None = None
    correlation_id: str | None = None
    note: str | None = None

    @property
    def message_zh(self) -> str:
        return RULES[self.code].message_zh

    @property
    def message_en(self) -> str:
        return RULES[self.code].message_en

    @property
    def retryable(self) -> bool:
        return RULES[self.code].retry in {Retry.BACKOFF, Retry.HOLD, Retry.RENEW}
