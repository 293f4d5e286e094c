"""What a joint receipt says: of every state, masked, and the same for the same case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain.advice import TONES, advice
from hub.domain.example import example_case
from hub.domain.mask import mask_name
from hub.domain.outcome import Output
from hub.domain.states import TaskState
from hub.domain.taxonomy import RULES, ErrorCode, ServiceError
from tests.receipts import APPLICATION, CATALOGUE, NOW, partly, receipt, task


@pytest.mark.parametrize("state", list(TaskState))
def test_every_state_but_done_says_what_comes_next(state):
    told = advice(task(1, state), NOW)
    if state is TaskState.COMPLETED:
        assert told is None
        return
    assert told.text.endswith("。")
    assert told.acts is (TONES.get(state) == "acts" or state is TaskState.REJECTED)


@pytest.mark.parametrize("code", list(RULES))
def test_every_refusal_says_what_to_do_and_whom_to_ask(code):
    told = advice(task(1, TaskState.REJECTED, error=ServiceError(code=code)), NOW, "95598")
    assert told.acts
    assert told.text.startswith("请") or "请" in told.text


def test_a_debt_is_named_with_its_amount():
    refused = task(1, TaskState.REJECTED, error=ServiceError(code=ErrorCode.ELG_ARREARS, amount_fen=18650))
    assert advice(refused, NOW).text == "请先结清欠费186.50元，再重新申请本事项。"


def test_an_order_past_its_promise_is_not_promised_again():
    late = task(1, TaskState.IN_PROGRESS, due_at=NOW - timedelta(hours=1))
    assert "已超过承诺期限" in advice(late, NOW, "95598").text
    assert "11月27日前办结" in advice(late.with_(due_at=NOW + timedelta(days=3)), NOW).text


def test_a_partly_done_case_is_told_task_by_task():
    made = partly()
    assert (made.stage, made.summary) == ("interim", "共3项：办结1项，不予办理1项，办理中1项")
    done, refused, running = made.lines
    assert (done.outputs[0].identifier, done.reason, done.next) == ("HT2026112400017", None, None)
    assert refused.reason == "存在欠费，请先结清（186.50元）（单位代码20003）"
    assert (refused.acts, running.acts) == (True, False)
    assert made.simulated


def test_many_different_states_are_summed_up_by_kind():
    made = receipt(*(task(number, state) for number, state in enumerate(TaskState, 1)))
    assert made.summary == "共17项：办结1项，办理中10项，待您处理3项，未办理3项"


def test_the_stage_is_final_when_every_task_is():
    assert receipt(task(1), task(2, TaskState.REJECTED), task(3, TaskState.CANCELLED)).stage == "final"
    assert receipt(task(1), task(2, TaskState.MANUAL)).stage == "interim"


def test_names_numbers_and_addresses_are_masked_but_an_organisations_name():
    made = partly()
    assert (made.applicant, made.document) == ("王**", "居民身份证 330402********0024")
    assert "301" not in made.address
    firm = example_case(["JX6-WAT-03"], "enterprise", CATALOGUE)
    told = receipt(task(), application=firm)
    assert told.applicant == "嘉兴南湖示例科技有限公司"
    assert told.agent == mask_name("陈明")


@given(st.text(min_size=2, max_size=30), st.sampled_from(list(TaskState)))
def test_no_name_is_ever_told_whole(name, state):
    said = receipt(task(1, state), application=APPLICATION.with_(applicant=APPLICATION.applicant.with_(name=name)))
    assert said.applicant != name or not any(map(str.isalnum, name[1:]))


def test_what_a_utility_says_in_its_own_words_is_not_on_it():
    noted = ServiceError(code=ErrorCode.ELG_STATUS, note="王秀兰的水表", ref="W1")
    outputs = (Output(kind="answer", data={"holder": "王秀兰"}), Output(kind="receipt", identifier="P1"))
    made = receipt(task(1, TaskState.REJECTED, error=noted, outputs=outputs))
    assert "王秀兰" not in made.model_dump_json()
    assert [each.kind_zh for each in made.lines[0].outputs] == ["回执/收据"]


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (False, "电子文件未取得：对方系统不可用"),
        (True, "电子文件缺失或损坏，请凭编号向单位补取"),
    ],
)
def test_a_missing_document_is_said_plainly(lost, words):
    from hub.domain.evidence import Evidence

    output = Output(
        kind="contract",
        identifier="HT1",
        file=Evidence(material="CONTRACT", size=10) if lost else None,
        file_error=ServiceError(code=ErrorCode.UPS_UNAVAILABLE),
    )
    assert receipt(task(1, outputs=(output,))).lines[0].outputs[0].file == words


def test_number_and_moment_of_issue_change_nothing_of_what_is_said():
    first = partly()
    assert first.says_the_same(first.with_(seq=7, issued_at=NOW + timedelta(days=1)))
    assert not first.says_the_same(receipt(task(1)))
