"""Writes the page of the utilities' own codes: what each means to the hub, and a test in which it is met.

`make codes` runs the tests with HUB_CODES_MET=FOLDER and then this with the folder. What a page says of tables is
checked against the mappings by a test; a code that no test met fails that test.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hub.mapping.codes import Table
from hub.registry import Registry
from tests.codes_met import Code, met

PAGE = ROOT / "docs" / "reference" / "interface-codes.md"
_HEAD = """<!-- Written by `make codes`; do not edit. -->
# Codes of the interfaces

Every result and state that a utility's interface may answer, what the hub understands by it (an
[error code](errors.md) or a [task state](states.md)), and a test in which it was met.
"""
_YES = "done, or taken"


def tables() -> Iterator[tuple[str, Table]]:
    """The tables that read results and states, of every mapping set."""
    registry, folder = Registry.load(), ROOT / "mappings"
    for name in sorted(file.parent.relative_to(folder).as_posix() for file in folder.rglob("codes.yaml")):
        for table in registry.mappings(name).codes.tables.values():
            if table.way in {"result", "state"}:
                yield name, table


def rows() -> list[tuple[Code, str]]:
    """Each code with its meaning."""
    return [
        ((name, table.name, wire), canonical or _YES)
        for name, table in tables()
        for wire, canonical in table.reading().items()
    ]


def page(found: dict[Code, str]) -> str:
    """The page."""
    lines, last = [_HEAD], ("", "")
    for code, meaning in rows():
        if code[:2] != last:
            if code[0] != last[0]:
                lines.append(f"\n## {code[0]}\n")
            lines.append(f"\n### {code[1]}\n\n| code | meaning | met in |\n|---|---|---|")
            last = code[:2]
        where = found.get(code)
        lines.append(f"| `{code[2]}` | {meaning} | {f'`{where}`' if where else '**nowhere**'} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page; tell which codes were met nowhere."""
    found = met(Path(sys.argv[1]))
    PAGE.write_text(page(found), encoding="utf-8")
    known = rows()
    lacking = [" ".join(code) for code, _ in known if code not in found]
    print(f"{PAGE.name}: {len(known) - len(lacking)} of {len(known)} codes met", *lacking, sep="\n  ")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
