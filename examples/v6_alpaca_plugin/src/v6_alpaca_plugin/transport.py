"""The official SDK as transport: the only module that imports alpaca-py.

Requests block, so each runs in a thread with a session of its own; the stream of trade updates lives in the event loop.
What the SDK would do and a broker of v6 must not is switched off here: it sends a request again after a 429 or a 504,
an order among them, it waits for an answer for ever, and it opens the stream anew without telling anybody.
"""

from __future__ import annotations

import asyncio
import json
import threading
import warnings
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any, Final, cast

import requests
from urllib3.exceptions import MaxRetryError, NewConnectionError
from websockets.exceptions import WebSocketException

with warnings.catch_warnings():
    # alpaca-py's stream is built on websockets' former client, which says so at its import.
    warnings.filterwarnings("ignore", r"websockets\.legacy", DeprecationWarning)
    from alpaca.common.exceptions import APIError
    from alpaca.trading.client import TradingClient
    from alpaca.trading.stream import TradingStream

from v6_alpaca_plugin.records import TradeUpdate, read
from v6_alpaca_plugin.settings import AlpacaSettings
from v6core.errors import BrokerError, NotConnected, NotSent

_TOO_MANY, _TIMED_OUT, _SERVER = 429, 408, 500
_AT_ONCE = 4

Fields = Mapping[str, Any]


class Refused(BrokerError):
    """Alpaca answered that it does not do what it was asked: a 4xx, with its own code and words.

    A 429 is among them: Alpaca counts a request before it looks at it.
    """

    code = "REFUSED"

    def __init__(self, status: int, code: str, text: str) -> None:
        self.status: Final = status
        self.text: Final = text
        self.alpaca_code: Final = code
        super().__init__(f"Alpaca refused with {status}: {text}", code=code)


class _Client(TradingClient):
    """The SDK's client, each of whose requests goes out once and waits for so long."""

    def __init__(self, settings: AlpacaSettings) -> None:
        super().__init__(
            settings.key.reveal(),
            settings.secret.reveal(),
            paper=not settings.live,
            raw_data=True,
            url_override=settings.trading_url,
        )
        self._timeout = settings.request_timeout

    def _one_request(self, method: str, url: str, opts: dict[str, Any], retry: int) -> Any:  # noqa: ARG002 -- the SDK's signature
        once: Any = super()._one_request  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]  # its dict is of anything
        return once(method, url, {**opts, "timeout": self._timeout}, retry=0)

    def send(self, verb: str, path: str, data: Fields, **elsewhere: str) -> Any:
        """Send one request and return the JSON of its answer, or None where it has none."""
        method: Any = getattr(self, verb)
        return method(path, dict(data), **elsewhere)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


Request = Callable[[_Client], Any]


class Rest:
    """Alpaca's REST API. Orders and questions have threads of their own, so that neither waits for the other."""

    def __init__(self, settings: AlpacaSettings) -> None:
        self._settings = settings
        self._local = threading.local()
        self._clients: list[_Client] = []
        self._orders = ThreadPoolExecutor(_AT_ONCE, "alpaca-orders")
        self._questions = ThreadPoolExecutor(_AT_ONCE, "alpaca-questions")
        self._under_way: set[asyncio.Future[Any]] = set()
        self.native: Final = _Client(settings)

    async def ask(self, path: str, query: Fields | None = None) -> Any:
        """Return the answer to a question that changes nothing. Raises Refused, or BrokerError where none came."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        return await self._run(self._questions, lambda client: client.send("get", path, given))

    async def ask_data(self, version: str, path: str, query: Fields) -> Any:
        """Return the answer of the market data API."""
        url = self._settings.data_url
        return await self._run(
            self._questions, lambda client: client.send("get", path, query, base_url=url, api_version=version)
        )

    async def post(self, path: str, body: Fields) -> Any:
        """Send an order, once. Raises Refused, NotSent where no byte left, else BrokerError: it may have arrived."""
        return await self._order(lambda client: client.send("post", path, body))

    async def patch(self, path: str, body: Fields) -> Any:
        """Send a change, once; raises as ``post`` does."""
        return await self._order(lambda client: client.send("patch", path, body))

    async def delete(self, path: str) -> Any:
        """Send a cancel, once; raises as ``post`` does."""
        return await self._order(lambda client: client.send("delete", path, {}))

    async def settled(self) -> None:
        """Wait until nothing that could change an order is on its way out of this machine."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def close(self) -> None:
        """Wait for what is under way, take nothing more, and close all connections."""
        for pool in (self._orders, self._questions):
            await asyncio.to_thread(pool.shutdown)
        for client in (*self._clients, self.native):
            client.close()

    async def _order(self, request: Request) -> Any:
        running = asyncio.ensure_future(self._run(self._orders, request))
        self._under_way.add(running)
        running.add_done_callback(self._forget)
        # A caller that gives up does not make the request undone: it stays under way until it is answered.
        return await asyncio.shield(running)

    def _forget(self, running: asyncio.Future[Any]) -> None:
        self._under_way.discard(running)
        if not running.cancelled():
            running.exception()  # seen, where the caller has gone

    async def _run(self, pool: ThreadPoolExecutor, request: Request) -> Any:
        try:
            answer = asyncio.get_running_loop().run_in_executor(pool, self._blocking, request)
        except RuntimeError as error:  # the pool is closed
            raise NotSent("the connection to Alpaca is closed") from error
        return await answer

    def _blocking(self, request: Request) -> Any:
        try:
            return request(self._client())
        except APIError as error:
            raise _refusal(error) from error
        except requests.RequestException as error:
            raise _failure(error, self._settings.trading_url) from error
        except ValueError as error:
            raise BrokerError(f"Alpaca answered with what is no JSON: {error}", code="UNREADABLE") from error

    def _client(self) -> _Client:
        client: _Client | None = getattr(self._local, "client", None)
        if client is None:
            client = self._local.client = _Client(self._settings)
            self._clients.append(client)
        return client


