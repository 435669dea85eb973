"""From a client's request to an order that the broker can take: contract found, fields judged, prices on tick."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from v6_ib_plugin.gateway.desk.algos import judge_algo
from v6_ib_plugin.gateway.desk.executions import ZONE
from v6_ib_plugin.gateway.desk.refusals import OrderRefused, invalid, off_tick, rejected
from v6_ib_plugin.gateway.desk.telling import contract_as_told
from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6_ib_plugin.gateway.market.refusals import Refused
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.translation.contracts import units_of
from v6_ib_plugin.translation.orders import order_of
from v6_ib_plugin.translation.wordless import fields_without_a_word
from v6_ib_plugin.translation.works import is_worked
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Combo, Contract, ContractDetails
from v6core.errors import BrokerError, OrderDenied
from v6core.money import is_on_tick
from v6core.orders import Order

_KEPT_ANYWAY = frozenset(
    {"algo_strategy", "smart_combo_routing_params", "opt_out_smart_routing", "use_price_mgmt_algo", "model_code"}
)
"""Fields without a v6 word that leave an order's terms as they are: who fills it in one place keeps them all."""
_MOST_KNOWN = 10_000


@dataclass(frozen=True, slots=True)
class Traded:
    """A contract as the client named it: as TWS tells it, as v6 names it, and with its ticks."""

    told: IbContract
    contract: Contract
    details: ContractDetails


class Drafting:
    """Reads orders. What a client said of a contract is looked up once."""

    def __init__(self, house: House, instruments: Instruments) -> None:
        self._house = house
        self._instruments = instruments
        self._known: dict[IbContract, Traded] = {}

    async def traded(self, asked: IbContract) -> Traded:
        """Return the contract that a client means. Raises OrderRefused, 200 where there is none."""
        known = self._known.get(asked)
        if known is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            known = self._known[asked] = await self._look_up(asked)
        return known

    async def _look_up(self, asked: IbContract) -> Traded:
        units = units_of(asked)
        if units > 1:
            raise invalid(f"The ratios of a combo's legs must be in lowest terms: divide them by {units}.")
        try:
            contract = await self._instruments.resolve(asked)
            details = await self._house.broker.qualify(contract)
        except Refused as refusal:
            raise OrderRefused(refusal.code, refusal.text) from None
        except (BrokerError, OrderDenied) as error:
            raise OrderRefused(200, f"No security definition has been found for the request: {error.message}") from None
        combo = contract if isinstance(contract, Combo) else None
        return Traded(contract_as_told(asked, self._instruments.tell(contract), combo), contract, details)

    def draft(self, asked: IbOrder, traded: Traded) -> Order:
        """Return an order as the broker gets it. Raises OrderRefused; with 201 where the order could be as it is."""
        if asked.account not in {"", self._house.account}:
            raise invalid(f"Invalid account code '{asked.account}': it is {self._house.account}.")
        judge_algo(asked)
        if is_worked(asked):
            raise rejected(f"order_type {asked.order_type}, tif {asked.tif or 'DAY'}: this gateway has no such order")
        wordless = [name for name in fields_without_a_word(asked) if name not in _KEPT_ANYWAY]
        if wordless:
            raise rejected(f"{', '.join(map(camel, wordless))}: this gateway has no order with that")
        try:
            order = order_of(asked, traded.contract, zone=ZONE, account=None, order_ref=None)
        except Untranslatable as error:
            raise rejected(" ".join(error.message.split())) from None
        self._judge_ticks(order, traded.details)
        why_not = self._house.broker.capabilities.why_not(order)
        if why_not is not None:
            raise rejected(f"the broker behind this gateway refuses it: {why_not}")
        return order

    @staticmethod
    def _judge_ticks(order: Order, details: ContractDetails) -> None:
        prices = (order.limit_price, order.stop_price, order.trail_amount, order.limit_offset)
        if not all(price is None or _fits(price, details) for price in prices):
            raise off_tick()


def _fits(price: Decimal, details: ContractDetails) -> bool:
    return is_on_tick(price, details.tick_at(price))


def camel(name: str) -> str:
    """Return a field's name as the TWS API writes it.

    >>> camel("good_after_time")
    'goodAfterTime'
    """
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
