"""A message shown in two columns: what was meant, in canonical words, and what stands on the wire."""

from __future__ import annotations

import json
import re
from typing import Any

_LONGEST = 4000
_DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")


def side_by_side(canonical: Any, wire: dict[str, Any], *, mapped: Any = None) -> Any:
    """A grid of two columns. Each column wraps by itself, so that long wire texts stay beside their meaning."""
    from rich.table import Table

    grid = Table(box=None, expand=True, pad_edge=False, padding=(0, 2, 0, 0))
    grid.add_column("canonical", ratio=2, overflow="fold")
    if mapped:
        grid.add_column("mapped", ratio=2, overflow="fold")
        grid.add_column("wire", ratio=3, overflow="fold")
        grid.add_row(as_text(canonical), as_text(mapped), wire_text(wire))
    else:
        grid.add_column("wire", ratio=3, overflow="fold")
        grid.add_row(as_text(canonical), wire_text(wire))
    return grid


def as_text(value: Any) -> Any:
    """A value as indented lines without quotes and braces: easier on the eye than JSON. Digests are cut."""
    from rich.text import Text

    return Text(trimmed(_DIGEST.sub(r"\1...", "\n".join(_lines(value, 0)))))


def wire_text(wire: dict[str, Any]) -> Any:
    """A message as it stands on the wire: the request line or file name, the headers, the body."""
    from rich.text import Text

    known = {"status", "method", "url", "headers", "body", "charset", "size", "put", "flag", "flag_text"}
    lines = [f"HTTP {wire['status']}"] if "status" in wire else []
    if "method" in wire:
        lines.append(f"{wire['method']} {wire['url']}")
    if "put" in wire:
        lines.append(f"PUT {wire['put']}")
    lines += [f"{name}: {value}" for name, value in wire.get("headers", {}).items()]
    if "charset" in wire:
        lines.append(f"[{wire['size']} bytes, shown as {wire['charset']}]")
    if wire.get("body"):
        lines += ["", _body(wire["body"])]
    if "flag" in wire:
        lines += ["", f"PUT {wire['flag']}", str(wire.get("flag_text", ""))]
    rest = {key: value for key, value in wire.items() if key not in known}
    lines += _lines(rest, 0) if rest else []
    return Text(trimmed("\n".join(lines)))


def trimmed(text: str) -> str:
    """A text of a length that fits on screens."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n... {len(text) - _LONGEST} more characters"


def _body(text: str) -> str:
    """The exact body; JSON is the one form that reads better indented, and indenting it changes nothing."""
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=1)
    except ValueError:
        return text


def _lines(value: Any, depth: int) -> list[str]:
    pad = "  " * depth
    match value:
        case dict():
            found = []
            for key, each in value.items():
                if isinstance(each, dict | list) and each:
                    found += [f"{pad}{key}:", *_lines(each, depth + 1)]
                else:
                    found.append(f"{pad}{key}: {each}")
            return found
        case list():
            found = []
            for each in value:
                inner = _lines(each, depth + 1)
                found += [f"{pad}- {inner[0].lstrip()}" if inner else f"{pad}-", *inner[1:]]
            return found
        case _:
            return [f"{pad}{value}"]
