"""The static check finds mappings and contracts that do not belong together."""

from __future__ import annotations

import json

import pytest

from hub.config import load_configuration
from hub.engine.selfcheck import canonical_tables, check_set, contract, mapping_faults, mapping_sets
from hub.registry import Found, Registry
from tests.toy.adapter import ToyAdapter
from tests.toy.hubs import MAPPINGS, overlay

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
<xs:element name="ROOT"><xs:complexType><xs:sequence><xs:element name="LSH" type="xs:string"/></xs:sequence>
</xs:complexType></xs:element></xs:schema>"""


@pytest.fixture
def configuration(tmp_path):
    return load_configuration(overlay=overlay(tmp_path / "config"))


def _registry(folder):
    return Registry((Found("toy", "tests", ToyAdapter),), (folder,))


def _copy(tmp_path):
    target = tmp_path / "mappings" / "toy"
    target.mkdir(parents=True)
    for file in (MAPPINGS / "toy").iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_sets_are_those_of_the_adapter_s_endpoints(configuration):
    assert mapping_sets(configuration, ToyAdapter) == ("toy",)


def test_toy_s_mappings_have_no_faults(configuration):
    assert list(mapping_faults(configuration, _registry(MAPPINGS))) == []


def test_message_without_a_mapping_is_a_fault(configuration, tmp_path):
    (_copy(tmp_path) / "find.reply.yaml").unlink()
    found = check_set(_registry(tmp_path / "mappings"), ToyAdapter, "toy", canonical_tables(configuration))
    assert [fault.where for fault in found] == ["toy/find.reply.yaml:1"]


def test_mapping_that_does_not_load_is_a_fault_with_its_line_not_an_exception(configuration, tmp_path):
    (_copy(tmp_path) / "find.request.yaml").write_text("mapping: x\ndirection: request\nsource: Nobody\nfields: {}\n")
    found = list(mapping_faults(configuration, _registry(tmp_path / "mappings")))
    assert any(fault.where == "toy/find.request.yaml:3" for fault in found)


def test_contract_that_is_missing_is_a_fault(configuration, tmp_path):
    path = _copy(tmp_path) / "find.request.yaml"
    path.write_text(path.read_text().replace("fields:", "contract: contracts/nowhere.xsd#ROOT\nfields:", 1))
    found = list(mapping_faults(configuration, _registry(tmp_path / "mappings")))
    assert [fault.rule for fault in found] == ["MAP_CONTRACT"]


def test_contracts_are_read_from_xsd_json_schema_and_layout(tmp_path):
    (tmp_path / "a.xsd").write_text(XSD)
    schema = {"type": "object", "properties": {"lsh": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"type": "string"}}}
    (tmp_path / "b.json").write_text(json.dumps(schema))
    several = {
        "$defs": {"one": {"type": "object", "properties": {"x": {"$ref": "#/$defs/n"}}}, "n": {"type": "string"}}
    }
    (tmp_path / "c.json").write_text(json.dumps(several))
    (tmp_path / "d.yaml").write_text("H: {name: H, fields: [{name: SEQ, width: 8, kind: number}]}\n")
    assert contract(tmp_path, "a.xsd#ROOT").at(("LSH",)).kind == "text"
    assert contract(tmp_path, "b.json").at(("lsh",)).kind == "text"
    assert contract(tmp_path, "c.json#one").at(("x",)).kind == "text"
    assert contract(tmp_path, "d.yaml#H").at(("SEQ",)).max_bytes == 8


def test_materials_are_a_canonical_table(configuration):
    assert "ID_CARD" in canonical_tables(configuration)["materials"]
    assert "RIC" in canonical_tables(configuration)["id_type"]
