"""The transit mappings and codec against the canonical model, the catalogue and the card centre's contract."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.transit.adapter import TransitAdapter
from adapters.transit.files import file_layout
from hub.config import load_configuration, shipped
from hub.domain.party import Agent, DocumentType
from hub.engine.selfcheck import canonical_tables, check_set
from hub.errors import EncodeError, ManifestError, NotSupported
from hub.registry import Registry
from hub.sdk import Env
from tests.golden.transit_files import APPL, NAMES, RCHG, flag, parsed
from tests.integration.transit_desk import (
    ENDPOINT,
    FILES,
    ITEMS,
    KEYS,
    MAPPINGS,
    PARAMS,
    START,
    batch_of,
    order_of,
    person,
    senior_card,
    topup,
)

ADAPTER = TransitAdapter(ENDPOINT, {**FILES, **KEYS})
ENV = Env(now=START, config=ADAPTER.config, params=PARAMS)
SENT = [item for item in ITEMS if item.kind != "query"]


def written(kind, *orders):
    """Head, records and trailer as the centre reads them."""
    put = ADAPTER.encode(kind, MAPPINGS.request(kind)(batch_of(kind, *orders), ENV), ENV, bytes)
    assert put.flag_body.decode() == flag(put.body)
    return parsed(put.body)


def test_mappings_agree_with_contract_canonical_model_and_catalogue():
    tables = canonical_tables(load_configuration(shipped()))
    assert check_set(Registry.load(), TransitAdapter, "transit", tables) == []


def test_both_contracts_of_our_files_have_the_same_fields():
    text = TransitAdapter.folder().joinpath("contracts", "files.schema.json").read_text("utf-8")
    schema = json.loads(text)["$defs"]
    for kind, places in {"APPL": APPL, "RCHG": RCHG}.items():
        columns = {column.name: column for column in file_layout(kind).detail.fields}
        fields = schema[kind]["properties"]["D"]["items"]["properties"]
        assert set(fields) == set(places) - {"filler"} == set(columns) - {"rectype", "filler"}
        assert {name: end - start for name, (start, end) in places.items()} == {
            name: column.width for name, column in columns.items() if name != "rectype"
        }


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item.code)
def test_every_item_is_served_and_can_be_previewed(item):
    order = order_of(item.code)
    operation = ADAPTER.serving(order.operation)
    message, source = ADAPTER.preview(operation, order)
    request = ADAPTER.encode(message, MAPPINGS.request(message)(source, ENV), ENV, bytes)
    assert request.path.startswith("/out/" if item.kind == "query" else "/in/")


@pytest.mark.parametrize("item", SENT, ids=lambda item: item.code)
def test_order_of_every_item_stands_in_its_places(item):
    order = order_of(item.code)
    kind = item.upstream.operation.partition(":")[0]
    head, [row], trailer = written(kind, order)
    assert (head["ftype"], head["inst"], head["keyver"], head["count"]) == (kind, "0402", "01", "00000001")
    assert (row["seq"], row["reqno"], row["filler"]) == ("00000001", order.serial, "")
    if kind == "APPL":
        assert (row["biz"], row["idno"]) == (order.variant, order.applicant.document.number)
    amount = order.form.amount or 0
    assert int(row["amount"]) == int(head["amount"]) == int(trailer["amount"]) == amount


@pytest.mark.parametrize("variant", ["04", "05", "06", "07"])
def test_record_about_a_card_carries_no_photo_mobile_site_or_money(variant):
    order = order_of("JX6-BUS-06", form={"amount": 1000}).with_(variant=variant)
    _, [row], _ = written("APPL", order)
    assert (row["photo"], row["mobile"], row["site"], int(row["amount"])) == ("", "", "", 0)
    assert row["cardno"] == order.form.card_no


def test_mobile_of_the_agent_stands_in_for_a_missing_one():
    order = senior_card()
    agent = {"person": person("陈明", "330481199506150135").with_(mobile="13900139001")}
    alone = order.with_(applicant=order.applicant.with_(mobile=None))
    assert written("APPL", alone)[1][0]["mobile"] == ""
    assert written("APPL", alone.with_(agent=Agent(**agent)))[1][0]["mobile"] == "13900139001"


@pytest.mark.parametrize(
    ("given_birth", "written_birth"), [("1990-03-14", "19900314"), ("1990", "19900000"), (None, "00000000")]
)
def test_birthday_is_written_and_a_partial_one_is_no_date(given_birth, written_birth):
    holder = person("Łódź", "E12345678", DocumentType.PASSPORT, birth_date=given_birth)
    _, [row], _ = written("APPL", senior_card(applicant=holder))
    assert (row["birth"], row["idtype"], row["idno"]) == (written_birth, "414", "E12345678")


@given(name=NAMES)
@settings(max_examples=150, deadline=None)
def test_any_name_arrives_whole_or_cut_at_thirty_bytes_between_characters(name):
    _, [row], _ = written("APPL", senior_card(applicant=person(name, "330402195203140024")))
    assert name.startswith(row["name"])
    left = name.removeprefix(row["name"])
    whole = len(name.encode("gb18030")) <= 30
    assert left == "" if whole else len((row["name"] + left[0]).encode("gb18030")) > 30


@given(amount=st.integers(1, 9_999_999_999), count=st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_amounts_are_exact_and_summed_in_head_and_trailer(amount, count):
    head, rows, trailer = written("RCHG", *(topup(seq, amount) for seq in range(1, count + 1)))
    assert [int(row["amount"]) for row in rows] == [amount] * count
    assert int(head["amount"]) == int(trailer["amount"]) == amount * count
    assert {row["paytime"] for row in rows} == {"20260105090500"}


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"form": {"pickup_site": "0001012"}}, "D[1].site"),
        ({"form": {"card_type": "99"}}, "D[1].cardtype"),
        ({"applicant": person("甲", "1" * 19)}, "D[1].idno"),
        ({"applicant": person("甲\x1b乙", "330402195203140024")}, "APPL record 2.name"),
        ({"variant": "09"}, "D[1].biz"),
    ],
)
def test_order_that_breaks_the_contract_names_its_field_and_not_the_value(change, where):
    with pytest.raises(EncodeError) as broken:
        written("APPL", senior_card(**change))
    assert broken.value.where.endswith(where)
    assert "甲" not in str(broken.value)
    assert "1111" not in str(broken.value)


def test_topup_wants_card_and_amount():
    for missing in ("card_no", "amount"):
        with pytest.raises(EncodeError):
            written("RCHG", order_of("JX6-BUS-08", form={missing: None}))


def test_key_version_without_a_usable_key_is_named_before_anything_is_sent():
    for keys in ({}, {"01": "short"}):
        adapter = TransitAdapter(ENDPOINT, {**FILES, "sm4_keys": keys, "key_version": "01"})
        tree = MAPPINGS.request("RCHG")(batch_of("RCHG", topup()), ENV)
        with pytest.raises(EncodeError, match="keyver"):
            adapter.encode("RCHG", tree, ENV, bytes)


@pytest.mark.parametrize("key", ["host", "username", "private_key", "host_key", "sm4_keys", "key_version"])
def test_missing_configuration_is_named(key):
    config = {name: value for name, value in {**FILES, **KEYS}.items() if name != key}
    with pytest.raises(ManifestError, match=key):
        TransitAdapter(ENDPOINT, config)


def test_what_the_centre_does_not_offer_is_not_supported():
    for name in ("cancel", "progress", "supplement", "arrears", "pay", "reverse"):
        with pytest.raises(NotSupported):
            ADAPTER.operation(name)
