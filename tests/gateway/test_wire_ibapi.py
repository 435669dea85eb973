"""The official client's encoder and decoder, as nautilus-ibapi distributes them, as the other end."""

# the official client has no types
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportAttributeAccessIssue=false, reportUnknownParameterType=false, reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from gateway.ib_async_ends import TYPED, Heard, agree
from gateway.wire_records import PLAIN_TEXT, fields_of, records
from v6_ib_plugin.gateway.wire import decode_request, encode_message, frames, messages, requests
from v6_ib_plugin.gateway.wire.layouts import MESSAGES
from v6_ib_plugin.gateway.wire.messages import Message
from v6_ib_plugin.terms import (
    IbAnswer,
    IbComboLeg,
    IbCommission,
    IbCondition,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderStatus,
    TagValue,
)

client = pytest.importorskip("ibapi.client", reason="nautilus-ibapi is not installed")
contract = pytest.importorskip("ibapi.contract")
decoder = pytest.importorskip("ibapi.decoder")
order_condition = pytest.importorskip("ibapi.order_condition")
orders = pytest.importorskip("ibapi.order")
tag_value = pytest.importorskip("ibapi.tag_value")

_LAYOUTS = {layout.make: layout for layout in MESSAGES}


def heard(message: Message) -> tuple[str, tuple[Any, ...]]:
    """Return the last call with which the official client tells a message that was encoded here."""
    told = Heard()
    fields = [field.encode() for field in fields_of(encode_message(message))]
    decoder.Decoder(told, frames.SERVER_VERSION).interpret(fields[1:], int(fields[0]))
    return told.calls[-1]


def asked(call: Callable[[Any], Any]) -> Any:
    """Return what is read here of the request that a call makes the official client send."""
    sent: list[bytes] = []
    said: list[Any] = []

    def error(*args: Any) -> None:
        said.append(args)

    one = client.EClient(SimpleNamespace(error=error))
    one.conn = SimpleNamespace(isConnected=lambda: True, sendMsg=sent.append)
    one.serverVersion_ = frames.SERVER_VERSION
    one.setConnState(client.EClient.CONNECTED)
    call(one)
    assert said == []
    (fields,) = frames.FrameReader().feed(sent[0])
    return decode_request(fields)


def _contract(**said: Any) -> Any:
    made = contract.Contract()
    for name, value in said.items():
        setattr(made, name, value)
    return made


def _order(**said: Any) -> Any:
    made = orders.Order()
    for name, value in {
        "action": "BUY",
        "totalQuantity": Decimal(10),
        "orderType": "LMT",
        "lmtPrice": 1.5,
        **said,
    }.items():
        setattr(made, name, value)
    return made


def _placed(their_contract: Any, their_order: Any) -> requests.PlaceOrder:
    placed: requests.PlaceOrder = asked(lambda one: one.placeOrder(5, their_contract, their_order))
    return placed


def test_an_order_with_nothing_but_defaults_is_read_as_one() -> None:
    placed = _placed(_contract(symbol="AAPL", secType="STK", exchange="SMART", currency="USD"), _order())
    assert placed.contract == IbContract(symbol="AAPL", sec_type="STK", exchange="SMART", currency="USD")
    assert placed.order == IbOrder(
        order_id=5,
        action="BUY",
        total_quantity=Decimal(10),
        order_type="LMT",
        lmt_price=Decimal("1.5"),
        display_size=0,
        discretionary_amt=Decimal(0),
        e_trade_only=False,
    )


def test_a_combination_is_read() -> None:
    leg = contract.ComboLeg()
    leg.conId, leg.ratio, leg.action, leg.exchange = 7, 2, "SELL", "CBOE"
    price = orders.OrderComboLeg()
    price.price = -0.5
    bag = _contract(symbol="SPX", secType="BAG", comboLegs=[leg])
    routing = [tag_value.TagValue("NonGuaranteed", "1")]
    placed = _placed(bag, _order(orderComboLegs=[price], smartComboRoutingParams=routing, lmtPrice=-1.25))
    assert placed.contract.combo_legs == (IbComboLeg(con_id=7, ratio=2, action="SELL", exchange="CBOE"),)
    assert placed.order.order_combo_legs == (Decimal("-0.5"),)
    assert placed.order.smart_combo_routing_params == (TagValue("NonGuaranteed", "1"),)
    assert placed.order.lmt_price == Decimal("-1.25")


