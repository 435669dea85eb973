"""Interactive Brokers' own words as plain records: what a contract, an order or an execution says on the wire.

The names are those of the TWS API in snake case. A number that is not set is None, a text that is not set is empty,
and times are text as TWS writes them. ``translation`` turns these records into v6's words and back, ``transport`` into
those of ib_async, ``gateway.wire`` into the fields of a message; none of the three knows another.
"""

from v6_ib_plugin.terms.answers import (
    IbAnswer,
    IbCommission,
    IbCompletion,
    IbContractDetails,
    IbExecution,
    IbOrderState,
    IbOrderStatus,
)
from v6_ib_plugin.terms.contract import IbComboLeg, IbContract
from v6_ib_plugin.terms.market import (
    IbBar,
    IbDataType,
    IbNumberTick,
    IbOptionTick,
    IbPnl,
    IbPriceTick,
    IbSizeTick,
    IbSnapshotEnd,
    IbTextTick,
    IbTick,
    IbTickParameters,
    OptionParameters,
)
from v6_ib_plugin.terms.order import IbCondition, IbOrder, TagValue

__all__ = [
    "IbAnswer",
    "IbBar",
    "IbComboLeg",
    "IbCommission",
    "IbCompletion",
    "IbCondition",
    "IbContract",
    "IbContractDetails",
    "IbDataType",
    "IbExecution",
    "IbNumberTick",
    "IbOptionTick",
    "IbOrder",
    "IbOrderState",
    "IbOrderStatus",
    "IbPnl",
    "IbPriceTick",
    "IbSizeTick",
    "IbSnapshotEnd",
    "IbTextTick",
    "IbTick",
    "IbTickParameters",
    "OptionParameters",
    "TagValue",
]
