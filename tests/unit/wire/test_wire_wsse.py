"""WS-Security: digest and timestamp by the book, nothing drawn or read from a clock, the password never shown."""

import base64
import hashlib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import EncodeError
from hub.wire import xml
from hub.wire.soap import SOAP_11, SOAP_12, SoapCodec
from hub.wire.wsse import UsernameToken

DATA = Path(__file__).parent / "data"
GAS = SoapCodec.load(DATA / "gas" / "customer.wsdl")
WATER = SoapCodec.load(DATA / "asmx" / "business.wsdl")
WSSE = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}"
WSU = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}"
SHANGHAI = timezone(timedelta(hours=8))
NINE = datetime(2026, 11, 24, 9, 0, 0, 123456, SHANGHAI)
SAFE = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs", "Cn"], exclude_characters="\ufffe\uffff"))


def signed(token, codec=GAS, operation="findCustomers", arguments=None):
    _, body = codec.encode(operation, arguments or {"idType": "ID_CARD", "idNo": "x"}, security=token)
    return xml.parse(body)


@given(password=SAFE, nonce=st.binary(min_size=1, max_size=16))
def test_digest_is_of_nonce_created_and_password(password, nonce):
    envelope = signed(UsernameToken("hub", password, nonce.hex(), NINE))
    found = {name: envelope.findtext(f".//{WSSE}{name}") for name in ("Username", "Password", "Nonce")}
    created = envelope.findtext(f".//{WSSE}UsernameToken/{WSU}Created")
    sent = base64.b64decode(found["Nonce"])
    digest = hashlib.sha1(sent + created.encode() + password.encode(), usedforsecurity=False).digest()
    assert (found["Username"], sent) == ("hub", nonce.hex().encode())
    assert base64.b64decode(found["Password"]) == digest


def test_times_are_utc_with_z_and_the_message_lives_five_minutes():
    envelope = signed(UsernameToken("hub", "secret", "00", NINE))
    assert envelope.findtext(f".//{WSSE}UsernameToken/{WSU}Created") == "2026-11-24T01:00:00Z"
    stamp = envelope.find(f".//{WSU}Timestamp")
    assert [child.text for child in stamp] == ["2026-11-24T01:00:00Z", "2026-11-24T01:05:00Z"]


@pytest.mark.parametrize(
    ("codec", "space", "operation", "arguments"),
    [(GAS, SOAP_12, "findCustomers", None), (WATER, SOAP_11, "Invoke", {"tradeCode": "1001"})],
)
def test_header_is_for_either_version_and_must_be_understood(codec, space, operation, arguments):
    envelope = signed(UsernameToken("hub", "secret", "00", NINE), codec, operation, arguments)
    security = envelope.find(f"{space}Header/{WSSE}Security")
    assert security.get(f"{space}mustUnderstand") == "1"
    assert envelope[1].tag == f"{space}Body"


def test_same_token_makes_the_same_bytes():
    made = [GAS.encode("findCustomers", {"idType": "A", "idNo": "x"}, security=UsernameToken("h", "s", "00", NINE))] * 2
    assert made[0] == made[1]


def test_password_is_neither_in_the_message_nor_in_the_representation():
    token = UsernameToken("hub", "CANARY", "00", NINE)
    _, body = GAS.encode("findCustomers", {"idType": "ID_CARD", "idNo": "x"}, security=token)
    assert b"CANARY" not in body
    assert "CANARY" not in repr(token)


def test_time_without_zone_is_refused():
    with pytest.raises(EncodeError, match="without zone"):
        signed(UsernameToken("hub", "secret", "00", NINE.replace(tzinfo=None)))
