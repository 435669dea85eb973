"""What follows from a request or a report: somebody is told something, or the broker is asked for something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from v6_ib_plugin.gateway.desk.orders import DeskOrder
from v6_ib_plugin.gateway.wire.messages import Message
from v6core.orders import Order
from v6core.reports import CancelRefusedReport


@dataclass(frozen=True, slots=True)
class Tell:
    """A client is told something, if it is connected."""

    client_id: int
    message: Message


@dataclass(frozen=True, slots=True)
class Place:
    """The broker is given orders, as one unit; ``terms`` are what it gets, order by order."""

    orders: tuple[DeskOrder, ...]
    terms: tuple[Order, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """The broker is asked to change an order that it has."""

    order: DeskOrder
    terms: Order
    changes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cancel:
    """The broker is asked to cancel an order that it has."""

    order: DeskOrder
    terms: Order


@dataclass(frozen=True, slots=True)
class CancelEverything:
    """The broker is asked to cancel every order of the account; these are the ones that the desk knows there."""

    orders: tuple[DeskOrder, ...]


@dataclass(frozen=True, slots=True)
class Find:
    """The broker is asked for an order that it never said it had, and does not cancel: it may have none."""

    order: DeskOrder
    refused: CancelRefusedReport


@dataclass(frozen=True, slots=True)
class Keep:
    """A child that waits for its parent is kept over restarts, as it stands."""

    order: DeskOrder


@dataclass(frozen=True, slots=True)
class Drop:
    """A child has ended, and need not be kept."""

    ref: str


Asking = Place | Change | Cancel | CancelEverything | Find
Step = Tell | Keep | Drop | Asking
