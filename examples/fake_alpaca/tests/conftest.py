"""A server for each test, the official client in front of it, and Alpaca's own document to hold answers against."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest
import requests

from alpaca_document import Document, official_document
from alpaca_story import PRICES, Ask, Updates, until
from fake_alpaca.testing import AlpacaThread, running_alpaca

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the client still speaks through websockets.legacy
    from alpaca.trading.client import TradingClient
    from alpaca.trading.stream import TradingStream


@pytest.fixture
def alpaca() -> Generator[AlpacaThread]:
    """A server at whose market AAPL is quoted at 100 and four of its options below."""
    with running_alpaca(prices=PRICES) as server:
        yield server


@pytest.fixture
def client(alpaca: AlpacaThread) -> TradingClient:
    """The official client, unmodified."""
    return TradingClient(alpaca.keys.key_id, alpaca.keys.secret_key, url_override=alpaca.url)


@pytest.fixture
def ask(alpaca: AlpacaThread) -> Generator[Ask]:
    """Plain requests with the right keys: ``ask("POST", "/v2/orders", json={...})``."""
    with requests.Session() as session:
        session.headers.update({"APCA-API-KEY-ID": alpaca.keys.key_id, "APCA-API-SECRET-KEY": alpaca.keys.secret_key})

        def asked(method: str, path: str, **named: Any) -> requests.Response:
            return session.request(method, alpaca.url + path, timeout=10, **named)

        yield asked


@pytest.fixture
def updates(alpaca: AlpacaThread) -> Generator[Updates]:
    """The trade updates, through the official client in a thread of its own."""
    heard = Updates()
    stream = TradingStream(alpaca.keys.key_id, alpaca.keys.secret_key, url_override=alpaca.stream_url, raw_data=True)
    for wait in ("_reconnect_min_backoff", "_reconnect_max_backoff"):
        setattr(stream, wait, 0.01)  # seconds otherwise, whatever it is told

    async def on_update(message: dict[str, Any]) -> None:  # noqa: RUF029 -- the client awaits it
        heard.messages.append(message)

    stream.subscribe_trade_updates(on_update)  # pyright: ignore[reportUnknownMemberType]  # the client's own types
    thread = threading.Thread(target=stream.run, daemon=True)
    thread.start()
    until(lambda: alpaca.alpaca.listening == 1)
    yield heard
    with suppress(Exception):
        stream.stop()
    alpaca.call(alpaca.alpaca.faults.drop_streams)
    thread.join(5)


@pytest.fixture(scope="session")
def document() -> Document:
    """Alpaca's OpenAPI documents."""
    return official_document()
