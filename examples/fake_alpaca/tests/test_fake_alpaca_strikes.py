"""Which strikes are listed."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

from fake_alpaca.listed import usual_strikes

EVERY_HALF = [Decimal(n) / 2 for n in range(1, 4000)]


def test_there_are_some_fifty_around_a_price_from_half_of_it_on() -> None:
    strikes = usual_strikes(EVERY_HALF, Decimal(100))
    assert (strikes[0], strikes[-1], len(strikes)) == (Decimal(50), Decimal(150), 41)


def test_where_few_are_near_the_price_none_of_them_is_left_out() -> None:
    near = [strike for strike in EVERY_HALF if 585 <= strike <= 605]
    assert usual_strikes(near, Decimal(592)) == near


def test_they_are_as_near_to_each_other_as_their_number_lets_them() -> None:
    wide = [strike for strike in EVERY_HALF if 520 <= strike <= 670]
    strikes = usual_strikes(wide, Decimal(592))
    assert {later - earlier for earlier, later in pairwise(strikes)} == {5}
