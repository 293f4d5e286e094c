"""Who a message names, read from its bytes by hand as the interface's page has it; no code of the hub's."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote_to_bytes

from lxml import etree

from simulators.power.crypto import test_keys as power_keys
from simulators.power.crypto import unseal
from tests.integration.transit_hub import decrypt


def water_a(request, _):
    """GBK that calls itself gb2312, twice: a document inside a document."""
    return _inner(request.body.decode("gbk"), "YHMC", "ZJHM")


def water_b(request, _):
    return _inner(request.body.decode("utf-8"), "customerName", "idNo")


def _inner(text, name, number):
    document = _xml(_only(_xml(text), "xmlData"))
    return [(_only(document, name), _only(document, number))]


def power(request, _):
    given = json.loads(unseal(json.loads(request.body), power_keys(7).platform.private))
    return [(given["custName"], given["certNo"])]


def gas(request, _):
    document = _xml(request.body.decode("utf-8"))
    (applicant,) = document.iterfind(".//{*}applicant")
    return [(_only(applicant, "name"), _only(applicant, "idNo"))]


def transit(request, connection):
    """Bytes 52 to 82 of a record are the name, 85 to 103 the number."""
    key = bytes.fromhex(connection["sm4_keys"]["01"])
    _, record, _, _ = decrypt(request.body, key).split(b"\r\n")
    assert len(record) == 256
    return [(record[52:82].decode("gb18030").rstrip(" "), record[85:103].decode("ascii").rstrip(" "))]


def ccard_frame(request, _):
    """DE48 follows the merchant's number: its length in bytes, then tags of three digits, each with its own."""
    head = re.search(rb"330400000000001(\d{3})", request.body)
    rest, found = request.body[head.end() :][: int(head[1])], {}
    while rest:
        size = int(rest[3:6])
        found[rest[:3]], rest = rest[6 : 6 + size], rest[6 + size :]
    return [(found[b"001"].decode("gb18030"), found[b"002"].decode("ascii"))]


def ccard_file(request, _):
    line, end, _ = request.body.decode("utf-8").split("\n")
    assert end == "END|1"
    fields = line.split("|")
    return [(fields[2], fields[4])]


def catv(request, _):
    given = unquote_to_bytes(request.body.removeprefix(b"xml=").replace(b"+", b" "))
    document = _xml(given.decode("gb18030"))
    return [(_only(document, "CUSTNAME"), _only(document, "IDNO"))]


def realty(request, _):
    rows = [step.values for step in request.steps if step.table == "QZ_QLR"]
    return [(row["MC"], row["ZJH"]) for row in rows if row["LX"] == "1"]


def _xml(text):
    """Without its declaration, which may lie about the encoding."""
    return etree.fromstring(re.sub(r"^\ufeff?<\?xml[^>]*\?>", "", text))


def _only(element, tag):
    (found,) = element.iterfind(f".//{{*}}{tag}")
    return found.text
