"""What the paper broker does, as data: whatever the fills, the same orders are taken.

With any fills but realistic ones nothing waits for its price, and nothing for an auction: a market-to-limit order fills
like a market order, one at the open or the close like a market or a limit order.
"""

from v6_paper_plugin.exchange.rules import MOST_LEGS, OCA_TYPES, ORDERS
from v6core.capabilities import (
    Capabilities,
    ExitRelease,
    HistoryReach,
    ModifyKind,
    SubmitIdentity,
    UnitKind,
)

CAPABILITIES = Capabilities(
    simulated=True,
    orders=ORDERS,
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
