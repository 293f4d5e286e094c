"""The part of the public API at the counter: charges, payments, refunds, supplements, and each day's reconciliation."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from hub.clock import SHANGHAI
from hub.domain import numbers
from hub.domain.case import Case
from hub.domain.charges import Charge, arrears_charge
from hub.domain.evidence import Evidence
from hub.domain.order import AccountQuery, DayQuery
from hub.domain.outcome import NotSent, Outcome
from hub.domain.owing import account_of
from hub.domain.payments import Payment, PaymentProof
from hub.domain.reconciliation import ReconciliationRun
from hub.domain.reply import Reply
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.engine.applier import Applier
from hub.engine.asking import ask
from hub.engine.money import charging, reconciling
from hub.engine.money.till import Till
from hub.engine.supplements import answering
from hub.errors import Fault, InputError, NotFound, NotSupported, TryLater
from hub.parts import Parts
from hub.sdk.context import Equipment
from hub.sdk.errors import CallEnded
from hub.sdk.outcomes import error_of, refusal
from hub.store.unit import TaskRecord, UnitOfWork

_MARKER = 999_998
T = TypeVar("T")


class Counter:
    """What an open hub does with money and with what utilities ask for."""

    _parts: Parts

    async def _told(self, cases: set[str]) -> None:
        raise NotImplementedError

    async def charges(self, number: str, *, ask: bool = False) -> tuple[Charge, ...]:
        """What the applicant of a case owes and has paid: arrears, fees of orders, payment items.

        Args:
            number: the case.
            ask: also ask the utilities now what the accounts of the case owe, and keep the answers with the case.

        Raises:
            NotFound: there is no such case.
            TryLater: with `ask`, a utility did not answer; the answers of the others are kept.
        """
        if ask:
            await self._ask_arrears(number)
        return await self._parts.store.run(lambda unit: charging.charges(Till(unit, self._parts.rules), number))

    async def payments(self, number: str) -> tuple[Payment, ...]:
        """The payments of a case, in the order in which they were made. Raises NotFound."""

        def read(unit: UnitOfWork) -> tuple[Payment, ...]:
            unit.case(number)
            return tuple(each.payment for each in unit.payments(number))

        return await self._parts.store.run(read)

    async def pay(self, number: str, charge_ids: Collection[str], paid: PaymentProof) -> tuple[Payment, ...]:
        """Take money that a payer has given for some charges of a case; each is then posted to its utility, once.

        It is durable when this returns. The same proof again gives the same payments; one that was given up is tried
        again. `Hub.wait` waits for the utilities' answers.

        Args:
            number: the case.
            charge_ids: ids of its charges, as `charges` gives them.
            paid: what the payment platform or the till says; its amount (fen) is the sum of the charges.

        Raises:
            NotFound: there is no such case or charge.
            InputError: the amounts differ; nothing was stored.
            DuplicateRequest: the proof has paid for something else.
            NotAllowed: a charge is not due (any more); give the money back to the payer.
            NotSupported: the utility takes this money at its own counter only.
        """
        return await self._write(lambda till: charging.pay(till, number, charge_ids, paid))

    async def refund(self, payment: str, *, reason: str, repaid: PaymentProof | None = None) -> Payment:
        """Give a payment back: the utility is asked to reverse it, within its terms; then the payer gets the money.

        Repeat the call with `repaid` when the payment is REVERSED and the payer has the money.

        Args:
            payment: the number of a payment.
            reason: goes to the utility and on record; at most 100 characters, no personal data.
            repaid: what the payment platform says of the money given back.

        Raises:
            NotFound: there is no such payment.
            NotAllowed: the utility's terms or the state of the payment forbid it; the text says why.
            InputError: the amount given back is not the amount paid.
        """
        if not 0 < len(reason.strip()) <= 100:
            raise InputError(Fault("reason", ErrorCode.VAL_REQUIRED.value, "say why, in 1 to 100 characters"))
        return await self._write(lambda till: charging.refund(till, payment, reason.strip(), repaid))

    async def supplement(
        self, task: str, materials: Collection[Evidence] = (), *, fields: Mapping[str, Any] | None = None
    ) -> Case:
        """Give a utility what it waits for (`Task.supplement` says what, and until when); it is sent once.

        Args:
            task: the number of a task that is AWAITING_APPLICANT.
            materials: new pieces, stored before by `attach`.
            fields: form fields that the utility asked for, by their key.

        Raises:
            NotFound: there is no such task, or no file behind a material.
            NotAllowed: the task waits for no supplement, or for a payment instead.
            NotSupported: the utility's interface takes no supplements.
            ApplicationInvalid: naming each material or field that is missing, wrong or not asked for.
        """
        pieces = tuple(materials)
        for each in pieces:
            if each.ref is not None:
                await self._parts.evidence.read(each)
        catalogue = self._parts.configuration.catalogue

        def give(unit: UnitOfWork) -> tuple[str, set[str]]:
            record = unit.task(task)
            applier = Applier(unit, self._parts.rules)
            answering.answer(applier.supplementing, record, catalogue, pieces, dict(fields or {}))
            return record.task.case_number, applier.apply(()) | {record.task.case_number}

        with self._parts.clock.busy():
            number, touched = await self._parts.store.run(give)
            await self._told(touched)
        return await self._parts.store.run(lambda unit: unit.case(number))

    async def reconcile(self, day: date, endpoint: str | None = None) -> tuple[ReconciliationRun, ...]:
        """Compare a day's payments with the utilities' own files of it, which are asked for now; the runs are kept.

        What a file settles (a payment in doubt that it lists) is adopted. A utility that cannot be asked, or has no
        file yet, is a run with an `error`.

        Args:
            day: a business day in Jiaxing.
            endpoint: only this one.

        Raises:
            NotFound: there is no such endpoint.
            NotSupported: its utility gives no such file.
            InputError: the day is still to come.
        """
        if day > self._parts.clock.now().astimezone(SHANGHAI).date():
            raise InputError(Fault("day", ErrorCode.VAL_FORMAT.value, "the day is still to come"))
        targets = self._comparable(endpoint)
        with self._parts.clock.busy():
            answers = await asyncio.gather(*(self._day_file(each, day) for each in targets))
            runs, touched = await self._parts.store.run(lambda unit: self._compare(unit, day, dict(answers)))
            await self._told(touched)
        return runs

    async def _write(self, work: Callable[[Till], T]) -> T:
        """Do something with money in one transaction, and let those who wait hear of it."""

        def run(unit: UnitOfWork) -> tuple[T, set[str]]:
            till = Till(unit, self._parts.rules)
            done = work(till)
            self._stand(unit, till.touched)
            return done, till.touched

        with self._parts.clock.busy():
            done, touched = await self._parts.store.run(run)
            await self._told(touched)
        return done

    async def _ask_arrears(self, number: str) -> None:
        def read(unit: UnitOfWork) -> list[TaskRecord]:
            unit.case(number)
            return [record for record in unit.tasks(number) if account_of(record.order.form)]

        records = await self._parts.store.run(read)
        with self._parts.clock.busy():
            asked = [(record, self._parts.equipment.get(record.row.endpoint)) for record in records]
            able = [(record, each) for record, each in asked if each and "arrears" in each.adapter.operations]
            found = await asyncio.gather(*(self._owed(record, equipment) for record, equipment in able))
            await self._parts.store.run(lambda unit: _keep_arrears(unit, dict(found), self._parts.clock.now()))
        silent = sorted({record.row.endpoint for (record, _), (_, reply) in zip(able, found, strict=True) if not reply})
        if silent:
            raise TryLater(f"{', '.join(silent)} did not answer; what the others said is kept")

    async def _owed(self, record: TaskRecord, equipment: Equipment) -> tuple[str, Reply | None]:
        order = record.order
        query = AccountQuery(
            serial=order.serial,
            request_id=equipment.draw(16).hex(),
            channel=order.channel,
            account_no=account_of(order.form),
        )
        try:
            reply = await ask("arrears", equipment, record.task.params, query, self._parts.clock, query.request_id)
        except (CallEnded, TimeoutError):
            return record.task.number, None
        known = reply.error in {None, ErrorCode.ELG_ACCOUNT_NOT_FOUND}
        return record.task.number, reply if known else None

    def _comparable(self, endpoint: str | None) -> list[Equipment]:
        equipment = self._parts.equipment
        if endpoint is not None and endpoint not in equipment:
            raise NotFound(f"there is no open endpoint {endpoint!r}; there are: {', '.join(sorted(equipment))}")
        able = [each for each in equipment.values() if reconciling.OPERATION in each.adapter.operations]
        chosen = [each for each in able if endpoint in {None, each.adapter.endpoint}]
        if not chosen:
            raise NotSupported(f"the utility of {endpoint} gives no file to reconcile with")
        return sorted(chosen, key=lambda each: each.adapter.endpoint)

    async def _day_file(self, equipment: Equipment, day: date) -> tuple[str, Reply | Outcome]:
        """A day's file, or the outcome of the attempt to get it."""
        endpoint = equipment.adapter.endpoint
        marker = numbers.task_number(numbers.case_number(day, "330400", _MARKER), 99)
        query = DayQuery(serial=numbers.serial20(marker), request_id=equipment.draw(16).hex(), day=day)
        params = self._parts.rules.endpoints[endpoint].params
        try:
            reply = await ask(reconciling.OPERATION, equipment, params, query, self._parts.clock, query.request_id)
        except CallEnded as ended:
            return endpoint, ended.outcome
        except TimeoutError:
            return endpoint, NotSent(error=ServiceError(code=ErrorCode.UPS_UNAVAILABLE, provider=endpoint))
        return endpoint, reply if reply.error is None else refusal(error_of(reply))

    def _compare(
        self, unit: UnitOfWork, day: date, answers: Mapping[str, Reply | Outcome]
    ) -> tuple[tuple[ReconciliationRun, ...], set[str]]:
        rules, touched, runs = self._parts.rules, set[str](), []
        for endpoint, answer in answers.items():
            if isinstance(answer, Reply):
                runs.append(reconciling.take(unit, rules, endpoint, day, answer.records, touched))
            else:
                runs.append(reconciling.unanswered(endpoint, day, answer, rules.now()))
                unit.save_run(runs[-1])
        self._stand(unit, touched)
        return tuple(runs), touched

    def _stand(self, unit: UnitOfWork, touched: set[str]) -> None:
        for number in touched:
            Applier(unit, self._parts.rules).settle(number)


def _keep_arrears(unit: UnitOfWork, found: Mapping[str, Reply | None], now: datetime) -> None:
    """Keep what each task's account owes, in place of what was known of it."""
    for number, reply in found.items():
        record = unit.task(number)
        if reply is None:
            continue
        charge = arrears_charge(number, record.row.endpoint, account_of(record.order.form) or "", reply, now)
        record.task = record.task.with_(arrears=(charge,) if charge else ())
        unit.save(record)
