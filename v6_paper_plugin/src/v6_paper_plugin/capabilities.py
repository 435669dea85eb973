"""What the paper broker does, as data: whatever the fills, the same orders are taken."""

from v6_paper_plugin.exchange.rules import KINDS, MOST_LEGS, OCA_TYPES, ORDER_TYPES, TIMES_IN_FORCE
from v6core.capabilities import (
    Capabilities,
    ExitRelease,
    HistoryReach,
    ModifyKind,
    OrderSupport,
    SubmitIdentity,
    UnitKind,
)
from v6core.orders import OrderType

CAPABILITIES = Capabilities(
    simulated=True,
    orders=(
        OrderSupport(kinds=KINDS - {"COMBO"}, order_types=ORDER_TYPES, tifs=TIMES_IN_FORCE),
        OrderSupport(
            kinds=frozenset({"COMBO"}),
            order_types=ORDER_TYPES - {OrderType.TRAIL_LIMIT},
            tifs=TIMES_IN_FORCE,
        ),
    ),
    bracket=True,
    exit_release=ExitRelease.EACH_FILL,
    oca_types=OCA_TYPES,
    unit=UnitKind.ATOMIC,
    max_combo_legs=MOST_LEGS,
    combo_guaranteed=True,
    modify=ModifyKind.IN_PLACE,
    submit_identity=SubmitIdentity.ENFORCED,
    fills_reach=HistoryReach.UNLIMITED,
    completed_reach=HistoryReach.UNLIMITED,
    global_cancel=True,
    preview=True,
    quotes=True,
    option_chains=True,
    fractional_kinds=frozenset({"CRYPTO"}),
)
