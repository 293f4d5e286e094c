"""Cross checks: whatever contradicts itself between the files is found, with its line."""

import pytest

from hub.config import check_configuration, load_configuration

CHANGES = [
    ("catalogue.yaml", "count: 67", "count: 66", "COUNT", "count says 66"),
    ("catalogue.yaml", "items: 14}", "items: 13}", "COUNT", "has 14"),
    ("catalogue.yaml", "{ref: TRANSFER_AGREEMENT, required", "{ref: AGREEMENT, required", "REFERENCE", "no material"),
    ("catalogue.yaml", "{ref: settle_mode, required", "{ref: settling, required", "REFERENCE", "no form field"),
    ("catalogue.yaml", "{ref: card_type, values: ['10']}", "{ref: card_type, values: ['99']}", "REFERENCE", "no code"),
    ("catalogue.yaml", "{ref: bank_account, required: false}", "", "REFERENCE", "typed in as 'bank_account'"),
    ("catalogue.yaml", "{suspend_kind: [partial]}", "{suspend_kind: [half]}", "REFERENCE", "cannot be 'half'"),
    ("catalogue.yaml", "{field: loss_kind, values: {cancel", "{field: doubt, values: {cancel", "REFERENCE", "depends on"),
    ("catalogue.yaml", "- {ref: designated_holder", "- {ref: account_no", "REFERENCE", "named twice"),
    ("catalogue.yaml", "  field: water\n", "  field: steam\n", "REFERENCE", "no field 'steam'"),
    ("forms.yaml", "type: decimal", "type: integer", "FIELD", "another type"),
    ("forms.yaml", "- {key: doubt,", "- {key: doubts,", "FIELD", "no form field 'doubt'"),
    ("forms.yaml", ", table: water_use", "", "FIELD", "a code needs a table"),
    ("forms.yaml", "table: water_use", "table: water_uses", "FIELD", "no code table"),
    ("forms.yaml", "path: applicant.name", "path: aplicant.name", "FIELD", "no place in an application"),
    ("materials.yaml", "form_field: bank_account", "form_field: bank", "REFERENCE", "no form field"),
    ("bundles.yaml", "members: [JX6-WAT-01,", "members: [JX6-WAT-99,", "REFERENCE", "no item"),
    ("bundles.yaml", "lead: JX6-RE-01", "lead: JX6-RE-02", "REFERENCE", "no item"),
    ("bundles.yaml", "{item: JX6-GAS-04, after", "{item: JX6-GAS-09, after", "REFERENCE", "not in the bundle"),
    ("bundles.yaml", "{item: JX6-CIT-04, after: JX6-CIT-02", "{item: JX6-CIT-04, after: JX6-CIT-05", "REFERENCE", "circle"),
    ("bundles.yaml", "{item: JX6-ELE-05, after: JX6-RE-01, gate: legal_effect, precheck: true}", "{item: JX6-ELE-05, after: JX6-RE-01, gate: legal_effect, commit: early}", "REFERENCE", "cannot be undone"),
    ("bundles.yaml", "{item: JX6-BUS-06, after: JX6-BUS-05", "{item: JX6-BUS-06, after: JX6-BUS-05, commit: early", "REFERENCE", "cannot be undone"),
    ("bundles.yaml", "{item: JX6-CIT-04, after: JX6-CIT-02, gate: completed}", "{item: JX6-CIT-04, after: JX6-CIT-02, gate: completed, commit: early}", "REFERENCE", "others wait for"),
    ("providers.yaml", "field: catv", "field: cable", "REFERENCE", "no field"),
    ("concessions.yaml", "{provider: power,", "{provider: power-co,", "REFERENCE", "no provider"),
    ("concessions.yaml", "{provider: ccard, field: ccard", "{provider: ccard, field: gas", "REFERENCE", "is a provider of"),
    ("concessions.yaml", "endpoint: power,", "endpoint: powr,", "REFERENCE", "no endpoint"),
    ("concessions.yaml", "['330402', '330411']", "['330402', '330499']", "REFERENCE", "no division or zone"),
    ("concessions.yaml", "divisions: ['330481'], endpoint: water", "divisions: ['330402'], endpoint: water", "REFERENCE", "already serves"),
    ("concessions.yaml", "divisions: ['3304'], endpoint: ccard}", "divisions: ['330402'], endpoint: ccard}", "COVERAGE", "nobody serves"),
    ("concessions.yaml", "divisions: ['3304'], endpoint: ccard}", "divisions: ['3304'], endpoint: ccard, valid_from: 2026-02-01, valid_to: 2026-01-01}", "REFERENCE", "ends before"),
    ("endpoints.yaml", "total_seconds: 20", "total_seconds: 2", "ENDPOINT", "shorter than one of its parts"),
    ("endpoints.yaml", "base_seconds: 5", "base_seconds: 700", "ENDPOINT", "longer than cap_seconds"),
    ("endpoints.yaml", "deadline_hours: 24", "deadline_hours: 0.1", "ENDPOINT", "longer than the deadline"),
    ("endpoints.yaml", "send: '25,55 5-21 * * *'", "send: '25,65 5-21 * * *'", "ENDPOINT", "not a cron line"),
    ("endpoints.yaml", "reconcile: 20 1 * * *", "reconcile: 20 1 * *", "ENDPOINT", "five fields"),
    ("endpoints.yaml", "${ENV:WATER_CITY_URL}", "${WATER_CITY_URL}", "PLACEHOLDER", "a placeholder is"),
    ("maintenance.yaml", "endpoints: [power]", "endpoints: [powr]", "REFERENCE", "no endpoint"),
    ("maintenance.yaml", "['2001']", "['2099']", "REFERENCE", "no item has an operation"),
    ("maintenance.yaml", "start: 0 0 1 * *", "start: 0 0 * * 1", "CRON", "weekdays as names"),
    ("divisions.yaml", "parent: '330402', level: street", "parent: '330499', level: street", "REFERENCE", "no division"),
    ("divisions.yaml", "member_divisions: ['330411003'", "member_divisions: ['330411999'", "REFERENCE", "no division"),
    ("calendar.yaml", "2026-10-10]", "2025-10-10]", "CALENDAR", "not in 2026"),
    ("calendar.yaml", "days_worked: [2026-01-04", "days_worked: [2026-01-01", "CALENDAR", "both off and worked"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "rule", "says"), CHANGES)
