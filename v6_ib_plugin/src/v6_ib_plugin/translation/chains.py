"""The options listed on an underlying: IB's rows for each exchange and class, and v6's chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import groupby

from v6_ib_plugin.numbers import bounded, number_of
from v6_ib_plugin.terms import OptionParameters
from v6_ib_plugin.times import day_of, day_text
from v6_ib_plugin.untranslatable import translating
from v6core.contracts import Future, Option
from v6core.money import plain
from v6core.quotes import ChainExpiration, OptionChain


def chain_of(
    symbol: str,
    rows: Iterable[OptionParameters],
    *,
    exchange: str = "SMART",
    currency: str = "USD",
    future: Future | None = None,
) -> OptionChain:
    """Return the chain at one exchange; every class has its own expirations. Raises Untranslatable.

    IB tells expirations and strikes apart: not every pair of the two is listed, so a leg is qualified before use.
    With ``future``, which they deliver, these are options on that; a row without a multiplier has the future's.
    """
    usual = Option.usual_multiplier if future is None else future.multiplier
    found = [listed for row in rows if row.exchange == exchange for listed in _expirations(symbol, row, usual)]
    with translating(f"the option chain of {symbol}"):
        return OptionChain(
            symbol=symbol,
            expirations=tuple(found),
            exchange=exchange,
            currency=currency,
            kind="OPTION" if future is None else "FUTURE_OPTION",
        )


def _expirations(symbol: str, row: OptionParameters, usual: Decimal) -> list[ChainExpiration]:
    multiplier = number_of(row.multiplier, "multiplier") or usual
    own_class = None if row.trading_class in {"", symbol.replace(" ", "").replace(".", "")} else row.trading_class
    strikes = tuple(sorted({bounded(strike, "strikes") for strike in row.strikes}))
    with translating(f"the options {row.trading_class} of {symbol} at {row.exchange}"):
        days = [day_of(text, field="expirations") for text in sorted(set(row.expirations))]
        # The strikes are one tuple, checked once: a hundred expirations of thousands would take a second to check.
        checked = [
            ChainExpiration(expiration=day, strikes=strikes, multiplier=multiplier, trading_class=own_class)
            for day in days[:1]
        ]
        return [one.model_copy(update={"expiration": day}) for one in checked for day in days]


def option_parameters(chain: OptionChain, *, underlying_con_id: int = 0) -> tuple[OptionParameters, ...]:
    """Return a chain as TWS tells it: a row for each class, its expirations and the strikes of all of them."""
    listed = sorted(chain.expirations, key=lambda row: (row.trading_class or "", row.multiplier, row.expiration))
    grouped = groupby(listed, key=lambda row: (row.trading_class, row.multiplier))
    return tuple(
        _parameters(chain, underlying_con_id, trading_class or chain.symbol, multiplier, tuple(group))
        for (trading_class, multiplier), group in grouped
    )


def _parameters(
    chain: OptionChain, con_id: int, trading_class: str, multiplier: Decimal, rows: Sequence[ChainExpiration]
) -> OptionParameters:
    return OptionParameters(
        exchange=chain.exchange,
        underlying_con_id=con_id,
        trading_class=trading_class,
        multiplier=plain(multiplier.normalize()),
        expirations=tuple(day_text(row.expiration) for row in rows),
        strikes=tuple(sorted({strike for row in rows for strike in row.strikes})),
    )
