"""`hub demo`, end to end as a process: the joint application comes to its end, with and without trouble."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys

import pytest

SUMMARY = re.compile(r"case JX6\d{21} DECIDED ALL_COMPLETED 3/3")
LEDGER = {"water": "water: 1 order", "power": "power: 1 order", "transit": "transit: 1 application"}
PRINCIPAL = {"water": "water-city: 3001", "power": "power: app.submit", "transit": "transit-0402: APPL"}
LIMIT = 100


async def _demo(*arguments, **environment):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from hub.cli import main; main()",
        "demo",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **environment},
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), LIMIT)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode, output.decode(), errors.decode()


async def test_application_is_done_by_all_three_utilities_once():
    code, output, errors = await _demo()
    assert (code, errors) == (0, ""), output
    lines = [line.rstrip() for line in output.splitlines()]
    assert SUMMARY.fullmatch(lines[-1])
    assert "模拟" in lines[0]
    assert set(LEDGER.values()) <= set(lines)
    for told in ("soap11-asmx-inner-xml", "rest-json-webhook", "回调 CALLBACK", "查询 POLL", "文件 FILE", "王秀兰"):
        assert told in output, told
    assert "Doubt" not in output
    assert "\x1b" not in output


@pytest.mark.parametrize("system", sorted(LEDGER))
async def test_answer_lost_after_the_effect_is_inquired_and_nothing_is_done_twice(system):
    code, output, errors = await _demo("--fault", f"{system}:after-commit")
    assert (code, errors) == (0, ""), output
    lines = [line.rstrip() for line in output.splitlines()]
    assert SUMMARY.fullmatch(lines[-1])
    assert set(LEDGER.values()) <= set(lines)
    doubt = lines[next(place for place, line in enumerate(lines) if line.startswith("Doubt")) :]
    assert doubt[1].startswith(f"{PRINCIPAL[system]} reached phase ")
    assert "UNKNOWN (UPS_TIMEOUT_UNKNOWN" in doubt[1]
    assert any(line.startswith("  inquiry: ") for line in doubt)
    assert any("adopted, nothing was sent twice" in line for line in doubt)


async def test_two_faults_at_once_are_both_survived():
    code, output, _ = await _demo("--fault", "water:before-commit", "--fault", "power:busy", "--json")
    assert code == 0, output
    told = json.loads(output)
    assert SUMMARY.fullmatch(told["summary"])
    assert (told["ledger"]["water"]["order"], told["ledger"]["power"]) == (1, {"order": 1})


async def test_kept_data_can_be_traced_afterwards(tmp_path):
    kept = tmp_path / "kept"
    code, output, _ = await _demo("--keep", str(kept), "--json")
    assert code == 0, output
    number = json.loads(output)["case"]["number"]
    script = "import sys; from hub.cli import main; sys.argv[1:] = sys.argv[1:]; main()"
    traced = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", script, "trace", number, "--json"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HUB_DATA_DIR": str(kept)},
    )
    document = json.loads(traced.stdout)
    assert document["case"]["summary"].endswith("DECIDED ALL_COMPLETED 3/3")
    assert "王秀兰" not in traced.stdout
    code, output, errors = await _demo("--keep", str(kept))
    assert (code, output) == (2, "")
    assert errors.startswith("--keep: ")


@pytest.mark.parametrize(
    ("fault", "named"),
    [("sea:busy", "water, power, transit"), ("water:sleepy", "after-commit"), ("water", "SYSTEM:KIND")],
)
async def test_unknown_fault_ends_with_2_and_lists_the_known(fault, named):
    code, _, errors = await _demo("--fault", fault)
    assert code == 2
    assert named in errors
    assert "Traceback" not in errors


async def test_demonstration_ignores_the_user_s_own_configuration(tmp_path):
    code, output, errors = await _demo(
        "--json",
        HUB_MODE="production",
        HUB_CONFIG_DIR=str(tmp_path / "nowhere"),
        HUB_DATABASE_URL="postgresql+psycopg://nobody@127.0.0.1:1/none",
        HUB_SECRETS_DIR=str(tmp_path),
        HUB_CLOCK="noon",
    )
    assert (code, errors) == (0, ""), output
