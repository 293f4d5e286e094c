"""What people are shown: timelines without noise, messages as they were, doubts told in sentences."""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime, timedelta
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from hub.cli.caseview import event_table, task_number
from hub.cli.demo_view import doubt_lines, doubts, ledger_lines
from hub.cli.demo_world import Trouble, paper
from hub.cli.messages import as_text, trimmed, wire_text
from hub.domain.case import Case, Task, TaskEvent
from hub.domain.states import CaseState, EventSource, TaskState
from hub.domain.taxonomy import ErrorCode, ServiceError
from hub.engine.trace import TaskTrace, Trace
from hub.errors import InputError, NotFound
from hub.simulation import names

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
NUMBER = "JX6202611243304020000015"
TASK = f"{NUMBER}-01"
CASE = Case(
    number=NUMBER,
    request_id="request-1",
    state=CaseState.PROCESSING,
    division="330402007",
    submitted_at=NOW,
    tasks=(
        Task(
            number=TASK,
            case_number=NUMBER,
            item="JX6-WAT-01",
            provider="water-city",
            endpoint="water-city",
            operation="3001:01",
            state_since=NOW,
            created_at=NOW,
        ),
    ),
)


def _event(minute, to, source=EventSource.POLL, *, applied=True, **details):
    at = NOW + timedelta(minutes=minute)
    return TaskEvent(
        id=f"e{minute}", task=TASK, source=source, to=to, event_time=at, received_at=at, applied=applied, **details
    )


def _printed(renderable):
    console = Console(width=160, record=True, file=None, quiet=True)
    console.quiet = False
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_timeline_counts_answers_that_say_nothing_new_on_one_line():
    polls = [_event(minute, TaskState.ACCEPTED, applied=False) for minute in range(30, 151, 30)]
    ends = _event(180, TaskState.COMPLETED, raw_code="50", from_=TaskState.ACCEPTED)
    shown = _printed(event_table(CASE, (_event(0, TaskState.ACCEPTED), *polls, ends)))
    lines = [line for line in shown.splitlines() if line.strip().startswith("11-24")]
    assert len(lines) == 3
    assert "nothing new: 5 answers until 11-24 11:30:00" in lines[1]
    assert re.search(r"11-24 12:00:00 .*01 water-city .*ACCEPTED .*COMPLETED .*POLL .*50", lines[2])


@pytest.mark.parametrize("given_as", ["1", "01", TASK])
def test_task_is_found_by_its_place_or_number(given_as):
    assert task_number(CASE, given_as) == TASK


@pytest.mark.parametrize("wrong", ["0", "2", "", "x", "JX6"])
def test_task_that_is_not_there_is_not_found(wrong):
    with pytest.raises(NotFound):
        task_number(CASE, wrong)


def test_wire_message_shows_request_line_headers_and_exact_body():
    body = '<?xml version="1.0"?>\n<a>  王&amp;  </a>'
    wire = {"method": "POST", "url": "http://x/y", "headers": {"SOAPAction": '"z"'}, "body": body, "size": 40}
    assert wire_text(wire).plain == f'POST http://x/y\nSOAPAction: "z"\n\n{body}'


def test_wire_file_shows_its_path_and_its_flag():
    wire = {"put": "/in/a.dat", "base64": "AAEC", "size": 3, "flag": "/in/a.ok", "flag_text": "3 abc"}
    shown = wire_text(wire).plain
    assert shown.startswith("PUT /in/a.dat\n")
    assert "PUT /in/a.ok\n3 abc" in shown
    assert "AAEC" in shown


def test_digests_are_cut_and_nothing_else_is():
    value = {"sm3": "ab" * 32, "serial": "2" * 20, "list": [{"a": 1}, 2], "none": {}}
    assert as_text(value).plain.splitlines() == [
        "sm3: abababababab...",
        f"serial: {'2' * 20}",
        "list:",
        "  - a: 1",
        "  - 2",
        "none: {}",
    ]


@given(st.text(max_size=9000))
def test_trimmed_text_begins_like_the_text_and_stays_short(text):
    shown = trimmed(text)
    assert shown == text or (shown[:4000] == text[:4000] and len(shown) < 4050)


def _doubtful(after):
    error = ServiceError(code=ErrorCode.UPS_TIMEOUT_UNKNOWN, provider="water-city")
    unknown = _event(1, TaskState.UNKNOWN, EventSource.CALL, error=error)
    sent = {"message": "3001", "effect": True, "phase": "SENT", "request": {"body": "x"}}
    asked = {"message": "3002", "effect": False, "phase": "RECEIVED", "status": 200, "request": {}}
    exchanges = ((f"{TASK}:send:1", sent), (f"{TASK}:inquire:1.1", asked))
    task = TaskTrace(number=TASK, canonical={}, exchanges=exchanges)
    return Trace(case=CASE, masked=False, events=(_event(0, TaskState.DISPATCHING), unknown, *after), tasks=(task,))


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (
            (_event(2, TaskState.ACCEPTED, provider_ref="W1"),),
            "found by 查询 POLL: 单位已受理 ACCEPTED, their number W1",
        ),
        ((_event(2, TaskState.READY),), "the utility does not know it: sent again under the same key"),
        ((), "still open"),
    ],
)
def test_doubt_is_told_with_its_inquiry_and_its_end(after, told):
    (doubt,) = doubts(_doubtful(after))
    lines = list(doubt_lines(doubt))
    assert lines[0].startswith("water-city: 3001 reached phase SENT, then no answer: UNKNOWN (UPS_TIMEOUT_UNKNOWN")
    assert "  inquiry: 3002 (HTTP 200)" in lines
    assert told in lines[-1]


def test_ledger_is_one_line_a_utility():
    effects = {"water": {"order": 1, "attachment": 3}, "power": {"order": 2}, "transit": {}}
    assert list(ledger_lines(effects)) == [
        "water: 1 order",
        "water: 3 attachments",
        "power: 2 orders",
        "transit: nothing",
    ]


def test_portrait_is_a_jpeg_of_the_size_that_card_printers_take():
    picture = (files("hub.cli") / "portrait.jpg").read_bytes()
    assert picture[:3] == b"\xff\xd8\xff"
    assert picture[-2:] == b"\xff\xd9"
    frame = picture.index(b"\xff\xc0")
    assert struct.unpack(">HH", picture[frame + 5 : frame + 9]) == (441, 358)


def test_paper_is_a_pdf_whose_table_points_at_its_objects():
    made = paper("RE_CERT")
    assert made.startswith(b"%PDF-1.4\n")
    assert made.endswith(b"%%EOF\n")
    assert b"(SYNTHETIC RE_CERT) Tj" in made
    start = int(made.split(b"startxref\n")[1].split()[0])
    assert made[start:].startswith(b"xref\n0 5\n")
    for number, place in enumerate(re.findall(rb"(\d{10}) 00000 n", made), 1):
        assert made[int(place) :].startswith(b"%d 0 obj\n" % number)


@pytest.mark.parametrize("wrong", ["water", "sea:busy", ":busy", ""])
def test_fault_of_an_unknown_system_is_refused_naming_the_systems(wrong):
    with pytest.raises(InputError, match="power, realty, transit, water"):
        Trouble.parse(wrong)


@pytest.mark.parametrize("system", names())
def test_fault_is_a_system_and_a_kind(system):
    assert Trouble.parse(f"{system}:after-commit") == Trouble(system, "after-commit")
