"""What people do at the window in the month: they are checked, pay, bring what is missing, want their money back."""

from __future__ import annotations

from hub import PaymentProof, Person, TaskState
from hub.domain.charges import ChargeState
from hub.domain.gates import awaits_word
from hub.domain.states import PaymentState

QUERIES = {"JX6-WAT-13", "JX6-ELE-14", "JX6-GAS-12"}


async def identified(hub, made):
    """The same application, after the register was asked who applies."""
    person = made.agent.person if made.agent else made.applicant
    if not isinstance(person, Person):
        return made
    found = await hub.verify(person, [each.code for each in made.items], channel=made.channel)
    return made.with_(assertion=found.id)


async def survey(hub, case) -> None:
    """Say that what the window has to see was seen."""
    if any(awaits_word(wait) for task in case.tasks for wait in task.waits if not task.state.final):
        await hub.gate(case.number, passed=True)


async def supplement(hub, case, load) -> None:
    for task in case.tasks:
        if task.state is TaskState.AWAITING_APPLICANT and task.supplement and not task.supplement.answered_at:
            await hub.supplement(task.number, await load.materials(task.item, task.supplement.asked))


async def settle(hub, case, chance: float, asked: set[str]) -> None:
    """Pay what is due; whoever asked for a bill pays it, too."""
    ask = case.number not in asked and any(t.item in QUERIES and t.state is TaskState.COMPLETED for t in case.tasks)
    if not ask and not any(task.state is TaskState.AWAITING_PAYMENT for task in case.tasks):
        return
    if ask:
        asked.add(case.number)
    due = [each for each in await hub.charges(case.number, ask=ask) if each.state is ChargeState.DUE and each.online]
    if due and chance < 0.9:
        amount = sum(each.amount_fen for each in due)
        proof = PaymentProof(
            reference=f"PAY-{case.number}-{len(await hub.payments(case.number))}",
            channel="WECHAT",
            amount_fen=amount,
            paid_at=hub.clock.now(),
        )
        await hub.pay(case.number, [each.id for each in due], proof)


async def give_back(hub, number: str, chance: float, looked_at: set[str]) -> None:
    """Money that was paid by mistake, which shows on its first evening, goes back to who paid it."""
    for payment in await hub.payments(number):
        if payment.repayable:
            paid = {"channel": "CASH", "amount_fen": payment.amount_fen, "paid_at": hub.clock.now()}
            await hub.refund(payment.id, reason="退款", repaid=PaymentProof(reference=f"BACK-{payment.id}", **paid))
        elif payment.state is PaymentState.POSTED and payment.id not in looked_at:
            looked_at.add(payment.id)
            if chance < 0.35:
                await hub.refund(payment.id, reason="缴错户号")
