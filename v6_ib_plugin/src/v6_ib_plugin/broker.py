"""The broker: it says what Interactive Brokers can do, and that connecting to it is not built yet."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.settings import IbSettings
from v6core.broker import Broker, BrokerContext, Receipt
from v6core.contracts import Contract, ContractDetails
from v6core.errors import BrokerError, NotConnected
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.reports import Evidence, Snapshot


class IbBroker(Broker):
    """Interactive Brokers, as far as it goes: it refuses to connect, so nothing can be sent."""

    def __init__(self, settings: IbSettings, context: BrokerContext) -> None:
        super().__init__(CAPABILITIES, context)
        self._settings = settings

    async def connect(self) -> None:
        """Refuse in one sentence."""
        raise BrokerError(
            f"connecting to Interactive Brokers ({self._settings.host}:{self._settings.port}) is not built yet",
            code="NOT_BUILT",
            hint='choose a broker with plugin = "paper", as in: V6_BROKER=paper',
        )

    async def disconnect(self) -> None:
        """Do nothing: there is no connection."""

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        """Refuse: not connected."""
        raise self._not_connected(f"place {len(orders)} orders")

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        """Refuse: not connected."""
        raise self._not_connected(f"change {', '.join(changes)} of order {order.order_id}")

    async def cancel(self, order: Order) -> None:
        """Refuse: not connected."""
        raise self._not_connected(f"cancel order {order.order_id}")

    async def snapshot(self) -> Snapshot:
        """Refuse: not connected."""
        raise self._not_connected("tell what it holds")

    async def find(self, order_ref: str) -> Evidence:
        """Refuse: not connected."""
        raise self._not_connected(f"look for {order_ref}")

    async def qualify(self, contract: Contract) -> ContractDetails:
        """Refuse: not connected."""
        raise self._not_connected(f"look up {contract.key}")

    async def quote(self, contract: Contract) -> Quote:
        """Refuse: not connected."""
        raise self._not_connected(f"quote {contract.key}")

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Refuse: not connected."""
        raise self._not_connected(f"stream quotes of {', '.join(contract.key for contract in contracts)}")

    async def option_chain(self, contract: Contract) -> OptionChain:
        """Refuse: not connected."""
        raise self._not_connected(f"list options on {contract.key}")

    async def preview(self, orders: Sequence[Order]) -> Preview:
        """Refuse: not connected."""
        raise self._not_connected(f"preview {len(orders)} orders")

    def _not_connected(self, what: str) -> NotConnected:
        return NotConnected(f"{self._context.name} is not connected, so it cannot {what}")
