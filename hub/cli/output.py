"""What commands print: tables for people, one JSON document for machines, faults on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from hub.errors import ConfigError, Fault, FaultyError, HubError, TryLater

NO, USAGE, CONFIG, LATER = 1, 2, 3, 4
_PIPE_WIDTH = 140
_NARROW = 120


def console(*, stderr: bool = False) -> Any:
    """A rich console. Into a pipe or file it writes plain text, wide enough to keep table rows on their lines."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    wide = None if stream.isatty() or "COLUMNS" in os.environ else _PIPE_WIDTH
    return Console(file=stream, width=wide, highlight=False, emoji=False, markup=False)


def narrow() -> bool:
    """Whether the terminal has no room for tables of eight columns and more."""
    return bool(console().width < _NARROW)


def table(*columns: str, title: str | None = None, whole: tuple[str, ...] = ()) -> Any:
    """An empty table with these columns; codes and numbers are never cut, only folded, and not in those of `whole`."""
    from rich import box
    from rich.table import Table

    made = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in whole)
    return made


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Write one JSON document to standard output, text unescaped."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=indent, default=str) + "\n")
    sys.stdout.flush()


def faults_of(error: HubError) -> tuple[Fault, ...]:
    """The faults of an error; for one without a list, its own text as the only one."""
    if isinstance(error, FaultyError):
        return error.faults
    return (Fault("hub", type(error).__name__, str(error)),)


def fault_list(faults: Iterable[Fault]) -> list[dict[str, str]]:
    return [{"where": fault.where, "rule": fault.rule, "message": fault.message} for fault in faults]


def report(error: HubError, *, as_json: bool) -> None:
    """Print each fault as `where: message [rule]` on standard error; with --json, a document besides."""
    for fault in faults_of(error):
        sys.stderr.write(f"{fault}\n")
    if as_json:
        print_json({"error": type(error).__name__, "faults": fault_list(faults_of(error))})


def exit_code(error: HubError) -> int:
    """What the process says about an error: wrong configuration, try later, or else wrong input."""
    if isinstance(error, ConfigError):
        return CONFIG
    return LATER if isinstance(error, TryLater) else USAGE
