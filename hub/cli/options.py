"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
ConfigFolder = Annotated[
    Path | None,
    typer.Option("--config", metavar="DIR", help="Folder whose files replace the shipped configuration's."),
]
CaseNumber = Annotated[str, typer.Argument(metavar="NUMBER", help="A case number.", show_default=False)]
ApplicationFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="An application as JSON or YAML; - reads standard input.", show_default=False),
]
ItemCodes = Annotated[
    list[str], typer.Argument(metavar="ITEM...", help="Item codes, such as JX6-WAT-01.", show_default=False)
]
Audience = Annotated[str, typer.Option(help="individual or enterprise.")]
OneTask = Annotated[str | None, typer.Option("--task", metavar="T", help="Only this task: its number, or 1, 2, ...")]
Wait = Annotated[bool, typer.Option("--wait", help="Run the hub here until nothing of the case moves by itself.")]
Timeout = Annotated[float, typer.Option(metavar="S", min=0, help="Seconds to wait at most.")]


def example(*lines: str) -> str:
    """The epilog of a command's help: lines to copy."""
    return "\b\nExample:\n" + "\n".join(f"  {line}" for line in lines)