def _refusal(error: APIError) -> BrokerError:
    """Return what an answer of 400 and above says: below 500 that nothing was done, from there on nothing at all."""
    answer = cast("requests.Response | None", error.response)  # pyright: ignore[reportUnknownMemberType]  # untyped
    status, text = 0 if answer is None else answer.status_code, str(error)
    told = _object(text)
    words, code = str(told.get("message") or text[:300] or "without a word"), str(told.get("code") or status)
    if not 400 <= status < _SERVER or status == _TIMED_OUT:
        return BrokerError(f"Alpaca failed with {status}: {words}", code="SERVER_FAILED")
    return Refused(status, code, words)


def _object(text: str) -> dict[str, Any]:
    try:
        said: Any = json.loads(text)
    except ValueError:
        return {}
    return cast("dict[str, Any]", said) if isinstance(said, dict) else {}


def _failure(error: requests.RequestException, url: str) -> BrokerError:
    """Return why no answer came: NotSent where no connection was made, so that no byte can have left."""
    if isinstance(error, requests.exceptions.ConnectTimeout) or _is_no_connection(error):
        return NotSent(f"no connection to Alpaca at {url}: nothing answers there", code="NO_CONNECTION")
    return BrokerError(f"no answer from Alpaca: {type(error).__name__}", code="NO_ANSWER")


def _is_no_connection(error: requests.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


class _Stream(TradingStream):
    """The SDK's stream as far as it connects, logs in and asks for the updates; reading it is ours."""

    async def open(self) -> None:
        """Connect, log in, and wait until Alpaca says that it listens: from then on nothing goes by unheard."""
        # Without a handler the SDK asks for none.
        self.subscribe_trade_updates(self._nothing)  # pyright: ignore[reportUnknownMemberType]  # any Callable
        await self._start_ws()  # type: ignore[no-untyped-call]
        while (await self.message()).get("stream") != "listening":
            pass

    async def message(self) -> dict[str, Any]:
        """Return the next message."""
        socket: Any = self._ws
        return cast("dict[str, Any]", json.loads(await socket.recv(), parse_float=Decimal))

    async def _nothing(self, _: Any) -> None:
        return None


class Updates:
    """One connection to the stream of trade updates."""

    def __init__(self, settings: AlpacaSettings) -> None:
        self._settings = settings
        beat = settings.heartbeat
        self._stream = _Stream(
            settings.key.reveal(),
            settings.secret.reveal(),
            paper=not settings.live,
            raw_data=True,
            url_override=settings.stream_url,
            websocket_params={
                "ping_interval": beat,
                "ping_timeout": beat,
                "open_timeout": settings.request_timeout,
                "close_timeout": min(beat, 1.0),
                "max_queue": None,
            },
        )

    async def open(self) -> None:
        """Connect and listen. Raises BrokerError naming the cause."""
        url = self._settings.stream_url
        try:
            async with asyncio.timeout(self._settings.request_timeout):
                await self._stream.open()
        except TimeoutError as error:
            raise NotConnected(f"the stream at {url} was silent for {self._settings.request_timeout:g} s") from error
        except (OSError, WebSocketException) as error:
            raise NotConnected(f"no stream at {url}: {error}") from error
        except (ValueError, AttributeError) as error:
            # The SDK says no more than this of an answer other than "authorized".
            raise BrokerError(f"the stream at {url} did not let this key in: {error}", code="WRONG_KEYS") from error

    async def each(self) -> AsyncIterator[TradeUpdate]:
        """Yield the updates until the connection ends, which raises BrokerError."""
        while True:
            try:
                message = await self._stream.message()
            except (OSError, WebSocketException, ValueError) as error:
                raise NotConnected(f"the stream of trade updates ended: {error}") from error
            if message.get("stream") == "trade_updates":
                yield read(TradeUpdate, message.get("data"), "a trade update")

    async def close(self) -> None:
        """Close the connection."""
        try:
            await self._stream.close()
        except (OSError, WebSocketException):
            return
