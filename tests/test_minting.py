"""Minting: caps, debts, and what taking back leaves, in tables and over all small numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.minting import (
    Minted,
    Taken,
    decide_mint,
    decide_take_back,
    mint_postings,
    take_back_postings,
)
from timebank.policy import SEED, read_policy

CAPS = read_policy(SEED.read_text("utf-8")).credit
SOME = st.integers(0, 100_000)


@pytest.mark.parametrize(
    ("minutes", "today", "month", "balance", "debt", "minted"),
    [
        (120, 0, 0, 0, 0, Minted(credited=120)),
        (300, 0, 0, 0, 0, Minted(credited=240)),
        (120, 200, 200, 0, 0, Minted(credited=40)),
        (120, 0, 2_350, 0, 0, Minted(credited=50)),
        (120, 0, 0, 89_950, 0, Minted(credited=50)),
        (120, 0, 0, 90_000, 0, Minted()),
        (120, 0, 0, 0, 30, Minted(credited=120, repaid=30)),
        (120, 0, 0, 0, 500, Minted(credited=120, repaid=120)),
        (120, 0, 0, 90_000, 30, Minted(credited=30, repaid=30)),
    ],
)
def test_minting_keeps_the_caps_and_repays_first(
    minutes: int, today: int, month: int, balance: int, debt: int, minted: Minted
) -> None:
    told = decide_mint(minutes, today=today, month=month, balance=balance, debt=debt, rules=CAPS)
    assert told == minted


@pytest.mark.parametrize(
    ("minutes", "balance", "debt", "minted"),
    [
        (120, 0, 0, Minted(credited=120)),
        (120, 89_950, 0, Minted(credited=120, overflow=70)),
        (120, 90_000, 0, Minted(credited=120, overflow=120)),
        (120, 90_000, 30, Minted(credited=120, repaid=30, overflow=90)),
        (300, 95_000, 0, Minted(credited=240, overflow=240)),
    ],
)
def test_what_has_no_room_goes_to_the_pool_for_those_who_wish_it(
    minutes: int, balance: int, debt: int, minted: Minted
) -> None:
    told = decide_mint(
        minutes, today=0, month=0, balance=balance, debt=debt, rules=CAPS, to_pool=True
    )
    assert told == minted


@given(credited=SOME, repaid=SOME, balance=SOME)
def test_taking_back_never_takes_more_than_is_there_and_owes_the_rest(
    credited: int, repaid: int, balance: int
) -> None:
    repaid = min(repaid, credited)
    taken = decide_take_back(credited=credited, repaid=repaid, balance=balance)
    assert 0 <= taken.balance <= balance
    assert taken.balance + taken.owed == credited
    assert taken.owed >= repaid


@given(credited=SOME, repaid=SOME, taken=SOME, debt=SOME)
def test_postings_sum_to_zero_and_none_moves_nothing(
    credited: int, repaid: int, taken: int, debt: int
) -> None:
    minted = mint_postings("per_1", "sta_1", max(credited, repaid), min(credited, repaid))
    mirror = take_back_postings("per_1", "sta_1", taken, debt)
    for postings in (minted, mirror):
        assert sum(amount for _, _, amount in postings) == 0
        assert all(amount for _, _, amount in postings)


def test_a_spent_minute_is_owed() -> None:
    assert decide_take_back(credited=120, repaid=30, balance=50) == Taken(balance=50, owed=70)
    assert take_back_postings("per_1", "sta_1", 50, 70) == (
        ("issuance:sta_1", "minute", 120),
        ("owed:per_1", "minute", -70),
        ("volunteer:per_1", "minute", -50),
    )
