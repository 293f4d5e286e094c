"""The identity gateway's mappings against the canonical model, the catalogue and the contract; the signed form."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.idv.adapter import IdvAdapter
from hub.config import load_configuration
from hub.domain.party import DocumentType
from hub.engine.selfcheck import canonical_tables, check_set
from hub.errors import DecodeError, EncodeError, UnmappedCode
from hub.registry import Registry
from hub.sdk import Env
from hub.wire.exchange import HttpResponse
from simulators.idv import contract as theirs
from tests.integration.idv_hub import BUYER, CONFIG, MAPPINGS, PURPOSE, START, query

CONFIGURATION = load_configuration()
ADAPTER = IdvAdapter("idv", CONFIG)
TEXT = st.text(
    st.characters(min_codepoint=0x21, exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=60
) | st.sampled_from(["䶮·𬭎", "<&>\"'", "阿卜杜拉·买买提", "a=b&c=d", "O'Brien+%"])
SECRETS = st.text("0123456789abcdef", min_size=32, max_size=32)
FIELDS = {
    "idcard.verify": query(),
    "idcard.photoCompare": query(photo=b"\xff\xd8\xff\xd9"),
    "population.household": query(),
    "residence.permit": query(),
    "entexit.verify": query(),
    "enterprise.base": query("x", "91330402MA28A12323", DocumentType.USCC),
    "licence.get": query(material="ID_CARD"),
    "realestate.holdings": query(),
}


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()  # noqa: S324 the interface wants it


def env(**session):
    return Env(now=START, config=ADAPTER.config, session={"secret": "S", "refresh": "R", **session})


def sent(message, source, surroundings):
    """The form as the gateway reads it."""
    tree = MAPPINGS.request(message)(source, surroundings)
    request = ADAPTER.encode(message, tree, surroundings, None)
    return dict(parse_qsl(request.body.decode("ascii"), keep_blank_values=True, strict_parsing=True))


def reply(body):
    return ADAPTER.decode("idcard.verify", HttpResponse(200, {}, json.dumps(body).encode()), env())


def test_mappings_agree_with_contract_canonical_model_and_catalogue():
    assert check_set(Registry.load(), IdvAdapter, "idv", canonical_tables(CONFIGURATION)) == []


@pytest.mark.parametrize("message", list(FIELDS))
def test_form_of_each_message_is_one_that_the_gateway_takes(message):
    given_ = sent(message, FIELDS[message], env())
    for name in theirs.COMMON:
        assert given_.pop(name)
    assert theirs.purpose(given_.pop("additional")).case == PURPOSE.case_number
    assert theirs.parameters("/" + message.replace(".", "/"), given_) == given_


@settings(max_examples=200, deadline=None)
@given(name=TEXT, secret=SECRETS, milliseconds=st.integers(0, 999))
def test_signature_is_md5_of_key_secret_and_time_and_text_arrives_whole(name, secret, milliseconds):
    now = START.replace(microsecond=milliseconds * 1000)
    surroundings = Env(now=now, config=ADAPTER.config, session={"secret": secret})
    form = sent("idcard.verify", query(name.replace("䶮", "𬭎")), surroundings)
    assert form["name"] == name.replace("䶮", "𬭎")
    assert form["requestTime"] == str(int(now.timestamp() * 1000))
    assert form["sign"] == md5(f"TEST-APP{secret}{form['requestTime']}")
    assert secret not in {value for key, value in form.items() if key != "name"}


@pytest.mark.parametrize(("message", "secret"), [("token.key", "TEST-SECRET"), ("token.secret", "R")])
def test_token_messages_are_signed_by_their_own_secret_and_carry_nothing_else(message, secret):
    form = sent(message, None, env())
    assert set(form) == set(theirs.COMMON)
    assert form["sign"] == md5(f"TEST-APP{secret}{form['requestTime']}")


@pytest.mark.parametrize("secret", ["", None])
def test_nothing_is_signed_without_a_secret(secret):
    with pytest.raises(EncodeError):
        sent("idcard.verify", query(), env(secret=secret))


def test_every_material_that_the_hub_fetches_has_a_licence_type():
    fetched = [material.id for material in CONFIGURATION.catalogue.materials if material.auto_fetch]
    types = {one: sent("licence.get", query(material=one), env())["licenceType"] for one in fetched}
    assert len(fetched) == 14
    assert len(set(types.values())) == 12  # identity cards of three roles are one kind


def test_material_that_has_no_licence_is_not_asked_for():
    with pytest.raises(EncodeError):
        sent("licence.get", query(material="PHOTO"), env())


@pytest.mark.parametrize(
    "wrong",
    [
        {"operator": "陈 明"},
        {"operator": "x" * 33},
        {"case_number": "JX6-1"},
        {"item": "WAT"},
        {"material_name": "x" * 41},
    ],
)
def test_purpose_that_the_gateway_would_refuse_is_not_sent(wrong):
    with pytest.raises(EncodeError) as caught:
        sent("idcard.verify", query(purpose=PURPOSE.with_(**wrong)), env())
    assert "陈" not in str(caught.value)


@pytest.mark.parametrize("name", ["x" * 61, "\n", ""])
def test_name_that_the_gateway_would_refuse_is_not_sent(name):
    with pytest.raises(EncodeError):
        sent("idcard.verify", query(name), env())


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"code": "00", "datas": "{", "dataCount": 1},
        {"code": "00", "datas": "[1]", "dataCount": 2},
        {"code": "00", "datas": "7", "dataCount": 1},
        {"code": "00", "datas": "{}", "dataCount": 1},
        {"code": "00", "datas": {"result": 1}, "dataCount": 1},
        {"code": "00", "datas": {"result": "01"}, "dataCount": 0},
        {"datas": ""},
    ],
)
def test_answer_that_breaks_the_contract_is_no_answer(body):
    with pytest.raises((DecodeError, UnmappedCode)) as caught:
        reply(body)
    assert BUYER not in str(caught.value)


@pytest.mark.parametrize("result", ["05", "王"])
def test_result_that_no_table_knows_is_unmapped_and_not_guessed(result):
    with pytest.raises(UnmappedCode):
        reply({"code": "00", "datas": {"result": result}, "dataCount": 1})


@settings(max_examples=200, deadline=None)
@given(body=st.binary(max_size=200), status=st.sampled_from([200, 302, 404, 429, 500, 503]))
def test_any_bytes_at_all_end_in_a_wire_error(body, status):
    from hub.errors import WireError

    with pytest.raises(WireError):
        ADAPTER.decode("idcard.verify", HttpResponse(status, {}, body), env())
