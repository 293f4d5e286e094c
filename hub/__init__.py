"""The OneWindow hub: one application, many utilities, one joint answer. The public names; nothing else.

See `Hub.open` to begin.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hub.api import settled as settled
    from hub.bootstrap import Hub as Hub
    from hub.domain.address import Address as Address
    from hub.domain.answers import application_of as application_of
    from hub.domain.answers import check_answers as check_answers
    from hub.domain.application import Application as Application
    from hub.domain.application import Channel as Channel
    from hub.domain.application import ItemRequest as ItemRequest
    from hub.domain.case import Case as Case
    from hub.domain.case import Task as Task
    from hub.domain.case import TaskEvent as TaskEvent
    from hub.domain.charges import Charge as Charge
    from hub.domain.evidence import Evidence as Evidence
    from hub.domain.example import example_application as example_application
    from hub.domain.example import example_bundle as example_bundle
    from hub.domain.example import example_case as example_case
    from hub.domain.party import Agent as Agent
    from hub.domain.party import Consent as Consent
    from hub.domain.party import DocumentType as DocumentType
    from hub.domain.party import IdentityAssertion as IdentityAssertion
    from hub.domain.party import IdentityDocument as IdentityDocument
    from hub.domain.party import Organisation as Organisation
    from hub.domain.party import Person as Person
    from hub.domain.payments import Payment as Payment
    from hub.domain.payments import PaymentProof as PaymentProof
    from hub.domain.states import CaseOutcome as CaseOutcome
    from hub.domain.states import CaseState as CaseState
    from hub.domain.states import TaskState as TaskState
    from hub.settings import Settings as Settings
    from hub.simulation import simulated as simulated

_HOMES = {
    "Address": "hub.domain.address",
    "Agent": "hub.domain.party",
    "Application": "hub.domain.application",
    "Case": "hub.domain.case",
    "CaseOutcome": "hub.domain.states",
    "CaseState": "hub.domain.states",
    "Channel": "hub.domain.application",
    "Charge": "hub.domain.charges",
    "Consent": "hub.domain.party",
    "DocumentType": "hub.domain.party",
    "Evidence": "hub.domain.evidence",
    "Hub": "hub.bootstrap",
    "IdentityAssertion": "hub.domain.party",
    "IdentityDocument": "hub.domain.party",
    "ItemRequest": "hub.domain.application",
    "Organisation": "hub.domain.party",
    "Payment": "hub.domain.payments",
    "PaymentProof": "hub.domain.payments",
    "Person": "hub.domain.party",
    "Settings": "hub.settings",
    "Task": "hub.domain.case",
    "TaskEvent": "hub.domain.case",
    "TaskState": "hub.domain.states",
    "application_of": "hub.domain.answers",
    "check_answers": "hub.domain.answers",
    "example_application": "hub.domain.example",
    "example_bundle": "hub.domain.example",
    "example_case": "hub.domain.example",
    "settled": "hub.api",
    "simulated": "hub.simulation",
}

__version__ = "0.1.0"
__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604 -- all names are texts


def __getattr__(name: str) -> Any:
    # Loaded when asked for: importing hub.sdk or hub.domain must not start the whole hub.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'hub' has no attribute {name!r}")
