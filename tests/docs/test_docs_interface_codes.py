"""The page of the utilities' own codes says what the mappings say, and where each code is met."""

from __future__ import annotations

import re

import pytest

from docs.interface_codes import PAGE, ROOT, rows

ROW = re.compile(r"\| `([^`]+)` \| ([^|]+) \| `([^`]+)::(\w+)` \|")


def listed():
    """The rows of the page: (set, table, code) to (meaning, file, test)."""
    found, place, table = {}, "", ""
    for line in PAGE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            place = line[3:]
        elif line.startswith("### "):
            table = line[4:]
        elif match := ROW.fullmatch(line):
            found[place, table, match[1]] = match.groups()[1:]
    return found


def test_every_code_of_every_interface_is_listed_with_its_meaning():
    assert {code: meaning for code, (meaning, _, _) in listed().items()} == dict(rows()), "run `make codes`"


@pytest.mark.parametrize("where", sorted({(file, test) for _, file, test in listed().values()}))
def test_the_test_that_meets_a_code_is_there(where):
    file, name = where
    assert re.search(rf"^(async )?def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE)
