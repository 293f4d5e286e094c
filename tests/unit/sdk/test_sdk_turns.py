"""Turns: calls to one endpoint one after another, whoever makes them."""

import asyncio

import pytest

from hub.sdk.context import Sessions


async def test_turns_of_one_name_come_one_after_another_and_those_of_another_do_not_wait():
    sessions, said = Sessions(), []

    async def speak(name, who):
        async with sessions.turn(name):
            said.append(f"{who} begins")
            await asyncio.sleep(0)
            said.append(f"{who} ends")

    await asyncio.gather(speak("operator", "a"), speak("operator", "b"), speak("files", "c"))
    assert said.index("a ends") < said.index("b begins")
    assert said.index("c begins") < said.index("a ends")


async def test_turn_ends_with_its_failure():
    turn = Sessions().turn("operator")
    with pytest.raises(LookupError):
        async with turn:
            raise LookupError
    assert not turn.locked()
