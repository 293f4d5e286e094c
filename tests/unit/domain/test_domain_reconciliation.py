"""A day's file against the hub's record: every difference is found, named, and told what resolves it."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from hub.domain.reconciliation import OwnEntry, Resolution, Standing, compare, totals
from hub.domain.reply import FileRecord
from hub.domain.states import TaskState
from hub.domain.taxonomy import ErrorCode

AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def own(serial="S1", fen=5000, **changes):
    return OwnEntry(serial=serial, kind="payment", amount_fen=fen, at=AT, task="T-01").with_(**changes)


def their(serial="S1", fen=5000, **changes):
    return FileRecord(serial=serial, kind="payment", amount_fen=fen, provider_ref=f"R-{serial}").with_(**changes)


def only(ours, theirs, **options):
    (difference,) = compare(ours, theirs, **options)
    return difference.kind, difference.resolution


def test_the_same_payment_on_both_sides_is_no_difference():
    assert compare([own()], [their()]) == ()


def test_a_payment_is_also_found_by_the_utilitys_number():
    assert compare([own(provider_ref="R-9")], [their(serial=None, provider_ref="R-9")]) == ()


def test_posted_here_and_not_there_is_posted_again_under_its_own_serial():
    assert only([own()], []) == (ErrorCode.REC_MISSING_THEIRS, Resolution.REPEAT)


def test_in_doubt_here_and_not_there_is_asked_for_first():
    assert only([own(standing=Standing.DOUBT)], []) == (ErrorCode.REC_MISSING_THEIRS, Resolution.INQUIRE)


def test_a_payment_after_the_utilitys_day_end_waits_for_the_next_file():
    assert only([own(next_day=True)], []) == (ErrorCode.REC_MISSING_THEIRS, Resolution.NEXT_DAY)


def test_in_doubt_here_and_booked_there_is_adopted():
    assert only([own(standing=Standing.DOUBT)], [their()]) == (ErrorCode.REC_STATUS, Resolution.ADOPT)


def test_given_up_here_and_booked_there_is_taken_back():
    assert only([own(standing=Standing.NOT_DONE)], [their()]) == (ErrorCode.REC_STATUS, Resolution.REVERSE)


def test_booked_there_and_unknown_here_goes_to_a_person():
    assert only([], [their()]) == (ErrorCode.REC_MISSING_OURS, Resolution.PERSON)


def test_booked_twice_there_is_a_difference_of_its_own():
    assert only([own()], [their(), their()]) == (ErrorCode.REC_MISSING_OURS, Resolution.REVERSE)


def test_another_amount_is_told_with_both_amounts():
    (difference,) = compare([own(fen=5000)], [their(fen=500)])
    assert difference.kind is ErrorCode.REC_AMOUNT
    assert (difference.ours_fen, difference.theirs_fen) == (5000, 500)


def test_a_payment_of_the_evening_before_may_stand_in_this_file():
    assert compare([], [their()], beside=[own()]) == ()


def test_an_entry_of_the_day_beside_that_is_missing_is_not_this_days_difference():
    assert compare([], [], beside=[own()]) == ()


def test_a_reversal_is_another_act_than_its_payment():
    taken_back = own(kind="reversal", fen=-5000)
    assert compare([own(), taken_back], [their(), their(kind="reversal", fen=-5000)]) == ()
    assert only([own(), taken_back], [their()]) == (ErrorCode.REC_MISSING_THEIRS, Resolution.REPEAT)


def test_an_application_refused_there_and_done_here_is_a_difference_of_status():
    done = own(kind="issue", fen=None, state=TaskState.COMPLETED)
    assert only([done], [their(kind="issue", fen=None, state=TaskState.REJECTED)]) == (
        ErrorCode.REC_STATUS,
        Resolution.PERSON,
    )


def test_an_open_application_that_is_done_there_is_adopted():
    waiting = own(kind="issue", fen=None, standing=Standing.OPEN, state=TaskState.ACCEPTED)
    assert only([waiting], [their(kind="issue", fen=None, state=TaskState.COMPLETED)]) == (
        ErrorCode.REC_STATUS,
        Resolution.ADOPT,
    )
    assert compare([waiting], [their(kind="issue", fen=None, state=TaskState.IN_PROGRESS)]) == ()


def test_a_payment_in_doubt_that_was_taken_back_the_same_day_is_no_difference():
    undone = own(standing=Standing.NOT_DONE, state=TaskState.REJECTED)
    back = their(fen=-5000, kind="reversal")
    assert compare([undone], [their(), back]) == ()
    assert compare([undone], [back, their()]) == ()
    # But what the hub holds to be done, or took back itself, is compared as it stands.
    assert {each.kind for each in compare([own()], [their(), back])} == {ErrorCode.REC_MISSING_OURS}
    assert compare([own(), own(fen=-5000, kind="reversal")], [their(), back]) == ()
    assert {each.kind for each in compare([undone], [their(), their(fen=-4000, kind="reversal")])} == {
        ErrorCode.REC_STATUS,
        ErrorCode.REC_MISSING_OURS,
    }


def test_applications_of_other_channels_are_none_of_ours():
    assert compare([], [their(kind="loss", fen=None)]) == ()


def test_sums_count_what_has_an_amount():
    assert (totals([5000, None, -5000]).count, totals([5000, None, -4000]).sum_fen) == (2, 1000)


_SERIALS = st.sampled_from("ABCDEF")
_AMOUNTS = st.integers(min_value=1, max_value=10**9)
_BOOKS = st.dictionaries(_SERIALS, _AMOUNTS)


@given(_BOOKS, _BOOKS)
def test_without_a_difference_the_sums_agree_and_with_none_in_the_books_there_is_none(ours, theirs):
    found = compare([own(k, v) for k, v in ours.items()], [their(k, v) for k, v in theirs.items()])
    assert (found == ()) == (ours == theirs)
    assert {each.serial for each in found} == {k for k in ours.keys() | theirs.keys() if ours.get(k) != theirs.get(k)}


@given(_BOOKS, st.permutations("ABCDEF"))
def test_the_order_of_the_file_does_not_matter(books, order):
    theirs = [their(serial, books[serial]) for serial in order if serial in books]
    assert compare([own(k, v) for k, v in books.items()], theirs) == ()
