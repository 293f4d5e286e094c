"""`hub verify`: check once who applies, for the case that is to come."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import ApplicationFile, AsJson

if TYPE_CHECKING:
    from hub.domain.party import IdentityAssertion

_METHODS = ("AUTHORITY_CHECK", "FACE_COMPARE", "CARD_READER", "CLERK")
_LARGEST_PHOTO = 1024 * 1024

Method = Annotated[str, typer.Option("--method", metavar="M", help=f"{', '.join(_METHODS)}.")]
Photo = Annotated[
    Path | None, typer.Option("--photo", metavar="JPG", help="For FACE_COMPARE; it is sent, and kept nowhere.")
]
Fallback = Annotated[
    str | None, typer.Option("--fallback", metavar="M", help="CARD_READER or CLERK, when the gateway does not answer.")
]
Assertion = Annotated[
    str | None, typer.Option("--assertion", metavar="ID", help="The identity check that `hub verify` made for it.")
]


def verify(
    file: ApplicationFile,
    *,
    method: Method = "AUTHORITY_CHECK",
    photo: Photo = None,
    fallback: Fallback = None,
    json: AsJson = False,
) -> None:
    """Check who hands in an application: its agent, or its applicant. Names and numbers are read from the file only."""
    from hub.cli.opening import user_hub
    from hub.cli.reading import read_application
    from hub.domain.identity import acting

    application = read_application(file)
    how, instead = _method(method, "--method"), _method(fallback, "--fallback") if fallback else None
    picture = _read(photo) if photo is not None else None

    async def ask() -> IdentityAssertion:
        async with user_hub(run=False) as hub:
            return await hub.verify(
                acting(application)[0],
                [request.code for request in application.items],
                channel=application.channel,
                method=how,
                photo=picture,
                fallback=instead,
            )

    _show(asyncio.run(ask()), as_json=json)


def _show(made: IdentityAssertion, *, as_json: bool) -> None:
    from hub.cli.output import print_json
    from hub.clock import SHANGHAI

    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    until = made.expires_at.astimezone(SHANGHAI)
    typer.echo(f"{made.method} level {made.level}, good until {until:%H:%M} at a {made.channel} for {made.case_number}")
    typer.echo(f"hub submit FILE --assertion {made.id}")


def _method(given: str, option: str) -> Any:
    from hub.errors import Fault, InputError

    if given not in _METHODS:
        raise InputError(Fault(option, "VAL_CODE", f"it is one of {', '.join(_METHODS)}"))
    return given


def _read(photo: Path) -> bytes:
    from hub.errors import Fault, InputError

    try:
        with photo.open("rb") as file:
            return file.read(_LARGEST_PHOTO)
    except OSError as error:
        raise InputError(Fault("--photo", "FILE", f"the file cannot be read: {error.strerror}")) from None
