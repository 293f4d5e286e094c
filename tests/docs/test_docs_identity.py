"""The how-to on identities runs and prints what it promises, and its tables are the configuration's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from hub.config import load_configuration

ROOT = Path(__file__).resolve().parents[2]
HOWTO = (ROOT / "docs/howto/verify-identity.md").read_text("utf-8")
REFERENCE = (ROOT / "docs/reference/identity.md").read_text("utf-8")


def test_code_of_the_page_prints_what_it_promises():
    (code,) = re.findall(r"```python\n(.*?)```", HOWTO, re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=90, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "FACE_COMPARE 3",
        "fetched: ID_CARD PURCHASE_CONTRACT",
        "to bring: () no answer: 0",
        "True",
    ]


def test_tables_of_methods_and_channels_are_the_configured_ones():
    rules = load_configuration().identity
    for method in rules.methods:
        assert re.search(rf"\| `{method.id}` \| {method.label_zh} \| .* \| {method.level} \|", REFERENCE)
    for channel in rules.channels:
        assert re.search(
            rf"\| .*`{channel.id}`.* \| {channel.minutes} \| .* \| {channel.demands.get(2, 2)}\b", REFERENCE
        )
