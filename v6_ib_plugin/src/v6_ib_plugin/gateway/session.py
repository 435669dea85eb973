"""One client from its START_API on: what is sent to it, in order and through the faults."""

from __future__ import annotations

import logging

from v6_ib_plugin.gateway.faults.outlet import Outlet
from v6_ib_plugin.gateway.peer import Peer
from v6_ib_plugin.gateway.wire import messages
from v6_ib_plugin.terms import IbAnswer


class Session:
    """One connected client."""

    def __init__(self, client_id: int, peer: Peer, outlet: Outlet, logger: logging.Logger) -> None:
        self.client_id = client_id
        self._peer = peer
        self._outlet = outlet
        self._logger = logger

    @property
    def name(self) -> str:
        """Who this is, for a log."""
        return f"client {self.client_id} ({self._peer.name})"

    @property
    def is_closed(self) -> bool:
        """Whether nothing that is sent arrives any more."""
        return self._peer.is_gone

    def send(self, *batch: messages.Message) -> None:
        """Send messages in this order; a client that has gone gets nothing, and nobody is told."""
        for message in batch:
            self._outlet.send(message)

    def error(self, req_id: int, code: int, text: str) -> None:
        """Send an errMsg about a request or an order, or about none of them where ``req_id`` is -1."""
        self.send(messages.ErrMsg(IbAnswer(req_id=req_id, code=code, text=text)))

    def close(self, reason: str) -> None:
        """Close the connection once what was sent has gone out."""
        if not self.is_closed:
            self._logger.info("%s is closed: %s", self.name, reason)
            self._peer.close()
