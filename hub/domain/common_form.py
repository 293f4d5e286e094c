"""The part of a form that every application has: who applies, where, how the result is handed over, who may know."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic.json_schema import models_json_schema

from hub.domain.application import Audience
from hub.domain.catalogue import Catalogue, FormField
from hub.domain.party import Agent, Consent, DocumentType, Person

PLACES = {"address": "address.full_address"}
"""Where a common field stands in an application, if not at its own path."""

_SHAPES: dict[str, dict[str, Any]] = {
    "string": {"type": "string", "minLength": 1, "maxLength": 200},
    "phone": {"type": "string", "pattern": r"^[0-9+() -]{7,20}$"},
    "division": {"type": "string", "pattern": r"^\d{9}$"},
    "address": {"type": "string", "minLength": 1, "maxLength": 200},
    "party": {"$ref": "#/$defs/Agent"},
    "consent_list": {"type": "array", "items": {"$ref": "#/$defs/Consent"}, "minItems": 1},
}


def common_schema(catalogue: Catalogue, audience: Audience) -> dict[str, Any]:
    """JSON Schema of the common part; `x-path` says where a value stands in an application."""
    fields = {field.key: _field(field, catalogue, audience) for field in catalogue.common}
    if audience == "enterprise":
        fields["legal_rep"] = {
            "$ref": "#/$defs/Person",
            "title": "法定代表人",
            "x-title-en": "Legal representative",
            "x-type": "party",
            "x-class": "sensitive",
            "x-path": "applicant.legal_rep",
        }
    return {
        "type": "object",
        "properties": fields,
        "required": [field.key for field in catalogue.common if field.required],
        "additionalProperties": False,
    }


@cache
def common_definitions() -> dict[str, Any]:
    """The `$defs` that the common part refers to."""
    _, schema = models_json_schema([(Agent, "validation"), (Consent, "validation"), (Person, "validation")])
    return dict(schema["$defs"])


def _field(field: FormField, catalogue: Catalogue, audience: Audience) -> dict[str, Any]:
    labels = catalogue.by_table[field.table].labels if field.table else field.values
    if field.key == "id_type":
        labels = {code: label for code, label in labels.items() if (code == DocumentType.USCC) is _firm(audience)}
    coded = {"type": "string", "enum": list(labels), "x-labels-zh": dict(labels)}
    return {
        **(coded if labels else _SHAPES[field.type]),
        "title": field.label_zh,
        "x-title-en": field.label_en,
        "x-type": field.type,
        "x-class": field.data_class,
        "x-path": PLACES.get(field.key, field.path),
    }


def _firm(audience: Audience) -> bool:
    return audience == "enterprise"