def test_an_algo_is_read() -> None:
    params = [tag_value.TagValue("adaptivePriority", "Normal")]
    order = _placed(_contract(), _order(algoStrategy="Adaptive", algoParams=params)).order
    assert (order.algo_strategy, order.algo_params) == ("Adaptive", (TagValue("adaptivePriority", "Normal"),))


def test_conditions_are_read() -> None:
    price, time = order_condition.PriceCondition(2, 265598, "SMART", True, 150.5), order_condition.TimeCondition()
    time.isMore, time.time, time.isConjunctionConnection = False, "20260102 10:00:00", False
    order = _placed(_contract(), _order(conditions=[price, time], conditionsCancelOrder=True)).order
    conjunction = price.make_fields()[0].rstrip("\0")
    assert order.conditions == (
        IbCondition(1, (conjunction, "1", "150.5", "265598", "SMART", "2")),
        IbCondition(3, ("o", "0", "20260102 10:00:00")),
    )
    assert (order.conditions_ignore_rth, order.conditions_cancel_order) == (False, True)


def test_a_scale_and_a_hedge_are_read() -> None:
    scaled = {"scaleInitLevelSize": 5, "scaleSubsLevelSize": 2, "scalePriceIncrement": 0.5, "scaleProfitOffset": 1.5}
    order = _placed(_contract(), _order(**scaled, hedgeType="P", hedgeParam="2")).order
    assert (order.scale_init_level_size, order.scale_subs_level_size) == (5, 2)
    assert (order.scale_price_increment, order.scale_terms) == (Decimal("0.5"), ("", "", "1.5", "0", "", "", "0"))
    assert (order.hedge_type, order.hedge_param) == ("P", "2")


def test_a_delta_neutral_order_is_read() -> None:
    order = _placed(_contract(), _order(deltaNeutralOrderType="MKT", deltaNeutralConId=12)).order
    assert order.delta_neutral_terms == ("12", "", "", "", "", "0", "0", "")


def test_orders_pegged_to_best_mid_and_benchmark_are_read() -> None:
    offsets = {"midOffsetAtWhole": 0.01, "midOffsetAtHalf": 0.005}
    best = _placed(
        _contract(exchange="IBKRATS"),
        _order(
            orderType="PEG BEST", minTradeQty=100, minCompeteSize=200, competeAgainstBestOffset=float("inf"), **offsets
        ),
    ).order
    assert (best.min_trade_qty, best.min_compete_size) == (100, 200)
    assert best.compete_against_best_offset == Decimal("Infinity")
    mid = _placed(_contract(), _order(orderType="PEG MID", **offsets)).order
    for order in (best, mid):
        assert (order.mid_offset_at_whole, order.mid_offset_at_half) == (Decimal("0.01"), Decimal("0.005"))
    bench = {"referenceContractId": 265598, "peggedChangeAmount": 0.5, "referenceExchangeId": "ISLAND"}
    order = _placed(_contract(), _order(orderType="PEG BENCH", **bench)).order
    assert order.peg_bench_terms == ("265598", "0", "0.5", "0.0", "ISLAND")


def test_what_is_asked_at_the_beginning_is_read() -> None:
    assert asked(lambda one: one.reqIds(1)) == requests.ReqIds(1)
    assert asked(lambda one: one.reqCurrentTime()) == requests.ReqCurrentTime()
    assert asked(lambda one: one.reqOpenOrders()) == requests.ReqOpenOrders()
    assert asked(lambda one: one.reqPositions()) == requests.ReqPositions()
    assert asked(lambda one: one.reqAccountUpdates(True, "A")) == requests.ReqAccountUpdates(True, "A")
    assert asked(lambda one: one.reqMarketRule(26)) == requests.ReqMarketRule(26)
    assert asked(lambda one: one.reqCompletedOrders(False)) == requests.ReqCompletedOrders(False)
    aapl = _contract(symbol="AAPL", secType="STK")
    ours = IbContract(symbol="AAPL", sec_type="STK")
    assert asked(lambda one: one.reqContractDetails(7, aapl)) == requests.ReqContractDetails(7, ours)
    assert asked(lambda one: one.reqMktData(7, aapl, "106", True, False, [])) == requests.ReqMktData(
        7, ours, "106", True
    )


