"""The quickstart's code runs, in order, and prints what it promises."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QUICKSTART = ROOT / "docs" / "quickstart" / "README.md"
PROMISES = {
    "plan_it": ["JX6-WAT-01 水表过户", "JX6-ELE-05", "JX6-BUS-03", "bring: 电子证件照"],
    "preview_it": ["water-city soap11-asmx-inner-xml 3001", "01 0100012345"],
    "submit_it": ["DISPATCHING 派发中", "COMPLETED 办结", "DECIDED ALL_COMPLETED contract", "{'order': 1"],
    "refuse_it": ["applicant.document.number VAL_FORMAT"],
    "look_and_cancel": [
        "water water-city ['0100012345'",
        "power power ['3304020012345'",
        "DECIDED ALL_CANCELLED",
        "masked: 王**",
    ],
    "lose_it": ["UNKNOWN CALL", "COMPLETED POLL", "{'order': 1"],
}


def code():
    """The page's Python, all of it."""
    return "\n".join(re.findall(r"```python\n(.*?)```", QUICKSTART.read_text("utf-8"), re.DOTALL))


def test_every_function_of_the_page_has_its_promise():
    assert set(re.findall(r"async def (\w+)", code())) == set(PROMISES)


@pytest.mark.parametrize("name", list(PROMISES))
def test_code_of_the_page_prints_what_it_promises(name):
    only = re.sub(r"asyncio\.run\((\w+)\(\)\)", lambda found: found[0] if found[1] == name else "", code())
    done = subprocess.run(
        [sys.executable, "-c", only], capture_output=True, text=True, timeout=90, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    for promise in PROMISES[name]:
        assert promise in done.stdout
