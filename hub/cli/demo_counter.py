"""What the window has in hand before it submits: who was verified, what was found, what is asked and brought."""

from __future__ import annotations

from typing import Any

from hub.cli.caseview import moment
from hub.cli.demo_story import Prepared
from hub.domain.catalogue import Catalogue
from hub.domain.issue import Issue
from hub.domain.money import format_yuan

_SHOWN = 3


def show_counter(out: Any, prepared: Prepared, catalogue: Catalogue) -> None:
    """Print the four steps before the case."""
    from rich.rule import Rule

    out.print(Rule("1 Identity, verified once", align="left"))
    out.print(identity_line(prepared))
    out.print(Rule("2 Accounts, found by ID number at all utilities in parallel", align="left"))
    out.print(f"{prepared.asked.name} {prepared.asked.document.number}")
    out.print(accounts_table(prepared, catalogue))
    out.print(Rule("3 One form and one list of materials", align="left"))
    out.print(form_line(prepared, catalogue))
    out.print(materials_table(prepared))
    out.print(Rule("4 Submitted once, handled in parallel", align="left"))


def identity_line(prepared: Prepared) -> str:
    """Who, how, how well, for what and until when."""
    told, application = prepared.assertion, prepared.application
    party = application.agent.person if application.agent else application.applicant
    role = f", agent of {application.applicant.name}" if application.agent else ""
    until = moment(told.expires_at)
    return f"{party.name}{role}: {told.method} level {told.level}, for case {told.case_number} only, until {until}"


def accounts_table(prepared: Prepared, catalogue: Catalogue) -> Any:
    """One row an account; a utility without one, or without an answer, says so."""
    from hub.cli.output import table

    labels = {each.id: each.name_zh for each in catalogue.fields}
    shown = table("field", "utility", "account", "status", "arrears (yuan)", "as of")
    for found in prepared.found.found:
        head = (labels.get(found.field, found.field), found.provider_zh or found.endpoint)
        for account in found.accounts[:_SHOWN]:
            owed = format_yuan(account.arrears_fen) if account.arrears_fen is not None else "-"
            shown.add_row(*head, account.account_no, account.status or "-", owed, moment(found.as_of))
        if more := found.accounts[_SHOWN:]:
            shown.add_row(*head, f"and {len(more)} more", "", "", "")
        if not found.accounts:
            shown.add_row(*head, found.error.message_zh if found.error else "名下无户", "-", "-", moment(found.as_of))
    return shown


def form_line(prepared: Prepared, catalogue: Catalogue) -> str:
    """How many questions the merged form saves."""
    items = [catalogue.by_code[item.code] for item in prepared.plan.items]
    single = sum(len(item.form_fields) for item in items)
    parts = prepared.plan.form["properties"]
    asked = len(parts["form"]["properties"]) + sum(
        len(part["properties"]) for part in parts["items"]["properties"].values()
    )
    days = max(item.time_limit.promised_wd for item in items)
    return (
        f"{len(items)} items have {single} fields in {len(items)} forms; the merged form asks {asked}, each once. "
        f"Promised within {days} working day{'' if days == 1 else 's'}."
    )


def materials_table(prepared: Prepared) -> Any:
    """Each material once, and where it comes from."""
    from hub.cli.output import table

    fetched = {each.material for each in prepared.fetched.evidence}
    shown = table("material", "from", "for")
    for material in prepared.plan.materials:
        if material.only_with_agent and prepared.application.agent is None:
            continue
        source = "made by the hub" if material.made else "fetched" if fetched & {*material.any_of} else "brought"
        shown.add_row(" / ".join(material.names_zh), source, " ".join(material.items))
    return shown


def receipt_line(issue: Issue) -> str:
    """What the citizen gets in the end."""
    receipt = issue.receipt
    name, size = f"{receipt.case_number}-{receipt.seq}", issue.size // 1024
    return f"joint receipt {name}: {receipt.stage}, one PDF/A of {size} KiB for all utilities, signed (SM2)"


def counter_document(prepared: Prepared) -> dict[str, Any]:
    """The same for machines."""
    return {
        "identity": prepared.assertion.model_dump(mode="json", exclude={"subject"}),
        "accounts": [each.model_dump(mode="json", exclude_none=True) for each in prepared.found.found],
        "materials": [each.model_dump(mode="json") for each in prepared.plan.materials],
        "fetched": [each.material for each in prepared.fetched.evidence],
    }
