"""`hub verify` and `hub submit --assertion`."""

from __future__ import annotations

import json

import pytest

from hub.config import load_configuration
from hub.domain.example import example_case

BUYER, NAME = "330402195203140024", "王秀兰"


@pytest.fixture
def file(tmp_path):
    """An application for a water transfer at a window, or elsewhere."""

    def write(**channel):
        made = example_case(("JX6-WAT-01",), "individual", load_configuration().catalogue)
        document = made.model_dump(mode="json", exclude_none=True)
        document["channel"] |= channel
        path = tmp_path / "application.json"
        path.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
        return path

    return write


def test_clerk_s_check_is_made_and_submitted_with(cli, toy, file):
    path = file()
    made = cli("verify", path, "--method", "CLERK", "--json")
    assert made.code == 0
    assert (made.json["method"], made.json["level"], made.json["channel"]) == ("CLERK", 2, "WINDOW")
    assert NAME not in made.out
    assert BUYER not in made.out
    case = cli("submit", path, "--assertion", made.json["id"], "--json")
    assert case.json["number"] == made.json["case_number"]
    again = cli("submit", path, "--assertion", made.json["id"], "--json")
    assert again.json["number"] == case.json["number"]


def test_check_is_told_with_its_level_and_the_next_command(cli, toy, file):
    shown = cli("verify", file(), "--method", "CARD_READER")
    assert shown.out.startswith("CARD_READER level 1, good until ")
    assert "hub submit FILE --assertion 0" in shown.out


def test_check_that_is_too_weak_is_refused_with_the_rule(cli, toy, file):
    path = file(type="TERMINAL", terminal="T1")
    made = cli("verify", path, "--method", "CARD_READER", "--json")
    refused = cli("submit", path, "--assertion", made.json["id"])
    assert refused.code == 2
    assert "[IDN_LEVEL]" in refused.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--method", "GUESS"), "--method: it is one of"),
        (("--fallback", "GUESS"), "--fallback: it is one of"),
        (("--method", "FACE_COMPARE", "--photo", "nowhere.jpg"), "--photo: the file cannot be read"),
        (("--method", "FACE_COMPARE"), "photo: a face is compared by a photo"),
        ((), "no identity gateway is connected here"),
    ],
)
def test_what_cannot_be_done_is_said_on_standard_error(cli, toy, file, arguments, said):
    ran = cli("verify", file(), *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
