"""Market data, through the official clients."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from alpaca.data.requests import (
    OptionChainRequest,
    OptionLatestQuoteRequest,
    OptionSnapshotRequest,
    StockLatestQuoteRequest,
    StockSnapshotRequest,
)

from alpaca_story import CALL, PUT, until
from fake_alpaca.testing import AlpacaThread, running_alpaca

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the client still speaks through websockets.legacy
    from alpaca.data.historical import OptionHistoricalDataClient, StockHistoricalDataClient
    from alpaca.data.live import OptionDataStream, StockDataStream


@pytest.fixture
def shares(alpaca: AlpacaThread) -> StockHistoricalDataClient:
    return StockHistoricalDataClient(alpaca.keys.key_id, alpaca.keys.secret_key, url_override=alpaca.url)


@pytest.fixture
def options(alpaca: AlpacaThread) -> OptionHistoricalDataClient:
    return OptionHistoricalDataClient(alpaca.keys.key_id, alpaca.keys.secret_key, url_override=alpaca.url)


def test_a_shares_quote(alpaca: AlpacaThread, shares: StockHistoricalDataClient) -> None:
    alpaca.set_quote("AAPL", 99.5, 100.25, bid_size=3, ask_size=4)
    quote = shares.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert (quote.bid_price, quote.bid_size, quote.ask_price, quote.ask_size) == (99.5, 3, 100.25, 4)


def test_a_shares_snapshot_has_its_quote(shares: StockHistoricalDataClient) -> None:
    snapshot = shares.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols="AAPL"))["AAPL"]
    assert snapshot.latest_quote is not None
    assert snapshot.latest_quote.bid_price == 100


def test_an_options_quote(options: OptionHistoricalDataClient) -> None:
    quotes = options.get_option_latest_quote(OptionLatestQuoteRequest(symbol_or_symbols=[CALL, PUT]))
    assert {symbol: quote.ask_price for symbol, quote in quotes.items()} == {CALL: 5, PUT: 4}


def test_an_options_snapshot(options: OptionHistoricalDataClient) -> None:
    snapshot = options.get_option_snapshot(OptionSnapshotRequest(symbol_or_symbols=CALL))[CALL]
    assert snapshot.latest_quote is not None
    assert snapshot.latest_quote.bid_price == 5


def test_a_chain_comes_whole_over_all_its_pages(options: OptionHistoricalDataClient) -> None:
    request = OptionChainRequest(
        underlying_symbol="AAPL", expiration_date_lte="2027-01-15", strike_price_gte=80, strike_price_lte=110
    )
    assert len(options.get_option_chain(request)) > 100


def test_a_symbol_that_is_none_is_left_out(shares: StockHistoricalDataClient) -> None:
    quotes = shares.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=["AAPL", "no such!"]))
    assert list(quotes) == ["AAPL"]


def test_the_synthetic_market_stands_behind_it_too() -> None:
    with running_alpaca(settings={"quotes": "synthetic"}) as server:
        client = StockHistoricalDataClient(server.keys.key_id, server.keys.secret_key, url_override=server.url)
        quote = client.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="SPY"))["SPY"]
        assert 0 < quote.bid_price < quote.ask_price


@pytest.mark.parametrize(("kind", "symbol"), [(StockDataStream, "AAPL"), (OptionDataStream, CALL)])
def test_quotes_are_streamed_as_they_change(alpaca: AlpacaThread, kind: Callable[..., Any], symbol: str) -> None:
    url = alpaca.data_stream_url if kind is StockDataStream else alpaca.option_stream_url
    stream: Any = kind(alpaca.keys.key_id, alpaca.keys.secret_key, url_override=url)
    told: list[tuple[float, float]] = []

    async def on_quote(quote: Any) -> None:  # noqa: RUF029 -- the client awaits it
        told.append((quote.bid_price, quote.ask_price))

    stream.subscribe_quotes(on_quote, symbol)
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    until(lambda: len(told) == 1)
    alpaca.set_quote(symbol, 3, 4)
    until(lambda: len(told) == 2)
    with suppress(Exception):
        stream.stop()
    alpaca.call(alpaca.alpaca.faults.drop_streams)
    thread.join(5)
    assert told[1] == (3, 4)
