"""Files of fixed-width records under SM4, each with its flag: none is believed unless all of it is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hub.domain.taxonomy import ErrorCode
from hub.errors import DecodeError, EncodeError
from hub.sdk import sealedfile
from hub.sdk.errors import Refused
from hub.sdk.filename import FileName
from hub.wire import fixed
from hub.wire.exchange import FilePut

NAMED = ("bizdate", "ftype", "inst", "seq", "keyver")
"""The fields of a head that repeat the file's name: its day, kind, institution, number and key version."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as it was verified and deciphered; `flag` tells one version of it from another."""

    name: FileName
    flag: str
    layout: fixed.FileLayout = field(repr=False)
    text: bytes = field(repr=False)

    def rows(self) -> list[dict[str, str]]:
        """Every record of a file whose head, count, sum and numbering are right. Raises DecodeError."""
        head, rows, _ = self.layout.decode_file(self.text)
        if type(self.name)(*(head[part] for part in NAMED)) != self.name:
            raise DecodeError("H", "is not the head of the file of this name")
        for number, row in enumerate(rows, start=1):
            if int(row["seq"] or 0) != number:
                raise DecodeError(f"{self.name.kind}.seq record {number + 1}", "the records are not numbered through")
        return rows

    def containing(self, needle: bytes) -> Iterator[dict[str, str]]:
        """The records that hold some bytes, of a file whose `rows` were read once."""
        return self.layout.containing(self.text, needle)


def sealed(name: FileName, plain: bytes, keys: Mapping[str, str], salt: str) -> FilePut:
    """A file of ours with its flag; the same content gives the same bytes. Raises EncodeError without its key."""
    key = sealedfile.key_of(keys, name.key)
    if key is None:
        raise EncodeError("H.keyver", "there is no SM4 key of this version in the configuration")
    body = sealedfile.seal(key, salt.encode(), plain)
    return FilePut(name.path("in", "dat"), body, name.path("in", "ok"), sealedfile.flag_of(body).encode())


def opened(name: FileName, layout: fixed.FileLayout, flag: bytes, body: bytes, keys: Mapping[str, str]) -> Opened:
    """Verify and decipher a file.

    Raises:
        Refused: FILE_DIGEST, when it is not what its flag says (half-written, spoilt); UPS_AUTH without its key.
        DecodeError: for all else.
    """
    said = sealedfile.check_flag(flag, body)
    key = sealedfile.key_of(keys, name.key)
    if key is None:
        raise Refused(ErrorCode.UPS_AUTH, f"K{name.key}")
    return Opened(name, said, layout, sealedfile.unseal(key, body))
