"""What Interactive Brokers does, through the TWS API.

Order types by kind of contract are those of "Basic Orders" in IBKR's documentation of the TWS API, which names the
products of each type; times in force are those of its table of TIF. Quantities are whole but for crypto and currencies
("Order Types", notes and limitations; error 10243). Crypto has limit orders, and market orders that are over at once; a
market order to buy it is sized in money, which no quantity says (10289).

Combos are those of US options, and of options with their stock, routed to SMART: only these are guaranteed to fill in
ratio, and four legs at one net price are what users have seen accepted. A combo has no one-cancels-all group and so no
bracket (356, 359). A reference travels with an order and can be asked for, but a second order with the same one is
taken: it is queryable, not enforced. Executions and completed orders reach back to midnight.
"""

from __future__ import annotations

from pydantic import ValidationError

from v6_ib_plugin.options import IbOrderOptions
from v6core.capabilities import (
    Capabilities,
    ExitRelease,
    HistoryReach,
    ModifyKind,
    OrderSupport,
    SubmitIdentity,
    UnitKind,
)
from v6core.orders import ON_CLOSE, ON_OPEN, OcaType, Order, OrderType, TimeInForce

_LISTED = frozenset({"STOCK", "OPTION", "FUTURE", "FUTURE_OPTION"})
_LASTING = frozenset({TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD})
_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_DAY_OR_GTC = frozenset({TimeInForce.DAY, TimeInForce.GTC})

_TRIGGERED = frozenset(
    {
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TRAIL,
        OrderType.TRAIL_LIMIT,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    }
)


def _row(kinds: frozenset[str], types: frozenset[OrderType], tifs: frozenset[TimeInForce]) -> OrderSupport:
    return OrderSupport(kinds=kinds, order_types=types, tifs=tifs)


class IbCapabilities(Capabilities):
    """What Interactive Brokers does, and which order can carry which of the options that it alone has."""

    def why_not(self, order: Order) -> str | None:
        """Return why the broker does not take an order, or one with such options; None where it does."""
        return super().why_not(order) or (_misfit(order) if order.options else None)


def _misfit(order: Order) -> str | None:
    try:
        misfit = IbOrderOptions.model_validate(dict(order.options)).misfit(order)
    except ValidationError:  # what no order can carry is told by the options themselves
        return None
    return None if misfit is None else str(misfit)


CAPABILITIES = IbCapabilities(
    simulated=False,
    orders=(
        _row(_LISTED | {"FOREX"}, frozenset({OrderType.LIMIT}), _LASTING | _AT_ONCE),
        _row(_LISTED | {"FOREX"}, frozenset({OrderType.MARKET}), _LASTING | {TimeInForce.IOC}),
        _row(_LISTED | {"FOREX"}, _TRIGGERED, _LASTING),
        _row(_LISTED, frozenset({OrderType.MARKET_TO_LIMIT}), _LASTING),
        _row(frozenset({"STOCK", "FUTURE"}), ON_CLOSE, frozenset({TimeInForce.DAY})),
        _row(frozenset({"STOCK", "OPTION"}), ON_OPEN, frozenset({TimeInForce.DAY, TimeInForce.OPG})),
        _row(frozenset({"CRYPTO"}), frozenset({OrderType.LIMIT}), _DAY_OR_GTC | {TimeInForce.IOC}),
        _row(frozenset({"CRYPTO"}), frozenset({OrderType.MARKET}), frozenset({TimeInForce.IOC})),
        _row(frozenset({"COMBO"}), frozenset({OrderType.LIMIT, OrderType.MARKET}), _DAY_OR_GTC),
    ),
    bracket=True,
    exit_release=ExitRelease.FULL_FILL,
    oca_types=frozenset(OcaType),
    unit=UnitKind.ROLLED_BACK,
    max_combo_legs=4,
    combo_guaranteed=True,
    modify=ModifyKind.IN_PLACE,
    submit_identity=SubmitIdentity.QUERYABLE,
    fills_reach=HistoryReach.SAME_DAY,
    completed_reach=HistoryReach.SAME_DAY,
    global_cancel=True,
    preview=True,
    quotes=True,
    option_chains=True,
    fractional=False,
    fractional_kinds=frozenset({"CRYPTO", "FOREX"}),
)
"""Interactive Brokers, sentence by sentence."""
