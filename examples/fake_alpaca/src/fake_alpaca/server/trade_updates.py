"""The WebSocket ``/stream``: a client shows its keys, asks to listen, and is told every trade update.

Answers and updates are JSON in binary frames, as the paper API sends them.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any, cast

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from fake_alpaca.desk.updates import TradeUpdate
from fake_alpaca.house import House
from fake_alpaca.server.lines import Lines
from fake_alpaca.wire.orders import update_json

_STREAM = "trade_updates"


class _Listener:
    """One client."""

    def __init__(self, socket: WebSocket) -> None:
        self.socket = socket
        self.outbox: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.authorized = False
        self.listens = False

    async def write(self) -> None:
        while True:
            message = await self.outbox.get()
            await self.socket.send_bytes(json.dumps(message).encode())


class TradeUpdates:
    """All clients of the stream."""

    def __init__(self, house: House, lines: Lines) -> None:
        self._house = house
        self._lines = lines
        self._listeners: set[_Listener] = set()
        house.desk.listen(self._tell)
        house.faults.on_drop(self._drop)

    def routes(self) -> list[WebSocketRoute]:
        """Return the route."""
        return [WebSocketRoute("/stream", self.serve)]

    @property
    def listening(self) -> int:
        """How many clients are told."""
        return sum(listener.listens for listener in self._listeners)

    def _tell(self, update: TradeUpdate) -> None:
        message = update_json(update)
        self._house.faults.pass_on(lambda: self._put(message))

    def _put(self, message: dict[str, Any]) -> None:
        for listener in self._listeners:
            if listener.listens:
                listener.outbox.put_nowait(message)

    def _drop(self) -> None:
        for listener in tuple(self._listeners):
            client = listener.socket.client
            self._listeners.discard(listener)
            self._lines.reset(None if client is None else (client.host, client.port))

    async def serve(self, socket: WebSocket) -> None:
        """Serve one client until it goes."""
        await socket.accept()
        listener = _Listener(socket)
        self._listeners.add(listener)
        writer = asyncio.create_task(listener.write())
        try:
            while True:
                self._answer(listener, _read(await socket.receive()))
        except WebSocketDisconnect:
            pass
        finally:
            self._listeners.discard(listener)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)

    def _answer(self, listener: _Listener, message: dict[str, Any]) -> None:
        data = message.get("data")
        details = cast("dict[str, Any]", data) if isinstance(data, dict) else message
        match message.get("action"):
            case "authenticate" | "auth":
                self._authenticate(listener, details)
            case "listen" if listener.authorized:
                self._listen(listener, details)
            case action:
                error = "unauthorized" if not listener.authorized else f"unknown action {action}"
                listener.outbox.put_nowait({"stream": "listening", "data": {"error": error}})

    def _authenticate(self, listener: _Listener, details: dict[str, Any]) -> None:
        key_id = details.get("key_id", details.get("key"))
        listener.authorized = self._house.keys.fit(key_id, details.get("secret_key", details.get("secret")))
        status = "authorized" if listener.authorized else "unauthorized"
        answer = {"status": status, "action": "authenticate"}
        listener.outbox.put_nowait({"stream": "authorization", "data": answer})

    def _listen(self, listener: _Listener, details: dict[str, Any]) -> None:
        wanted = details.get("streams", [])
        streams = [stream for stream in wanted if stream == _STREAM]
        listener.listens = bool(streams)
        listener.outbox.put_nowait({"stream": "listening", "data": {"streams": streams}})


def _read(message: Any) -> dict[str, Any]:
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    raw = message.get("bytes") or message.get("text") or ""
    try:
        read = json.loads(raw)
    except ValueError:
        return {}
    return cast("dict[str, Any]", read) if isinstance(read, dict) else {}
