"""What each path answers: checked parameters in, `datas` out. Empty is None."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives import hashes

from simulators.idv import portraits
from simulators.idv.contract import Refusal
from simulators.idv.registers import ABSENT, DIFFERENT, SAME, Citizen, Permit, Registers, licence_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_CITY = ZoneInfo("Asia/Shanghai")
_PHOTO_OPENS = 5
NEW_FOR = timedelta(days=3)


class Services:
    """The registers, asked as they stand at a moment."""

    def __init__(self, registers: Registers, *, always_open: bool) -> None:
        self.registers, self._always_open = registers, always_open
        self._acts: dict[str, Callable[[Mapping[str, str], datetime], Any]] = {
            "/idcard/verify": self._idcard,
            "/idcard/photoCompare": self._photo,
            "/population/household": self._household,
            "/residence/permit": lambda given, now: self._permit(given["permitNo"], given, now),
            "/entexit/verify": lambda given, now: self._permit(given["certNo"], given, now),
            "/enterprise/base": self._enterprise,
            "/licence/get": self._licence,
            "/realestate/holdings": self._holdings,
        }

    def act(self, path: str, given: Mapping[str, str], now: datetime) -> Any:
        return self._acts[path](given, now)

    def _idcard(self, given: Mapping[str, str], now: datetime) -> Any:
        found = self.registers.citizens.get(given["idNo"].upper())
        result = _standing(found, now)
        if result == SAME and isinstance(found, Citizen):
            asked = (given["idNo"], given["name"], given.get("validFrom"), given.get("validTo"))
            kept = (found.id_no, found.stored, found.valid_from, found.valid_to)
            # Compared as text, letter by letter: x is not X, and a rare character is what the register wrote.
            if any(one is not None and one != other for one, other in zip(asked, kept, strict=True)):
                result = DIFFERENT
        return {"result": result}

    def _photo(self, given: Mapping[str, str], now: datetime) -> Any:
        if not self._always_open and now.astimezone(_CITY).hour < _PHOTO_OPENS:
            raise Refusal("19", "人像库维护 00:00-05:00")
        try:
            content = base64.b64decode(given["photo"], validate=True)
        except ValueError:
            raise Refusal("12", "photo: base64", violation=True) from None
        if not portraits.is_picture(content):
            raise Refusal("12", "photo: JPEG", violation=True)
        found = self.registers.citizens.get(given["idNo"])
        known = _standing(found, now) == SAME and found is not None and found.stored == given["name"]
        return {"score": portraits.likeness(content, given["idNo"]) if known else 0}

    def _household(self, given: Mapping[str, str], now: datetime) -> Any:
        found = self.registers.citizens.get(given["idNo"])
        if found is None or _standing(found, now) != SAME or not found.household:
            return None
        members = [
            {
                "name": each.name[:1] + "*" * (len(each.name) - 1),
                "idNo": each.id_no[:6] + "*" * 8 + each.id_no[-4:],
                "relation": each.relation,
            }
            for each in self.registers.members(found.household)
        ]
        return {"members": members, "address": "嘉兴市南湖区建设街道***"}

    def _permit(self, number: str, given: Mapping[str, str], now: datetime) -> Any:
        found = self.registers.permits.get(number)
        result = _standing(found, now)
        same = found is not None and found.name == given["name"]
        return {"result": DIFFERENT if result == SAME and not same else result}

    def _enterprise(self, given: Mapping[str, str], _now: datetime) -> Any:
        found = self.registers.enterprises.get(given["uscc"])
        if found is None:
            return None
        return {"name": found.name, "legalRep": found.legal_rep, "status": found.status, "address": found.address}

    def _licence(self, given: Mapping[str, str], _now: datetime) -> Any:
        found = self.registers.licences.get((given["holderId"], given["licenceType"]))
        if found is None:
            return None
        identifier, issuer = found
        content = licence_file(identifier)
        digest = hashes.Hash(hashes.SM3())
        digest.update(content)
        return {
            "licenceNo": identifier,
            "issuer": issuer,
            "fileType": "pdf",
            "file": base64.b64encode(content).decode(),
            "sm3": digest.finalize().hex(),
        }

    def _holdings(self, given: Mapping[str, str], now: datetime) -> Any:
        found = self.registers.citizens.get(given["idNo"])
        if found is None or _standing(found, now) != SAME or found.stored != given["name"]:
            return None
        held = self.registers.holdings.get(given["idNo"], [])
        return [{"BDCDYH": each.unit, "BDCQZH": each.certificate, "ZL": each.location} for each in held] or None


def _standing(found: Citizen | Permit | None, now: datetime) -> str:
    """Before anything is compared: not there, not there yet, or cancelled."""
    if found is None or (found.on_record_from is not None and now < found.on_record_from):
        return ABSENT
    return found.state
