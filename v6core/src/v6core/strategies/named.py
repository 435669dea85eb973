"""The strategies that have a name, each made from what names it: expirations and strikes.

All take the fields of ``Terms`` besides. Without a ``strategy_id`` each call makes another one, because the same condor
opened twice is two strategies.
"""

# ruff: noqa: PLR0917 -- an option trader writes the strikes in their order: iron_condor("SPY", day, 570, 580, 620, 630)

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import TypedDict, Unpack

from pydantic import JsonValue

from v6core.contracts import OptionRight
from v6core.identifiers import IdSource, RandomIds
from v6core.money import plain, to_decimal
from v6core.strategies.legs import LegAction, LegSpec, whole
from v6core.strategies.strategy import Strategy, StrategyType

Strike = Decimal | float | str
Day = date | str


class Terms(TypedDict, total=False):
    """What every named strategy takes besides its strikes; ``ids`` makes the id where none is given."""

    strategy_id: str | None
    ids: IdSource
    metadata: Mapping[str, JsonValue]
    exchange: str
    currency: str
    multiplier: Strike
    trading_class: str | None


def vertical_spread(
    symbol: str,
    expiration: Day,
    right: OptionRight | str,
    long_strike: Strike,
    short_strike: Strike,
    quantity: int = 1,
    **terms: Unpack[Terms],
) -> Strategy:
    """Return two options of one right and expiration, one bought and one sold at another strike."""
    _differ(long_strike=long_strike, short_strike=short_strike)
    legs = (
        _leg("BUY", right, long_strike, expiration, quantity),
        _leg("SELL", right, short_strike, expiration, quantity),
    )
    return _named(StrategyType.VERTICAL_SPREAD, symbol, legs, terms)


def iron_condor(
    symbol: str,
    expiration: Day,
    long_put: Strike,
    short_put: Strike,
    short_call: Strike,
    long_call: Strike,
    quantity: int = 1,
    **terms: Unpack[Terms],
) -> Strategy:
    """Return a put spread and a call spread sold around the price; ``.opposite`` is the reverse iron condor."""
    _ascend(long_put=long_put, short_put=short_put, short_call=short_call, long_call=long_call)
    legs = (
        _leg("BUY", "PUT", long_put, expiration, quantity),
        _leg("SELL", "PUT", short_put, expiration, quantity),
        _leg("SELL", "CALL", short_call, expiration, quantity),
        _leg("BUY", "CALL", long_call, expiration, quantity),
    )
    return _named(StrategyType.IRON_CONDOR, symbol, legs, terms)


def iron_butterfly(
    symbol: str,
    expiration: Day,
    long_put: Strike,
    short_strike: Strike,
    long_call: Strike,
    quantity: int = 1,
    **terms: Unpack[Terms],
) -> Strategy:
    """Return a straddle sold at ``short_strike`` between a bought put below and a bought call above."""
    _ascend(long_put=long_put, short_strike=short_strike, long_call=long_call)
    legs = (
        _leg("BUY", "PUT", long_put, expiration, quantity),
        _leg("SELL", "PUT", short_strike, expiration, quantity),
        _leg("SELL", "CALL", short_strike, expiration, quantity),
        _leg("BUY", "CALL", long_call, expiration, quantity),
    )
    return _named(StrategyType.IRON_BUTTERFLY, symbol, legs, terms)


def straddle(
    symbol: str,
    expiration: Day,
    strike: Strike,
    quantity: int = 1,
    action: LegAction | str = LegAction.BUY,
    **terms: Unpack[Terms],
) -> Strategy:
    """Return a put and a call at one strike, both bought, or both sold."""
    legs = (
        _leg(action, "PUT", strike, expiration, quantity),
        _leg(action, "CALL", strike, expiration, quantity),
    )
    return _named(StrategyType.STRADDLE, symbol, legs, terms)


def strangle(
    symbol: str,
    expiration: Day,
    put_strike: Strike,
    call_strike: Strike,
    quantity: int = 1,
    action: LegAction | str = LegAction.BUY,
    **terms: Unpack[Terms],
) -> Strategy:
    """Return a put and a call at a higher strike, both bought, or both sold."""
    _ascend(put_strike=put_strike, call_strike=call_strike)
    legs = (
        _leg(action, "PUT", put_strike, expiration, quantity),
        _leg(action, "CALL", call_strike, expiration, quantity),
    )
    return _named(StrategyType.STRANGLE, symbol, legs, terms)


def calendar_spread(
    symbol: str,
    near_expiration: Day,
    far_expiration: Day,
    right: OptionRight | str,
    strike: Strike,
    quantity: int = 1,
    **terms: Unpack[Terms],
) -> Strategy:
    """Return an option sold at the near expiration and the same bought at the far one."""
    legs = _near_and_far(
        _leg("SELL", right, strike, near_expiration, quantity), _leg("BUY", right, strike, far_expiration, quantity)
    )
    return _named(StrategyType.CALENDAR_SPREAD, symbol, legs, terms)


