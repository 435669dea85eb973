"""What a client asks about its own session."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.requests.request import Request


@dataclass(frozen=True, slots=True)
class StartApi(Request):
    """The first message after the handshake: who is there."""

    client_id: int
    optional_capabilities: str = ""


@dataclass(frozen=True, slots=True)
class ReqIds(Request):
    """Ask for the next order id; ``num_ids`` is not heeded by TWS."""

    num_ids: int = 1


@dataclass(frozen=True, slots=True)
class ReqManagedAccts(Request):
    """Ask for the names of the accounts."""


@dataclass(frozen=True, slots=True)
class ReqCurrentTime(Request):
    """Ask for the clock of the server."""


@dataclass(frozen=True, slots=True)
class SetServerLogLevel(Request):
    """Say how much the server logs, 1 to 5."""

    level: int


@dataclass(frozen=True, slots=True)
class ReqUserInfo(Request):
    """Ask for the white branding of the user."""

    req_id: int
