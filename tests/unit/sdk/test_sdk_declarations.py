"""What an adapter must declare before it imports."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hub.domain.application import Channel
from hub.domain.form import OrderForm
from hub.errors import ManifestError, NotSupported
from hub.sdk import BusinessKey, KeyReplay, ServiceOrder, read, write
from hub.sdk.operation import check_safety, declared
from tests.toy.adapter import ToyAdapter


def operations(**declarations):
    return declared(type("Draft", (), declarations))


def function():
    async def run(self, order, ctx):
        return None

    return run


def test_write_without_idempotency_and_inquiry_is_refused():
    with pytest.raises(ManifestError, match="unsafe='manual'"):
        check_safety("toy", operations(accept=write("accept")(function())))


@pytest.mark.parametrize("protection", [{"idempotency": KeyReplay()}, {"unsafe": "manual"}])
def test_write_with_a_protection_is_taken(protection):
    check_safety("toy", operations(accept=write("accept", **protection)(function())))


def test_inquiry_that_does_not_exist_is_refused():
    accept = write("accept", idempotency=BusinessKey("account_no"), inquiry="find")(function())
    with pytest.raises(ManifestError, match="no operation 'find'"):
        check_safety("toy", operations(accept=accept))


def test_operation_declared_twice_is_refused():
    with pytest.raises(ManifestError, match="twice"):
        operations(one=read("find")(function()), two=read("find")(function()))


@pytest.mark.parametrize(
    ("config", "message"),
    [({}, "'base_url' is required"), ({"base_url": "x", "colour": 1}, "unknown key 'colour'")],
)
def test_wrong_configuration_names_the_key_before_any_call(config, message):
    with pytest.raises(ManifestError, match=message):
        ToyAdapter("water-city", config)


def test_catalogue_operation_finds_the_operation_that_serves_it():
    assert ToyAdapter.serving("3001:07").name == "accept"
    assert ToyAdapter.serving("9001") is None


def test_operation_that_is_not_declared_is_not_supported():
    with pytest.raises(NotSupported):
        ToyAdapter("water-city", {"base_url": "x"}).operation("supplement")


def test_manifest_operation_needs_no_python():
    assert ToyAdapter.operations["progress"].run is None


def test_preview_asks_for_debts_by_the_account_and_shows_all_else_as_the_order_is():
    order = ServiceOrder.model_construct(
        serial="1" * 20, request_id="2" * 32, channel=Channel(), form=OrderForm(account_no="0012345678")
    )
    adapter = ToyAdapter("water-city", {"base_url": "x"})
    arrears = replace(ToyAdapter.operations["progress"], name="arrears", message="owed")
    message, asked = adapter.preview(arrears, order)
    assert (message, asked.account_no) == ("owed", "0012345678")
    assert adapter.preview(ToyAdapter.operations["progress"], order)[1] is order


def test_preview_of_a_batch_is_the_order_alone_in_the_first_file_of_its_day_in_china():
    order = ServiceOrder.model_construct(submitted_at=datetime(2026, 11, 25, 17, tzinfo=UTC))
    adapter = ToyAdapter("water-city", {"base_url": "x"})
    kind, alone = adapter.preview(replace(ToyAdapter.operations["progress"], batch_type="APPL"), order)
    assert (kind, alone.id, alone.seq, alone.orders) == ("APPL", "water-city:APPL:20261126:0001", 1, (order,))
