"""An application laid out as the answers to a plan's form."""

from __future__ import annotations

from datetime import UTC, datetime

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def answers_of(application, form_schema):
    """The answers that make this application."""
    shared = form_schema["properties"]["form"]["properties"]
    values = {key: each.form[key] for each in application.items for key in each.form if key in shared}
    own = {
        each.code: {key: value for key, value in each.form.items() if key not in shared} for each in application.items
    }
    return {"common": common_of(application), "form": plain(values), "items": plain(own)}


def common_of(application):
    """What every application has, as the schema names it."""
    document = application.applicant.document
    made = {
        "applicant_name": application.applicant.name,
        "id_type": document.type.value,
        "id_number": document.number,
        "mobile": application.applicant.mobile,
        "division_code": application.address.division_code,
        "address": application.address.full_address,
        "delivery": application.delivery,
        "consents": [each.model_dump(mode="json", exclude_none=True) for each in application.consents],
    }
    if application.agent is not None:
        made["agent"] = application.agent.model_dump(mode="json", exclude_none=True)
    if getattr(application.applicant, "legal_rep", None) is not None:
        made["legal_rep"] = application.applicant.legal_rep.model_dump(mode="json", exclude_none=True)
    return made


def plain(value):
    """Without what is absent, lists as JSON has them."""
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items() if each is not None}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value
