"""What a part of the gateway is: it takes some of the requests, and hears what the broker reports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.session import Session
from v6core.reports import Report

Handler = Callable[[Session, Any], Awaitable[None] | None]
"""Takes one request of a session; the next request of that session waits until it has ended."""


class Part(Protocol):
    """One of the gateway's parts; each request belongs to one of them."""

    def handlers(self) -> Mapping[type[Any], Handler]:
        """Return what takes each kind of request."""
        ...

    def on_report(self, report: Report) -> None:
        """Hear what the broker reports."""
        ...

    def on_connect(self, session: Session) -> None:
        """Greet a client, which was told the accounts; what belongs before the notices on the data farms is sent here.

        The desk sends the next valid id.
        """
        ...

    def on_disconnect(self, session: Session) -> None:
        """Forget a client that has gone; its orders stay."""
        ...

    async def stop(self) -> None:
        """End whatever runs."""
        ...


@runtime_checkable
class Starting(Protocol):
    """A part that looks at what the broker holds before the first client comes."""

    async def start(self) -> None:
        """Look; the broker is connected."""
        ...


@runtime_checkable
class Forgetful(Protocol):
    """A part of which something is gone when TWS restarts, as orders are that were not transmitted."""

    def on_restart(self) -> None:
        """Forget it; all clients have gone by then."""
        ...


@runtime_checkable
class Subscribed(Protocol):
    """A part that keeps subscriptions to data."""

    def lose_data(self) -> None:
        """End the subscriptions of all clients without a word, as TWS does when it lost the data (1101)."""
        ...


@runtime_checkable
class Numbering(Protocol):
    """A part that knows which order ids were used."""

    def roll_back_ids(self, next_id: int) -> None:
        """Let every client begin again at an order id, as after Reset API order ID sequence."""
        ...


MakePart = Callable[[House], Part]
