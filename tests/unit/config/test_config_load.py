"""Reading the configuration: the shipped one is sound, a user's replaces it, faults have file and line."""

from datetime import date

import pytest

from hub.config import Performed, check_configuration, load_configuration, routes, shipped, warnings
from hub.config.load import FILES
from hub.errors import ConfigError


def test_the_shipped_configuration_has_no_fault(configuration):
    assert check_configuration(configuration) == []


def test_the_shipped_configuration_warns_of_the_open_calendar_year_only(configuration):
    assert [fault.rule for fault in warnings(configuration)] == ["CALENDAR"]
    assert warnings(configuration)[0].where.startswith("config/calendar.yaml:")


def test_the_shipped_configuration_counts(configuration):
    catalogue = configuration.catalogue
    assert len(catalogue.items) == 67
    assert {field.id: field.items for field in catalogue.fields if field.items} == {
        "water": 14, "power": 15, "gas": 13, "transit": 8, "ccard": 9, "catv": 8,
    }  # fmt: skip
    assert [item.code for item in catalogue.linked] == ["JX6-RE-01"]
    assert len(catalogue.materials) == 30
    assert len(catalogue.bundles) == 6
    assert len(configuration.divisions.counties) == 7
    assert sum(division.level in {"street", "town"} for division in configuration.divisions.divisions) == 72


def test_only_three_items_are_known_from_the_article(configuration):
    from_article = {item.code for item in configuration.catalogue.items if item.provenance == "article"}
    assert from_article == {"JX6-WAT-01", "JX6-WAT-02", "JX6-GAS-01"}


@pytest.mark.parametrize(
    ("field", "division", "endpoint", "params"),
    [
        ("water", "330402007", "water-city", {"gsdm": "0401"}),
        ("water", "330411101", "water-city", {"gsdm": "0401"}),
        ("water", "330481001", "water-haining", {"gsdm": "0481"}),
        ("water", "330421001", "water-jiashan", {"gsdm": "0421"}),
        ("power", "330483001", "power", {"org_no": "330483001"}),
        ("transit", "330424001", "transit-0424", {"inst": "0424"}),
        ("catv", "330481001", "catv", {"branch": "0481"}),
        ("realty", "330424001", "realty", {"qxdm": "330424"}),
        ("ccard", "330402007", "ccard", {}),
        ("ccard", "330483001", "ccard", {}),
    ],
)
def test_a_service_address_is_routed_to_its_utility(configuration, field, division, endpoint, params):
    route = configuration.concessions.route(field, division)
    assert (route.endpoint.id, route.params) == (endpoint, params)


def test_haining_water_speaks_the_other_dialect(configuration):
    dialects = {one.id: one.config["dialect"] for one in configuration.endpoints if one.adapter == "water"}
    assert {name for name, dialect in dialects.items() if dialect == "B"} == {"water-haining"}
    assert len(dialects) == 6


def test_a_utility_without_a_connection_is_routed_without_an_endpoint(changed):
    overlay, _ = changed("concessions.yaml", "endpoint: gas-city, ", "")
    route = load_configuration(overlay=overlay).concessions.route("gas", "330402007")
    assert route.provider.id == "gas-city"
    assert route.endpoint is None


def test_nobody_serves_an_address_outside_the_city(configuration):
    assert configuration.concessions.route("water", "330106001") is None


def test_every_item_in_every_county_is_in_the_route_table_with_a_reason_or_an_endpoint(configuration):
    table = routes(configuration, lambda endpoint, operation: Performed(endpoint.adapter, operation))
    assert len(table.rows) == 68 * 7
    for row in table.rows:
        assert bool(row.endpoints) != bool(row.reason)
    assert {row.field for row in table.routed} == {"water", "power", "transit", "catv", "realty", "gas", "ccard"}
    assert not table.unrouted
    assert all(row.reason == "the provider is not connected" for row in table.unrouted)


def _all_but_one(endpoint, operation):
    return None if (endpoint.adapter, operation) == ("water", "3001:01") else Performed(endpoint.adapter, operation)


def test_an_operation_that_no_adapter_has_is_listed_as_unrouted(configuration):
    table = routes(configuration, _all_but_one)
    assert {row.reason for row in table.of("JX6-WAT-01")} == {"the adapter 'water' has no operation '3001:01'"}
    assert not any(row.reason for row in table.of("JX6-WAT-02"))


def test_the_calendar_knows_make_up_days_and_says_when_it_assumes(configuration):
    calendar = configuration.calendar
    assert calendar.is_workday(date(2026, 10, 10))
    assert not calendar.is_workday(date(2026, 10, 7))
    assert not calendar.add_working_days(date(2026, 11, 23), 5).assumed
    assert calendar.add_working_days(date(2026, 12, 28), 5).assumed


