"""What the capabilities declare by kind of contract, and that every word of it can be said to IB."""

from __future__ import annotations

from typing import Any

import pytest

from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.translation.contracts import SECURITY_TYPES
from v6_ib_plugin.translation.kinds import ib_order_type, ib_tif, oca_number, oca_type_of, order_type_of, tif_of
from v6core.broker import BrokerSpec
from v6core.contracts import Contract, Crypto, Forex, Future, FutureOption, Index, Option, Stock
from v6core.engine.assembly import wrong_options
from v6core.orders import OcaType, Order, OrderType, TimeInForce

STOCK = Stock("GOOG")
OPTION = Option("GOOG", "2026-12-18", 750, "CALL")
FUTURE = Future("ES", "2026-12-18", multiplier=50, exchange="CME")
BITCOIN = Crypto("BTC")


def typed(order_type: str, contract: Contract, **fields: Any) -> Order:
    limit = {"limit_price": 10} if order_type.startswith("LIMIT") else {}
    return Order.model_validate(
        {"order_type": order_type, "action": "BUY", "quantity": 1, "contract": contract, **limit, **fields}
    )


@pytest.mark.parametrize(
    "order",
    [
        typed("MARKET_ON_CLOSE", FUTURE),
        typed("LIMIT_ON_OPEN", OPTION),
        typed("MARKET_ON_OPEN", STOCK, tif="OPG"),
        typed("LIMIT", BITCOIN, quantity="0.005"),
        typed("LIMIT", Forex("EUR/USD"), quantity="1000.5"),
        typed("MARKET", BITCOIN, tif="IOC"),
        typed("MARKET_TO_LIMIT", FutureOption("ES", "2026-12-18", 6000, "PUT", multiplier=50)),
        typed("LIMIT", STOCK, tif="FOK"),
    ],
)
def test_what_ib_takes_is_declared(order: Order) -> None:
    assert CAPABILITIES.why_not(order) is None


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (typed("MARKET_ON_CLOSE", OPTION), "it takes no MARKET_ON_CLOSE orders for OPTION contracts"),
        (typed("MARKET_ON_OPEN", FUTURE), "it takes no MARKET_ON_OPEN orders for FUTURE contracts"),
        (typed("MARKET", BITCOIN), "it takes no MARKET orders with tif DAY for CRYPTO contracts"),
        (typed("LIMIT", STOCK, quantity="0.5"), "it takes whole quantities, not 0.5"),
        (typed("LIMIT", Index("SPX")), "it does not trade INDEX contracts"),
        (typed("MARKET", STOCK, tif="FOK"), "it takes no MARKET orders with tif FOK for STOCK contracts"),
    ],
)
def test_what_ib_does_not_take_is_refused_in_words(order: Order, why: str) -> None:
    assert CAPABILITIES.why_not(order) == why


def test_all_orders_of_an_account_can_be_cancelled_at_once() -> None:
    assert CAPABILITIES.global_cancel


def test_every_declared_kind_type_and_time_has_a_word_at_ib() -> None:
    for row in CAPABILITIES.orders:
        assert row.kinds <= SECURITY_TYPES.keys()
        for order_type in row.order_types:
            for tif in row.tifs:
                word, time = ib_order_type(order_type), ib_tif(order_type, tif)
                assert order_type_of(word, time) is order_type
                assert tif_of(time) in {tif, TimeInForce.OPG}


@pytest.mark.parametrize("order_type", OrderType)
def test_every_order_type_is_declared_for_something(order_type: OrderType) -> None:
    assert any(order_type in row.order_types for row in CAPABILITIES.orders)


@pytest.mark.parametrize("oca_type", OcaType)
def test_every_group_type_has_a_number(oca_type: OcaType) -> None:
    assert oca_type_of(oca_number("g", oca_type)) is oca_type


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"algo": {"strategy": "Adaptive"}}, None),
        ({"hiden": True}, "options of ib: there is no 'hiden'; did you mean \"hidden\"?"),
        (
            {"algo": {"strategy": "Adaptive", "priority": "Nrmal"}},
            "options of ib: algo.Adaptive.priority: must be 'Urgent', 'Normal' or 'Patient', not 'Nrmal'",
        ),
        ({"algo": {"strategy": "Adaptive", "pace": 1}}, "options of ib: there is no 'algo.Adaptive.pace'"),
    ],
)
def test_options_are_judged_when_an_order_is_bound(options: dict[str, Any], sentence: str | None) -> None:
    def never(*_: object) -> Any:
        raise AssertionError

    spec = BrokerSpec("ib", IbOrderOptions, CAPABILITIES, never, IbOrderOptions)
    assert wrong_options(spec, options) == sentence
