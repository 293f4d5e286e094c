"""What the people of the demonstration do when a case waits for them: the window says that a gate is open."""

from __future__ import annotations

from hub.bootstrap import Hub
from hub.domain.gates import awaits_word, stands


async def attend(hub: Hub, number: str) -> bool:
    """Do what the case waits for; whether there was anything that somebody at the window could do."""
    case = await hub.case(number)
    if any(stands(task) and any(awaits_word(wait) for wait in task.waits) for task in case.tasks):
        await hub.gate(number, passed=True, note="联合踏勘已完成")
        return True
    return False
