"""The pure parts of the bus card simulator, on generated input: records, cipher, names, photos, the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.kit.clock import SHANGHAI
from simulators.kit.simulator import Profile
from simulators.transit.cards import working_days_after
from simulators.transit.files import FileError, FileName, compose, details_of, seal, unseal
from simulators.transit.layouts import DETAILS, HEADER, TRAILER, LayoutError, cut
from simulators.transit.photo import jpeg_size
from simulators.transit.records import luhn_valid, parse, resident_birth, with_luhn
from simulators.transit.schedule import KINDS, PICKUP, Schedule
from tests.integration.transit_hub import appl, decrypt, encrypt, jpeg

TEXT = st.text(st.characters(codec="gb18030", exclude_categories=("Cc", "Cs")), max_size=40)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize("layout", [HEADER, TRAILER, *DETAILS.values()])
@given(data=st.data())
def test_record_has_256_bytes_and_reads_back_what_was_written(layout, data):
    values = {}
    for field in layout.fields:
        if field.kind == "number":
            values[field.name] = data.draw(st.integers(0, 10**field.size - 1))
        else:
            values[field.name] = data.draw(TEXT)
    line = layout.build(values)
    read = layout.parse(line)
    assert len(line) == 256
    assert b"\r" not in line
    assert b"\n" not in line
    for field in layout.fields:
        if field.kind == "number":
            assert int(read[field.name]) == values[field.name]
        else:
            assert values[field.name].startswith(read[field.name])


@given(TEXT, st.integers(0, 60))
def test_cut_keeps_whole_characters_and_as_many_as_fit(value, size):
    kept = cut(value, size).decode("gb18030")
    assert value.startswith(kept)
    assert len(cut(value, size)) <= size
    if kept != value:
        assert len(value[: len(kept) + 1].encode("gb18030")) > size


def test_layouts_have_the_widths_of_the_interface():
    used = {name: layout.used for name, layout in DETAILS.items()}
    assert used == {"APPL": 187, "RESP": 165, "RCHG": 80, "CARD": 120, "BLKL": 44, "RECN": 92}
    assert (HEADER.used, TRAILER.used) == (43, 21)


@given(st.integers(0, 10**20))
def test_number_too_long_for_its_field_is_refused_not_cut(value):
    [fee] = [field for field in DETAILS["RESP"].fields if field.name == "fee"]
    if value < 10**10:
        assert int(fee.write(value)) == value
    else:
        with pytest.raises(LayoutError, match="fee"):
            fee.write(value)


@given(st.binary(max_size=2000), st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_cipher_is_the_one_of_the_contract_both_ways(plain, key, iv):
    assert unseal(seal(plain, key, iv), key) == plain
    assert decrypt(seal(plain, key, iv), key) == plain
    assert unseal(encrypt(plain, key), key) == plain


@given(st.binary(max_size=300))
def test_rubbish_does_not_decrypt_into_an_accident(data):
    try:
        unseal(data, b"TEST" * 4)
    except ValueError:
        return
    assert len(data) > 16


@given(st.text(max_size=60) | st.from_regex(r"JXGJ_[A-Z]{4}_\d{4}_\d{8}_\d{4}_K\d{2}", fullmatch=True))
def test_file_name_is_read_back_as_written_or_refused(stem):
    try:
        name = FileName.parse(stem)
    except FileError as error:
        assert error.code == "9005"  # noqa: PT017 -- parsing either way is right here
    else:
        assert str(name) == stem


@given(st.lists(st.integers(0, 10**10 - 1), max_size=20))
def test_composed_file_passes_the_checks_on_the_whole(amounts):
    name = FileName("RCHG", "0402", "20260105", 1, "01")
    rows = [
        {"reqno": f"R{i}", "cardno": 0, "amount": amount, "paytime": 0, "tac": ""} for i, amount in enumerate(amounts)
    ]
    details, untidy = details_of(name, compose(name, rows))
    assert (len(details), untidy) == (len(amounts), ())


@given(st.binary(max_size=400))
def test_any_text_is_refused_with_a_file_code_or_taken(text):
    name = FileName("APPL", "0402", "20260105", 1, "01")
    with pytest.raises(FileError) as refused:
        details_of(name, text)
    assert refused.value.code in {"9002", "9004", "9005"}


@given(st.binary(min_size=0, max_size=300), st.sampled_from(["APPL", "RCHG"]))
def test_any_line_is_parsed_or_refused_with_its_field(line, ftype):
    with pytest.raises(LayoutError):
        parse(ftype, line, 1)


@given(st.integers(0, 255), st.binary(min_size=1, max_size=8))
def test_damaged_record_never_breaks_the_reader(at, damage):
    line = appl()
    damaged = (line[:at] + damage + line[at + len(damage) :])[:256]
    try:
        parse("APPL", damaged, 1)
    except LayoutError as error:
        assert error.field  # noqa: PT017 -- parsing either way is right here


@given(st.integers(1, 10**18 - 1))
def test_luhn_digit_makes_the_number_valid_and_no_other_digit_does(body):
    good = with_luhn(f"{body:018d}")
    assert luhn_valid(good)
    assert sum(luhn_valid(good[:-1] + digit) for digit in "0123456789") == 1


def test_luhn_and_resident_number_agree_with_known_values():
    assert luhn_valid("3104330000000000016")
    assert luhn_valid("3104330000000000024")
    assert not luhn_valid("0" * 19)
    assert resident_birth("33040219700101001X") is not None
    assert resident_birth("330402197001010010") is None
    assert resident_birth("33040219701301001X") is None


@given(st.binary(max_size=200))
def test_photo_reader_takes_any_bytes(data):
    assert jpeg_size(data) is None or data.startswith(b"\xff\xd8")
    jpeg_size(b"\xff\xd8\xff" + data)


@given(st.integers(0, 65535), st.integers(0, 65535), st.binary(max_size=50))
def test_photo_size_is_read_past_other_segments(width, height, comment):
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    data = jpeg(width, height)
    assert jpeg_size(data[:2] + segment + b"\xff" + data[2:]) == (width, height)


@given(MOMENTS, st.sampled_from(KINDS), st.booleans())
def test_next_turn_lies_ahead_and_on_the_calendar(after, kind, always_open):
    at = Schedule(Profile(always_open=always_open)).following(kind, after)
    local = at.astimezone(SHANGHAI)
    assert after < at <= after + timedelta(days=1)
    assert (local.second, local.microsecond, local.minute % 30) == (0, 0, 0)
    if kind == PICKUP:
        assert always_open or time(6) <= local.time() <= time(22)
    else:
        assert local.minute == 0
        assert local.hour in {"blacklist": set(range(0, 24, 2)), "snapshot": {2}, "reconciliation": {7}}[kind]


@given(MOMENTS, st.sampled_from([0.25, 1.0, 5.0, 90.0]))
def test_short_beat_comes_at_any_hour_within_its_seconds(after, seconds):
    at = Schedule(Profile(extra={"pickup_seconds": seconds})).following(PICKUP, after)
    assert after < at <= after + timedelta(seconds=seconds)


@given(MOMENTS)
def test_production_ends_on_a_working_day_with_two_others_between(start):
    end = working_days_after(start, 3)
    local = end.astimezone(SHANGHAI)
    assert local.weekday() < 5
    assert local.time() == start.astimezone(SHANGHAI).time()
    assert timedelta(days=3) <= end - start <= timedelta(days=5)
