"""``v6 quote`` shows an option's greeks where the broker gives them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from v6core.cli.commands.quote import greek_lines
from v6core.contracts import Stock
from v6core.quotes import Greeks, Quote

QUOTE = Quote(contract=Stock("GOOG"), time=datetime(2026, 1, 5, tzinfo=UTC))


def test_greeks_are_shown_to_four_places_and_what_is_not_told_as_a_dash() -> None:
    greeks = Greeks(implied_volatility=Decimal("0.251239"), delta=Decimal("-0.4"))
    _, row = greek_lines(QUOTE.model_copy(update={"greeks": greeks}))
    assert row.split() == ["0.2512", "-0.4000", "-", "-", "-", "-"]


def test_a_quote_without_greeks_shows_none() -> None:
    assert list(greek_lines(QUOTE)) == []
