"""What the people of the demonstration do when a case waits for them: say that a gate is open, pay what is due."""

from __future__ import annotations

from hub.bootstrap import Hub
from hub.domain.charges import ChargeState
from hub.domain.gates import awaits_word, stands
from hub.domain.payments import PaymentProof


async def attend(hub: Hub, number: str) -> bool:
    """Do what the case waits for; whether there was anything that somebody at the window could do."""
    case = await hub.case(number)
    if any(stands(task) and any(awaits_word(wait) for wait in task.waits) for task in case.tasks):
        await hub.gate(number, passed=True, note="联合踏勘已完成")
        return True
    due = [each for each in await hub.charges(number) if each.state is ChargeState.DUE and each.online]
    if not due:
        return False
    proof = PaymentProof(
        reference=f"TEST-{due[0].id}"[:64],
        channel="ALIPAY",
        amount_fen=sum(each.amount_fen for each in due),
        paid_at=hub.clock.now(),
    )
    await hub.pay(number, [each.id for each in due], proof)
    return True