def diagonal_spread(
    symbol: str,
    near_expiration: Day,
    far_expiration: Day,
    right: OptionRight | str,
    near_strike: Strike,
    far_strike: Strike,
    quantity: int = 1,
    **terms: Unpack[Terms],
) -> Strategy:
    """Return an option sold at the near expiration and one bought at the far expiration and another strike."""
    _differ(near_strike=near_strike, far_strike=far_strike)
    legs = _near_and_far(
        _leg("SELL", right, near_strike, near_expiration, quantity),
        _leg("BUY", right, far_strike, far_expiration, quantity),
    )
    return _named(StrategyType.DIAGONAL_SPREAD, symbol, legs, terms)


def butterfly(
    symbol: str,
    expiration: Day,
    right: OptionRight | str,
    lower_strike: Strike,
    middle_strike: Strike,
    upper_strike: Strike,
    quantity: int = 1,
    **terms: Unpack[Terms],
) -> Strategy:
    """Return two options sold between one bought below and one bought above; the wings may differ in width."""
    _ascend(lower_strike=lower_strike, middle_strike=middle_strike, upper_strike=upper_strike)
    legs = (
        _leg("BUY", right, lower_strike, expiration, quantity),
        _leg("SELL", right, middle_strike, expiration, 2 * whole(quantity)),
        _leg("BUY", right, upper_strike, expiration, quantity),
    )
    return _named(StrategyType.BUTTERFLY, symbol, legs, terms)


def covered_call(symbol: str, expiration: Day, strike: Strike, quantity: int = 1, **terms: Unpack[Terms]) -> Strategy:
    """Return calls sold against shares bought: ``quantity`` calls, and 100 shares (one multiplier) for each."""
    shares = whole(quantity) * whole(terms.get("multiplier", 100), "multiplier")
    legs = (LegSpec(action="BUY", quantity=shares), _leg("SELL", "CALL", strike, expiration, quantity))
    return _named(StrategyType.COVERED_CALL, symbol, legs, terms)


def cash_secured_put(
    symbol: str, expiration: Day, strike: Strike, quantity: int = 1, **terms: Unpack[Terms]
) -> Strategy:
    """Return a put sold against cash that is set aside to buy the shares."""
    legs = (_leg("SELL", "PUT", strike, expiration, quantity),)
    return _named(StrategyType.CASH_SECURED_PUT, symbol, legs, terms)


def _leg(action: LegAction | str, right: OptionRight | str, strike: Strike, expiration: Day, quantity: int) -> LegSpec:
    return LegSpec(action=action, right=right, strike=strike, expiration=expiration, quantity=quantity)


def _named(strategy_type: StrategyType, symbol: str, legs: tuple[LegSpec, ...], terms: Terms) -> Strategy:
    trading_class = terms.get("trading_class")
    given_id = terms.get("strategy_id")
    return Strategy(
        strategy_id=_id_for(strategy_type, symbol, legs, terms) if given_id is None else given_id,
        symbol=symbol,
        strategy_type=strategy_type,
        legs=tuple(leg.replace(trading_class=trading_class) if leg.is_option else leg for leg in legs),
        metadata=terms.get("metadata", {}),
        exchange=terms.get("exchange", "SMART"),
        currency=terms.get("currency", "USD"),
        multiplier=terms.get("multiplier", 100),
    )


def _id_for(strategy_type: StrategyType, symbol: str, legs: tuple[LegSpec, ...], terms: Terms) -> str:
    """Return an id that a person can read, like ``SPY-iron-condor-20261218-k3j2hd4a``."""
    days = sorted({leg.expiration for leg in legs if leg.expiration is not None})
    ids = terms.get("ids") or RandomIds()
    words = [str(symbol).strip().upper().replace(" ", "-"), strategy_type.lower().replace("_", "-")]
    return "-".join([*words, *(f"{day:%Y%m%d}" for day in days), ids.engine_id()])


def _near_and_far(near: LegSpec, far: LegSpec) -> tuple[LegSpec, LegSpec]:
    if near.expiration is not None and far.expiration is not None and near.expiration >= far.expiration:
        raise ValueError(f"near_expiration {near.expiration} must be before far_expiration {far.expiration}")
    return near, far


def _ascend(**strikes: Strike) -> None:
    named = [(name, to_decimal(strike, name)) for name, strike in strikes.items()]
    for (lower_name, lower), (upper_name, upper) in pairwise(named):
        if lower >= upper:
            raise ValueError(f"{lower_name} {plain(lower)} must be below {upper_name} {plain(upper)}")


def _differ(**strikes: Strike) -> None:
    (name, strike), (other_name, other) = ((name, to_decimal(value, name)) for name, value in strikes.items())
    if strike == other:
        raise ValueError(f"{name} and {other_name} must differ, both are {plain(strike)}")
