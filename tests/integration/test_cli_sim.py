"""`hub sim up` as a process: others reach it by what it prints and writes, and it ends when told to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys

import httpx
import pytest

from hub.config import check_configuration, load_configuration

WAIT = 30


class Running:
    """One `hub sim up` process."""

    def __init__(self, *arguments):
        self._arguments = arguments

    async def __aenter__(self):
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            "from hub.cli import main; main()",
            "sim",
            "up",
            *self._arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_):
        if self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()

    async def line(self):
        return (await asyncio.wait_for(self.process.stdout.readline(), WAIT)).decode()

    async def stop(self, by=signal.SIGTERM):
        self.process.send_signal(by)
        _, errors = await asyncio.wait_for(self.process.communicate(), WAIT)
        return self.process.returncode, errors.decode()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
async def test_named_simulator_answers_and_ends_cleanly_on_a_signal(by):
    async with Running("water", "--json") as sims:
        told = json.loads(await sims.line())
        assert set(told["simulators"]) == {"water"}
        async with httpx.AsyncClient(trust_env=False) as client:
            base = told["endpoints"]["water-city"]["base_url"]
            described = await client.get(f"{base}/YYService/Business.asmx?wsdl")
            assert (described.status_code, b"Invoke" in described.content) == (200, True)
            control = await client.get(f"http://127.0.0.1:{told['simulators']['water']}/__sim__/ledger")
            assert control.json()["summary"] == {}
        assert await sims.stop(by) == (0, "")


async def test_written_folder_is_a_configuration_that_reaches_the_simulators(tmp_path):
    async with Running("--json", "--write", str(tmp_path), "--clock", "2026-11-24T09:00:00+08:00@*60") as sims:
        told = json.loads(await sims.line())
        configuration = load_configuration(overlay=tmp_path)
        assert check_configuration(configuration) == []
        shipped = load_configuration().concessions.by_endpoint
        for endpoint in configuration.endpoints:
            assert endpoint.config == told["endpoints"][endpoint.id]
            assert endpoint.limits == shipped[endpoint.id].limits
            assert endpoint.label_zh == shipped[endpoint.id].label_zh
        assert told["clock"].startswith("2026-11-24T01:00:00+00:00@")
        assert told["clock"].endswith("*60.0")
        assert (await sims.stop())[0] == 0


async def test_addresses_are_printed_for_people_under_a_banner():
    async with Running("power") as sims:
        lines = [await sims.line() for _ in range(8)]
        assert "模拟" in lines[0]
        assert any("供电(模拟)" in line for line in lines)
        assert (await sims.stop())[0] == 0


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("sea",), "there is no simulator 'sea'; there are: "), (("--clock", "noon"), "START@ORIGIN*RATE")],
)
async def test_wrong_name_or_clock_ends_with_2_and_says_what_is_known(arguments, named):
    async with Running(*arguments) as sims:
        output, errors = await asyncio.wait_for(sims.process.communicate(), WAIT)
        assert (sims.process.returncode, output) == (2, b"")
        assert named in errors.decode()


async def _hub(*arguments, **environment):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from hub.cli import main; main()",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    output, errors = await asyncio.wait_for(process.communicate(), 3 * WAIT)
    return process.returncode, output.decode(), errors.decode()


async def test_application_submitted_from_another_process_is_done_and_can_be_asked_for_later(tmp_path):
    written = ("--write", str(tmp_path / "sims"), "--pace", "0.0005", "--clock", "2026-11-24T09:00:00+08:00@*60")
    async with Running("power", "--json", *written) as sims:
        told = json.loads(await sims.line())
        settings = {
            "HUB_CONFIG_DIR": str(tmp_path / "sims"),
            "HUB_CLOCK": told["clock"],
            "HUB_DATA_DIR": str(tmp_path / "data"),
            "HUB_CALLBACK_PORT": "0",
        }
        _, application, _ = await _hub("example", "JX6-ELE-05")
        file = tmp_path / "application.json"
        file.write_text(application, encoding="utf-8")
        code, output, errors = await _hub("submit", str(file), "--wait", "--json", "--timeout", "60", **settings)
        assert code == 0, errors
        case = json.loads(output)
        assert case["summary"] == f"case {case['number']} DECIDED ALL_COMPLETED 1/1"
        control = f"http://127.0.0.1:{told['simulators']['power']}/__sim__/ledger"
        async with httpx.AsyncClient(trust_env=False) as client:
            assert (await client.get(control)).json()["summary"] == {"order": 1}
        code, output, _ = await _hub("case", case["number"], **settings)
        assert (code, output.rstrip().splitlines()[-1]) == (0, case["summary"])
        code, output, _ = await _hub("trace", case["number"], "--json", **settings)
        assert code == 0
        assert json.loads(output)["tasks"][0]["exchanges"]
        assert "王秀兰" not in output