def test_a_file_of_the_users_folder_replaces_the_shipped_one(tmp_path, configuration):
    (tmp_path / "maintenance.yaml").write_text("windows: []\n", encoding="utf-8")
    mine = load_configuration(overlay=tmp_path)
    assert mine.maintenance == ()
    assert mine.catalogue == configuration.catalogue


def test_endpoints_d_adds_and_replaces_by_id(tmp_path, configuration):
    folder = tmp_path / "endpoints.d"
    folder.mkdir()
    (folder / "test.yaml").write_text(
        "endpoints:\n"
        "- {id: power, adapter: power, config: {base_url: 'http://127.0.0.1:1'}}\n"
        "- {id: power-two, adapter: power, config: {}}\n",
        encoding="utf-8",
    )
    mine = load_configuration(overlay=tmp_path)
    assert mine.concessions.by_endpoint["power"].config == {"base_url": "http://127.0.0.1:1"}
    assert len(mine.endpoints) == len(configuration.endpoints) + 1
    assert mine.concessions.route("power", "330402007").endpoint.config["base_url"] == "http://127.0.0.1:1"
    unused = [fault for fault in warnings(mine) if fault.rule == "UNUSED"]
    assert [fault.where for fault in unused] == [f"{folder / 'test.yaml'}:3"]


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("catalogue.yaml", "  kind: query", "  kind: question", "kind"),
        ("catalogue.yaml", "  self_service: true", "  self_servise: true", "self_servise"),
        ("catalogue.yaml", "- code: JX6-WAT-02", "- code: JX6-WAT-01", "stands twice"),
        ("providers.yaml", "- {id: power,", "- {id: Power!,", "id"),
        ("endpoints.yaml", "concurrency: 4", "concurrency: many", "concurrency"),
        ("endpoints.yaml", "attempts: 400", "attempts: 0", "attempts"),
        ("maintenance.yaml", "minutes: 60", "minutes: -1", "minutes"),
        ("forms.yaml", "data_class: personal, own: true}", "own: true}", "data_class"),
        ("codes.yaml", "tables:", "tabels:", "unknown key 'tabels'"),
        ("bundles.yaml", "gate: {kind: legal_effect", "gate: {kind: sometime", "gate.kind"),
        ("divisions.yaml", "city: '3304'", "city: 3304", "city"),
        ("calendar.yaml", "2026-10-10]", "2026-10-10", "expected"),
    ],
)
def test_a_fault_names_file_and_line(changed, name, old, new, says):
    folder, where = changed(name, old, new)
    with pytest.raises(ConfigError) as caught:
        load_configuration(overlay=folder)
    texts = [str(fault) for fault in caught.value.faults]
    file, line = where.rsplit(":", 1)
    # An entry of several lines is named by the line of the key, a missing key by the line of the entry.
    near = {f"{file}:{number}" for number in range(int(line) - 1, int(line) + 3)}
    assert any(fault.where in near and says in str(fault) for fault in caught.value.faults), texts


def test_all_faults_of_all_files_are_collected(changed):
    changed("maintenance.yaml", "minutes: 60", "minutes: -1")
    folder, _ = changed("catalogue.yaml", "  kind: query", "  kind: question")
    with pytest.raises(ConfigError) as caught:
        load_configuration(overlay=folder)
    assert len({fault.where.rsplit(":", 1)[0] for fault in caught.value.faults}) == 2


def test_a_misspelt_file_name_is_a_fault(tmp_path):
    (tmp_path / "endpoint.yaml").write_text("endpoints: []\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="no such configuration file"):
        load_configuration(overlay=tmp_path)


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(ConfigError, match="no such folder"):
        load_configuration(overlay=tmp_path / "none")


def test_a_missing_file_of_a_whole_folder_is_named(tmp_path):
    with pytest.raises(ConfigError) as caught:
        load_configuration(tmp_path)
    assert f"{tmp_path / 'catalogue.yaml'}:1" in {fault.where for fault in caught.value.faults}
    assert len(caught.value.faults) == len(FILES)


def test_a_value_of_the_configuration_is_never_in_a_fault(changed):
    folder, _ = changed("endpoints.yaml", "rate_per_second: 15", "rate_per_second: canary-5417")
    with pytest.raises(ConfigError) as caught:
        load_configuration(overlay=folder)
    assert "canary" not in str(caught.value)


def test_the_shipped_folder_is_found():
    assert (shipped() / "catalogue.yaml").is_file()
