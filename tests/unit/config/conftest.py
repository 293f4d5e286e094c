"""The shipped configuration, read once, and a way to make a configuration with one thing changed."""

from pathlib import Path

import pytest

from hub.config import load_configuration, shipped


@pytest.fixture(scope="session")
def configuration():
    return load_configuration()


@pytest.fixture
def changed(tmp_path):
    """Copy a shipped file into an overlay with one text replaced, and say on which line the change stands."""

    def change(name: str, old: str, new: str) -> tuple[Path, str]:
        text = (shipped() / name).read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{name} no longer holds {old!r}"
        line = text[: text.index(old)].count("\n") + 1
        (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return tmp_path, f"{tmp_path / name}:{line}"

    return change
