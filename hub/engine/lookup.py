"""Finding a citizen's accounts and debts at several utilities at once; who failed is part of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.clock import SHANGHAI, Clock
from hub.config import Configuration
from hub.domain import numbers
from hub.domain.base import Frozen
from hub.domain.identifiers import IdentifierFault, check_document
from hub.domain.order import AccountQuery
from hub.domain.party import IdentityDocument, Person
from hub.domain.provider import Route
from hub.domain.reply import Reply, UtilityAccount
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.engine.asking import ask, failure_of
from hub.engine.policy import Draw
from hub.errors import Fault, InputError
from hub.sdk.context import Equipment
from hub.sdk.outcomes import error_of

_LIVE = timedelta(minutes=15)
_NO_CASE = 999_999


class Found(Frozen):
    """What one utility's system answered: accounts, or why there is no answer. `as_of` is when it was true."""

    field: str
    endpoint: str
    provider: str = ""
    provider_zh: str = ""
    accounts: tuple[UtilityAccount, ...] = ()
    error: ServiceError | None = None
    by_number: bool = False
    as_of: datetime
    asked_at: datetime | None = None

    @property
    def answered(self) -> bool:
        return self.error is None

    @property
    def live(self) -> bool:
        """Whether it is how things stood when they were asked for; else it comes from an older copy (see `as_of`)."""
        return self.asked_at is None or self.asked_at - self.as_of < _LIVE

    @property
    def words_zh(self) -> str:
        """What came of it, in words."""
        name = self.provider_zh or self.provider or self.endpoint
        if self.error is not None:
            return f"{name}:未能查询,{self.error.message_zh}" + ("(姓名)" if self.error.field == "name" else "")
        count = f"查到{len(self.accounts)}户" if self.accounts else "名下无户"
        return f"{name}:{count}"

    @property
    def words_en(self) -> str:
        """The same in English."""
        name = self.provider or self.endpoint
        if self.error is not None:
            return f"{name}: no answer, {self.error.message_en}" + (f": {self.error.field}" if self.error.field else "")
        return f"{name}: {len(self.accounts)} account{'' if len(self.accounts) == 1 else 's'}"


class Lookup(Frozen):
    """The answers of all utilities that were asked."""

    found: tuple[Found, ...]

    @property
    def failed(self) -> tuple[Found, ...]:
        return tuple(each for each in self.found if not each.answered)

    @property
    def accounts(self) -> dict[str, tuple[UtilityAccount, ...]]:
        """All accounts that were found, by field."""
        fields = dict.fromkeys(each.field for each in self.found)
        return {
            field: tuple(a for each in self.found if each.field == field for a in each.accounts) for field in fields
        }


@dataclass(frozen=True, slots=True)
class Target:
    """One utility to ask: `account_no` asks about that account instead of about a person."""

    field: str
    provider: str
    provider_zh: str
    equipment: Equipment
    params: dict[str, str]
    account_no: str | None = None


