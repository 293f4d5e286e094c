"""The public Python API for platform apps: plan, look up, preview, submit, watch, wait, cancel, trace."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from datetime import date
from functools import partial

from hub.clock import SHANGHAI, Clock
from hub.config import Configuration, RouteTable, routes
from hub.counter import Counter
from hub.domain import numbers
from hub.domain.application import Application, Audience
from hub.domain.case import Case, TaskEvent
from hub.domain.evidence import Evidence
from hub.domain.gates import stands
from hub.domain.identity import Presented
from hub.domain.issue import Issue, Method, Verdict
from hub.domain.outcome import Output
from hub.domain.party import IdentityDocument, Person
from hub.domain.plan import Plan, make_plan
from hub.domain.prefill import ItemPrefill, prefill
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode
from hub.engine import window
from hub.engine.core import Engine
from hub.engine.identity.calls import IdentityCalls
from hub.engine.lookup import Lookup
from hub.engine.preview import Preview, preview
from hub.engine.rules import Rules
from hub.engine.trace import Trace, read_trace
from hub.errors import ApplicationInvalid, Fault, NoProvider, NotFound
from hub.parts import Parts
from hub.registry import Registry
from hub.store.unit import UnitOfWork

_AUDIT = logging.getLogger("hub.audit")
_PREVIEW_SEQ = 999_999
_WAITS_FOR_PEOPLE = frozenset({TaskState.MANUAL, TaskState.AWAITING_APPLICANT, TaskState.AWAITING_PAYMENT})


class Api(Counter, IdentityCalls):
    """A hub that is open. Get one by `async with Hub.open() as hub`; use it in that event loop only."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._verifying, self._sharing = parts.verifying, parts.sharing
        self._engine: Engine | None = None
        self._changes: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @property
    def configuration(self) -> Configuration:
        """The configuration that this hub was opened with."""
        return self._parts.configuration

    @property
    def registry(self) -> Registry:
        """The adapters that were found."""
        return self._parts.registry

    @property
    def clock(self) -> Clock:
        """The clock of this hub."""
        return self._parts.clock

    @property
    def unavailable(self) -> Mapping[str, str]:
        """Endpoints that could not be opened, with the reason (a missing secret, a broken adapter)."""
        return self._parts.unavailable

    def items(self) -> RouteTable:
        """Every item of the catalogue in every county: who serves it, through which endpoint, or why not."""
        open_adapters = {served.spec.adapter for served in self._parts.rules.endpoints.values()}
        performs = self._parts.registry.performs
        return routes(
            self._parts.configuration,
            lambda endpoint, upstream: performs(endpoint, upstream) if endpoint.adapter in open_adapters else None,
        )

    async def plan(
        self, items: Iterable[str], *, division: str, audience: Audience = "individual", theme: str | None = None
    ) -> Plan:
        """What some items would take at a service address: one form, one list of materials, providers, time limits.

        Args:
            items: item codes (`JX6-WAT-01`).
            division: 9-digit code of the service address's town or street.
            audience: `individual` or `enterprise`.
            theme: a one-thing bundle that the items belong to.

        Raises:
            ApplicationInvalid: naming each item that does not exist or is not for this audience.
        """
        today = self._parts.clock.now().astimezone(SHANGHAI).date()

        def due(days: int) -> date:
            return self._parts.configuration.calendar.add_working_days(today, days).on

        catalogue = self._parts.configuration.catalogue
        return make_plan(items, division, audience, catalogue, self._parts.intake.route, theme=theme, due=due)

    async def lookup(
        self,
        person: Person | IdentityDocument | None,
        fields: Iterable[str] | None = None,
        *,
        division: str | None = None,
        accounts: Mapping[str, str] | None = None,
        reveal: str | None = None,
    ) -> Lookup:
        """Accounts, states and arrears of a person at several utilities, asked in parallel.

        A utility that fails is part of the answer (`failed`), never an exception.

        Args:
            person: whose accounts; with the name where a utility knows people by both. None asks for `accounts` only.
            fields: which fields to ask; every one with a connected utility that can be asked, if not given.
            division: a service address's division: only who serves it is asked. Else every connected utility.
            accounts: an account number by field, to ask about that account instead of about the person.
            reveal: the reason for showing names and addresses to somebody; it goes on record.

        Raises:
            InputError: the document's number is wrong, or there is no such field or division; nobody was asked.
        """
        if reveal is not None:
            _AUDIT.warning("a lookup was revealed", extra={"reason": reveal})
        return await self._parts.finder.look_up(person, fields, division=division, accounts=accounts)

    def prefill(self, items: Iterable[str], found: Lookup) -> tuple[ItemPrefill, ...]:
        """What the forms of some items can begin with, from the accounts that were found.

        One account is filled in; several are offered as choices; what is still to be asked is named.

        Raises:
            ApplicationInvalid: naming each item that does not exist.
        """
        known = self._parts.configuration.catalogue.by_code
        codes = tuple(dict.fromkeys(items))
        if unknown := [code for code in codes if code not in known]:
            raise ApplicationInvalid(*(Fault(code[:20], ErrorCode.VAL_CODE.value, "no such item") for code in unknown))
        by_number = {each.field for each in found.found if each.by_number}
        return prefill((known[code] for code in codes), found.accounts, by_number)

    async def preview(self, application: Application) -> tuple[Preview, ...]:
        """The exact wire message of every item, made by the code that would send it. Nothing is sent or stored.

        Raises:
            ApplicationInvalid, NoProvider: with every fault.
        """
        intake = self._parts.intake
        intake.check(application)
        presented = await self._parts.store.run(lambda unit: intake.admission.presented(unit, application))
        return self._previews(application, presented)

    def _previews(self, application: Application, presented: Presented) -> tuple[Preview, ...]:
        intake, parts = self._parts.intake, self._parts
        now = parts.clock.now()
        division = application.address.division_code
        marker = numbers.case_number(now.astimezone(SHANGHAI).date(), division[:6], _PREVIEW_SEQ)
        shown = []
        for order in intake.orders(application, marker, presented):
            route = intake.route_of(order.item, division)
            equipment = parts.equipment[route.endpoint.id if route.endpoint else ""]
            shown.append(preview(equipment.adapter, equipment.mappings, order, route.params, now, equipment.draw))
        return tuple(shown)

    def validate(self, application: Application) -> tuple[Fault, ...]:
        """Every fault for which `submit` would refuse an application: where, which rule, and what is wanted.

        An identity check that it names is looked at by `submit` alone.
        """
        try:
            self._parts.intake.check(application, None if application.assertion else Presented())
            self._check_writable(application, Presented())
        except ApplicationInvalid as invalid:
            return invalid.faults
        except NoProvider as nobody:
            return nobody.faults
        return ()

    async def attach(self, material: str, content: bytes, *, file_name: str, media_type: str) -> Evidence:
        """Store the file of a material (at most 20 MiB, sealed) and get the Evidence to put into an application."""
        return await self._parts.evidence.put(material, content, file_name=file_name, media_type=media_type)

    async def submit(self, application: Application) -> Case:
        """Take an application. It is durable when this returns; its tasks are then sent in parallel.

        The same `request_id` with the same body gives the same case.

        Raises:
            ApplicationInvalid, NoProvider: with every fault, those of the identity check (IDN_…) too; nothing was
                stored or sent.
            DuplicateRequest: the `request_id` was used with another body.
            TryLater: the database cannot take it now; nothing was stored.
        """
        intake = self._parts.intake
        with self._parts.clock.busy():
            earlier, presented = await self._parts.store.run(lambda unit: intake.look(unit, application))
            if earlier is not None:
                return earlier
            intake.check(application, presented)
            self._check_writable(application, presented)
            case = await self._parts.store.run(lambda unit: intake.store(unit, application))
        self._wake()
        return case

    async def case(self, number: str) -> Case:
        """A case with its tasks as they stand. Raises NotFound."""
        return await self._parts.store.run(lambda unit: unit.case(number))

    async def watch(self, number: str) -> AsyncIterator[TaskEvent]:
        """Every event of a case, from its beginning on; ends when the case is settled (see `wait`). Raises NotFound."""
        changed = asyncio.Event()
        self._changes[number].add(changed)
        after = 0
        try:
            while True:
                changed.clear()
                case, events = await self._parts.store.run(partial(_news, number=number, after=after))
                for seq, event in events:
                    after = seq
                    yield event
                if settled(case):
                    return
                await changed.wait()
        finally:
            self._changes[number].discard(changed)

    async def wait(self, number: str, *, seconds: float | None = None) -> Case:
        """Wait until nothing of a case moves by itself any more: every task is final or waits for a person.

        Args:
            number: the case.
            seconds: how long to wait at most, in real time.

        Raises:
            NotFound: there is no such case.
            TimeoutError: it took longer.
        """
        async with asyncio.timeout(seconds):
            async for _ in self.watch(number):
                pass
        return await self.case(number)

    async def cancel(self, number: str, task: str | None = None) -> Case:
        """Ask to cancel a case, or one task of it. What is not sent yet is cancelled at once; the rest is asked for.

        Raises:
            NotFound: there is no such case or task.
            NotAllowed: a task is final already, or its utility's interface cannot cancel; nothing was changed.
        """
        return await self._change(number, partial(window.cancel, number=number, task=task))

    async def gate(self, number: str, *, passed: bool, note: str | None = None) -> Case:
        """Say that the gate of a bundle is open (the joint survey was held, the registration elsewhere is entered).

        Or, with `passed=False`, that it never will be: what waits for it is then cancelled.

        Raises:
            NotFound: there is no such case.
            NotAllowed: nothing of it waits for such a word; a gate that a task of the case opens needs none.
        """
        told = await self._change(number, partial(window.tell_gate, number=number, passed=passed, note=note))
        _AUDIT.warning("a gate was told", extra={"case": number, "passed": passed})
        return told

    async def recheck(self, number: str, task: str | None = None) -> Case:
        """Have the pre-checks of waiting tasks made again now: the applicant says that an obstacle is gone.

        Raises:
            NotFound: there is no such case or task.
            NotAllowed: nothing of it waits at a utility that can be asked beforehand.
        """
        return await self._change(number, partial(window.check_again, number=number, task=task))

    async def _change(self, number: str, work: Callable[[UnitOfWork, Rules], set[str]]) -> Case:
        with self._parts.clock.busy():
            await self._told(await self._parts.store.run(lambda unit: work(unit, self._parts.rules)))
        return await self.case(number)

    async def issue(self, number: str) -> Issue:
        """Issue the joint receipt of a case as it stands: one sheet for all utilities. `receipt_file` gives its PDF.

        Documents of results that are still lacking are fetched first; what cannot be had is said on the receipt. As
        long as nothing changes the same receipt is given again. Raises NotFound.
        """
        return await self._parts.issuing.issue(number)

    async def issues(self, number: str) -> tuple[Issue, ...]:
        """The receipts of a case, oldest first, and how each was handed out. Raises NotFound."""
        return tuple(await self._parts.store.run(lambda unit: unit.issues(number)))

    async def receipt_file(self, issue: Issue) -> bytes:
        """The PDF of a receipt, exactly as issued. Raises NotFound when the file is missing or damaged."""
        return await self._parts.issuing.pdf(issue)

    async def output_file(self, output: Output) -> bytes:
        """The document of a result, as the utility gave it. Raises NotFound when there is none, or it is damaged."""
        if output.file is None:
            raise NotFound("there is no document of this result in the evidence store")
        return await self._parts.evidence.read(output.file)

    async def deliver(
        self,
        number: str,
        method: Method,
        *,
        receiver: str | None = None,
        operator: str | None = None,
        reference: str | None = None,
    ) -> Issue:
        """Put on record how the latest receipt of a case was handed out. Every result handed over: DELIVERED.

        Args:
            number: the case.
            method: `window`, `terminal`, `post` or `electronic`.
            receiver: the name of who got it; the agent, or else the applicant, if not given.
            operator: who handed it out.
            reference: the number of the letter or of the electronic delivery.

        Raises:
            NotFound: there is no such case.
            NotAllowed: no receipt was issued, or the case has moved on since.
        """
        return await self._parts.issuing.deliver(
            number, method, receiver=receiver, operator=operator, reference=reference
        )

    async def verify_receipt(self, given: bytes | str) -> Verdict:
        """Whether a receipt's PDF, or the text of its QR code, is what this hub issued; the verdict says why not."""
        return await self._parts.issuing.verify(given)

    @property
    def receipt_key(self) -> str:
        """The SM2 public key, in hex, that receipts of this hub can be checked with by anyone."""
        return self._parts.issuing.signer.public.hex()

    async def trace(self, number: str, *, reveal: str | None = None) -> Trace:
        """Everything that happened to a case. Personal data is masked.

        Args:
            number: the case.
            reveal: the reason for seeing it unmasked; it goes on record.

        Raises:
            NotFound: there is no such case.
        """
        if reveal is not None:
            _AUDIT.warning("a trace was revealed", extra={"case": number, "reason": reveal})
        return await self._parts.store.run(lambda unit: read_trace(unit, number, masked=reveal is None))

    def _check_writable(self, application: Application, presented: Presented) -> None:
        """Refuse at the window what a utility's interface cannot take (a rare character, say), not days later."""
        faults = [
            Fault(f"items[{index}]", ErrorCode.UPS_ENCODING.value, f"{shown.endpoint} cannot take it: {shown.error}")
            for index, shown in enumerate(self._previews(application, presented))
            if shown.error
        ]
        if faults:
            raise ApplicationInvalid(*faults)

    def _wake(self) -> None:
        if self._engine is not None:
            self._engine.relay.wake()

    async def _told(self, cases: set[str]) -> None:
        for number in cases:
            for changed in self._changes.get(number, ()):
                changed.set()
        self._wake()


def _news(unit: UnitOfWork, *, number: str, after: int) -> tuple[Case, list[tuple[int, TaskEvent]]]:
    return unit.case(number), unit.events(number, after)


def settled(case: Case) -> bool:
    """Whether nothing of a case moves by itself: each task is final, or waits for the applicant, a clerk or a word."""
    return all(
        (task.state.final or task.state in _WAITS_FOR_PEOPLE or stands(task)) and not task.answering
        for task in case.tasks
    )
