"""Starting hub processes that are killed, and starting them again."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
START = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@dataclass
class World:
    """What the processes of one scenario share: data, configuration, connections and the clock's origin."""

    folder: Path
    connections: dict
    items: tuple[str, ...]
    toy: bool = False
    money: bool = False
    origin: float = field(default_factory=time.time)
    callback_port: int = 0
    rate: float = 1.0
    theme: str | None = None

    @property
    def clock(self) -> str:
        return f"{START.isoformat()}@{self.origin}*{self.rate}"

    @property
    def killed_at(self) -> str:
        path = self.folder / "data" / "killed-at"
        return path.read_text() if path.exists() else "nowhere"

    async def run(self, kill_at: int = 0) -> tuple[int, dict]:
        """Run the hub; returns its exit code (-9 when killed) and what it printed."""
        spec = self.folder / f"spec-{kill_at}.json"
        spec.write_text(
            json.dumps(
                {
                    "data": str(self.folder / "data"),
                    "config": str(self.folder / "config"),
                    "connections": self.connections,
                    "items": self.items,
                    "toy": self.toy,
                    "money": self.money,
                    "clock": self.clock,
                    "kill_at": kill_at,
                    "callback_port": self.callback_port,
                    "theme": self.theme,
                }
            )
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.acceptance.hub_process",
            str(spec),
            cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        text = out.decode().strip()
        if process.returncode not in {0, -9}:
            raise AssertionError(f"the hub process failed: {err.decode()[-2000:]}")
        return process.returncode, json.loads(text.splitlines()[-1]) if text else {}
