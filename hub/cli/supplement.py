"""`hub supplement`: what a utility waits for, given by the applicant."""

from __future__ import annotations

import asyncio
import mimetypes
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hub.cli.options import AsJson, CaseNumber, Timeout, Wait

if TYPE_CHECKING:
    from hub.domain.case import Case


def supplement(
    number: CaseNumber,
    *,
    task: Annotated[str, typer.Option("--task", metavar="T", help="The task: its number, or 1, 2, ...")],
    material: Annotated[
        list[str] | None, typer.Option("--material", metavar="ID=FILE", help="A material and its file; repeat it.")
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option("--field", metavar="KEY=VALUE", help="A form field; repeat it.")
    ] = None,
    wait: Wait = False,
    timeout: Timeout = 120.0,
    json: AsJson = False,
) -> None:
    """Give a utility what it waits for. It is held against what was asked for, and sent once."""
    from hub.cli.cases import answer, end
    from hub.cli.caseview import task_number
    from hub.cli.opening import filed_hub

    pieces = [(name, Path(file)) for name, file in _pairs("--material", material)]
    fields = dict(_pairs("--field", field))

    async def give() -> tuple[Case, bool]:
        async with filed_hub(run=wait) as hub:
            one = task_number(await hub.case(number), task)
            evidence = [
                await hub.attach(name, _read(path), file_name=path.name, media_type=_type(path))
                for name, path in pieces
            ]
            found = await hub.supplement(one, evidence, fields=fields)
            return await end(hub, found, timeout) if wait else (found, True)

    answer(*asyncio.run(give()), wait=wait, as_json=json)


def _pairs(option: str, given: list[str] | None) -> list[tuple[str, str]]:
    from hub.errors import Fault, InputError

    found = [each.partition("=") for each in given or ()]
    if any(not (name and value) for name, _, value in found):
        raise InputError(Fault(option, "VAL_FORMAT", "write NAME=VALUE"))
    return [(name, value) for name, _, value in found]


def _read(path: Path) -> bytes:
    from hub.errors import Fault, InputError

    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(Fault("--material", "MAT_UNREADABLE", f"{path}: {error.strerror}")) from None


def _type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
