"""An adapter stays small: what grows beyond belongs in the wire codecs, the mapping language or the SDK."""

from __future__ import annotations

from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import pytest

MOST_LINES = 420
PACKAGES = sorted({entry.module.rpartition(".")[0] for entry in entry_points(group="hub.adapters")})


@pytest.mark.parametrize("package", PACKAGES)
def test_adapter_is_at_most_about_four_hundred_lines_of_python(package):
    folders = [Path(place) for place in find_spec(package).submodule_search_locations]
    sizes = {
        str(file.relative_to(folder)): len(file.read_text("utf-8").splitlines())
        for folder in folders
        for file in folder.rglob("*.py")
    }
    assert sizes
    assert sum(sizes.values()) <= MOST_LINES, sizes


def test_adapters_are_found():
    assert {"adapters.water", "adapters.power", "adapters.transit", "adapters.gas"} <= set(PACKAGES)
