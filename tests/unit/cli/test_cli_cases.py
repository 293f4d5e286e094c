"""`hub preview`, `submit`, `case`, `cancel` and `trace` on a utility that nobody answers for."""

from __future__ import annotations

import json

import pytest

PERSONAL = ("王秀兰", "330402195203140024", "13800138000", "李建国", "中山东路100号")


@pytest.fixture
def file(cli, toy, tmp_path):
    path = tmp_path / "application.json"
    path.write_text(cli("example", "JX6-WAT-01").out, encoding="utf-8")
    return path


@pytest.fixture
def number(cli, file):
    return cli("submit", file, "--json").json["number"]


def test_preview_shows_the_message_and_stores_nothing(cli, file, tmp_path):
    before = sorted(tmp_path.iterdir())
    (shown,) = cli("preview", file, "--json").json
    assert (shown["item"], shown["message"], shown["error"]) == ("JX6-WAT-01", "accept", None)
    assert json.loads(shown["wire"]["body"])["op"] == "accept"
    assert sorted(tmp_path.iterdir()) == before


def test_preview_for_people_shows_their_own_data_unmasked(cli, file):
    ran = cli("preview", file)
    assert ran.code == 0
    assert "王秀兰" in ran.out
    assert "POST http://127.0.0.1:1/accept" in ran.out


def test_submit_stores_and_prints_the_summary_last(cli, file):
    ran = cli("submit", file)
    assert ran.code == 0
    assert "stored; it is sent while a hub runs" in ran.out
    assert ran.last.startswith("case JX6")
    assert ran.last.endswith("PROCESSING 0/1")


def test_submit_of_the_same_file_gives_the_same_case(cli, file, number):
    assert cli("submit", file, "--json").json["number"] == number


def test_submit_of_another_body_under_the_same_id_ends_with_2(cli, file, number):
    changed = json.loads(file.read_text())
    changed["delivery"] = "post"
    file.write_text(json.dumps(changed))
    ran = cli("submit", file)
    assert ran.code == 2
    assert ran.err.startswith("request_id: ")


def test_submit_of_a_wrong_application_names_every_fault_and_no_value(cli, file):
    wrong = json.loads(file.read_text())
    wrong["items"][0]["form"].pop("account_no")
    wrong["applicant"]["document"]["number"] = "330402195203140025"
    file.write_text(json.dumps(wrong))
    ran = cli("submit", file, "--json")
    assert ran.code == 2
    assert {fault["where"] for fault in ran.json["faults"]} >= {"items[0].form.account_no", "applicant.document.number"}
    assert "330402195203140025" not in ran.out + ran.err


def test_submit_that_waits_in_vain_ends_with_1(cli, file):
    ran = cli("submit", file, "--wait", "--timeout", "0.5")
    assert ran.code == 1
    assert "not settled in time" in ran.out
    assert ran.last.endswith("PROCESSING 0/1")


def test_case_shows_the_tasks_without_personal_data(cli, number):
    ran = cli("case", number)
    assert ran.code == 0
    assert "JX6-WAT-01" in ran.out
    assert "水表过户" in ran.out
    assert "待派发 READY" in ran.out
    document = cli("case", number, "--json")
    assert document.json["tasks"][0]["state"] == "READY"
    assert not any(value in ran.out + document.out for value in PERSONAL)


@pytest.mark.parametrize("command", ["case", "cancel", "trace"])
def test_unknown_case_ends_with_2(cli, number, command):
    ran = cli(command, "JX6202611243304020000999")
    assert (ran.code, ran.out) == (2, "")
    assert "[NotFound]" in ran.err


@pytest.mark.parametrize("command", ["case", "cancel", "trace"])
def test_asking_where_no_hub_has_been_makes_no_folder(cli, command, tmp_path):
    assert cli(command, "JX6202611243304020000015").code == 2
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("task", [None, "1", "01"])
def test_cancel_of_what_is_not_sent_cancels_at_once(cli, number, task):
    ran = cli("cancel", number, *(("--task", task) if task else ()), "--json")
    assert ran.code == 0
    assert ran.json["tasks"][0]["state"] == "CANCELLED"
    assert cli("case", number, "--wait", "--timeout", "5").code == 0


def test_cancel_of_an_unknown_task_ends_with_2_and_names_the_known(cli, number):
    ran = cli("cancel", number, "--task", "7")
    assert ran.code == 2
    assert "it has 01" in ran.err


def test_trace_is_masked_unless_a_reason_is_given(cli, number):
    masked = cli("trace", number)
    assert masked.code == 0
    assert "personal data is masked" in masked.out
    document = cli("trace", number, "--json")
    assert document.json["masked"] is True
    assert not any(value in masked.out + document.out for value in PERSONAL)
    revealed = cli("trace", number, "--reveal", "complaint 12", "--json")
    assert "王秀兰" in revealed.out
    assert "reason=complaint 12" in revealed.err


def test_trace_of_an_empty_reason_ends_with_2(cli, number):
    ran = cli("trace", number, "--reveal", " ")
    assert ran.code == 2
    assert ran.err.startswith("--reveal: ")


def test_two_hubs_on_one_folder_end_with_3(cli, number, tmp_path):
    import fcntl

    with (tmp_path / "data" / "hub.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = cli("case", number, "--wait", "--timeout", "1")
        assert ran.code == 3
        assert "HUB_DATA_DIR" in ran.err
        assert cli("case", number).code == 0
