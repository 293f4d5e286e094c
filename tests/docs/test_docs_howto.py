"""The code of the how-to pages runs and prints what is said of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROMISES = {
    "issue-a-receipt.md": [
        "interim then final 共2项：办结2项",
        "电子文件已归集",
        "b'%PDF-' as issued",
        "as issued; receipt 2 replaces it",
        "DELIVERED ALL_COMPLETED 2/2",
    ],
    "find-accounts.md": [
        "嘉兴供电公司:未能查询,对方系统不可用",
        "[('0100012345', 'normal', 0)]",
        "JX6-WAT-14 {'account_no': '0100012345'}",
        "JX6-WAT-01 {} {'account_no':",
    ],
    "plan-an-application.md": [
        "JX6-WAT-01 嘉兴市区供水公司 1 working day",
        "common.delivery VAL_CODE",
        "form.ownership_proof_no VAL_REQUIRED",
        "items.JX6-ELE-05.account_no VAL_REQUIRED",
        "not yet: consents:",
    ],
}


@pytest.mark.parametrize("page", list(PROMISES))
def test_code_of_the_page_prints_what_it_promises(page):
    code = "\n".join(re.findall(r"```python\n(.*?)```", (ROOT / "docs/howto" / page).read_text("utf-8"), re.DOTALL))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=90, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    for promise in PROMISES[page]:
        assert promise in done.stdout, done.stdout
