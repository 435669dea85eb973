"""What Alpaca does, sentence by sentence, after the OpenAPI document of its Trading API.

Types and times in force by kind of contract are those of the schemas OrderType and TimeInForce; a multi-leg order has
options alone, two to four of them, and lives for the day. A bracket is of shares: its take-profit a limit, its
stop-loss a stop or a stop-limit, all of one time in force. Shares of less than one are taken in market orders for the
day alone, and options never, so that whole quantities are all that can be said. Nothing tells beforehand what an order
would cost.
"""

from __future__ import annotations

from v6core.capabilities import (
    BracketSupport,
    Capabilities,
    ExitRelease,
    HistoryReach,
    ModifyKind,
    OrderSupport,
    SubmitIdentity,
    UnitKind,
)
from v6core.orders import OrderType, TimeInForce

_LASTING = frozenset({TimeInForce.DAY, TimeInForce.GTC})
_AT_ONCE = frozenset({TimeInForce.IOC, TimeInForce.FOK})
_PRICED = frozenset({OrderType.MARKET, OrderType.LIMIT})
_STOPS = frozenset({OrderType.STOP, OrderType.STOP_LIMIT})


def _row(kind: str, types: frozenset[OrderType], tifs: frozenset[TimeInForce]) -> OrderSupport:
    return OrderSupport(kinds=frozenset({kind}), order_types=types, tifs=tifs)


CAPABILITIES = Capabilities(
    simulated=False,
    orders=(
        _row("STOCK", _PRICED, _LASTING | _AT_ONCE),
        _row("STOCK", _STOPS | {OrderType.TRAIL}, _LASTING),
        _row("OPTION", _PRICED | _STOPS, _LASTING),
        _row("COMBO", _PRICED, frozenset({TimeInForce.DAY})),
    ),
    bracket=True,
    brackets=(
        BracketSupport(
            kinds=frozenset({"STOCK"}),
            entry_types=_PRICED | _STOPS,
            exit_types=_STOPS | {OrderType.LIMIT},
            tifs=_LASTING,
            one_tif=True,
        ),
    ),
    exit_release=ExitRelease.FULL_FILL,
    reserves_holdings=True,
    unit=UnitKind.SEQUENTIAL,
    max_combo_legs=4,
    combo_leg_kinds=frozenset({"OPTION"}),
    combo_guaranteed=True,
    modify=ModifyKind.REPLACEMENT,
    submit_identity=SubmitIdentity.ENFORCED,
    fills_reach=HistoryReach.UNLIMITED,
    completed_reach=HistoryReach.UNLIMITED,
    global_cancel=True,
    quotes=True,
    option_chains=True,
)
"""Alpaca, sentence by sentence."""
