"""Times in force that IB has and v6 has no word for, each with the v6 word that says at most as much.

Source: the table of times in force in IBKR's documentation of the TWS API, and its notes on orders in crypto.
"""

from __future__ import annotations

from enum import auto

from v6_ib_plugin.options.work import Misfit
from v6core.orders import Order, OrderType, TimeInForce
from v6core.words import Word


class Lifetime(Word):
    """How long an order lives at IB."""

    DTC = auto()
    """Until the close, at which it is deactivated and not cancelled: it may come back, so that it is a GTC in v6."""
    MINUTES = auto()
    """A few minutes, for limit orders in crypto: a DAY in v6, which it does not outlive."""


_WIRE = {Lifetime.DTC: "DTC", Lifetime.MINUTES: "Minutes"}
_TIFS = {Lifetime.DTC: TimeInForce.GTC, Lifetime.MINUTES: TimeInForce.DAY}
_READ = {text.upper(): lifetime for lifetime, text in _WIRE.items()}


def ib_lifetime(lifetime: Lifetime) -> str:
    """Return IB's word for a lifetime."""
    return _WIRE[lifetime]


def lifetime_of(tif: str) -> Lifetime | None:
    """Return the lifetime that IB's word is, or None where v6 has a word for it or none knows it."""
    return _READ.get(tif.strip().upper())


def tif_beside(lifetime: Lifetime) -> TimeInForce:
    """Return the v6 time in force that a lifetime goes with."""
    return _TIFS[lifetime]


def lifetime_misfit(lifetime: Lifetime, order: Order) -> Misfit | None:
    """Return why an order does not live so long, or None where it can."""
    why = _why_not(lifetime, order)
    return None if why is None else Misfit("time_in_force", lifetime.value, why)


def _why_not(lifetime: Lifetime, order: Order) -> str | None:
    if order.tif is not _TIFS[lifetime]:
        return f"it goes with tif {_TIFS[lifetime]}, not with {order.tif}"
    if lifetime is Lifetime.MINUTES:
        if order.order_type is not OrderType.LIMIT:
            return f"IB has it for LIMIT orders, not for {order.order_type}"
        if order.contract is not None and order.contract.kind != "CRYPTO":
            return f"IB has it for CRYPTO contracts, not {order.contract.kind}"
    return None
