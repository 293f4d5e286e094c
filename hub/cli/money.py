"""`hub charges`, `pay`, `refund`: what a case owes, money that was taken for it, and money that goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import AsJson, CaseNumber, Timeout, Wait
from hub.errors import Fault, InputError

if TYPE_CHECKING:
    from datetime import datetime

    from hub.bootstrap import Hub
    from hub.domain.charges import Charge
    from hub.domain.payments import Payment, PaymentProof

Channel = Annotated[str, typer.Option("--channel", metavar="C", help="CASH, POS, ALIPAY, WECHAT or DIGITAL_RMB.")]
PaidAt = Annotated[str | None, typer.Option("--paid-at", metavar="T", help="When, as 2026-11-24T09:00:00+08:00.")]
_STORED = "stored; it is posted while a hub runs on this data folder (hub case {} --wait, or your application)"


def charges(
    number: CaseNumber,
    *,
    ask: Annotated[bool, typer.Option("--ask", help="Also ask the utilities now what the accounts owe.")] = False,
    json: AsJson = False,
) -> None:
    """Show what the applicant of a case owes and has paid: arrears, fees, payment items."""
    from hub.cli.opening import filed_hub
    from hub.cli.output import console, print_json, table

    async def read() -> tuple[Charge, ...]:
        async with filed_hub(run=False) as hub:
            return await hub.charges(number, ask=ask)

    found = asyncio.run(read())
    if json:
        print_json([_charge(each) for each in found])
        return
    shown = table("charge", "for", "bills", "yuan", "state", "payment")
    for each in found:
        shown.add_row(*_row(each))
    console().print(shown)
    typer.echo(f"{len(found)} charge{'' if len(found) == 1 else 's'}")


def pay(
    number: CaseNumber,
    charge: Annotated[list[str], typer.Argument(metavar="CHARGE...", help="Charges of it.", show_default=False)],
    *,
    reference: Annotated[str, typer.Option("--reference", metavar="R", help="The payment platform's own number.")],
    amount: Annotated[str, typer.Option("--amount", metavar="YUAN", help="What was taken, such as 128.60.")],
    channel: Channel,
    paid_at: PaidAt = None,
    wait: Wait = False,
    timeout: Timeout = 120.0,
    json: AsJson = False,
) -> None:
    """Note money that was taken for charges of a case; each is posted to its utility once, however often you ask."""

    async def do(hub: Hub) -> None:
        proof = _proof(reference, channel, _fen(amount), paid_at, hub.clock.now())
        await hub.pay(number, charge, proof)

    _with_payments(number, do, wait=wait, timeout=timeout, as_json=json)


def refund(
    payment: Annotated[str, typer.Argument(metavar="PAYMENT", help="A payment's number.", show_default=False)],
    *,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Goes to the utility; no personal data.")],
    repaid: Annotated[
        str | None, typer.Option("--repaid", metavar="R", help="The payer has the money, by this number.")
    ] = None,
    channel: Channel = "CASH",
    wait: Wait = False,
    timeout: Timeout = 120.0,
    json: AsJson = False,
) -> None:
    """Give a payment back: the utility reverses it within its terms; with --repaid, the payer has the money."""
    number = payment.rpartition("-")[0]
    if not number:
        raise InputError(Fault("PAYMENT", "VAL_FORMAT", "a payment is a case number, a hyphen and its own number"))

    async def do(hub: Hub) -> None:
        fen = next((each.amount_fen for each in await hub.payments(number) if each.id == payment), 0)
        proof = _proof(repaid, channel, fen, None, hub.clock.now()) if repaid and fen else None
        await hub.refund(payment, reason=reason, repaid=proof)

    _with_payments(number, do, wait=wait, timeout=timeout, as_json=json)


def _with_payments(number: str, do: object, *, wait: bool, timeout: float, as_json: bool) -> None:
    """Do something with the money of a case and show its payments; with `wait`, as the utilities have answered."""
    from hub.cli.opening import filed_hub

    async def run() -> tuple[Payment, ...]:
        async with filed_hub(run=wait) as hub:
            await do(hub)  # type: ignore[operator]
            if wait:
                await _settle(hub, number, timeout)
            return await hub.payments(number)

    _show(asyncio.run(run()), number, wait=wait, as_json=as_json)


async def _settle(hub: Hub, number: str, seconds: float) -> None:
    from contextlib import suppress

    with suppress(TimeoutError):
        await hub.wait(number, seconds=seconds)


def _show(payments: tuple[Payment, ...], number: str, *, wait: bool, as_json: bool) -> None:
    from hub.cli.output import NO, console, print_json, table
    from hub.domain.money import format_yuan

    if as_json:
        print_json([_payment(each) for each in payments])
    else:
        shown = table("payment", "charge", "yuan", "state", "receipt", "note")
        for each in payments:
            charge = each.charge.id.partition(":")[2] if each.charge else ""
            state = f"{each.state.label_zh} {each.state.value}"
            shown.add_row(
                each.id, charge, format_yuan(each.amount_fen), state, each.provider_receipt or "-", _note(each)
            )
        console().print(shown)
        if not wait and any(each.moving for each in payments):
            typer.echo(_STORED.format(number))
        typer.echo(f"{len(payments)} payment{'' if len(payments) == 1 else 's'}")
    if wait and any(each.moving or each.needs_person for each in payments):
        raise typer.Exit(NO)


def _note(payment: Payment) -> str:
    from hub.cli.caseview import error_text

    said = [error_text(payment.error), "needs a person" if payment.needs_person else ""]
    said.append("to be given back to the payer" if payment.repayable else "")
    return "; ".join(each for each in said if each)


def _charge(charge: Charge) -> dict[str, object]:
    # The account is the applicant's: whoever pays knows it.
    return charge.model_dump(mode="json", exclude={"account_no"})


def _payment(payment: Payment) -> dict[str, object]:
    shown = payment.model_dump(mode="json", exclude={"bills", "charge"})
    charge = _charge(payment.charge) if payment.charge else None
    return shown | {"charge": charge, "moving": payment.moving, "repayable": payment.repayable}


def _row(charge: Charge) -> Iterable[str]:
    from hub.domain.money import format_yuan

    place = "" if charge.online else " (at the utility's counter)"
    yield charge.id
    yield f"{charge.kind.label_zh} {charge.kind.value}{place}"
    yield ", ".join(charge.bill_ids) or "-"
    yield format_yuan(charge.amount_fen)
    yield f"{charge.state.label_zh} {charge.state.value}"
    yield charge.payment or "-"


def _fen(amount: str) -> int:
    from hub.domain.money import MoneyFault, parse_yuan

    try:
        return parse_yuan(amount)
    except MoneyFault as fault:
        raise InputError(Fault("--amount", fault.code, str(fault))) from None


def _proof(reference: str, channel: str, fen: int, paid_at: str | None, now: datetime) -> PaymentProof:
    from pydantic import ValidationError

    from hub.domain.payments import PaymentProof

    given = {"reference": reference, "channel": channel, "amount_fen": fen, "paid_at": paid_at or now}
    try:
        return PaymentProof.model_validate(given)
    except ValidationError as error:
        options = {"amount_fen": "--amount", "paid_at": "--paid-at"}
        faults = [
            Fault(options.get(str(each["loc"][0]), f"--{each['loc'][0]}"), "VAL_FORMAT", each["msg"])
            for each in error.errors(include_input=False, include_context=False, include_url=False)
        ]
        raise InputError(*faults) from None
