"""Callbacks of utilities: the signature holds, the form is the contract's, the time is near, before a word is believed.

No text of CallbackRefused ever repeats what came in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hub.errors import DecodeError, UnmappedCode
from hub.mapping import Env, MappingSet
from hub.sdk.adapter import Adapter, Callback, Heard, Tree
from hub.sdk.errors import CallbackRefused
from hub.sdk.outcomes import outcome_of
from hub.wire import crypto, jsontext
from hub.wire.exchange import HttpRequest
from hub.wire.jsoncontract import JsonContract


def heard(adapter: Adapter, mappings: MappingSet, request: HttpRequest, env: Env) -> Callback:
    """What a callback says, by the adapter alone or with the reply mapping of its message.

    Raises:
        CallbackRefused: it is not genuine, breaks the contract, or its time is out of bounds; nothing was changed.
    """
    said = adapter.callback(request, env)
    if isinstance(said, Callback):
        return said
    try:
        reply = mappings.reply(said.message)(said.tree, env)
    except (DecodeError, UnmappedCode) as error:
        raise CallbackRefused(f"the event cannot be read at {error.where}") from None
    if not _near(reply.event_time, said, env.now):
        raise CallbackRefused("the event is from the future, or of long ago")
    return Callback(said.event_id, outcome_of(reply), serial=reply.serial, provider_ref=reply.provider_ref)


def sm2_event(body: bytes, contract: JsonContract, service: str, public_key: bytes, signature: str) -> Tree:
    """A flat JSON event whose field `signature` signs all others, sorted, as `name=value` joined by `&`.

    Args:
        body: as it came in.
        contract: has the event's form.
        service: whose reply the contract calls it.
        public_key: of SM2, 65 bytes.
        signature: the name of the field with the signature.

    Raises:
        CallbackRefused: with the place where the contract is broken, or because the signature does not hold.
    """
    try:
        event = jsontext.load_object(body)
        contract.check_reply(service, event)
    except (DecodeError, UnmappedCode) as error:
        raise CallbackRefused(f"the event breaks the contract at {error.where}") from None
    if not crypto.sm2_verify(public_key, _signed_text(event, signature), event[signature]):
        raise CallbackRefused("the signature does not hold")
    return event


def _signed_text(event: Mapping[str, Any], signature: str) -> bytes:
    others = {name: value for name, value in event.items() if name != signature}
    if not all(isinstance(value, str) or type(value) is int for value in others.values()):
        raise CallbackRefused("a field is neither text nor a whole number")
    return "&".join(f"{name}={others[name]}" for name in sorted(others)).encode()


def _near(when: datetime | None, said: Heard, now: datetime) -> bool:
    return when is None or now - said.past <= when <= now + said.future
