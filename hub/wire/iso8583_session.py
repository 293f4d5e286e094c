"""The network messages of an ISO 8583 connection: sign-on, session keys, echo, and the MAC under those keys."""

from __future__ import annotations

import asyncio
import re

from hub.errors import DecodeError, Fault, SettingsError
from hub.wire import crypto, iso8583
from hub.wire.exchange import FrameRequest
from hub.wire.iso8583 import MAC, Message
from hub.wire.tcp import Ask, Heard, NotAccepted

SIGN_ON, NEW_KEYS, ECHO = "001", "101", "301"
_MANAGEMENT, _MANAGEMENT_REPLY = "0800", "0810"
_WRONG_MAC = "A0"
_KEY = 16
_CHECK = 8
_MESSAGES = 10_000
_DAY = 24 * 3600.0
_HEX_KEY = re.compile("[0-9A-Fa-f]{32}")


class Iso8583Session:
    """One connection's dialogue. `institution` is field 32; session keys come in field 62 under `master_key`."""

    def __init__(self, master_key: str, institution: str) -> None:
        if not _HEX_KEY.fullmatch(master_key):
            raise SettingsError(Fault("master_key", "VAL_FORMAT", "an SM4 key is 32 hexadecimal digits"))
        self._master, self._institution = bytes.fromhex(master_key), institution
        self._key: bytes | None = None
        self._since, self._messages, self._trace = 0.0, 0, 0

    async def open(self, ask: Ask) -> None:
        await self._manage(ask, SIGN_ON)
        await self.renew(ask)

    async def renew(self, ask: Ask) -> None:
        """Ask for session keys."""
        await self._manage(ask, NEW_KEYS)

    def due(self, now: float) -> bool:
        return self._messages >= _MESSAGES or now - self._since >= _DAY

    def echo(self) -> FrameRequest:
        return self._request(ECHO)

    def seal(self, body: bytes) -> bytes:
        """Set the MAC where the message has one; network messages have none."""
        if self._key is None or not iso8583.decode(body).get(MAC):
            return body
        self._messages += 1
        return iso8583.seal(body, self._mac)

    def hear(self, body: bytes) -> Heard:
        message = iso8583.decode(body)
        if message.mti == _MANAGEMENT:
            return Heard(answer=self._answered(message))
        if message.mti == _MANAGEMENT_REPLY:
            if message.get(70) == NEW_KEYS and message.get(39) == "00":
                self._take_keys(message)
        elif message.get(39) != _WRONG_MAC and (self._key is None or not iso8583.is_sealed(body, self._mac)):
            raise NotAccepted("mac")
        return Heard(iso8583.reply_key(message))

    def seal_refused(self, body: bytes) -> bool:
        return iso8583.decode(body).get(39) == _WRONG_MAC

    async def _manage(self, ask: Ask, what: str) -> None:
        reply = iso8583.decode(await ask(self._request(what)))
        if reply.get(39) != "00":
            raise NotAccepted("login")

    def _request(self, what: str) -> FrameRequest:
        self._trace = self._trace % 999_999 + 1
        message = Message(_MANAGEMENT, {11: f"{self._trace:06d}", 32: self._institution, 70: what})
        return FrameRequest(iso8583.reply_key(message), iso8583.encode(message))

    def _answered(self, asked: Message) -> bytes:
        """Their echo or new keys, answered; the keys hold from this answer on."""
        if asked.get(70) == NEW_KEYS:
            self._take_keys(asked)
        fields = {number: asked.get(number) for number in (11, 32, 70) if asked.get(number)}
        return iso8583.encode(Message(_MANAGEMENT_REPLY, {**fields, 39: "00"}))

    def _take_keys(self, message: Message) -> None:
        """Field 62: MAC key and data key under the master key, then what the MAC key makes of a block of zeros."""
        try:
            sealed = bytes.fromhex(message.get(62))
            if len(sealed) != 2 * _KEY + _CHECK:
                raise DecodeError("DE62", "is not two keys and a check value")
            key = crypto.sm4_ecb_decrypt(self._master, sealed[:_KEY])
        except ValueError:
            raise DecodeError("DE62", "is not hexadecimal") from None
        if not crypto.same(crypto.sm4_ecb_encrypt(key, bytes(_KEY))[:_CHECK], sealed[-_CHECK:]):
            raise NotAccepted("login")
        self._key, self._messages = key, 0
        self._since = asyncio.get_running_loop().time()

    def _mac(self, data: bytes) -> str:
        return crypto.sm4_cbc_mac(self._key or b"", data)[:8].hex().upper()
