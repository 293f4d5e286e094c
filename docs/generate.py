"""Writes the reference pages that follow from the code: settings, states, error codes, public errors.

`python docs/generate.py` writes them; `--check` tells whether they are current (a test does).
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path

import hub.errors
from hub.domain.charges import ChargeKind, ChargeState
from hub.domain.machine import ALLOWED
from hub.domain.states import CaseOutcome, CaseState, EventSource, PaymentState, TaskState
from hub.domain.taxonomy import RULES
from hub.settings import Settings

REFERENCE = Path(__file__).parent / "reference"
_HEAD = "<!-- Written by docs/generate.py; do not edit. -->\n"


def settings() -> str:
    """The settings page."""
    rows = ["| variable | meaning |", "|---|---|"]
    for field in Settings.model_fields.values():
        name, _, meaning = (field.description or "").partition(". ")
        rows.append(f"| `{name}` | {meaning} |")
    text = "Read once from the environment when a hub opens; `Settings.read()` in Python. A wrong one is named."
    return f"{_HEAD}# Settings\n\n{text}\n\n" + "\n".join(rows) + "\n"


def states() -> str:
    """The page of states."""
    lines = [
        f"{_HEAD}# States",
        "",
        "## Task 子办件",
        "",
        "| state | label | clock | final | may become |",
        "|---|---|---|---|---|",
    ]
    for state in TaskState:
        after = ", ".join(each for each in TaskState if each in ALLOWED[state])
        lines.append(f"| {state} | {state.label_zh} | {state.clock} | {'yes' if state.final else ''} | {after} |")
    for title, kind in (
        ("Case 办件", CaseState),
        ("Outcome of a decided case", CaseOutcome),
        ("Charge 费用", ChargeState),
        ("Kind of charge", ChargeKind),
        ("Payment 缴费", PaymentState),
        ("Source of an event", EventSource),
    ):
        lines += ["", f"## {title}", "", "| code | label |", "|---|---|"]
        lines += [f"| {each} | {each.label_zh} |" for each in kind]
    return "\n".join(lines) + "\n"


def codes() -> str:
    """The page of error codes."""
    lines = [
        f"{_HEAD}# Error codes",
        "",
        "A task's `error` carries one of these, with the utility's own code beside it.",
    ]
    lines += ["", "| code | 中文 | meaning | the hub then | who acts |", "|---|---|---|---|---|"]
    lines += [
        f"| {code} | {rule.message_zh} | {rule.message_en} | {rule.retry} | {rule.actor} |"
        for code, rule in RULES.items()
    ]
    tree = inspect.getdoc(hub.errors) or ""
    return "\n".join(lines) + "\n\n# Exceptions\n\n```\n" + tree.split("::", 1)[1].strip("\n") + "\n```\n"


PAGES = {"settings.md": settings, "states.md": states, "errors.md": codes}


def main() -> int:
    """Write or check."""
    stale = []
    for name, make in PAGES.items():
        path, text = REFERENCE / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.write_text(text, encoding="utf-8")
    print("\n".join(f"{'stale' if '--check' in sys.argv else 'written'}: {name}" for name in stale) or "current")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
