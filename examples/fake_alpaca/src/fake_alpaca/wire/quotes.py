"""Quotes as the Market Data API shows them: the schemas stock_quote, option_quote and option_snapshot."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from fake_alpaca.wire.texts import moment
from v6core.money import ZERO
from v6core.quotes import Greeks, Quote


def stock_quote(quote: Quote) -> dict[str, Any]:
    """Return a share's quote; a side that nobody quotes is 0."""
    return {**_sides(quote), "ax": "V", "bx": "V", "c": ["R"], "z": "C"}


def option_quote(quote: Quote) -> dict[str, Any]:
    """Return an option's quote."""
    return {**_sides(quote), "ax": "C", "bx": "C", "c": "A"}


def _sides(quote: Quote) -> dict[str, Any]:
    return {
        "t": moment(quote.time),
        "ap": _price(quote.ask),
        "as": int(quote.ask_size or ZERO),
        "bp": _price(quote.bid),
        "bs": int(quote.bid_size or ZERO),
    }


def _price(price: Decimal | None) -> float:
    """Market data are numbers, not text: a float is read back as the same decimal."""
    return 0.0 if price is None else float(price)


def option_snapshot(quote: Quote) -> dict[str, Any]:
    """Return an option's snapshot; greeks are there where the market gives all of them."""
    shown: dict[str, Any] = {"latestQuote": option_quote(quote)}
    greeks = quote.greeks
    if greeks is not None and greeks.implied_volatility is not None:
        shown["impliedVolatility"] = float(greeks.implied_volatility)
    if greeks is not None and (listed := _greeks(greeks)) is not None:
        shown["greeks"] = listed
    return shown


def _greeks(greeks: Greeks) -> dict[str, float] | None:
    values = {name: getattr(greeks, name) for name in ("delta", "gamma", "theta", "vega")}
    if any(value is None for value in values.values()):
        return None
    return {**{name: float(value) for name, value in values.items()}, "rho": 0.0}
