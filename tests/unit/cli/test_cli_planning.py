"""`hub plan` and `hub example`: what it takes, and something to start from."""

from __future__ import annotations

import pytest

from hub import Application

ITEMS = ("JX6-WAT-01", "JX6-ELE-05", "JX6-BUS-03")
HERE = ("--division", "330402007")


def test_plan_is_one_form_one_list_of_materials_and_who_serves(cli):
    plan = cli("plan", *ITEMS, *HERE, "--json").json
    assert [item["provider"] for item in plan["items"]] == ["water-city", "power", "transit-nanhu"]
    assert {"common", "form", "items"} == set(plan["form"]["properties"])
    assert [each["any_of"] for each in plan["materials"]].count(["ID_CARD"]) == 1


def test_plan_for_people_shows_items_materials_and_fields(cli):
    shown = cli("plan", *ITEMS, *HERE)
    assert shown.code == 0
    for text in ("嘉兴市区供水公司", "TRANSFER_AGREEMENT", "old_holder_name", "30 老年卡"):
        assert text in shown.out


def test_plan_leaves_no_data_behind(cli, tmp_path):
    cli("plan", *ITEMS, *HERE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("JX6-WAT-99", *HERE), "items[0].code"),
        (("JX6-BUS-03", *HERE, "--audience", "enterprise"), "items[0].code"),
        (("JX6-WAT-01", "--division", "999999999"), "--division"),
        (("JX6-WAT-01", "--division", "3304"), "--division"),
        (("JX6-WAT-01", *HERE, "--audience", "dog"), "--audience"),
        (("JX6-WAT-01", *HERE, "--theme", "JX6-TH-99"), "theme"),
    ],
)
def test_plan_of_something_impossible_ends_with_2_and_names_it(cli, arguments, named):
    ran = cli("plan", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"{named}: ")


@pytest.mark.parametrize("audience", ["individual", "enterprise"])
def test_example_is_an_application(cli, audience):
    made = Application.model_validate(cli("example", "JX6-WAT-01", "--audience", audience).json)
    assert made.audience == audience
    assert [item.code for item in made.items] == ["JX6-WAT-01"]


def test_example_of_an_unknown_item_ends_with_2(cli):
    ran = cli("example", "JX6-WAT-01", "JX6-XXX-01")
    assert ran.code == 2
    assert ran.err.startswith("items[1].code: ")
