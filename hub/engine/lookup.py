"""Finding a citizen's accounts and debts at several utilities at once; who failed is part of the answer."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

from hub.clock import Clock
from hub.domain.base import Frozen
from hub.domain.order import AccountQuery
from hub.domain.reply import Reply, UtilityAccount
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.errors import NotSupported
from hub.sdk.context import Context, Equipment
from hub.sdk.errors import CallEnded
from hub.sdk.outcomes import error_of


class Found(Frozen):
    """What one utility's system answered: accounts, or why there is no answer. `as_of` is when it was true."""

    field: str
    endpoint: str
    accounts: tuple[UtilityAccount, ...] = ()
    error: ServiceError | None = None
    as_of: datetime

    @property
    def answered(self) -> bool:
        return self.error is None


class Lookup(Frozen):
    """The answers of all utilities that were asked."""

    found: tuple[Found, ...]

    @property
    def failed(self) -> tuple[Found, ...]:
        return tuple(each for each in self.found if not each.answered)


async def look_up(targets: list[tuple[str, Equipment, dict[str, str]]], query: AccountQuery, clock: Clock) -> Lookup:
    """Ask every target at once. A target is (field, equipment, concession parameters)."""
    found = await asyncio.gather(
        *(_ask(field, equipment, params, query, clock) for field, equipment, params in targets)
    )
    return Lookup(found=tuple(found))


async def _ask(field: str, equipment: Equipment, params: dict[str, str], query: AccountQuery, clock: Clock) -> Found:
    endpoint = equipment.adapter.endpoint
    error: ServiceError | None = None
    accounts: tuple[UtilityAccount, ...] = ()
    with clock.busy():
        try:
            reply = await _run("accounts", equipment, params, query, clock)
            if reply.error is None:
                accounts = await _with_arrears(reply.accounts, equipment, params, query, clock)
            elif reply.error is not ErrorCode.ELG_ACCOUNT_NOT_FOUND:
                error = error_of(reply)
        except CallEnded as ended:
            error = getattr(ended.outcome, "error", None) or _failure(endpoint, "no answer")
        except NotSupported:
            error = _failure(endpoint, "the utility offers no search")
        except Exception as failure:  # noqa: BLE001 -- one broken adapter must not spoil the others' answers
            error = _failure(endpoint, type(failure).__name__)
    return Found(field=field, endpoint=endpoint, accounts=accounts, error=error, as_of=clock.now())


async def _with_arrears(
    accounts: tuple[UtilityAccount, ...],
    equipment: Equipment,
    params: dict[str, str],
    query: AccountQuery,
    clock: Clock,
) -> tuple[UtilityAccount, ...]:
    if "arrears" not in equipment.adapter.operations:
        return accounts
    answers = []
    for account in accounts:
        one = query.with_(account_no=account.account_no, document=None, name=None)
        reply = await _run("arrears", equipment, params, one, clock)
        known = reply.arrears_fen if reply.arrears_fen is not None else account.arrears_fen
        answers.append(account.with_(arrears_fen=known))
    return tuple(answers)


async def _run(name: str, equipment: Equipment, params: dict[str, str], query: AccountQuery, clock: Clock) -> Reply:
    operation = equipment.adapter.operation(name)
    context = Context(
        equipment,
        name,
        deadline=clock.now() + timedelta(days=1),
        record=lambda _call: None,
        correlation=query.request_id,
        params=params,
    )
    async with asyncio.timeout(equipment.limits.total * 2):
        if operation.run is None:
            return await context.call(operation.message or name, query)
        answer: Any = await operation.run(equipment.adapter, query, context)
    if not isinstance(answer, Reply):
        raise CallEnded(answer)
    return answer


def _failure(endpoint: str, note: str) -> ServiceError:
    return ServiceError(code=ErrorCode.UPS_UNAVAILABLE, provider=endpoint, note=note)
