"""WS-Security UsernameToken with password digest and timestamp, for the header of any SOAP request.

zeep computes the digest and writes the token; its own draws of nonce and time, and its missing timestamp, are why
both are passed in here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from zeep.wsse import username, utils

from hub.errors import EncodeError
from hub.wire import xml

_LIFE = timedelta(minutes=5)
_zeep_token: Any = username.UsernameToken
_zeep: Any = utils  # untyped, both


@dataclass(frozen=True, slots=True)
class UsernameToken:
    """Who sends a message, and when; the secret is shown as a digest of itself, `nonce` and `created`.

    `nonce` is random text, fresh for every message: a server remembers it and refuses the message a second time.
    `created` is aware; the message is good for `life` from then on.
    """

    username: str
    password: str = field(repr=False)
    nonce: str
    created: datetime
    life: timedelta = _LIFE

    def sign(self, envelope: xml.Element) -> None:
        """Add the Security header, which the server must understand. Raises EncodeError for a naive time."""
        if self.created.tzinfo is None:
            raise EncodeError("Security.Created", "is a time without zone")
        created = self.created.astimezone(UTC)
        stamp = _zeep.WSU.Timestamp(
            _zeep.WSU.Created(_zeep.get_timestamp(created, zulu_timestamp=True)),
            _zeep.WSU.Expires(_zeep.get_timestamp(created + self.life, zulu_timestamp=True)),
        )
        token = _zeep_token(
            self.username,
            self.password,
            use_digest=True,
            nonce=self.nonce,
            created=created,
            timestamp_token=stamp,
            zulu_timestamp=True,
        )
        token.apply(envelope, {})
        security = _zeep.get_security_header(envelope)
        security.set(f"{{{envelope.nsmap[envelope.prefix]}}}mustUnderstand", "1")
