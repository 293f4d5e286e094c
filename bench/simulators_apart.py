"""Simulators in a process of their own, for benchmarks: `hub sim up --json`."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def simulators_apart(*names: str) -> Iterator[Path]:
    """Start simulators; gives a configuration folder that reaches them."""
    with tempfile.TemporaryDirectory() as folder:
        hub = str(Path(sys.executable).parent / "hub")
        command = [hub, "sim", "up", *names, "--write", folder, "--always-open", "--json"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            json.loads(process.stdout.readline())
            _unbridle(Path(folder))
            yield Path(folder)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _unbridle(folder: Path) -> None:
    """The hub is measured, not the rates that utilities bear."""
    for path in folder.rglob("*.yaml"):
        path.write_text(re.sub(r"rate_per_second: [0-9.]+", "rate_per_second: 1000", path.read_text("utf-8")), "utf-8")
