"""Thirty virtual days of mixed load over all simulated systems: what one run does, and the record that it leaves.

Everything that varies is drawn from one seed before the run begins, so that no draw depends on what happens in it.
`python -m tests.acceptance.month SEED DAYS CASES FAULTS FILE` writes the record of a run in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import tempfile
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import yaml
from gmalg.primefield import PrimeField

from hub import Hub, Settings
from hub.clock import SHANGHAI, VirtualClock
from hub.config import load_configuration
from hub.errors import HubError
from hub.simulation import connections, start
from simulators.kit.simulator import Profile
from tests.acceptance import month_counter as counter
from tests.acceptance.month_load import BUNDLES, PAYMENTS, TOWNS, Load

BEGIN = datetime(2026, 11, 2, 8, 0, tzinfo=SHANGHAI)
SYSTEMS = ("catv", "ccard", "gas", "idv", "power", "realty", "transit", "water")
FAULTS = ("before-commit", "after-commit", "half-body", "garbage", "busy", "html", "wrong-charset", "half-status")
FAULTS_OF = {
    "power": (*FAULTS, "callback-drop", "callback-duplicate", "callback-reorder"),
    "gas": (*FAULTS, "twice", "crash", "crash-after-commit"),
    "catv": (*FAULTS, "kick", "crash", "crash-after-commit", "page-after-commit"),
    "transit": (*FAULTS, "resp-late", "resp-lost"),
    "ccard": (*FAULTS, "wrong-mac", "told-timeout", "wrong-signature", "result-late"),
    "realty": ("half-rows", "status-late", "refused"),
}
_BUNDLES, _PAYMENTS = 0.13, 0.35  # of all applications: the first part, and up to the second
# Applications that come while their system is closed: days and hours after the beginning, and the item.
AT_CLOSED_DOORS = ((1, 15.6, "JX6-WAT-14"), (2, 15.1, "JX6-CIT-09"), (2, 17.5, "JX6-GAS-03"), (28, 17, "JX6-ELE-05"))
OUTAGES = ("catv", "power", "water", "gas")
A_DAY = 86_400
# A virtual instant costs a millisecond, so nothing beats more often than it has to.
BEATS = {"blacklist_seconds": 21_600, "turn_seconds": 3_600, "cycle_seconds": 3_600}
BEATS["callback_delay"] = 2  # else an event races with the answer to its own request, as it may
RETRY = {"base_seconds": 30, "cap_seconds": 7_200}
POLL, COLLECT = 480, {"gas": "0 */4 * * *", "transit": "5 0,9,13,17 * * *", "ccard": "35 */4 * * *"}


class Event(NamedTuple):
    """Something that happens at a moment (seconds from the beginning), with all that was drawn for it."""

    second: float
    what: str
    draw: tuple


class Plan:
    """All that will happen."""

    def __init__(self, seed: int, days: int, cases: int, faults: int) -> None:
        draw = random.Random(seed)
        self.events: list[Event] = []
        for number in range(cases):
            # By day mostly; never at an even second, where the schedules are.
            second = draw.randrange(days) * A_DAY + int(draw.triangular(0, A_DAY - 60, 14_000)) + 0.5
            self.events.append(Event(second, "submit", (number, draw.random(), draw.random(), draw.random())))
            if draw.random() < 0.12:
                later = second + draw.choice((30, 900, 7_200, 30_000, 90_000)) + 0.25
                self.events.append(Event(later, "cancel", (number,)))
        for place, (day, hour, code) in enumerate(AT_CLOSED_DOORS):
            self.events.append(Event(day * A_DAY + hour * 3_600 + 0.5, "late", (cases + place, code)))
        for _ in range(faults):
            second = draw.randrange(days * A_DAY) + 0.75
            system = draw.choice(SYSTEMS)
            self.events.append(Event(second, "fault", (system, draw.choice(FAULTS_OF.get(system, FAULTS)))))
        for place, system in enumerate(OUTAGES):
            second = (3 + 6 * place) * A_DAY + 3_600.125
            if second < (days - 1) * A_DAY:
                hours = A_DAY if place == 0 else A_DAY / 6
                self.events += [Event(second, "down", (system,)), Event(second + hours, "up", (system,))]
        for day in range(days):
            self.events.append(Event(day * A_DAY + 28_800.375, "counter", (draw.random(),)))
            self.events.append(Event(day * A_DAY + 36_000.375, "refunds", (draw.random(),)))
        self.events.sort()
        self.seconds = days * A_DAY


class MonthClock(VirtualClock):
    """Settles by turns of the loop, not by real time: on loopback what was sent has arrived in the next turn."""

    TURNS = 12

    async def _settle(self) -> None:
        quiet = 0
        while quiet < self.TURNS:
            await self._idle.wait()
            await asyncio.sleep(0)
            quiet = 0 if self._busy > 0 else quiet + 1


class Month:
    """One run."""

    def __init__(self, seed: int, days: int, cases: int, faults: int) -> None:
        self.seed, self.plan = seed, Plan(seed, days, cases, faults)
        self.clock = MonthClock(BEGIN)
        self.numbers: dict[int, str] = {}
        self.asked: set[str] = set()
        self.looked_at: set[str] = set()
        self.said: list[str] = []

    @property
    def open(self) -> list[str]:
        """The cases, in the order of their submission."""
        return list(self.numbers.values())

    async def run(self, folder: Path, systems=SYSTEMS) -> dict:
        async with AsyncExitStack() as stack:
            with self.clock.busy():
                profile = Profile(seed=self.seed, extra=BEATS)
                self.running = await start(stack, systems, self.clock, profile=profile, control_port=None)
                settings = Settings.read(data_dir=folder, callback_port=0, database_url=None, shutdown_seconds=1)
                self.hub = await stack.enter_async_context(
                    Hub.open(
                        # One call at a time to each utility: two at one instant would come in any order.
                        _config(folder / "config"),
                        settings=settings,
                        clock=self.clock,
                        draw=random.Random(self.seed).randbytes,
                        connections=connections(load_configuration(), self.running),
                        only_connections=True,
                    )
                )
                self.load = Load(self.hub, self.running)
            for event in self.plan.events:
                await self.clock.sleep_until(BEGIN + timedelta(seconds=event.second))
                with self.clock.busy():
                    await getattr(self, f"_{event.what}")(*event.draw)
            await self._rest()
            with self.clock.busy():
                return await self.record()

    def _say(self, text: str) -> None:
        self.said.append(f"{self.clock.now():%m-%d %H:%M:%S} {text}")

    async def _submit(self, number: int, which: float, where: float, who: float) -> None:
        town = TOWNS[int(where * len(TOWNS))]
        if which < _BUNDLES:
            made = await self.load.bundle(BUNDLES[int(which / _BUNDLES * len(BUNDLES))], town)
        else:
            items = PAYMENTS if which < _PAYMENTS else self.load.items
            code = items[int(which * 7_919) % len(items)]
            audiences = self.hub.configuration.catalogue.by_code[code].audience
            made = await self.load.item(code, audiences[int(who * len(audiences))], town)
        await self._hand_in(number, made, who)

    async def _late(self, number: int, code: str) -> None:
        await self._hand_in(number, await self.load.item(code, "individual", TOWNS[0]))

    async def _hand_in(self, number: int, made, who: float = 1.0) -> None:
        try:
            made = await counter.identified(self.hub, made) if who < 0.3 else made
            case = await self.hub.submit(made)
            self.numbers[number] = case.number
        except HubError as error:
            self._say(f"{[each.code for each in made.items]} is refused: {error}")

    async def _cancel(self, number: int) -> None:
        if number in self.numbers:
            try:
                await self.hub.cancel(self.numbers[number])
            except HubError as error:
                self._say(f"{self.numbers[number]} cannot be cancelled: {error}")

    async def _fault(self, system: str, kind: str) -> None:
        if system in self.running:
            self.running[system].faults.arm(kind)

    async def _down(self, system: str) -> None:
        if system in self.running:
            self.running[system].faults.arm("down")

    async def _up(self, system: str) -> None:
        if system in self.running:
            self.running[system].faults.lift("down")

    async def _counter(self, chance: float) -> None:
        """The window's daily round of the cases that are not at rest."""
        draw = random.Random(chance)
        for number in self.open:
            case = await self.hub.case(number)
            await self._tried(counter.survey(self.hub, case))
            await self._tried(counter.supplement(self.hub, case, self.load))
            await self._tried(counter.settle(self.hub, case, draw.random(), self.asked))

    async def _refunds(self, chance: float) -> None:
        """Some of the money that was paid today was paid by mistake."""
        draw = random.Random(chance)
        for number in self.open:
            await self._tried(counter.give_back(self.hub, number, draw.random(), self.looked_at))

    async def _tried(self, doing) -> None:
        try:
            await doing
        except HubError as error:
            self._say(f"{type(error).__name__}: {error}")

    async def _rest(self) -> None:
        """No more faults, no more orders: until nothing moves, and the last day's money was compared."""
        for each in self.running.values():
            each.faults.clear()
        draw = random.Random(self.seed)
        for _ in range(25):
            with self.clock.busy():
                cases = [await self.hub.case(number) for number in self.open]
                if all(task.state.final or task.state == "MANUAL" for case in cases for task in case.tasks):
                    break
                await self._counter(draw.random())
            await self.clock.sleep(A_DAY)
        await self.clock.sleep(2 * A_DAY)

    async def record(self) -> dict:
        systems = {
            name: {
                "journal": _by_instant(each.journal.entries),
                "ledger": _by_instant(each.ledger.entries),
            }
            for name, each in self.running.items()
        }
        cases = {}
        for number in self.numbers.values():
            case, trace = await self.hub.case(number), await self.hub.trace(number)
            # Tasks have no order among each other: at one instant the utilities' answers come in any.
            told = {
                task.number: [e.model_dump(mode="json") for e in trace.events if e.task == task.number]
                for task in case.tasks
            }
            paid = [_payment(each) for each in await self.hub.payments(number)]
            cases[number] = {
                "case": case.summary,
                "payments": paid,
                "tasks": [_task(task) for task in case.tasks],
                "events": told,
            }
        runs = [run.model_dump(mode="json") for day in self._days() for run in await self._runs(day)]
        queries = [
            each.upstream.operation for each in self.hub.configuration.catalogue.items if each.business_type == "query"
        ]
        return {"systems": systems, "cases": cases, "runs": runs, "queries": sorted(queries), "said": self.said}

    def _days(self):
        day = BEGIN.date()
        while day <= self.clock.now().astimezone(SHANGHAI).date():
            yield day
            day += timedelta(days=1)

    async def _runs(self, day) -> list:
        return await self.hub._parts.store.run(lambda unit: unit.runs(day))


