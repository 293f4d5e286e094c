"""Issuing: one joint receipt for a case, how it is handed out, and how anyone can tell that it is genuine."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from hub.clock import Clock
from hub.domain.application import Application
from hub.domain.case import Case
from hub.domain.derive import derive
from hub.domain.issue import Delivery, Issue, Method, Verdict
from hub.domain.order import ServiceOrder
from hub.domain.outcome import Output
from hub.domain.receipt import Issuer, make_receipt
from hub.domain.states import TaskState
from hub.engine.papers import documents
from hub.engine.papers.proof import Code, Signer, digest, find_code, short
from hub.errors import NotAllowed, NotFound
from hub.paper import receipt_pdf
from hub.sdk.context import Equipment
from hub.store.evidence import EvidenceFolder
from hub.store.port import Store
from hub.store.unit import UnitOfWork
from hub.wire.crypto import sm3

_PDF = "application/pdf"


@dataclass(frozen=True, slots=True)
class _Standing:
    """What a receipt is made of, read in one transaction."""

    case: Case
    application: Application
    orders: Mapping[str, ServiceOrder]


@dataclass(frozen=True, slots=True)
class Issuing:
    """Makes, keeps, hands out and checks joint receipts."""

    store: Store
    evidence: EvidenceFolder
    equipment: Mapping[str, Equipment]
    clock: Clock
    issuer: Issuer
    themes: Mapping[str, str]
    signer: Signer

    async def issue(self, number: str) -> Issue:
        """Fetch what documents are still lacking, then issue; the last receipt again, if nothing has changed."""
        with self.clock.busy():
            await self._gather(number)
            standing = await self.store.run(lambda unit: _read(unit, number))
            while True:
                before = await self.store.run(lambda unit: unit.issues(number))
                made = await self._made(standing, before[-1] if before else None)
                if before and made is before[-1]:
                    return made
                if await self.store.run(partial(_add, issue=made)):
                    return made

    async def pdf(self, issue: Issue) -> bytes:
        """The file of a receipt as it was issued. Raises NotFound when it is missing or damaged."""
        return await self.evidence.read(documents.kept("JOINT_RECEIPT", issue.file, issue.size))

    async def deliver(
        self,
        number: str,
        method: Method,
        *,
        receiver: str | None = None,
        operator: str | None = None,
        reference: str | None = None,
    ) -> Issue:
        """Put on record how the latest receipt was handed out; the same once more changes nothing.

        Raises:
            NotFound: there is no such case.
            NotAllowed: no receipt was issued, or the case has moved on since.
        """
        with self.clock.busy():
            return await self.store.run(lambda unit: self._deliver(unit, number, method, receiver, operator, reference))

    async def verify(self, given: bytes | str) -> Verdict:
        """Whether a receipt's file, or a code scanned from one, is what this hub issued."""
        code = find_code(given)
        if code is None:
            return Verdict(genuine=False, reason="there is no code of a joint receipt in it")
        if not code.good(self.signer.public):
            return _verdict(code, "the code was not signed by this hub, or was altered")
        try:
            issues = await self.store.run(lambda unit: unit.issues(code.case_number))
        except NotFound:
            issues = []
        issue = next((each for each in issues if each.receipt.seq == code.seq), None)
        if issue is None or digest(issue.receipt).hex() != code.digest:
            return _verdict(code, "the signature is good, but this hub has no such receipt on record")
        if isinstance(given, bytes) and sm3(given).hex() != issue.file:
            return _verdict(code, "the file is not the one that was issued: it was altered, or printed anew", issue)
        return Verdict(
            genuine=True,
            current=issue is issues[-1],
            reason="as issued" if issue is issues[-1] else f"as issued; receipt {issues[-1].receipt.seq} replaces it",
            case_number=code.case_number,
            seq=code.seq,
            file_checked=isinstance(given, bytes),
            issue=issue,
        )

    async def _gather(self, number: str) -> None:
        """Bring the documents of results into the evidence store, and on record what became of each."""
        standing = await self.store.run(lambda unit: _read(unit, number))
        asked = [
            documents.gather(
                task, standing.orders[task.number], self.equipment.get(task.endpoint), self.evidence, self.clock
            )
            for task in standing.case.tasks
        ]
        found = await asyncio.gather(*asked)
        news = {
            task.number: (task.outputs, outputs)
            for task, outputs in zip(standing.case.tasks, found, strict=True)
            if outputs != task.outputs
        }
        if news:
            await self.store.run(lambda unit: _note(unit, news))

    async def _made(self, standing: _Standing, last: Issue | None) -> Issue:
        application = standing.application
        receipt = make_receipt(
            standing.case,
            application,
            self.issuer,
            seq=last.receipt.seq + 1 if last else 1,
            issued_at=self.clock.now().replace(microsecond=0),
            theme_zh=self.themes.get(application.theme or ""),
        )
        if last is not None and receipt.says_the_same(last.receipt):
            return last
        code = await asyncio.to_thread(self.signer.code, receipt)
        pdf = await asyncio.to_thread(receipt_pdf, receipt, code, short(receipt))
        name = f"{receipt.case_number}-{receipt.seq}.pdf"
        file = await self.evidence.put("JOINT_RECEIPT", pdf, file_name=name, media_type=_PDF)
        return Issue(receipt=receipt, code=code, file=file.ref or "", size=file.size)

    def _deliver(
        self,
        unit: UnitOfWork,
        number: str,
        method: Method,
        receiver: str | None,
        operator: str | None,
        reference: str | None,
    ) -> Issue:
        case, application, issues = unit.case(number), unit.application(number), unit.issues(number)
        if not issues:
            raise NotAllowed(f"no receipt of case {number} was issued yet; issue it first")
        last = issues[-1]
        now = self.clock.now()
        receipt = last.receipt
        standing = make_receipt(
            case, application, self.issuer, seq=1, issued_at=receipt.issued_at, theme_zh=receipt.theme_zh
        )
        if not standing.says_the_same(receipt):
            raise NotAllowed(f"case {number} has moved on since receipt {receipt.seq}; issue it anew first")
        party = application.agent.person if application.agent else application.applicant
        delivery = Delivery(
            method=method,
            delivered_at=now,
            receiver=receiver or party.name,
            by_agent=application.agent is not None and receiver is None,
            operator=operator,
            reference=reference,
            tasks=tuple(task.number for task in case.tasks if task.state is TaskState.COMPLETED),
        )
        if not any(delivery.repeats(each) for each in last.deliveries):
            unit.add_delivery(number, receipt.seq, delivery)
            derived = derive(case.tasks, handed_over=unit.handed_over(number))
            unit.set_case(number, derived.state, derived.outcome)
        return unit.issues(number)[-1]


def _read(unit: UnitOfWork, number: str) -> _Standing:
    case = unit.case(number)
    return _Standing(case, unit.application(number), {each.task.number: each.order for each in unit.tasks(number)})


def _note(unit: UnitOfWork, news: Mapping[str, tuple[tuple[Output, ...], tuple[Output, ...]]]) -> None:
    """Store outputs with their documents, unless the utility has said something else of them meanwhile."""
    for number, (before, after) in news.items():
        record = unit.task(number)
        if record.task.outputs == before:
            record.task = record.task.with_(outputs=after)
            unit.save(record)


def _add(unit: UnitOfWork, issue: Issue) -> bool:
    """Store a receipt, unless another one of this number came first."""
    if any(each.receipt.seq == issue.receipt.seq for each in unit.issues(issue.receipt.case_number)):
        return False
    unit.add_issue(issue)
    return True


def _verdict(code: Code, reason: str, issue: Issue | None = None) -> Verdict:
    return Verdict(genuine=False, reason=reason, case_number=code.case_number, seq=code.seq, issue=issue)
