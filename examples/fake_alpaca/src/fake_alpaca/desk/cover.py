"""Whether options sold short are covered: an account of level 3 may write nothing that is not.

A short option is covered by a long one of the same right on the same underlying that lives at least as long. A call
that is left is covered by the shares, a put by the cash for its strike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from v6core.contracts import Option, OptionRight
from v6core.money import ZERO

Quantities = Mapping[Option, Decimal]


def bare(held: Quantities, right: OptionRight) -> list[tuple[Option, Decimal]]:
    """Return the short options of a right that no long one covers, each with how many of it."""
    own = {option: quantity for option, quantity in held.items() if option.right is right}
    longs = sorted(((option, n) for option, n in own.items() if n > 0), key=_lives)
    shorts = sorted(((option, -n) for option, n in own.items() if n < 0), key=_lives, reverse=True)
    return [(option, left) for option, n in shorts if (left := _cover(option, n, longs)) > 0]


def _lives(row: tuple[Option, Decimal]) -> tuple[object, Decimal]:
    return row[0].expiration, row[0].strike


def _cover(short: Option, quantity: Decimal, longs: list[tuple[Option, Decimal]]) -> Decimal:
    """Use up the longs that live longest, and return what of a short is left."""
    while quantity and longs and longs[-1][0].expiration >= short.expiration:
        option, n = longs.pop()
        used = min(n, quantity)
        quantity -= used
        if n > used:
            longs.append((option, n - used))
    return quantity


def shares_needed(rows: Iterable[tuple[Option, Decimal]]) -> Decimal:
    """Return how many shares cover calls."""
    return sum((n * option.multiplier for option, n in rows), ZERO)


def cash_needed(rows: Iterable[tuple[Option, Decimal]]) -> Decimal:
    """Return how much cash covers puts."""
    return sum((n * option.multiplier * option.strike for option, n in rows), ZERO)
