"""Changes: signed quantities by contract, positive to buy, and the one order that brings all of them about."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from v6core.capabilities import Capabilities
from v6core.contracts import Combo, ComboLeg, Contract, OrderAction
from v6core.identifiers import IdSource, RandomIds
from v6core.money import ZERO, plain, to_decimal
from v6core.orders import Order, OrderType, TimeInForce
from v6core.planning.refusals import PlanningCode, PlanningError
from v6core.strategies.claims import EXACT, SignedLeg, singles

LARGEST_RATIO = 10_000

Changes = tuple[tuple[Contract, Decimal], ...]
"""Contracts, each once and none a combo, with signed quantities other than zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What all orders of a plan share besides their contracts and prices."""

    account: str | None = None
    tif: TimeInForce = TimeInForce.DAY
    good_till: datetime | None = None
    outside_rth: bool = False
    ids: IdSource = field(default_factory=RandomIds)

    def terms(self, strategy_id: str) -> dict[str, Any]:
        """Return the fields of one order, with an id of its own."""
        return {
            "order_id": self.ids.order_id(),
            "strategy_id": strategy_id,
            "account": self.account,
            "tif": self.tif,
            "good_till": self.good_till,
            "outside_rth": self.outside_rth,
        }


def netted(changes: Iterable[SignedLeg]) -> Changes:
    """Return each contract once, combos as their legs, in the order of first appearance, without what nets to zero."""
    total: dict[str, tuple[Contract, Decimal]] = {}
    for contract, quantity in singles(changes):
        first, sum_so_far = total.get(contract.key, (contract, ZERO))
        total[contract.key] = (first, sum_so_far + quantity)
    return tuple(row for row in total.values() if row[1])


def opposite(changes: Changes) -> Changes:
    """Return the changes that undo these."""
    return tuple((contract, -quantity) for contract, quantity in changes)


def units(changes: Changes) -> Decimal:
    """Return how many units of a combo in lowest terms the changes are: a fraction where a quantity is one."""
    places = max(0, *(-int(quantity.normalize(EXACT).as_tuple().exponent) for _, quantity in changes))
    return Decimal(math.gcd(*(int(quantity.scaleb(places, EXACT)) for _, quantity in changes))).scaleb(-places)


def order_multiplier(changes: Changes) -> Decimal:
    """Return what one unit's net price is multiplied by to be money: the largest multiplier, as of a Combo."""
    return max(contract.multiplier for contract, _ in changes)


def combo_order(changes: Iterable[SignedLeg], limit_price: Decimal | None = None, **terms: Any) -> Order:
    """Return one order for all changes: plain for one contract, else units of a combo that is bought.

    ``limit_price`` is the net per unit in lowest terms, positive to pay and negative to receive; None is a market
    order. ``terms`` are further fields of the order. PlanningError for no change at all, and for the net price of a
    single contract that has the wrong sign: who buys pays, who sells receives.
    """
    rows = netted(changes)
    if not rows:
        raise PlanningError(PlanningCode.NOTHING_HELD, "no order brings about no change")
    contract, action, quantity = _traded(rows)
    price = None if limit_price is None else to_decimal(limit_price, "limit_price") * action.sign
    if price is not None and price <= 0 and not isinstance(contract, Combo):
        way = (
            "costs: its net price is positive" if action is OrderAction.BUY else "brings in: its net price is negative"
        )
        raise PlanningError(
            PlanningCode.PRICE_CONFLICT,
            f"to {action} {contract.key} {way}, not {plain(price * action.sign)}",
            hint="a net price is positive to pay and negative to receive",
        )
    kind = OrderType.MARKET if price is None else OrderType.LIMIT
    return Order.model_validate(
        {
            "contract": contract,
            "action": action,
            "quantity": quantity,
            "order_type": kind,
            "limit_price": price,
            **terms,
        }
    )


def why_not_one(changes: Changes, capabilities: Capabilities) -> str | None:
    """Return why the broker cannot take all changes as one order, or None where it can; one contract it always can."""
    if len(changes) == 1:
        return None
    if not capabilities.max_combo_legs:
        return "it takes no combos"
    if len(changes) > capabilities.max_combo_legs:
        return f"it takes at most {capabilities.max_combo_legs} legs in one order, not {len(changes)}"
    kinds = frozenset(contract.kind for contract, _ in changes)
    strange = kinds - (capabilities.combo_leg_kinds or kinds)
    if strange:
        return f"it takes no {min(strange)} as a leg of a combo"
    if max(abs(quantity) for _, quantity in changes) / units(changes) > LARGEST_RATIO:
        return f"no leg of a combo has a ratio above {LARGEST_RATIO}"
    return None


def _traded(changes: Changes) -> tuple[Contract, OrderAction, Decimal]:
    if len(changes) == 1:
        contract, quantity = changes[0]
        return contract, _side(quantity), abs(quantity)
    number = units(changes)
    legs = tuple(ComboLeg(contract, _side(quantity), int(abs(quantity) / number)) for contract, quantity in changes)
    exchanges = {contract.exchange for contract, _ in changes}
    exchange = exchanges.pop() if len(exchanges) == 1 else "SMART"
    return Combo(changes[0][0].symbol, legs, exchange=exchange), OrderAction.BUY, number


def _side(quantity: Decimal) -> OrderAction:
    return OrderAction.BUY if quantity > 0 else OrderAction.SELL


def smaller(held: Iterable[SignedLeg], other: Iterable[SignedLeg]) -> Changes:
    """Return of each contract the smaller of two holdings on the same side; where they differ in side, nothing."""
    others = {contract.key: quantity for contract, quantity in netted(other)}
    rows = ((contract, quantity, others.get(contract.key, ZERO)) for contract, quantity in netted(held))
    return tuple((contract, min(a, b, key=abs)) for contract, a, b in rows if a * b > 0)
