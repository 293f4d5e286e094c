"""`hub issue`, `receipt`, `deliver` and `verify-receipt`: the joint receipt of a case, made, given and checked."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import AsJson, CaseNumber

if TYPE_CHECKING:
    from hub.bootstrap import Hub
    from hub.domain.issue import Issue, Verdict

Output = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write the PDF; - is standard output.")
]
Documents = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write the documents of the results into this folder too.")
]
Number = Annotated[int | None, typer.Option("--receipt", metavar="N", min=1, help="An earlier receipt of the case.")]
_METHODS = ("window", "terminal", "post", "electronic")
_LARGEST = 20 * 1024 * 1024


def issue(number: CaseNumber, *, output: Output = None, json: AsJson = False) -> None:
    """Issue the joint receipt of a case as it stands. Nothing new to tell: the last receipt is given again."""
    from hub.cli.opening import filed_hub

    async def ask() -> tuple[Issue, bytes]:
        async with filed_hub(run=False) as hub:
            made = await hub.issue(number)
            return made, await hub.receipt_file(made)

    made, pdf = asyncio.run(ask())
    _write(output, pdf)
    _answer(made, output, as_json=json)


def receipt(
    number: CaseNumber,
    *,
    output: Output = None,
    documents: Documents = None,
    which: Number = None,
    json: AsJson = False,
) -> None:
    """Get the PDF of a case's latest joint receipt, exactly as it was issued."""
    from hub.cli.opening import filed_hub

    async def ask() -> tuple[Issue, bytes, list[str]]:
        async with filed_hub(run=False) as hub:
            found = _chosen(await hub.issues(number), number, which)
            written = await _documents(hub, number, documents) if documents is not None else []
            return found, await hub.receipt_file(found), written

    found, pdf, written = asyncio.run(ask())
    _write(output, pdf)
    _answer(found, output, as_json=json, documents=written)


def deliver(
    number: CaseNumber,
    *,
    method: Annotated[str, typer.Option(metavar="M", help=f"{', '.join(_METHODS)}.")] = "window",
    receiver: Annotated[
        str | None, typer.Option(metavar="NAME", help="Who got it, if not the applicant or the agent.")
    ] = None,
    operator: Annotated[str | None, typer.Option(metavar="O", help="Who handed it out.")] = None,
    reference: Annotated[str | None, typer.Option(metavar="R", help="Number of the letter or delivery.")] = None,
    json: AsJson = False,
) -> None:
    """Put on record how the latest receipt was handed out."""
    from hub.cli.opening import filed_hub
    from hub.errors import Fault, InputError

    if method not in _METHODS:
        raise InputError(Fault("--method", "VAL_CODE", f"it is one of {', '.join(_METHODS)}"))
    chosen: Any = method

    async def ask() -> tuple[Issue, str]:
        async with filed_hub(run=False) as hub:
            given = await hub.deliver(number, chosen, receiver=receiver, operator=operator, reference=reference)
            return given, (await hub.case(number)).summary

    given, summary = asyncio.run(ask())
    _answer(given, None, as_json=json)
    if not json:
        typer.echo(summary)


