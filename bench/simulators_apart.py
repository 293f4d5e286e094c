"""Simulators in a process of their own, for benchmarks: `hub sim up --json`."""

from __future__ import annotations

import contextlib
import json
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
            yield Path(folder)
        finally:
            process.terminate()
            process.wait(timeout=20)
