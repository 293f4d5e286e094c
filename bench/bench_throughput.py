"""Tasks a second through the hub, from submit to answer, on the memory bus and SQLite.

Method: the water and power simulators run in a process of their own. A hub on a fresh SQLite file (synchronous=FULL)
takes CASES cases of one bill enquiry each, submitted AT_ONCE at a time; the clock runs from the first submit to the
last case decided. CPU time of the hub's process is given beside it: on a shared machine that is the steadier figure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path

from simulators_apart import simulators_apart

from hub import Hub, Settings, example_case

CASES, AT_ONCE = 200, 20


async def run(folder: Path, item: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as data:
        settings = Settings.read(data_dir=Path(data), callback_port=0)
        async with Hub.open(folder, settings=settings) as hub:
            application = example_case([item], "individual", hub.configuration.catalogue)
            gate = asyncio.Semaphore(AT_ONCE)

            async def one(number: int) -> None:
                async with gate:
                    case = await hub.submit(application.with_(request_id=f"bench-{item}-{number:06}"))
                    done = await hub.wait(case.number)
                    assert done.completed == 1, done.summary

            await one(-1)
            wall, cpu = time.perf_counter(), time.process_time()
            await asyncio.gather(*(one(number) for number in range(CASES)))
            return CASES / (time.perf_counter() - wall), (time.process_time() - cpu) / CASES * 1e3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    result: dict[str, float] = {}
    with simulators_apart("water", "power") as folder:
        for name, item in (("water", "JX6-WAT-13"), ("power", "JX6-ELE-14")):
            rate, cpu = asyncio.run(run(folder, item))
            result |= {f"{name}_tasks_per_second": round(rate, 1), f"{name}_cpu_ms_per_task": round(cpu, 2)}
    print(json.dumps(result) if as_json else "\n".join(f"{name:28} {value}" for name, value in result.items()))


if __name__ == "__main__":
    main()
