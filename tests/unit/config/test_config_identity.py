"""identity.yaml: what is shipped is sound, and what cannot work is named with its file and line."""

from __future__ import annotations

import pytest
import yaml

from hub.config import check_configuration, load_configuration, shipped
from hub.errors import ConfigError


def changed(folder, change):
    data = yaml.safe_load(shipped().joinpath("identity.yaml").read_text("utf-8"))
    change(data)
    (folder / "identity.yaml").write_text(yaml.safe_dump(data, allow_unicode=True), "utf-8")
    return load_configuration(overlay=folder)


def test_the_shipped_lifetimes_and_levels_are_the_city_s(configuration):
    rules = configuration.identity
    minutes = {channel.id: channel.minutes for channel in rules.channels}
    assert minutes == {"WINDOW": 30, "TERMINAL": 10, "WEB": 10, "MOBILE": 10, "HOTLINE": 10}
    levels = {method.id: method.level for method in rules.methods}
    assert levels == {"CLERK": 2, "CARD_READER": 1, "AUTHORITY_CHECK": 2, "FACE_COMPARE": 3}
    assert rules.photo_score == 70


def test_the_gateway_serves_the_whole_city(configuration):
    for county in configuration.divisions.counties:
        assert configuration.concessions.route("identity", county.code).endpoint.id == "idv"


def test_method_that_is_not_defined_is_named(tmp_path):
    made = changed(tmp_path, lambda data: data["methods"].pop(0))
    faults = [fault for fault in check_configuration(made) if fault.rule == "REFERENCE"]
    assert [fault.message for fault in faults] == ["no method 'CLERK'"]
    assert faults[0].where.startswith(f"{tmp_path}/identity.yaml:")


def test_item_whose_level_nobody_can_reach_at_a_terminal_is_named(tmp_path):
    made = changed(tmp_path, lambda data: data["channels"][1]["methods"].remove("FACE_COMPARE"))
    faults = [fault for fault in check_configuration(made) if fault.rule == "IDENTITY"]
    transfers = [item.code for item in made.catalogue.items if item.self_service and item.identity_level == 2]
    assert len(faults) == len(transfers) > 0
    assert "demands level 3 at a TERMINAL, where the best method has 2" in faults[0].message
    assert faults[0].where.startswith("config/catalogue.yaml:")


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda data: data.pop("photo_score"), "photo_score"),
        (lambda data: data["methods"][0].update(level=4), "level"),
        (lambda data: data["methods"][0].update(id="GUESS"), "id"),
        (lambda data: data["channels"][0].update(minutes=0), "minutes"),
        (lambda data: data["channels"][0].update(id="DOOR"), "id"),
        (lambda data: data.update(more=1), "more"),
    ],
)
def test_rules_that_make_no_sense_are_refused_with_their_line(tmp_path, change, text):
    with pytest.raises(ConfigError) as caught:
        changed(tmp_path, change)
    assert text in str(caught.value)
    assert f"{tmp_path}/identity.yaml:" in caught.value.faults[0].where
