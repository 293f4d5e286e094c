"""Running the command line inside the test's process, and what it leaves behind put right."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

import pytest

from hub.cli.app import run
from hub.registry import Registry
from tests.toy.hubs import overlay, registry


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def last(self):
        return self.out.rstrip("\n").splitlines()[-1].rstrip()


@pytest.fixture
def cli(capsys, monkeypatch, tmp_path):
    """`cli("check", "--json")` runs a command on an empty data folder."""
    monkeypatch.setenv("HUB_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HUB_CALLBACK_PORT", "0")
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run([str(each) for each in arguments])
        printed = capsys.readouterr()
        return Ran(ended.value.code or 0, printed.out, printed.err)

    return command


@pytest.fixture
def toy(monkeypatch, tmp_path):
    """The toy utility under the name of the city's water company, at an address where nobody answers."""
    monkeypatch.setenv("HUB_CONFIG_DIR", str(overlay(tmp_path / "config")))
    monkeypatch.setattr(Registry, "load", lambda _mappings=None: registry())


@pytest.fixture(autouse=True)
def _logging_as_before():
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in ("hub", "asyncssh", "uvicorn", "alembic", "zeep")}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
