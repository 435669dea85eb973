"""The market-data WebSockets: quotes of shares and of options, to whoever subscribes to them.

Of what Alpaca streams these are the quotes alone; a subscription to trades or bars is taken and brings nothing, for the
simulated market has no tape of them.
"""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from fake_alpaca.assets import Asset, asset_for
from fake_alpaca.house import House
from fake_alpaca.server.lines import Lines
from fake_alpaca.wire.packing import PACKED, Message, pack, quote_message, unpack

_CHANNELS = ("trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds")


class _Subscriber:
    """One client."""

    def __init__(self, socket: WebSocket, *, packed: bool) -> None:
        self.socket = socket
        self.authorized = False
        self.channels: dict[str, set[str]] = {name: set() for name in _CHANNELS}
        self.reading: asyncio.Task[None] | None = None
        self._packed = packed

    async def say(self, *messages: Message) -> None:
        frame = pack(messages, packed=self._packed)
        if isinstance(frame, bytes):
            await self.socket.send_bytes(frame)
        else:
            await self.socket.send_text(frame)

    async def stop(self) -> None:
        reading, self.reading = self.reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


class QuoteStreams:
    """All clients of the market data."""

    def __init__(self, house: House, lines: Lines) -> None:
        self._house = house
        self._lines = lines
        self._subscribers: set[_Subscriber] = set()
        house.faults.on_drop(self._drop)

    def routes(self) -> list[WebSocketRoute]:
        """Return the routes: shares by their feed, options by theirs."""
        return [WebSocketRoute("/v2/{feed}", self.serve), WebSocketRoute("/v1beta1/{feed}", self.serve)]

    def _drop(self) -> None:
        for subscriber in tuple(self._subscribers):
            client = subscriber.socket.client
            self._lines.reset(None if client is None else (client.host, client.port))

    async def serve(self, socket: WebSocket) -> None:
        """Serve one client until it goes."""
        await socket.accept()
        subscriber = _Subscriber(socket, packed=socket.headers.get("content-type") == PACKED)
        self._subscribers.add(subscriber)
        try:
            await subscriber.say({"T": "success", "msg": "connected"})
            while True:
                await self._answer(subscriber, unpack(_frame(await socket.receive())))
        except WebSocketDisconnect:
            pass
        finally:
            self._subscribers.discard(subscriber)
            await subscriber.stop()

    async def _answer(self, subscriber: _Subscriber, message: Message) -> None:
        match message.get("action"):
            case "auth":
                await self._authenticate(subscriber, message)
            case _ if not subscriber.authorized:
                await subscriber.say(_error(401, "not authenticated"))
            case "subscribe" | "unsubscribe" as action:
                await self._subscribe(subscriber, message, joins=action == "subscribe")
            case _:
                await subscriber.say(_error(400, "invalid syntax"))

    async def _authenticate(self, subscriber: _Subscriber, message: Message) -> None:
        subscriber.authorized = self._house.keys.fit(message.get("key"), message.get("secret"))
        right = {"T": "success", "msg": "authenticated"}
        await subscriber.say(right if subscriber.authorized else _error(402, "auth failed"))

    async def _subscribe(self, subscriber: _Subscriber, message: Message, *, joins: bool) -> None:
        for name, symbols in subscriber.channels.items():
            named = {str(symbol) for symbol in message.get(name, [])}
            symbols.symmetric_difference_update(named - symbols if joins else named & symbols)
        await subscriber.stop()
        listed = {name: sorted(symbols) for name, symbols in subscriber.channels.items()}
        await subscriber.say({"T": "subscription", **listed})
        subscriber.reading = asyncio.create_task(self._read(subscriber))

    async def _read(self, subscriber: _Subscriber) -> None:
        found = [await self._house.market.asset(symbol) for symbol in sorted(subscriber.channels["quotes"])]
        assets: list[Asset] = [asset for asset in found if asset is not None]
        if not assets:
            return
        async for quote in self._house.broker.quotes([asset.contract for asset in assets]):
            asset = asset_for(quote.contract)
            if asset is not None and not self._house.faults.silent:
                await subscriber.say(quote_message(asset.symbol, quote))


def _error(code: int, words: str) -> Message:
    return {"T": "error", "code": code, "msg": words}


def _frame(message: Any) -> bytes | str:
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    frame: bytes | str = message.get("bytes") or message.get("text") or ""
    return frame
