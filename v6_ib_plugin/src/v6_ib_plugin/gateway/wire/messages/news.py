"""What TWS tells of news."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.messages.message import Message


@dataclass(frozen=True, slots=True)
class NewsProvider:
    """Who sells news."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class NewsProviders(Message):
    """Who sells news to this user."""

    providers: tuple[NewsProvider, ...]
