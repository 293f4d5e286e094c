"""`hub lookup`: a person's accounts, states and debts at all utilities, and what a form can begin with."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.options import AsJson, ConfigFolder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hub.domain.party import IdentityDocument, Person
    from hub.domain.prefill import ItemPrefill
    from hub.domain.reply import UtilityAccount
    from hub.engine.lookup import Found, Lookup

Number = Annotated[
    str | None,
    typer.Argument(metavar="[NUMBER]", help="Number of the identity document; - reads it from standard input."),
]
Reveal = Annotated[
    str | None, typer.Option(metavar="REASON", help="Show names and addresses. The reason goes on record in the log.")
]


def lookup(
    number: Number = None,
    *,
    document: Annotated[str, typer.Option("--type", metavar="T", help="Type of the document: RIC, USCC, ...")] = "RIC",
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The name; some utilities know people by both.")
    ] = None,
    field: Annotated[
        list[str] | None, typer.Option(metavar="F", help="Only this field (repeatable): water, power, gas, ...")
    ] = None,
    division: Annotated[
        str | None, typer.Option(metavar="D", help="Only who serves this 9-digit town or street.")
    ] = None,
    item: Annotated[
        list[str] | None, typer.Option(metavar="ITEM", help="Fill in the form of this item (repeatable).")
    ] = None,
    account: Annotated[
        list[str] | None,
        typer.Option(metavar="F=NO", help="Ask about this account of a field (repeatable): water=0100012345."),
    ] = None,
    reveal: Reveal = None,
    config: ConfigFolder = None,
    json: AsJson = False,
) -> None:
    """Find accounts, states and arrears at all connected utilities at once; who does not answer is named."""
    from hub.cli.opening import looking_hub
    from hub.cli.output import NO, print_json
    from hub.errors import Fault, InputError

    known = _accounts(account or [])
    if number is None and not known:
        raise InputError(Fault("NUMBER", "VAL_REQUIRED", "a document's number, or --account, is needed"))
    given = sys.stdin.read().strip() if number == "-" else number
    person = _person(given, document, name) if given is not None else None

    async def ask() -> tuple[Lookup, tuple[ItemPrefill, ...]]:
        async with looking_hub(config) as hub:
            found = await hub.lookup(person, field or None, division=division, accounts=known, reveal=reveal)
            return found, hub.prefill(item or (), found)

    found, forms = asyncio.run(ask())
    shown = [_document(each, masked=reveal is None) for each in found.found]
    if json:
        print_json({"found": shown, "forms": [_form(each, masked=reveal is None) for each in forms]})
    else:
        _show(found.found, shown, forms)
    if not any(each.answered for each in found.found):
        raise typer.Exit(NO)


def _accounts(given: list[str]) -> dict[str, str]:
    from hub.errors import Fault, InputError

    pairs = [each.partition("=") for each in given]
    if any(not (field and number) for field, _, number in pairs):
        raise InputError(Fault("--account", "VAL_FORMAT", "write FIELD=NUMBER, such as water=0100012345"))
    return {field: number for field, _, number in pairs}


def _person(number: str, document: str, name: str | None) -> Person | IdentityDocument:
    from hub.domain.party import DocumentType, IdentityDocument, Person
    from hub.errors import Fault, InputError

    if document not in DocumentType.__members__:
        raise InputError(Fault("--type", "VAL_CODE", f"it is one of {', '.join(DocumentType.__members__)}"))
    if not 1 <= len(number) <= 32:
        raise InputError(Fault("NUMBER", "VAL_FORMAT", "a document's number has 1 to 32 characters"))
    made = IdentityDocument(type=DocumentType[document], number=number)
    return Person(name=name, document=made) if name else made


def _document(found: Found, *, masked: bool) -> dict[str, Any]:
    accounts = [_account(each, masked=masked) for each in found.accounts]
    return {
        **found.model_dump(mode="json", exclude={"accounts"}),
        "answered": found.answered,
        "live": found.live,
        "words_zh": found.words_zh,
        "words_en": found.words_en,
        "accounts": accounts,
    }


def _account(account: UtilityAccount, *, masked: bool) -> dict[str, Any]:
    from hub.domain.mask import mask_address, mask_document, mask_name

    shown = account.model_dump(mode="json", exclude_none=True)
    hide = {"holder_name": mask_name, "holder_document": mask_document, "address": mask_address}
    return {key: hide[key](value) if masked and key in hide else value for key, value in shown.items()}


def _form(form: ItemPrefill, *, masked: bool) -> dict[str, Any]:
    from hub.domain.mask import mask_address

    shown = form.model_dump(mode="json")
    for choices in shown["choices"].values():
        for choice in choices:
            if masked and choice["address"]:
                choice["address"] = mask_address(choice["address"])
    return shown


def _show(found: Sequence[Found], shown: list[dict[str, Any]], forms: tuple[ItemPrefill, ...]) -> None:
    from hub.cli.caseview import moment
    from hub.cli.output import console, table
    from hub.domain.money import format_yuan

    out = console()
    accounts = table("field", "utility", "account", "holder", "address", "state", "owes", "as of")
    for each, document in zip(found, shown, strict=True):
        when = f"{moment(each.as_of)} {'live' if each.live else 'copy'}"
        for one in document["accounts"]:
            owed = one.get("arrears_fen")
            accounts.add_row(
                each.field,
                each.provider_zh,
                one["account_no"],
                one.get("holder_name", "-"),
                one.get("address", "-"),
                one.get("status", "-"),
                "-" if owed is None else format_yuan(owed),
                when,
            )
    if accounts.row_count:
        out.print(accounts)
    for each in found:
        if not each.accounts:
            out.print(f"{each.words_zh} ({each.words_en})")
    for form in forms:
        filled = [", ".join(f"{key}={value}" for key, value in form.form.items())] if form.form else []
        filled += [f"choose {key}: {' or '.join(c.value for c in some)}" for key, some in form.choices.items()]
        lacking = ", ".join(key for key in form.lacking if key not in form.choices) or "nothing"
        out.print(f"{form.item}: {'; '.join(filled) or 'nothing found'}; still to ask: {lacking}")