@dataclass(frozen=True, slots=True)
class Finder:
    """Finds accounts at the utilities that are connected."""

    configuration: Configuration
    equipment: Mapping[str, Equipment]
    route: Callable[[str, str], Route | None]
    clock: Clock
    draw: Draw

    async def look_up(
        self,
        person: Person | IdentityDocument | None,
        fields: Iterable[str] | None,
        *,
        division: str | None,
        accounts: Mapping[str, str] | None,
    ) -> Lookup:
        """See `hub.Hub.lookup`."""
        known = dict(accounts or {})
        wanted = tuple(fields) if fields is not None else None if person is not None else tuple(known)
        self._refuse(person, (*(wanted or ()), *known), division)
        targets = [
            replace(target, account_no=known.get(target.field))
            for target in self._targets(wanted, division)
            if person is not None or target.field in known
        ]
        return await look_up(targets, self._query(person), self.clock)

    def _refuse(self, person: Person | IdentityDocument | None, fields: tuple[str, ...], division: str | None) -> None:
        """A typing error must not look like "this person has no accounts". Raises InputError naming every fault."""
        served = sorted({concession.field for concession in self.configuration.concessions.concessions})
        faults = [
            Fault("fields", ErrorCode.VAL_CODE.value, f"no utility serves {name[:20]!r}; there are {', '.join(served)}")
            for name in dict.fromkeys(fields)
            if name not in served
        ]
        if division is not None and division not in self.configuration.divisions.by_code:
            text = "no such town or street; it is a 9-digit code of divisions.yaml, such as 330402007"
            faults.append(Fault("division", ErrorCode.VAL_CODE.value, text))
        if person is not None:
            document = person.document if isinstance(person, Person) else person
            try:
                check_document(document.type, document.number, today=self.clock.now().astimezone(SHANGHAI).date())
            except IdentifierFault as fault:
                faults.append(fault.at("document.number"))
        if faults:
            raise InputError(*faults)

    def _query(self, person: Person | IdentityDocument | None) -> AccountQuery:
        """A question of no case, under a serial that no case ever has."""
        marker = numbers.case_number(self.clock.now().astimezone(SHANGHAI).date(), "330400", _NO_CASE)
        return AccountQuery(
            serial=numbers.serial20(numbers.task_number(marker, 99)),
            request_id=self.draw(16).hex(),
            document=person.document if isinstance(person, Person) else person,
            name=person.name if isinstance(person, Person) else None,
        )

    def _targets(self, fields: tuple[str, ...] | None, division: str | None) -> list[Target]:
        targets: dict[str, Target] = {}
        for concession in self.configuration.concessions.concessions:
            equipment = self.equipment.get(concession.endpoint or "")
            if equipment is None or (fields is not None and concession.field not in fields):
                continue
            if fields is None and "accounts" not in equipment.adapter.operations:
                continue
            if division is not None:
                route = self.route(concession.field, division)
                if route is None or route.concession != concession:
                    continue
            provider = self.configuration.concessions.by_provider[concession.provider]
            target = Target(concession.field, provider.id, provider.name_zh, equipment, concession.params)
            targets.setdefault(equipment.adapter.endpoint, target)
        return list(targets.values())


async def look_up(targets: list[Target], query: AccountQuery, clock: Clock) -> Lookup:
    """Ask every target at once."""
    found = await asyncio.gather(*(_ask(target, query, clock) for target in targets))
    return Lookup(found=tuple(found))


async def _ask(target: Target, query: AccountQuery, clock: Clock) -> Found:
    error: ServiceError | None = None
    accounts: tuple[UtilityAccount, ...] = ()
    as_of: datetime | None = None
    if target.account_no is not None:
        query = query.with_(account_no=target.account_no, document=None, name=None)
    with clock.busy():
        asked_at = clock.now()
        try:
            reply = await _reply("accounts", target, query, clock)
            as_of = reply.event_time
            if reply.error is None:
                accounts = await _with_arrears(reply.accounts, target, query, clock)
            elif reply.error is not ErrorCode.ELG_ACCOUNT_NOT_FOUND:
                error = error_of(reply)
                if error.code is ErrorCode.VAL_REQUIRED and query.document is not None and query.name is None:
                    error = error.with_(field="name")  # all else that a question about a person can hold was there
        except Exception as failure:  # noqa: BLE001 -- one broken adapter must not spoil the others' answers
            error = failure_of(target.equipment.adapter.endpoint, failure)
    return Found(
        field=target.field,
        endpoint=target.equipment.adapter.endpoint,
        provider=target.provider,
        provider_zh=target.provider_zh,
        accounts=accounts,
        by_number=target.account_no is not None,
        error=error,
        # A clock of theirs that is ahead of ours does not make an answer come from the future.
        as_of=min(as_of or asked_at, asked_at),
        asked_at=asked_at,
    )


async def _with_arrears(
    accounts: tuple[UtilityAccount, ...], target: Target, query: AccountQuery, clock: Clock
) -> tuple[UtilityAccount, ...]:
    if "arrears" not in target.equipment.adapter.operations:
        return accounts
    answers = []
    for account in accounts:
        one = query.with_(account_no=account.account_no, document=None, name=None)
        reply = await _reply("arrears", target, one, clock)
        known = reply.arrears_fen if reply.arrears_fen is not None else account.arrears_fen
        answers.append(account.with_(arrears_fen=known))
    return tuple(answers)


async def _reply(name: str, target: Target, query: AccountQuery, clock: Clock) -> Reply:
    return await ask(name, target.equipment, target.params, query, clock, query.request_id)
