"""Forms that begin with what the utilities know: one account is taken, several are offered, none is said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hub.config import load_configuration
from hub.domain.prefill import prefill
from hub.domain.reply import UtilityAccount

CATALOGUE = load_configuration().catalogue
accounts = st.lists(
    st.builds(
        UtilityAccount,
        account_no=st.from_regex(r"[0-9]{10}", fullmatch=True),
        holder_name=st.text(max_size=5),
        status=st.sampled_from([None, "normal", "suspended", "closed"]),
        arrears_fen=st.none() | st.integers(0, 10**6),
    ),
    max_size=4,
)


def one(item, *found, sure=False):
    entry = CATALOGUE.by_code[item]
    (made,) = prefill([entry], {entry.field: tuple(found)}, [entry.field] if sure else [])
    return made


def account(number, **changes):
    return UtilityAccount(account_no=number, **changes)


def test_one_account_is_filled_in_and_a_bill_with_what_is_owed():
    made = one("JX6-WAT-14", account("0100020001", arrears_fen=12860))
    assert made.form == {"account_no": "0100020001", "amount": 12860}
    assert made.lacking == ("pay_channel",)
    assert made.unsettled_fen == 12860


def test_several_accounts_are_offered_with_what_tells_them_apart():
    made = one("JX6-WAT-14", account("1" * 10, address="一号"), account("2" * 10, status="suspended"))
    assert made.form == {}
    assert [(each.value, each.address, each.status) for each in made.choices["account_no"]] == [
        ("1" * 10, "一号", None),
        ("2" * 10, None, "suspended"),
    ]


def test_a_closed_account_is_not_offered():
    assert one("JX6-WAT-14", account("1" * 10, status="closed")).choices == {}
    assert one("JX6-WAT-14", account("1" * 10, status="closed"), account("2" * 10)).choices["account_no"]


def test_an_account_to_be_taken_over_is_only_filled_in_when_it_was_named():
    assert one("JX6-WAT-01", account("1" * 10)).form == {}
    assert one("JX6-WAT-01", account("1" * 10), sure=True).form == {"account_no": "1" * 10}


def test_nothing_found_leaves_everything_to_be_asked():
    made = one("JX6-WAT-14")
    assert (made.form, made.choices) == ({}, {})
    assert "account_no" in made.lacking


@given(st.sampled_from(CATALOGUE.items), accounts, st.booleans())
def test_a_form_holds_only_fields_of_its_item_and_nothing_that_was_not_found(item, found, sure):
    (made,) = prefill([item], {item.field: tuple(found)}, [item.field] if sure else [])
    assert set(made.form) | set(made.choices) | set(made.lacking) <= item.field_keys
    assert not set(made.form) & set(made.lacking)
    numbers = {each.account_no for each in found}
    assert {made.form[key] for key in made.form if key != "amount"} <= numbers
    assert "old_holder_name" not in made.form