def test_a_contradiction_is_found_with_file_and_line(changed, name, old, new, rule, says):
    folder, _ = changed(name, old, new)
    faults = check_configuration(load_configuration(overlay=folder))
    matching = [fault for fault in faults if fault.rule == rule and says in fault.message]
    assert matching, [str(fault) for fault in faults]
    for fault in matching:
        file, _, line = fault.where.rpartition(":")
        assert file.endswith((name, "divisions.yaml"))
        assert int(line) >= 1


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ("valid_to: 2026-12-31", "valid_from: 2027-01-01", False),
        ("valid_to: 2026-12-31", "valid_from: 2026-12-31", True),
        ("valid_to: 2026-12-31", "valid_from: 2026-01-01", True),
    ],
)
def test_concessions_clash_only_while_both_hold(tmp_path, first, second, clash):
    (tmp_path / "concessions.yaml").write_text(
        "concessions:\n"
        f"- {{provider: ccard, field: ccard, divisions: ['3304'], {first}}}\n"
        f"- {{provider: ccard, field: ccard, divisions: ['3304'], {second}}}\n",
        encoding="utf-8",
    )
    faults = check_configuration(load_configuration(overlay=tmp_path))
    assert any("already serves" in fault.message for fault in faults) is clash


def test_a_zone_has_its_own_provider_before_the_county(changed):
    old = "- {provider: water-haining"
    zone = "- {provider: water-haiyan, field: water, divisions: [JX-JKQ], endpoint: water-haiyan, params: {gsdm: '0499'}}\n"
    folder, _ = changed("concessions.yaml", old, zone + old)
    configuration = load_configuration(overlay=folder)
    assert check_configuration(configuration) == []
    assert configuration.concessions.route("water", "330411003").params == {"gsdm": "0499"}
    assert configuration.concessions.route("water", "330411101").params == {"gsdm": "0401"}
