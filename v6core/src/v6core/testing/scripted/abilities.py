"""What a scripted broker declares that it can do."""

from __future__ import annotations

from typing import Any

from v6core.capabilities import (
    Capabilities,
    ExitRelease,
    HistoryReach,
    ModifyKind,
    OrderSupport,
    SubmitIdentity,
    UnitKind,
)
from v6core.orders import OcaType, OrderType, TimeInForce

_KINDS = frozenset({"STOCK", "OPTION", "FUTURE", "FUTURE_OPTION", "INDEX", "FOREX", "CRYPTO", "COMBO"})
EVERYTHING = Capabilities(
    simulated=True,
    orders=(OrderSupport(kinds=_KINDS, order_types=frozenset(OrderType), tifs=frozenset(TimeInForce)),),
    bracket=True,
    exit_release=ExitRelease.EACH_FILL,
    oca_types=frozenset(OcaType),
    unit=UnitKind.ATOMIC,
    max_combo_legs=4,
    combo_guaranteed=True,
    modify=ModifyKind.IN_PLACE,
    submit_identity=SubmitIdentity.QUERYABLE,
    fills_reach=HistoryReach.UNLIMITED,
    completed_reach=HistoryReach.UNLIMITED,
    global_cancel=True,
    preview=True,
    quotes=True,
    option_chains=True,
    fractional=True,
)
"""A simulated broker that takes whatever there is, and combos of at most four legs."""


def scripted_capabilities(**changes: Any) -> Capabilities:
    """Return EVERYTHING with some sentences changed: ``scripted_capabilities(max_combo_legs=2)``."""
    if changes.get("bracket") is False:
        changes.setdefault("exit_release", None)
    return Capabilities.model_validate({**dict(EVERYTHING), **changes})