def _config(folder: Path) -> Path:
    """The shipped configuration with fewer beats, and one call at a time: two at one instant would come in any order."""
    endpoints = []
    for spec in load_configuration().endpoints:
        entry = spec.model_dump(mode="json", exclude_none=True)
        entry["limits"]["concurrency"] = 1
        entry["retry"] |= RETRY
        if "poll" in entry:
            entry["poll"]["every_minutes"] = POLL
        if "batch" in entry:
            entry["batch"]["collect"] = COLLECT[spec.adapter]
        endpoints.append(entry)
    (folder / "endpoints.d").mkdir(parents=True)
    (folder / "endpoints.d" / "month.yaml").write_text(yaml.safe_dump({"endpoints": endpoints}, allow_unicode=True))
    return folder


def _task(task) -> dict:
    """A task without the order of a set, which differs from process to process."""
    shown = task.model_dump(mode="json")
    return shown | {"seen": sorted(shown["seen"])}


def _payment(payment) -> dict:
    shown = payment.model_dump(mode="json")
    return shown | {"bills": sorted(shown["bills"])}


def _by_instant(entries) -> list:
    """Entries without what carries no meaning.

    That is their place among those of one instant, the caller's port, and the drawn trace number of a mere question.
    """
    shown = [entry.as_dict() | {"seq": 0, "peer": ""} for entry in entries]
    for each in shown:
        if each.get("operation") == "300000":
            each["request"] = re.sub(r"STAN=\d+", "STAN=", each["request"])
    texts = [json.dumps(each, default=str, ensure_ascii=False) for each in shown]
    return [json.loads(each) for each in sorted(texts, key=lambda text: (json.loads(text)["at"], text))]


def _quicken() -> None:
    """Invert by the interpreter's own arithmetic: the same numbers, and SM2 takes a fifth of the time."""
    PrimeField.inv = lambda self, x: pow(x, -1, self.p)


def main(seed: int, days: int, cases: int, faults: int, file: Path) -> None:
    _quicken()
    memory = Path("/dev/shm")  # noqa: S108 -- a database there need not wait for a disk; its folder's name is random
    with tempfile.TemporaryDirectory(prefix="month-", dir=memory if memory.is_dir() else None) as folder:
        record = asyncio.run(Month(seed, days, cases, faults).run(Path(folder)))
    file.write_text(json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True))


if __name__ == "__main__":
    main(*(int(each) for each in sys.argv[1:5]), Path(sys.argv[5]))
