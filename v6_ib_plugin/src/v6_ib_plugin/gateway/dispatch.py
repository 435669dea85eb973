"""Each request to the part that takes it, and a polite answer where none does or one fails."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Iterable

from v6_ib_plugin.gateway.faults.outlet import request_id
from v6_ib_plugin.gateway.part import Handler, Part
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests

READ_ONLY = "Error validating request.-'b8' : cause - The API interface is currently in Read-Only mode."
VALIDATING, PROCESSING = 321, 322

_NOT_WHILE_READ_ONLY = (
    requests.PlaceOrder,
    requests.CancelOrder,
    requests.ReqGlobalCancel,
    requests.ExerciseOptions,
    requests.ReqOpenOrders,
    requests.ReqAllOpenOrders,
    requests.ReqAutoOpenOrders,
    requests.ReqCompletedOrders,
)
"""What a TWS whose API is read-only refuses: orders, and the lists of them."""


class Dispatch:
    """Knows which part takes which request."""

    def __init__(self, parts: Iterable[Part], logger: logging.Logger, *, read_only: bool) -> None:
        self._logger = logger
        self._read_only = read_only
        self._handlers: dict[type[requests.Request], Handler] = {}
        for part in parts:
            for kind, handler in part.handlers().items():
                assert kind not in self._handlers, f"two parts take {kind.__name__}"
                self._handlers[kind] = handler

    async def take(self, session: Session, request: requests.Request) -> None:
        """Have a request answered; nothing that a handler raises gets past here."""
        if self._read_only and isinstance(request, _NOT_WHILE_READ_ONLY):
            self._answer(session, request, VALIDATING, READ_ONLY)
            return
        handler = self._handlers.get(type(request))
        if handler is None:
            self._decline(session, request)
            return
        try:
            answer = handler(session, request)
            if inspect.isawaitable(answer):
                await answer
        except Exception as error:
            name = type(request).__name__
            self._logger.exception("%s of %s failed", name, session.name)
            self._answer(session, request, PROCESSING, f"Error processing request.-'{name}' : cause - {_cause(error)}")

    def _decline(self, session: Session, request: requests.Request) -> None:
        name = f"message {request.message_id}" if isinstance(request, requests.Unknown) else type(request).__name__
        self._logger.warning("%s asks for %s, which this gateway does not offer", session.name, name)
        # Not 321, which ib_async takes for a warning: it would wait for the answer for ever.
        text = f"Error processing request.-'{name}' : cause - this gateway does not offer it."
        self._answer(session, request, PROCESSING, text)

    @staticmethod
    def _answer(session: Session, request: requests.Request, code: int, text: str) -> None:
        about = request_id(request)
        session.error(-1 if about is None else about, code, text)


def _cause(error: Exception) -> str:
    # The official client reads backslashes in an error's text as escapes.
    return " ".join(f"{type(error).__name__}: {error}".replace("\\", "/").split())
