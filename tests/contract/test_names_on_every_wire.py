"""Names and numbers on every wire: the bytes say exactly what was given, or it is refused with field and rule."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.sending import WAYS, Refused, Sent, applicant, opened, said


@dataclass(frozen=True, slots=True)
class Room:
    """How much of a name an interface takes: bytes in a charset, or characters. `cut`: the rest is left out there."""

    charset: str = "utf-8"
    size: int | None = None
    chars: int | None = None
    cut: bool = False

    def refusal(self, name):
        """The words that say why a name does not go, or nothing if it does."""
        try:
            encoded = name.encode(self.charset)
        except UnicodeEncodeError:
            return f"characters that {self.charset} cannot write"
        if self.size and len(encoded) > self.size and not self.cut:
            return f"at most {self.size} are allowed"
        return f"at most {self.chars} are allowed" if self.chars and len(name) > self.chars else None

    def written(self, name):
        """As it stands on the wire."""
        while self.cut and len(name.encode(self.charset)) > self.size:
            name = name[:-1]
        return name


# As the pages of the interfaces have it.
ROOM = {
    "water A": Room("gbk", size=60),
    "water B": Room("gb18030", size=60),
    "power": Room(chars=64),
    "gas": Room(chars=60),
    "transit": Room("gb18030", size=30, cut=True),
    "ccard 挂失": Room("gb18030", size=60),
    "ccard 申领": Room(chars=60),
    "catv": Room("gb18030", size=60),
    "realty": Room(chars=60),
}
NAMES = {
    "in GBK": "王秀兰",
    "of two bytes in GB18030 that GBK has not": "龚䶮",
    "of four bytes in GB18030": "李𬭎",
    "of four bytes, several": "㛃𠅤𬭎䶮",
    "newer than the library's Unicode": "王\U0002ebf0",
    "with points": "阿卜杜热西提·买买提·吐尔逊",
    "in Latin letters": "JOHN WILLIAM SMITH",
    "with accents": "Jean-Éric Ōta",
    "with what XML escapes": "A<&>\"'B",
    "with what a form escapes": "A+B%41=C;D",
    "of one character": "兰",
    "of 30 bytes": "阿" * 15,
    "of 31 bytes with a cut inside a character": "a" + "阿" * 15,
    "of 32 bytes with a cut inside four": "阿" + "𬭎" * 7 + "阿",
    "of 60 bytes": "阿" * 30,
    "of 61 bytes": "a" + "阿" * 30,
    "of 62 bytes": "阿" * 31,
    "of 60 bytes in fours": "𬭎" * 15,
    "of 64 bytes in fours": "𬭎" * 16,
    "of 60 characters": "阿" * 60,
    "of 61 characters": "阿" * 61,
    "of 64 characters": "阿" * 64,
    "of 65 characters": "阿" * 65,
}
# Type, number, and the number's normal form.
NUMBERS = [
    ("RIC", "330402195203140024", "330402195203140024"),
    ("RIC", "33040219700101001x", "33040219700101001X"),
    ("RIC", "330402520314002", "330402195203140024"),  # fifteen digits, as until 1999
    ("PASSPORT", "E12345678", "E12345678"),
    ("HM_PERMIT", "H12345678", "H12345678"),
    ("TW_PERMIT", "12345678", "12345678"),
    ("HMT_RESIDENCE", "810000199001010019", "810000199001010019"),
    ("FPR", "CHN330000123456", "CHN330000123456"),  # the old card of a permanent resident
    ("FPR", "933840199001010013", "933840199001010013"),  # and the new one
]
LOWER_X = ("catv", "realty")
NO_PERMANENT_RESIDENTS = ("gas",)


def room_of(way):
    return next(room for start, room in ROOM.items() if way.startswith(start))


@pytest.fixture(scope="module")
def say(tmp_path_factory):
    """What an application says on the wire, asked of one hub that is connected to all systems."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        hub, running = runner.run(opened(stack, tmp_path_factory.mktemp("hub")))
        yield lambda *asked, **form: runner.run(said(hub, running, *asked, **form))
        runner.run(stack.aclose())


