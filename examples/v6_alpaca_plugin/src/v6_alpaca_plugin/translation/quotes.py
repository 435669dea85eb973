"""Bids and offers, and the net of a combo's legs."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from v6_alpaca_plugin.records import GreeksRow, MarketRow
from v6core.contracts import Combo, Contract
from v6core.quotes import Greeks, Quote


def quote_of(contract: Contract, row: MarketRow, *, delayed: bool) -> Quote | None:
    """Return a quote, or None where there is none; a price that Alpaca gives as 0 is not there."""
    quote = row.quote
    if quote is None:
        return None
    return Quote(
        contract=contract,
        time=quote.t,
        bid=quote.bp or None,
        bid_size=quote.bs if quote.bp else None,
        ask=quote.ap or None,
        ask_size=quote.ask_size if quote.ap else None,
        last=None if row.trade is None else row.trade.p,
        delayed=delayed,
        greeks=_greeks(row.greeks, row.volatility),
    )


def _greeks(row: GreeksRow | None, volatility: Decimal | None) -> Greeks | None:
    """Return the greeks, cut to the ten places that v6 takes."""
    if row is None and volatility is None:
        return None
    named = {} if row is None else {name: getattr(row, name) for name in GreeksRow.model_fields}
    given = {**named, "implied_volatility": volatility}
    return Greeks.model_validate({name: round(value, 10) for name, value in given.items() if value is not None})


def combo_quote(combo: Combo, legs: Mapping[str, Quote]) -> Quote:
    """Return what a combo costs and brings per unit: each leg at its far side; None where one has none."""
    quotes = [(ratio, contract.multiplier, legs[contract.key]) for contract, ratio in combo.signed_legs]
    return Quote(
        contract=combo,
        time=min(quote.time for _, _, quote in quotes),
        bid=_net(combo, [(ratio, size, q.bid if ratio > 0 else q.ask) for ratio, size, q in quotes]),
        ask=_net(combo, [(ratio, size, q.ask if ratio > 0 else q.bid) for ratio, size, q in quotes]),
        delayed=any(quote.delayed for _, _, quote in quotes),
    )


def _net(combo: Combo, legs: list[tuple[int, Decimal, Decimal | None]]) -> Decimal | None:
    total = Decimal(0)
    for ratio, multiplier, price in legs:
        if price is None:
            return None
        total += ratio * multiplier * price
    return total / combo.multiplier