_UNHELD = {
    *("order.conditions", "order.e_trade_only", "order.firm_quote_only", "order.nbbo_price_cap"),
    *("state.commission", "state.min_commission", "state.max_commission", "state.commission_currency"),
}
"""What the official client holds in other classes, under other names, or no longer."""


@pytest.mark.parametrize("make", [messages.OpenOrder, messages.CompletedOrder])
@given(data=st.data())
@settings(deadline=None, max_examples=25, phases=[Phase.generate])
def test_the_official_client_hears_every_value_of_an_order(data: st.DataObject, make: type[Any]) -> None:
    layout = _LAYOUTS[make]
    message = data.draw(records(layout, text=PLAIN_TEXT, told=TYPED))
    _, told = heard(message)
    theirs = {
        "contract": told[-3],
        "order": (told[-2], told[-3]),
        "state": told[-1],
        "completion": (told[-1], told[-2]),
    }
    beside = {"order.delta_neutral_terms"} if make is messages.CompletedOrder else set[str]()
    agree(
        layout.items, message, theirs, _UNHELD | beside, unset={0}
    )  # of some numbers the official client does not tell zero from unset
    assert len(told[-2].conditions or []) == len(message.order.conditions)


def test_the_official_client_hears_executions_commissions_and_statuses() -> None:
    execution = IbExecution(
        order_id=5, exec_id="1.1", shares=Decimal(3), price=Decimal("1.25"), pending_price_revision=True
    )
    _, (req_id, _, told) = heard(messages.ExecDetails(-1, IbContract(con_id=7), execution))
    assert (req_id, told.orderId, told.execId, told.shares, told.price) == (-1, 5, "1.1", Decimal(3), 1.25)
    assert told.pendingPriceRevision is True
    _, (report,) = heard(
        messages.CommissionReport(IbCommission(exec_id="1.1", commission=Decimal("2.5"), currency="USD"))
    )
    assert (report.execId, report.commissionAndFees, report.currency) == ("1.1", 2.5, "USD")
    _, told = heard(messages.OrderStatus(IbOrderStatus(order_id=5, status="Filled", filled=Decimal(3), perm_id=9)))
    assert told[:6] == (5, "Filled", Decimal(3), Decimal(0), 0.0, 9)


def test_the_official_client_hears_single_ticks() -> None:
    at = (7, 3, 1_700_000_000)
    quote: dict[str, Any] = {
        "bid_price": Decimal("1.5"),
        "ask_price": Decimal(2),
        "bid_size": Decimal(10),
        "ask_size": Decimal(20),
    }
    _, told = heard(messages.TickByTick(*at, **quote, attr_mask=2))
    assert told[:-1] == (7, 1_700_000_000, 1.5, 2.0, Decimal(10), Decimal(20))
    assert (told[-1].bidPastLow, told[-1].askPastHigh) == (False, True)
    _, told = heard(messages.TickByTick(7, 4, 1_700_000_000, mid_point=Decimal("1.75")))
    assert told == (7, 1_700_000_000, 1.75)
    _, told = heard(messages.TickByTick(7, 2, 5, price=Decimal("1.5"), size=Decimal(3), exchange="ARCA"))
    assert (*told[:5], *told[6:]) == (7, 2, 5, 1.5, Decimal(3), "ARCA", "")


def test_the_official_client_hears_answers_with_their_signs() -> None:
    _, told = heard(
        messages.ErrMsg(IbAnswer(req_id=5, code=201, text="rejected – C:\\new", advanced_reject_json='{"a":1}'))
    )
    assert (told[0], *told[2:]) == (5, 201, "rejected – C:\\new", '{"a":1}')
