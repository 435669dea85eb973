"""What only the broker knows, in TWS's words: contracts, and orders of others or of an earlier run."""

from __future__ import annotations

from typing import Any

from v6_ib_plugin.gateway.desk.blotter import order_uuid
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.translation.orders import ib_order
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Contract
from v6core.orders import Order, OrderType
from v6core.reports import OrderReport

_TERMS = (
    "contract", "action", "quantity", "order_type", "limit_price", "stop_price", "trail_amount", "trail_percent",
    "limit_offset", "tif", "good_till",
)  # fmt: skip


class Foreign:
    """Tells what only the broker knows."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments

    def contract(self, contract: Contract) -> IbContract:
        """Return a contract as TWS tells it."""
        return self._instruments.tell(contract)

    def describe(self, report: OrderReport) -> tuple[IbContract, IbOrder, Order] | None:
        """Return an order as TWS would show it, and as v6 has it; None where the report says too little."""
        terms = report.terms
        if terms is None or terms.contract is None:
            return None
        said: dict[str, Any] = {name: getattr(terms, name) for name in _TERMS if getattr(terms, name) is not None}
        if terms.order_type is OrderType.MARKET_TO_LIMIT:
            said.pop("limit_price", None)
        ref = report.order_ref
        try:
            order = Order.model_validate(
                {**said, "order_ref": ref, "order_id": order_uuid(ref or str(report.broker_order_id))}
            )
            return self.contract(terms.contract), ib_order(order), order
        except (ValueError, Untranslatable):
            return None
