"""The gate that every request passes: what arrived is noted, keys and limits are looked at, faults happen."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from fake_alpaca.arrivals import Arrival
from fake_alpaca.faults import Fault
from fake_alpaca.house import House
from fake_alpaca.refusals import Refusal, unauthorized
from fake_alpaca.server.lines import Lines

_WORDS = {429: "too many requests.", 500: "internal server error occurred", 503: "service unavailable"}


class Gate:
    """An ASGI application around another; WebSockets pass it, and look at keys themselves."""

    def __init__(self, app: ASGIApp, house: House, lines: Lines) -> None:
        self._app = app
        self._house = house
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _whole_body(receive)
        self._house.arrivals.add(_arrival(scope, body))
        fault = self._house.faults.next_for(scope["method"], scope["path"])
        if fault is None:
            await self._admit(scope, _replaying(body), send)
        else:
            await self._with_fault(fault, scope, body, send)

    async def _with_fault(self, fault: Fault, scope: Scope, body: bytes, send: Send) -> None:
        if fault.status is not None:
            headers = {**self._house.limit.headers(), **fault.headers}
            await _error(fault.status, headers)(scope, _replaying(body), send)
            return
        unheard = fault.lost or fault.hangs
        if fault.processed:
            await self._admit(scope, _replaying(body), _nobody if unheard else _late(send, fault.seconds))
        if fault.hangs:
            await self._house.faults.released()
        if unheard:
            self._lines.reset(scope.get("client"))

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        limit = self._house.limit
        if not self._house.keys.in_headers(headers):
            await refused(unauthorized())(scope, receive, send)
        elif not limit.take():
            await _error(429, limit.headers())(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send, limit.headers()))


def refused(refusal: Refusal) -> Response:
    """Return the answer of a refusal."""
    return JSONResponse(refusal.body(), refusal.status)


def _error(status: int, headers: dict[str, str]) -> Response:
    body = {"code": status * 100_000 + 10_000, "message": _WORDS.get(status, "error")}
    return JSONResponse(body, status, headers)


async def _whole_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body", False):
            return body


def _replaying(body: bytes) -> Receive:
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


async def _nobody(message: Message) -> None:
    """Take an answer that nobody will hear."""


def _late(send: Send, seconds: float) -> Send:
    async def later(message: Message) -> None:
        if message["type"] == "http.response.start":
            await asyncio.sleep(seconds)
        await send(message)

    return later


def _with_headers(send: Send, headers: dict[str, str]) -> Send:
    more = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def adding(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *more]
        await send(message)

    return adding


def _arrival(scope: Scope, body: bytes) -> Arrival:
    try:
        read: Any = json.loads(body) if body else {}
    except ValueError:
        read = {}
    query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
    return Arrival(scope["method"], scope["path"], query, read if isinstance(read, dict) else {})  # pyright: ignore[reportUnknownArgumentType]  # JSON
