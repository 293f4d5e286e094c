"""`hub gate` and `hub recheck` on a bundle that waits, and how what it waits for is shown."""

from __future__ import annotations

import pytest

from hub.cli.caseview import case_table, event_table, waiting_text
from hub.domain.case import Case, PreCheck, PreCheckState, Task, TaskEvent, Wait
from hub.domain.reply import Bill
from hub.domain.states import CaseState, EventSource, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.registry import Registry
from tests.toy.bundled import LEAD, LEGAL, ONE, SURVEY, TWO, BundledAdapter, write_bundles
from tests.toy.hubs import TUESDAY, application, overlay, registry


@pytest.fixture
def bundles(monkeypatch, tmp_path):
    folder = overlay(write_bundles(tmp_path / "config"), adapter=BundledAdapter.spec.id)
    monkeypatch.setenv("HUB_CONFIG_DIR", str(folder))
    monkeypatch.setattr(Registry, "load", lambda _mappings=None: registry(BundledAdapter))


@pytest.fixture
def submitted(cli, bundles, tmp_path):
    def submit(theme, *codes):
        path = tmp_path / "application.json"
        path.write_text(application(*codes, theme=theme).model_dump_json(), encoding="utf-8")
        return cli("submit", path, "--json").json["number"]

    return submit


def states(document):
    return [task["state"] for task in document["tasks"]]


@pytest.mark.parametrize(("word", "after"), [("--open", "PENDING"), ("--failed", "CANCELLED")])
def test_word_of_the_joint_survey_opens_the_gate_or_cancels_all(cli, submitted, word, after):
    number = submitted(SURVEY, LEAD, ONE, TWO)
    ran = cli("gate", number, word, "--note", "踏勘记录 7 号", "--json")
    assert ran.code == 0
    # Opened, they are checked once more as soon as a hub runs.
    assert states(ran.json) == [after] * 3
    assert not any(task["waits"] for task in ran.json["tasks"])


def test_gate_without_a_word_is_wrong_usage(cli, submitted):
    assert cli("gate", submitted(SURVEY, LEAD, ONE, TWO)).code == 2


def test_gate_that_a_task_opens_takes_no_word(cli, submitted):
    ran = cli("gate", submitted(LEGAL, LEAD, ONE, TWO), "--open")
    assert ran.code == 2
    assert "waits for a word" in ran.err


def test_recheck_of_a_waiting_task_is_stored_and_of_another_refused(cli, submitted):
    number = submitted(LEGAL, LEAD, ONE, TWO)
    shown = cli("recheck", number, "--task", "2")
    assert shown.code == 0
    assert "legal_effect 01" in shown.out
    assert cli("recheck", number, "--task", "1").code == 2


def _task(**changes):
    fields = {"case_number": "C", "item": ONE, "provider": "p", "endpoint": "e", "operation": "o"}
    return Task(number="C-02", state=TaskState.PENDING, state_since=TUESDAY, created_at=TUESDAY, **fields | changes)


def test_what_a_task_waits_for_and_what_its_utility_said_stand_in_the_table_or_below_it(monkeypatch):
    error = ServiceError(code=ErrorCode.ELG_ARREARS, provider_code_raw="0003", amount_fen=12860)
    check = PreCheck(
        state=PreCheckState.OBSTACLE,
        error=error,
        charges=(Bill(total_fen=12860),),
        as_of=TUESDAY,
        checked_at=TUESDAY,
    )
    task = _task(waits=(Wait(gate="legal_effect", after=("C-01",)), Wait(gate="joint_survey")), precheck=check)
    text = waiting_text(task)
    assert text.splitlines()[:2] == ["登簿生效 legal_effect 01", "联合踏勘 joint_survey (said by hub gate)"]
    assert "预检有障碍 ELG_ARREARS 存在欠费,请先结清" in text
    assert "128.60 yuan due" in text
    case = Case(
        number="C", request_id="r", state=CaseState.PROCESSING, division="330402", submitted_at=TUESDAY, tasks=(task,)
    )
    monkeypatch.setenv("COLUMNS", "140")
    assert [column.header for column in case_table(case).columns][-1] == "waits for, pre-check"
    assert len(case_table(case.with_(tasks=(_task(),))).columns) == 7
    monkeypatch.setenv("COLUMNS", "100")
    row, below = case_table(case).renderables
    assert (len(row.columns), [column.header for column in below.columns]) == (7, ["task", "waits for, pre-check"])


def test_word_of_the_hub_has_its_line_though_it_moved_nothing():
    case = Case(number="C", request_id="r", state=CaseState.PROCESSING, division="330402", submitted_at=TUESDAY)
    event = TaskEvent(
        id="1",
        task="C-02",
        source=EventSource.HUB,
        to=TaskState.PENDING,
        event_time=TUESDAY,
        received_at=TUESDAY,
        raw_code="PRECHECK_OBSTACLE",
        applied=False,
    )
    shown = event_table(case, (event, event.with_(id="2", source=EventSource.POLL, raw_code="20")))
    assert next(iter(shown.columns[5].cells)) == "PRECHECK_OBSTACLE"
    assert "nothing new" in list(shown.columns[6].cells)[1]