def verify_receipt(
    given: Annotated[
        str, typer.Argument(metavar="FILE|TEXT", help="A receipt's PDF, or the text of its QR code; - reads it.")
    ],
    *,
    key: Annotated[
        str | None,
        typer.Option(metavar="HEX", help="Check the code by this public key alone, without any hub's data."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Tell whether a receipt is what the hub issued. Ends with 1 if not."""
    from hub.cli.caseview import moment
    from hub.cli.output import NO, print_json

    content = _given(given)
    found, public = _by_key(content, key) if key is not None else _by_data(content)
    document = _verdict(found, public)
    if json:
        print_json(document)
    else:
        typer.echo(f"{'genuine' if found.genuine else 'NOT genuine'}: {found.reason}")
        if found.case_number:
            typer.echo(f"case {found.case_number}, receipt {found.seq}")
        if found.issue is not None:
            typer.echo(f"issued {moment(found.issue.receipt.issued_at)}; it says: {found.issue.receipt.summary}")
        if found.genuine and not found.file_checked:
            typer.echo("only the code was checked; compare what is printed with what stands above")
    if not found.genuine:
        raise typer.Exit(NO)


def _by_data(content: bytes | str) -> tuple[Verdict, str]:
    from hub.cli.opening import filed_hub

    async def ask() -> tuple[Verdict, str]:
        async with filed_hub(run=False) as hub:
            return await hub.verify_receipt(content), hub.receipt_key

    return asyncio.run(ask())


def _by_key(content: bytes | str, key: str) -> tuple[Verdict, str]:
    from hub.engine.papers.proof import verify_alone
    from hub.errors import EncodeError, Fault, InputError

    try:
        return verify_alone(content, bytes.fromhex(key)), key
    except (ValueError, EncodeError):
        raise InputError(Fault("--key", "VAL_FORMAT", "a public key is 128 hex digits, a point of SM2")) from None


def _given(given: str) -> bytes | str:
    """The file of that name, what standard input holds, or the text itself."""
    from hub.errors import Fault, InputError

    if given.startswith("OW1."):
        return given
    try:
        raw = sys.stdin.buffer.read(_LARGEST + 1) if given == "-" else Path(given).read_bytes()
    except OSError as error:
        text = f"no such receipt, and no code: {error.strerror}"
        raise InputError(Fault("FILE|TEXT", "FILE", text)) from None
    if len(raw) > _LARGEST:
        raise InputError(Fault("FILE|TEXT", "FILE", f"a receipt has at most {_LARGEST} bytes"))
    return raw if raw.startswith(b"%PDF") else raw.decode("utf-8", "replace")


def _chosen(issues: tuple[Issue, ...], number: str, which: int | None) -> Issue:
    from hub.errors import NotFound

    for each in reversed(issues):
        if which in {None, each.receipt.seq}:
            return each
    missing = f"no receipt {which}" if which else "no receipt yet"
    raise NotFound(f"case {number} has {missing}; `hub issue {number}` makes one")


async def _documents(hub: Hub, number: str, folder: Path) -> list[str]:
    """Write the documents of a case's results; what is missing is said by the receipt."""
    written = []
    folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 -- one command, one folder
    for task in (await hub.case(number)).tasks:
        for output in task.outputs:
            if output.file is not None and output.file_error is None and output.file.file_name:
                path = folder / output.file.file_name
                path.write_bytes(await hub.output_file(output))
                written.append(str(path))
    return written


def _write(output: Path | None, pdf: bytes) -> None:
    from hub.errors import Fault, InputError

    if output is None:
        return
    if str(output) == "-":
        sys.stdout.buffer.write(pdf)
        return
    try:
        output.write_bytes(pdf)
    except OSError as error:
        raise InputError(Fault(str(output), "FILE", f"the file cannot be written: {error.strerror}")) from None


def _answer(issue: Issue, output: Path | None, *, as_json: bool, documents: list[str] | None = None) -> None:
    from hub.cli.caseview import issue_document, issue_lines
    from hub.cli.output import print_json

    if str(output) == "-":
        return
    if as_json:
        written = {"written": str(output) if output else None, "documents": documents or []}
        print_json({**issue_document(issue), **written})
        return
    for line in issue_lines(issue):
        typer.echo(line)
    for path in [*([str(output)] if output else []), *(documents or [])]:
        typer.echo(f"wrote {path}")


def _verdict(found: Verdict, public: str) -> dict[str, Any]:
    from hub.cli.caseview import issue_document

    told = found.model_dump(mode="json", exclude={"issue"})
    issue = {"issue": issue_document(found.issue) if found.issue else None}
    return {**told, **issue, "public_key": public}
