"""`hub check`, `hub items` and `hub adapters` tell what works, what does not, and where to look."""

from __future__ import annotations

import re

import pytest


def test_check_of_the_toy_has_no_faults_and_counts_routes(cli, toy):
    ran = cli("check", "--json")
    assert ran.code == 0, ran.out
    assert ran.json["faults"] == []
    # The toy does 3001 and 2001, and only for the two water companies that run on it.
    assert ran.json["routed"] == [f"JX6-WAT-{number:02}" for number in (*range(1, 13), 14)]
    assert ran.json["summary"] == "13 of 67 items routed in 3 of 7 counties"


def test_check_ends_with_the_summary_line(cli, toy):
    ran = cli("check")
    assert ran.code == 0
    assert ran.last == "13 of 67 items routed in 3 of 7 counties, 0 faults"
    assert re.fullmatch(r"\d+ warnings", ran.out.splitlines()[-2])


def test_check_groups_unrouted_items_by_reason(cli, toy):
    lines = cli("check").out.splitlines()
    start = lines.index("unrouted the adapter 'gas' has no operation 'createServiceOrder:NEW_CONN':")
    assert lines[start + 1] == "           JX6-GAS-01 个人客户用气申请"
    operation = lines.index("unrouted the adapter 'toy' has no operation '1002':")
    assert lines[operation + 1] == "           JX6-WAT-13 水费账单查询 (南湖区 秀洲区 海宁市)"


def test_check_names_secrets_that_are_missing_on_one_line_an_endpoint(cli, toy):
    told = [line for line in cli("check").out.splitlines() if line.startswith("warning  endpoint water-pinghu")]
    assert len(told) == 1
    assert "base_url; sign_key" in told[0]


def test_check_of_a_file_with_a_mistake_ends_with_1_and_names_file_and_line(cli, toy, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "providers.yaml").write_text(
        "providers:\n- {id: water-city, name_zh: 水, name_en: W, field: water, x: 1}\n"
    )
    ran = cli("check", "--config", folder)
    assert ran.code == 1
    assert f"fault    {folder}/providers.yaml:2: x: " in ran.out
    assert ran.last == "the configuration cannot be read, 1 fault"
    document = cli("check", "--config", folder, "--json")
    assert document.code == 1
    assert document.json["faults"][0]["where"] == f"{folder}/providers.yaml:2"


def test_check_of_a_configuration_that_contradicts_itself_ends_with_1(cli, toy, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "maintenance.yaml").write_text(
        "windows:\n- {id: w, endpoints: [nowhere], operations: ['*'], start: '0 1 * * *', minutes: 5}\n"
    )
    ran = cli("check", "--config", folder)
    assert ran.code == 1
    assert f"fault    {folder}/maintenance.yaml:2: no endpoint 'nowhere' [REFERENCE]" in ran.out
    assert ran.last.endswith("1 fault") or " faults" in ran.last


def test_items_of_a_county_show_who_serves_or_why_nobody_does(cli, toy):
    rows = cli("items", "--field", "water", "--county", "海宁市", "--json").json
    assert len(rows) == 14
    assert {row["county"] for row in rows} == {"330481"}
    by_item = {row["item"]: row for row in rows}
    assert by_item["JX6-WAT-01"]["endpoints"] == ["water-haining"]
    assert by_item["JX6-WAT-01"]["reason"] is None
    assert "1002" in by_item["JX6-WAT-13"]["reason"]


def test_items_lists_all_67_and_the_linked_registration_once(cli, toy):
    lines = [line for line in cli("items").out.splitlines() if line.strip().startswith("JX6-")]
    assert len(lines) == len({line.split()[0] for line in lines}) == 68


def test_output_into_a_pipe_has_no_colour_codes(cli, toy):
    assert "\x1b" not in cli("items").out


@pytest.mark.parametrize("wrong", [("--field", "steam"), ("--county", "Shanghai")])
def test_items_of_an_unknown_field_or_county_end_with_2_and_name_the_known(cli, toy, wrong):
    ran = cli("items", *wrong)
    assert ran.code == 2
    assert wrong[0] in ran.err
    assert "there are: " in ran.err


def test_adapters_show_what_they_offer(cli, toy):
    (row,) = cli("adapters", "--json").json
    assert (row["name"], row["version"], row["interface"], row["mapping_sets"]) == ("toy", "1.0.0", "JSON", ["toy"])
    assert set(row["operations"]) == {"accept", "find", "cancel", "pay", "progress"}
    assert row["error"] is None


def test_adapters_that_do_not_load_are_listed_with_the_reason(cli, toy, monkeypatch):
    from hub.registry import Found, Registry

    broken = Registry((Found("sea", "somebody 1.0", None, "it does not import: ImportError"),), ())
    monkeypatch.setattr(Registry, "load", lambda _mappings=None: broken)
    ran = cli("adapters")
    assert ran.code == 1
    assert "it does not import: ImportError" in ran.out
    assert "fault    adapter sea: it does not import: ImportError [ADAPTER]" in cli("check").out


def test_items_tell_interface_operation_and_mapping_of_each_way(cli, toy):
    rows = {(row["item"], row["county"]): row for row in cli("items", "--json").json}
    mine = rows["JX6-WAT-01", "330402"]
    assert (mine["operation"], mine["interfaces"], mine["mappings"]) == ("3001:01", ["JSON"], ["toy/accept"])
    assert rows["JX6-WAT-01", "330482"]["interfaces"] == []
    line = next(line for line in cli("items", "--county", "330402").out.splitlines() if "JX6-WAT-01" in line)
    assert line.split() == ["JX6-WAT-01", "水表过户", "嘉兴市区供水公司", "JSON", "3001:01", "toy/accept"]
