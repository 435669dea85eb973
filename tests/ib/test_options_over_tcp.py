"""Every option of an order for IB over TCP: placed, shown by TWS, changed with the option still there, and cancelled.

TWS's side is a script that shows what was sent in the places in which a real one shows it, and takes anything: whether
a real one would, only a real one could tell.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ib.data_tws import CALL, GOOG, PUT
from ib.echoing_tws import REWRITTEN, Sent, echoed
from v6_ib_plugin import IbOrderOptions
from v6core.contracts import Combo, ComboLeg, Contract, Option, Stock
from v6core.orders import Order

SPREAD = Combo("GOOG", [ComboLeg(CALL, "BUY", 1), ComboLeg(PUT, "SELL", 1)])
STEP = Decimal("0.10")
TEN = "2026-01-05T15:30:00Z"
TEN_SENT = "20260105-15:30:00"
Options = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """An option, what of it stands on the wire, and the order that carries it."""

    options: Options
    sent: Sent
    order_type: str = "LIMIT"
    action: str = "BUY"
    contract: Contract = GOOG
    tif: str = "DAY"

    @property
    def order(self) -> Order:
        """The order, at the price from which it is changed."""
        if self.order_type == "STOP":
            return Order.stop(self.action, 10, 90, options=self.options)
        quantity, price = {"COMBO": (1, 2), "OPTION": (10, 5)}.get(self.contract.kind, (10, 100))
        return Order.limit(self.action, quantity, price, tif=self.tif, options=self.options)


def flag(name: str, sent: str, **more: Any) -> tuple[str, Case]:
    return name, Case({name: True, **more}, {sent: "1"})


ABOVE = {"condition": "price", "conid": 11, "is_more": True, "price": "100"}
ABOVE_SENT = {"nConditions": "1", "condition.0": "1|a|1|100|11|SMART|0"}
CASES: dict[str, Case] = dict(
    [
        flag("all_or_none", "allOrNone"),
        flag("hidden", "hidden"),
        flag("sweep_to_fill", "sweepToFill"),
        flag("block_order", "blockOrder"),
        flag("discretionary_to_limit", "discretionaryUpToLimitPrice"),
        flag("not_held", "notHeld"),
        flag("randomize_size", "randomizeSize"),
        flag("randomize_price", "randomizePrice"),
        flag("price_management", "usePriceMgmtAlgo"),
        flag("direct_routing", "optOutSmartRouting"),
        flag("conditions_ignore_rth", "conditionsIgnoreRth", conditions=[ABOVE]),
        flag("conditions_cancel_order", "conditionsCancelOrder", conditions=[ABOVE]),
        flag("auto_cancel_parent", "autoCancelParent"),
        flag("override_percentage_constraints", "overridePercentageConstraints"),
        flag("solicited", "solicited"),
    ]
) | {
    "algo": Case(
        {"algo": {"strategy": "Twap", "strategy_type": "Midpoint", "end_time": TEN}},
        {
            "algoStrategy": "Twap", "n.algo": "2", "algo.0": "endTime", "algo.1": TEN_SENT, "algo.2": "strategyType",
            "algo.3": "Midpoint",
        },
    ),
    "work_as": Case({"work_as": {"type": "REL", "offset": "0.02"}}, {"orderType": "REL", "auxPrice": "0.02"}),
    "time_in_force": Case({"time_in_force": "DTC"}, {"tif": "DTC"}, tif="GTC"),
    "min_trade_quantity": Case(
        {"min_trade_quantity": 5}, {"minTradeQty": "5"}, contract=Stock("GOOG", exchange="IBKRATS")
    ),
    "auction_strategy": Case(
        {"auction_strategy": "IMPROVEMENT"},
        {"auctionStrategy": "2"},
        contract=Option("GOOG", "2026-01-16", 100, "CALL", exchange="BOX"),
    ),
    "display_size": Case({"display_size": 5}, {"displaySize": "5"}),
    "min_quantity": Case({"min_quantity": 3}, {"minQty": "3"}),
    "good_after": Case({"good_after": TEN}, {"goodAfterTime": TEN_SENT}),
    "trigger_method": Case({"trigger_method": "LAST"}, {"triggerMethod": "2"}, order_type="STOP"),
    "discretionary_amount": Case({"discretionary_amount": "0.10"}, {"discretionaryAmt": "0.10"}),
    "cash_quantity": Case({"cash_quantity": 500}, {"cashQty": "500"}),
    "duration": Case({"duration": 60}, {"duration": "60"}),
    "post_to_ats": Case({"post_to_ats": 30}, {"postToAts": "30"}),
    "conditions": Case({"conditions": [ABOVE]}, ABOVE_SENT),
    "open_close": Case({"open_close": "OPEN"}, {"openClose": "O"}),
    "short_sale_slot": Case({"short_sale_slot": 1}, {"shortSaleSlot": "1"}, action="SELL"),
    "designated_location": Case(
        {"short_sale_slot": 2, "designated_location": "XYZ"},
        {"shortSaleSlot": "2", "designatedLocation": "XYZ"},
        action="SELL",
    ),
    "non_guaranteed": Case(
        {"non_guaranteed": True}, {"n.routing": "1", "routing.0": "NonGuaranteed", "routing.1": "1"}, contract=SPREAD
    ),
    "routing": Case(
        {"routing": {"LeginPrio": "1"}}, {"n.routing": "1", "routing.0": "LeginPrio", "routing.1": "1"}, contract=SPREAD
    ),
    "leg_prices": Case(
        {"non_guaranteed": True, "leg_prices": ["5", "3"]},
        {"n.legPrices": "2", "legPrices.0": "5", "legPrices.1": "3"},
        contract=SPREAD,
    ),
    "adjusted_stop": Case(
        {"adjusted_stop": {"order_type": "STP LMT", "trigger_price": 105, "stop_price": 99, "stop_limit_price": 98}},
        {
            "adjustedOrderType": "STP LMT", "triggerPrice": "105", "adjustedStopPrice": "99",
            "adjustedStopLimitPrice": "98", "adjustableTrailingUnit": "0",
        },
        order_type="STOP",
        action="SELL",
    ),
    "scale": Case(
        {
            "scale": {
                "first_size": 5, "price_increment": "0.05", "profit_offset": "0.20", "auto_reset": True,
                "active_from": TEN, "active_until": "2026-01-05T16:30:00Z",
            }
        },
        {
            "scaleInitLevelSize": "5", "scalePriceIncrement": "0.05", "scale.2": "0.20", "scale.3": "1",
            "activeStartTime": TEN_SENT, "activeStopTime": "20260105-16:30:00",
        },
    ),
    "hedge": Case({"hedge": {"kind": "PAIR", "ratio": "0.5"}}, {"hedgeType": "P", "hedge.0": "0.5"}),
    "advanced_error_override": Case(
        {"advanced_error_override": "8229=IBDBUYTX"}, {"advancedErrorOverride": "8229=IBDBUYTX"}
    ),
    "model_code": Case({"model_code": "Growth"}, {"modelCode": "Growth"}),
    "ext_operator": Case({"ext_operator": "me"}, {"extOperator": "me"}),
    "manual_order_time": Case({"manual_order_time": TEN}, {"manualOrderTime": TEN_SENT}),
}  # fmt: skip


def test_every_option_has_a_case() -> None:
    assert set(CASES) == set(IbOrderOptions.model_fields)


def said(order: Sent, case: Case) -> Sent:
    return {name: order.get(name, "") for name in case.sent}


@pytest.mark.parametrize("name", CASES)
def test_an_option_is_placed_read_back_kept_by_a_change_and_cancelled(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    price = "stop_price" if case.order_type == "STOP" else "limit_price"

    async def run() -> None:
        async with echoed(tmp_path) as (engine, tws):
            placed = await engine.place_order(case.contract, case.order)
            assert (placed.status, placed.anomalies, placed.reason) == ("SUBMITTED", (), None)
            wanted = getattr(placed, price) + STEP
            after = await engine.modify_order(placed.order_id, **{price: wanted})
            assert (after.status, after.anomalies, getattr(after, price)) == ("SUBMITTED", (), wanted)
            assert after.options == placed.options
            assert await engine.cancel_order(placed.order_id)
            await engine.wait_for(placed.order_id, "CANCELLED", timeout=5)
            check_sent(case, *tws.orders)

    asyncio.run(run())


def check_sent(case: Case, first: Sent, second: Sent) -> None:
    """Check that both orders say the option, and that the second changes nothing but the price."""
    on_the_wire = "auxPrice" if case.order_type == "STOP" else "lmtPrice"
    assert said(first, case) == case.sent
    assert said(second, case) == case.sent
    assert Decimal(second[on_the_wire]) == Decimal(first[on_the_wire]) + STEP
    different = {name for name in first | second if first.get(name, "") != second.get(name, "")}
    filled_in = {name for name in REWRITTEN if not first.get(name)}
    # TWS shows no primary exchange; the conid says which contract it is.
    assert different - filled_in - {"primaryExchange"} == {on_the_wire}
