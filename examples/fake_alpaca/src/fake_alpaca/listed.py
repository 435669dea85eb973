"""Which of a market's options are listed: those that an exchange would list, and those that somebody has named.

The markets of the paper broker trade any strike. An exchange lists some fifty around the price, for the next weeks and
the months of a year; whoever named another has it listed from then on.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from fake_alpaca.assets import Asset
from v6_paper_plugin.market.listing import expirations
from v6core.contracts import Option, OptionRight
from v6core.quotes import OptionChain

_STEPS = tuple(map(Decimal, ("0.5", "1", "2.5", "5", "10", "25", "50", "100")))
_STRIKES = 50
_RIGHTS = (OptionRight.CALL, OptionRight.PUT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractQuery:
    """Which option contracts are asked for; bounds are included, None bounds nothing."""

    underlyings: tuple[str, ...]
    expiration: date | None = None
    first: date | None = None
    last: date | None = None
    right: OptionRight | None = None
    lowest: Decimal | None = None
    highest: Decimal | None = None

    def takes_day(self, day: date) -> bool:
        """Whether an expiration is asked for."""
        return (
            (self.expiration is None or day == self.expiration)
            and (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
        )

    def takes_strike(self, strike: Decimal) -> bool:
        """Whether a strike is asked for."""
        return (self.lowest is None or strike >= self.lowest) and (self.highest is None or strike <= self.highest)

    def takes_right(self, right: OptionRight) -> bool:
        """Whether calls, or puts, are asked for."""
        return self.right in {None, right}

    def takes(self, option: Option) -> bool:
        """Whether an option is asked for."""
        return (
            option.symbol in self.underlyings
            and self.takes_day(option.expiration)
            and self.takes_strike(option.strike)
            and self.takes_right(option.right)
        )


def listed(chain: OptionChain, price: Decimal, today: date, query: ContractQuery) -> Iterator[Asset]:
    """Yield what is listed on an underlying that has a price, as far as it is asked for."""
    days = set(expirations(today))
    rights = [right for right in _RIGHTS if query.takes_right(right)]
    for row in chain.since(today).expirations:
        if row.expiration not in days or not query.takes_day(row.expiration):
            continue
        for strike in filter(query.takes_strike, usual_strikes(row.strikes, price)):
            yield from (Asset(Option(chain.symbol, row.expiration, strike, right)) for right in rights)


def usual_strikes(strikes: Sequence[Decimal], price: Decimal) -> list[Decimal]:
    """Return those of ascending strikes that an exchange would list: from half the price to one and a half times it.

    They are as near to each other as leaves no more than there are to be.
    """
    near = strikes[bisect_left(strikes, price / 2) : bisect_right(strikes, price * 3 / 2)]
    rows = ([strike for strike in near if not strike % step] for step in _STEPS)
    return next((row for row in rows if len(row) <= _STRIKES), list[Decimal]())


def in_order(assets: Iterable[Asset]) -> list[Asset]:
    """Return options once each, by underlying, expiration, strike and right."""
    return sorted({asset.symbol: asset for asset in assets}.values(), key=_place)


def _place(asset: Asset) -> tuple[str, date, Decimal, str]:
    option = asset.contract
    assert isinstance(option, Option)
    return option.symbol, option.expiration, option.strike, option.right.value
