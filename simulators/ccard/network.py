"""Network messages and seals of one connection: sign-on, keys, echo; what comes without a good MAC is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulators.ccard import iso
from simulators.ccard.desk import INSTITUTION, Answer
from simulators.ccard.keys import SessionKeys, mac_of
from simulators.kit.clock import SHANGHAI

if TYPE_CHECKING:
    from datetime import datetime

    from simulators.ccard.iso import Frame

SIGN_ON, NEW_KEYS, ECHO = "001", "101", "301"
_NO_MAC = "0" * 16


class Association:
    """One connection as the centre sees it."""

    def __init__(self, keys: SessionKeys, key_messages: int) -> None:
        self.keys, self._key_messages = keys, key_messages
        self.signed_on = False
        self._trace = 0

    def managed(self, frame: Frame) -> bytes:
        """The 0810 to a 0800."""
        what, more = frame.get(70), {}
        code = "00" if frame.get(32) == INSTITUTION and frame.get(11) else "30"
        if what not in {SIGN_ON, NEW_KEYS, ECHO} or (what == NEW_KEYS and not self.signed_on):
            code = "12"
        if code == "00" and what == SIGN_ON:
            self.signed_on = True
        if code == "00" and what == NEW_KEYS:
            more = {62: self.keys.renew()}
        fields = {number: frame.get(number) for number in (11, 32, 70) if frame.get(number)}
        return b"".join(iso.write("0810", {**fields, 39: code, **more}))

    def new_keys(self) -> bytes:
        """A 0800 of the centre's own that brings keys."""
        self._trace += 1
        return b"".join(
            iso.write("0800", {11: f"{self._trace:06d}", 32: INSTITUTION, 62: self.keys.renew(), 70: NEW_KEYS})
        )

    def trusts(self, frame: Frame) -> bool:
        """Whether a message has a good MAC under keys that have not served too long."""
        worn = self.keys.used >= self._key_messages
        return self.signed_on and not worn and self.keys.accepts(frame.signed, frame.get(64))

    def reply(self, frame: Frame, answer: Answer, now: datetime, charset: str = iso.CHARSET) -> bytes:
        """The reply to a 0200, 0400 or 0500, sealed; without keys its seal is zeros."""
        repeated = {n: frame.get(n) for n in (3, 11, 12, 13, 32, 37, 41, 42, 49, 70) if frame.get(n)}
        sent = f"{now.astimezone(SHANGHAI):%m%d%H%M%S}"
        fields = {**repeated, **answer.fields, 7: sent, 39: answer.code}
        before, after = iso.write(frame.reply_mti, fields, iso.write_tags(answer.tags, charset))
        mac = mac_of(self.keys.current, before) if self.keys.current else _NO_MAC
        return before + mac.encode() + after
