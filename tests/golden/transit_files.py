"""Files of the card centre written and read by hand from its contract: no code is shared with the adapter."""

from __future__ import annotations

from hypothesis import strategies as st

from hub.wire.crypto import sm3
from tests.integration.transit_desk import KEYS
from tests.integration.transit_hub import decrypt, encrypt

KEY = bytes.fromhex(KEYS["sm4_keys"]["01"])
APPL = {"seq": (1, 9), "reqno": (9, 29), "biz": (29, 31), "cardtype": (31, 33), "cardno": (33, 52), "name": (52, 82),
        "idtype": (82, 85), "idno": (85, 103), "mobile": (103, 114), "birth": (114, 122), "division": (122, 131),
        "photo": (131, 171), "site": (171, 177), "amount": (177, 187), "filler": (187, 256)}  # fmt: skip
RCHG = {"seq": (1, 9), "reqno": (9, 29), "cardno": (29, 48), "amount": (48, 58), "paytime": (58, 72), "tac": (72, 80),
        "filler": (80, 256)}  # fmt: skip
HEAD = {"ftype": (1, 5), "inst": (5, 9), "bizdate": (9, 17), "seq": (17, 21), "count": (21, 29), "amount": (29, 41),
        "keyver": (41, 43), "filler": (43, 256)}  # fmt: skip
OURS = {"APPL": APPL, "RCHG": RCHG}
# Places of a number that is summed up in head and trailer.
_SUMS = {"RESP": (87, 97), "CARD": (80, 90), "RECN": (66, 76), "BLKL": None}


# Any character a name can have, the CJK extensions and markup among them, but no surrogates and no control codes.
NAMES = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=64
) | st.sampled_from(["䶮·𬭎", "<&>\"'", "阿卜杜热西提·买买提依明·𠅤", "𠅤㛃", "O'Brien—Łódź"])


def parsed(data: bytes) -> tuple[dict[str, str], list[dict[str, str]], dict[str, str]]:
    """Head, records and trailer of a file of the hub, deciphered, cut by places."""
    plain = decrypt(data, KEY)
    lines = [plain[start : start + 256] for start in range(0, len(plain), 258)]
    assert plain == b"".join(line + b"\r\n" for line in lines)
    assert [line[:1] for line in lines] == [b"H", *[b"D"] * (len(lines) - 2), b"T"]
    head = _cut(lines[0], HEAD)
    trailer = _cut(lines[-1], {"count": (1, 9), "amount": (9, 21), "filler": (21, 256)})
    return head, [_cut(line, OURS[head["ftype"]]) for line in lines[1:-1]], trailer


def _cut(line: bytes, places: dict[str, tuple[int, int]]) -> dict[str, str]:
    return {name: line[start:end].decode("gb18030").rstrip(" ") for name, (start, end) in places.items()}


def text(value: str, size: int) -> bytes:
    encoded = value.encode("gb18030")
    assert len(encoded) <= size
    return encoded.ljust(size)


def num(value: int | str, size: int) -> bytes:
    return str(value).zfill(size).encode()


def resp(seq: int = 1, reqno: str = "", result: str = "0000", **v) -> bytes:
    line = b"D" + num(seq, 8) + text(reqno, 20) + num(result, 4) + num(v.get("cardno", 0), 19)
    line += num(v.get("newcard", 0), 19) + text(v.get("orderno", ""), 16) + num(v.get("fee", 0), 10)
    return line + num(v.get("effdate", 0), 8) + text(v.get("msg", ""), 60) + b" " * 91


def recn(seq: int = 1, reqno: str = "", status: str = "00", **v) -> bytes:
    line = b"D" + num(seq, 8) + text(reqno, 20) + text(v.get("orderno", ""), 16) + num(v.get("cardno", 0), 19)
    line += num(v.get("txn", "01"), 2) + num(v.get("amount", 0), 10) + num(v.get("txntime", "20260105093000"), 14)
    return line + num(status, 2) + b" " * 164


def card(seq: int = 1, cardno: str = "", status: str = "00", name: str = "", mask: str = "", **v) -> bytes:
    line = b"D" + num(seq, 8) + num(cardno, 19) + num(v.get("cardtype", "10"), 2) + num(status, 2) + text(name, 30)
    line += text(mask, 18) + num(v.get("balance", 0), 10) + num(v.get("validto", 0), 8)
    return line + num(v.get("lasttxn", 0), 14) + num(v.get("reviewdue", 0), 8) + b" " * 136


def blkl(seq: int = 1, cardno: str = "", reason: str = "01", effective: str = "20260105100000") -> bytes:
    return b"D" + num(seq, 8) + num(cardno, 19) + num(reason, 2) + num(effective, 14) + b" " * 212


def file(kind: str, *lines: bytes, day: str = "20260105", seq: int = 1, **wrong) -> bytes:
    """A file of the centre, enciphered; `count`, `amount`, `inst`, `tail_count` make it disagree with itself."""
    place = _SUMS[kind]
    total = sum(int(line[place[0] : place[1]]) for line in lines) if place else 0
    head = b"H" + kind.encode() + wrong.get("inst", "0402").encode() + day.encode() + num(seq, 4)
    head += num(wrong.get("count", len(lines)), 8) + num(wrong.get("amount", total), 12) + b"01" + b" " * 213
    tail = b"T" + num(wrong.get("tail_count", len(lines)), 8) + num(total, 12) + b" " * 235
    return encrypt(b"".join(line + b"\r\n" for line in (head, *lines, tail)), KEY)


def flag(data: bytes) -> str:
    return f"{len(data)} {sm3(data).hex()}"
