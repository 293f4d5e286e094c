"""WS-Security at the door: who sends, whether the message is fresh, and whether it was here before."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from simulators.gas.soap import WSSE, ServiceFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lxml import etree

_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
_DIGEST = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest"
_LIFE, _SKEW = timedelta(seconds=300), timedelta(seconds=60)


class Door:
    """Lets messages of known users in, each once."""

    def __init__(self, passwords: Mapping[str, str]) -> None:
        self._passwords = passwords
        self._seen: dict[tuple[str, str], datetime] = {}

    def admit(self, envelope: etree._Element, now: datetime) -> str:
        """The user who sent a message. Raises ServiceFault."""
        security = envelope.find(f".//{{{WSSE}}}Security")
        if security is None:
            raise ServiceFault("GAS-9001", "缺少安全头")
        told = {name: security.findtext(f".//{{{WSSE}}}{name}") or "" for name in ("Username", "Password", "Nonce")}
        token = f"{{{WSSE}}}UsernameToken/{{{_WSU}}}Created"
        created, expires = security.findtext(token) or "", security.findtext(f".//{{{_WSU}}}Expires") or ""
        self._check_times(security, created, expires, now)
        self._check_digest(security, told, created)
        self._check_nonce(told, created, now)
        return told["Username"]

    def _check_times(self, security: etree._Element, created: str, expires: str, now: datetime) -> None:
        stamped = security.findtext(f"{{{_WSU}}}Timestamp/{{{_WSU}}}Created") or ""
        times = [_time(text) for text in (created, stamped, expires)]
        if any(time is None for time in times):
            raise ServiceFault("GAS-9001", "缺少时间戳")
        made, stamp, until = (time for time in times if time is not None)
        if now - min(made, stamp) > _LIFE or max(made, stamp) - now > _SKEW or until < now:
            raise ServiceFault("GAS-9004", "消息已过期")

    def _check_digest(self, security: etree._Element, told: Mapping[str, str], created: str) -> None:
        element = security.find(f".//{{{WSSE}}}Password")
        password = self._passwords.get(told["Username"])
        try:
            nonce = base64.b64decode(told["Nonce"], validate=True)
        except binascii.Error:
            nonce = b""
        right = hashlib.sha1(nonce + created.encode() + (password or "").encode()).digest()
        same = hmac.compare_digest(base64.b64encode(right).decode(), told["Password"])
        if element is None or element.get("Type") != _DIGEST or password is None or not nonce or not same:
            raise ServiceFault("GAS-9001", "身份验证失败")

    def _check_nonce(self, told: Mapping[str, str], created: str, now: datetime) -> None:
        self._seen = {key: until for key, until in self._seen.items() if until >= now}
        key = (told["Nonce"], created)
        if key in self._seen:
            raise ServiceFault("GAS-9003", "消息重放")
        self._seen[key] = now + _LIFE + _SKEW


def _time(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None
