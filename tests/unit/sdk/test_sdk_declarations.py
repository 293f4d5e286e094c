"""What an adapter must declare before it imports."""

from __future__ import annotations

import pytest

from hub.errors import ManifestError, NotSupported
from hub.sdk import BusinessKey, KeyReplay, read, write
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
