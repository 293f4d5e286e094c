"""The platform's webhook: signature and age are checked before a word of it is believed. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from adapters.power.codec import CONTRACT
from hub.sdk import Callback, CallbackRefused, DecodeError, Reply, TaskState, UnmappedCode, outcome_of
from hub.sdk.wire import HttpRequest, crypto, jsontext

_FUTURE, _PAST = timedelta(minutes=5), timedelta(days=1)
_ZONE = ZoneInfo("Asia/Shanghai")

NODES: Mapping[str, TaskState] = {
    "01": TaskState.ACCEPTED,
    "02": TaskState.IN_PROGRESS,
    "03": TaskState.IN_PROGRESS,
    "04": TaskState.AWAITING_PAYMENT,
    "05": TaskState.IN_PROGRESS,
    "08": TaskState.AWAITING_APPLICANT,
    "06": TaskState.COMPLETED,
    # An event does not say whether 07 is a rejection or the applicant's own cancellation: app/query does.
    "07": TaskState.IN_PROGRESS,
}
"""What an event's node means, in rank order. A test holds it to the table `node` of the mapping set."""


def read(request: HttpRequest, public_key: bytes, now: datetime) -> Callback:
    """Raises CallbackRefused; its text never repeats what came in."""
    event = _event(request.body)
    if not crypto.sm2_verify(public_key, _signed_text(event), event["signSm2"]):
        raise CallbackRefused("the signature does not hold")
    when = datetime.strptime(event["nodeTime"], "%Y%m%d%H%M%S").replace(tzinfo=_ZONE).astimezone(UTC)
    if not now - _PAST <= when <= now + _FUTURE:
        raise CallbackRefused("the event is from the future, or older than a day")
    node, reference = event["nodeCode"], str(event["appNo"])
    if node not in NODES:
        raise CallbackRefused("the node is unknown")
    state = NODES[node]
    told = Reply(
        provider_ref=reference,
        state=state,
        state_raw=node,
        rank=list(NODES).index(node) + 1,
        event_time=when,
        receipt_no=reference if state is TaskState.COMPLETED else None,
    )
    return Callback(event["eventId"], outcome_of(told), serial=event["outerNo"], provider_ref=reference)


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = jsontext.load_object(body)
        CONTRACT.check_reply("callback", event)
    except (DecodeError, UnmappedCode) as error:
        raise CallbackRefused(f"the event breaks the contract at {error.args[0].partition(':')[0]}") from None
    return event


def _signed_text(event: Mapping[str, Any]) -> bytes:
    others = {name: value for name, value in event.items() if name != "signSm2"}
    if not all(isinstance(value, str) or type(value) is int for value in others.values()):
        raise CallbackRefused("a field is neither text nor a whole number")
    return "&".join(f"{name}={others[name]}" for name in sorted(others)).encode()