def check(way, name, found):
    room, field = room_of(way), WAYS[way][3]
    why = room.refusal(name)
    if why is None:
        assert isinstance(found, Sent), found
        assert found.parties[0][0] == room.written(name)
    else:
        assert isinstance(found, Refused), found
        assert f"{field}: has " in found.text
        assert why in found.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_name_is_on_the_wire_as_given_or_refused_with_field_and_rule(say, way, name):
    check(way, name, say(way, applicant(name)))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "name", ["王\n兰", "王\t兰", "王\x00兰", "王\x85兰", "王兰 ", "\u3000王兰", "王\uffff", "王\ufdd0"]
)
def test_name_that_no_interface_can_carry_is_refused_at_the_window(say, way, name):
    found = say(way, applicant(name))
    assert isinstance(found, Refused), found
    assert "applicant.name" in found.text
    assert "VAL_FORMAT" in found.text


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("kind", "number", "normal"), NUMBERS)
def test_number_is_on_the_wire_in_its_normal_form_or_its_kind_is_refused(say, way, kind, number, normal):
    found = say(way, applicant("王秀兰", kind, number))
    if kind == "FPR" and way.startswith(NO_PERMANENT_RESIDENTS):
        assert found == Refused(
            "order.applicant.idType: the table 'id_type' has no code for this value"
            " (from applicant.document.type) [VAL_CODE]"
        )
    else:
        assert isinstance(found, Sent), found
        assert found.parties[0] == (
            "王秀兰",
            normal.lower() if normal[-1] == "X" and way.startswith(LOWER_X) else normal,
        )


def test_separator_of_the_citizen_card_s_file_is_its_full_width_twin(say):
    found = say("ccard 申领", applicant("A|B"))
    assert found.parties[0][0] == "A｜B"


OWNERS = [
    ("龚䶮", "RIC", "330402195203140024"),
    ("阿卜杜热西提·买买提·吐尔逊", "RIC", "33040219700101001X"),
    ("Jean-Éric Ōta", "PASSPORT", "E12345678"),
    ("李𬭎", "FPR", "933840199001010013"),
]


def owners(mode="shares"):
    return [
        {"name": name, "document": {"type": kind, "number": number}, "mode": mode, "share": "1/4"}
        for name, kind, number in OWNERS
    ]


def test_several_owners_stand_in_the_registry_s_rows_as_given_in_their_order(say):
    found = say("realty 转移", None, owners=owners())
    assert found == Sent([(name, number.replace("X", "x")) for name, _, number in OWNERS])


def test_owner_whose_name_does_not_go_is_refused_by_his_place(say):
    given = owners()
    given[2]["name"] = "阿" * 61
    found = say("realty 转移", None, owners=given)
    assert found == Refused("QLR[3].MC: has 61 characters, at most 60 are allowed (from name) [VAL_FORMAT]")
    given[2]["name"] = "王\x00"
    assert "items[0].form.owners[2].name" in say("realty 转移", None, owners=given).text


# Whatever may stand in a name: Han of every plane, the point, letters, signs that some format gives a meaning.
LETTERS = st.one_of(
    st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF),
    st.characters(min_codepoint=0x3400, max_codepoint=0x4DBF),
    st.characters(min_codepoint=0x20000, max_codepoint=0x323AF),
    st.characters(min_codepoint=0xE000, max_codepoint=0xFAFF),
    st.sampled_from("·•．・-' .&<>\"%+=;;,/\\～－ÉōŠ?"),
    st.characters(categories=["Lu", "Ll", "Lo", "Mn", "Nd", "So"]),
)
PERSONS = st.text(LETTERS, min_size=1, max_size=70).filter(lambda name: name == name.strip())


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=PERSONS)
def test_any_name_is_on_the_wire_as_given_or_refused(say, way, name):
    check(way, name, say(way, applicant(name)))
