"""The written contract: the paths, their parameters, and what a purpose must say."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "/gateway"
TOKENS = ("/app/refreshTokenByKey", "/app/refreshTokenBySec")
COMMON = ("appKey", "requestTime", "sign")

_NAME, _DAY = r"[^\x00-\x1f]{1,60}", r"[0-9]{8}"
_RESIDENT, _CODE, _CERTIFICATE = r"[0-9]{17}[0-9Xx]", r"[0-9A-Z]{18}", r"[0-9A-Z]{5,20}"
_PHOTO_LIMIT = 30 * 1024

PARAMETERS: Mapping[str, Mapping[str, str]] = {
    "/idcard/verify": {"name": _NAME, "idNo": _RESIDENT, "validFrom?": _DAY, "validTo?": rf"{_DAY}|长期"},
    "/idcard/photoCompare": {"name": _NAME, "idNo": _RESIDENT, "photo": r"[A-Za-z0-9+/]+={0,2}"},
    "/population/household": {"idNo": _RESIDENT},
    "/residence/permit": {"permitNo": _RESIDENT, "name": _NAME},
    "/entexit/verify": {"certNo": _CERTIFICATE, "name": _NAME},
    "/enterprise/base": {"uscc": _CODE},
    "/licence/get": {"holderId": _CERTIFICATE, "licenceType": r"[0-9]{5}"},
    "/realestate/holdings": {"idNo": _RESIDENT, "name": _NAME},
}
_PURPOSE = {
    "itemCode": r"JX6-[A-Z]{2,3}-[0-9]{2}",
    "caseNo": r"JX6[0-9]{21}",
    "operatorId": r"[A-Za-z0-9_-]{1,32}",
    "materialName": r"[^\x00-\x1f]{1,40}",
}


class Refusal(Exception):
    """The gateway's answer is a code; `violation`: the caller broke the contract, and the journal says so."""

    def __init__(self, code: str, message: str, *, violation: bool = False) -> None:
        super().__init__(message)
        self.code, self.message, self.violation = code, message, violation


@dataclass(frozen=True, slots=True)
class Purpose:
    """What data is asked for: an item of a case, by whom, for which material."""

    item: str
    case: str
    operator: str
    material: str


def purpose(text: str | None) -> Purpose:
    """Read `additional`. Without a whole purpose there is no right: code 03."""
    try:
        given: Any = json.loads(text or "null")
    except ValueError:
        raise Refusal("03", "additional is no JSON", violation=True) from None
    if not isinstance(given, dict) or set(given) != set(_PURPOSE):
        raise Refusal("03", "additional names itemCode, caseNo, operatorId, materialName", violation=True)
    for name, pattern in _PURPOSE.items():
        if not isinstance(given[name], str) or not re.fullmatch(pattern, given[name]):
            raise Refusal("03", f"additional.{name}", violation=True)
    return Purpose(*(given[name] for name in _PURPOSE))


def parameters(path: str, given: Mapping[str, str]) -> dict[str, str]:
    """The business parameters of a call, checked; the names that are wrong are told, never the values."""
    rules = {name.rstrip("?"): (pattern, name.endswith("?")) for name, pattern in PARAMETERS[path].items()}
    for name in given:
        if name not in rules:
            raise Refusal("12", f"{name}: unknown", violation=True)
    for name, (pattern, optional) in rules.items():
        if name not in given and not optional:
            raise Refusal("12", f"{name}: missing", violation=True)
        if name in given and not re.fullmatch(pattern, given[name]):
            raise Refusal("12", f"{name}: format", violation=True)
    if len(given.get("photo", "")) > _PHOTO_LIMIT:
        raise Refusal("12", "photo: more than 30 KB", violation=True)
    return dict(given)
