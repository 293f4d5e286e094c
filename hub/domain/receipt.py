"""The joint receipt 统一回执 of a case: what one sheet tells the citizen about all utilities. Personal data masked.

Pure: the same case, application and moment give the same receipt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

from hub.clock import SHANGHAI
from hub.domain.advice import TONES, Tone, advice
from hub.domain.application import Application
from hub.domain.base import Frozen
from hub.domain.case import Case, Task
from hub.domain.mask import mask_address, mask_document, mask_name
from hub.domain.money import format_yuan
from hub.domain.outcome import Output
from hub.domain.party import Organisation, Party
from hub.domain.states import TaskState

Stage = Literal["final", "interim"]

OUTPUT_ZH: Mapping[str, str] = {
    "receipt": "回执/收据",
    "contract": "供用合同",
    "certificate": "证明",
    "card": "实体卡",
    "answer": "查询结果",
}
DELIVERY_ZH: Mapping[str, str] = {
    "window": "窗口领取",
    "terminal": "自助机领取",
    "post": "邮寄",
    "electronic": "电子送达",
}


_MANY = 4
_KINDS: Mapping[Tone, str] = {"done": "办结", "open": "办理中", "acts": "待您处理", "refused": "未办理"}


class Issuer(Frozen):
    """Who issues, and what a receipt says that neither case nor application holds."""

    name_zh: str
    places: Mapping[str, str] = {}
    hotlines: Mapping[str, str] = {}


class ReceiptOutput(Frozen):
    """One result: a contract, a certificate, a receipt, a card. `file` says plainly what became of its document."""

    kind_zh: str
    identifier: str | None = None
    effective: date | None = None
    file: str | None = None


class ReceiptLine(Frozen):
    """One task: what was applied for, with whom, what came of it, and what the citizen does next."""

    number: int
    item: str
    item_zh: str
    provider_zh: str
    hotline: str | None = None
    provider_ref: str | None = None
    state_zh: str
    tone: Tone
    on: date
    outputs: tuple[ReceiptOutput, ...] = ()
    reason: str | None = None
    next: str | None = None
    acts: bool = False


class Receipt(Frozen):
    """The joint receipt. `seq` counts the receipts of a case; `stage` is final once every task is."""

    case_number: str
    seq: int
    issued_at: datetime
    issuer: str
    stage: Stage
    applicant: str
    document: str
    agent: str | None = None
    address: str
    accepted_at: datetime
    accepted_by: str | None = None
    delivery: str
    theme_zh: str | None = None
    summary: str
    lines: tuple[ReceiptLine, ...]
    simulated: bool = False

    def says_the_same(self, other: Receipt) -> bool:
        """Whether both tell the citizen the same; number and moment of issue aside."""
        same: bool = self == other.with_(seq=self.seq, issued_at=self.issued_at)
        return same


def make_receipt(
    case: Case,
    application: Application,
    issuer: Issuer,
    *,
    seq: int,
    issued_at: datetime,
    theme_zh: str | None = None,
) -> Receipt:
    """The receipt of a case as it stands."""
    final = all(task.state.final for task in case.tasks)
    agent, document = application.agent, application.applicant.document
    return Receipt(
        case_number=case.number,
        seq=seq,
        issued_at=issued_at,
        issuer=issuer.name_zh,
        stage="final" if final else "interim",
        applicant=_name(application.applicant),
        document=f"{document.type.label_zh} {mask_document(document.number)}",
        agent=mask_name(agent.person.name) if agent else None,
        address=mask_address(application.address.full_address),
        accepted_at=case.submitted_at,
        accepted_by=issuer.places.get(application.channel.division or case.division),
        delivery=DELIVERY_ZH[application.delivery],
        theme_zh=theme_zh,
        summary=_summary(case),
        lines=tuple(_line(number, task, issuer, issued_at) for number, task in enumerate(case.tasks, 1)),
        simulated=any(task.simulated for task in case.tasks),
    )


def _name(party: Party) -> str:
    """A person's name is masked; the name of an organisation is public."""
    return party.name if isinstance(party, Organisation) else mask_name(party.name)


def _summary(case: Case) -> str:
    """`共3项：办结2项，不予办理1项`, what is done first; of many different states only their kinds."""
    tasks = sorted(case.tasks, key=lambda each: each.state is not TaskState.COMPLETED)
    counts = Counter(task.state.label_zh for task in tasks)
    if len(counts) > _MANY:
        counts = Counter(_KINDS[TONES.get(task.state, "open")] for task in tasks)
    told = "，".join(f"{label}{count}项" for label, count in counts.items())
    return f"共{len(case.tasks)}项：{told}"


def _line(number: int, task: Task, issuer: Issuer, now: datetime) -> ReceiptLine:
    hotline = issuer.hotlines.get(task.provider)
    told = advice(task, now, hotline)
    return ReceiptLine(
        number=number,
        item=task.item,
        item_zh=task.item_zh,
        provider_zh=task.provider_zh,
        hotline=hotline,
        provider_ref=task.provider_ref,
        state_zh=task.state.label_zh,
        tone=TONES.get(task.state, "open"),
        on=task.state_since.astimezone(SHANGHAI).date(),
        outputs=tuple(_output(output) for output in task.outputs if output.kind != "answer"),
        reason=_reason(task),
        next=told.text if told else None,
        acts=bool(told and told.acts),
    )


def _reason(task: Task) -> str | None:
    """Why it is not done, in the hub's own words: a utility's free text may name people."""
    if task.error is None or task.state is TaskState.COMPLETED:
        return None
    amount = f"（{format_yuan(task.error.amount_fen)}元）" if task.error.amount_fen else ""
    raw = f"（单位代码{task.error.provider_code_raw}）" if task.error.provider_code_raw else ""
    return f"{task.error.message_zh.replace(',', '，')}{amount}{raw}"


def _output(output: Output) -> ReceiptOutput:
    return ReceiptOutput(
        kind_zh=OUTPUT_ZH[output.kind],
        identifier=output.identifier,
        effective=output.effective,
        file=file_words(output),
    )


def file_words(output: Output) -> str | None:
    """What became of an output's document; nothing where the utility gives none out."""
    if output.file_error is not None and output.file is not None:
        return "电子文件缺失或损坏，请凭编号向单位补取"
    if output.file_error is not None:
        return f"电子文件未取得：{output.file_error.message_zh.replace(',', '，')}"
    if output.file is None:
        return None
    return f"电子文件已归集（{max(1, round(output.file.size / 1024))}KB）"
