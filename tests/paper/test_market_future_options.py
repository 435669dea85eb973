"""The options on one future: those that deliver it, in its terms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from v6_paper_plugin.market.future_options import chain_on
from v6_paper_plugin.market.given import GivenMarket
from v6_paper_plugin.market.synthetic import SyntheticMarket
from v6core.contracts import Future, FutureOption, OptionRight
from v6core.quotes import OptionChain

MARKET = SyntheticMarket()
JUNE, SEPTEMBER = (Future("ES", day, multiplier=50, exchange="CME") for day in ("2026-06-18", "2026-09-18"))


def on(future: Future) -> OptionChain:
    return chain_on(future, MARKET.chain("ES", MARKET.start), MARKET)


def days(future: Future) -> set[date]:
    return {row.expiration for row in on(future).expirations}


def test_each_expiration_belongs_to_the_future_that_its_options_deliver() -> None:
    assert max(days(JUNE)) == JUNE.expiration < min(days(SEPTEMBER))
    assert max(days(SEPTEMBER)) == SEPTEMBER.expiration


def test_the_options_have_the_terms_of_their_future_and_are_listed() -> None:
    row = on(JUNE).expirations[0]
    option = on(JUNE).option(row.expiration, row.strikes[0], OptionRight.CALL)
    assert isinstance(option, FutureOption)
    assert (option.multiplier, option.exchange) == (Decimal(50), "CME")
    assert MARKET.details(option) is not None


def test_a_future_that_no_option_delivers_has_an_empty_chain() -> None:
    assert not days(Future("ES", "2026-07-17", multiplier=50, exchange="CME"))


def test_with_given_prices_the_options_of_its_last_day_deliver_a_future() -> None:
    market = GivenMarket()
    listed = chain_on(JUNE, market.chain("ES", MARKET.start), market)
    assert [row.expiration for row in listed.expirations] == [JUNE.expiration]
