"""The unmodified ib_async as the other end: it hears what was said here, and what it says is heard here."""

# ib_async's own types are partly unknown
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ib_async.contract import ComboLeg, Contract, DeltaNeutralContract
from ib_async.contract import TagValue as TheirTagValue
from ib_async.objects import ExecutionFilter, WshEventData

from gateway.ib_async_ends import TYPED, agree, client, contract_of, heard, order_of, same
from gateway.wire_records import records
from v6_ib_plugin.gateway.wire import decode_request, messages, requests
from v6_ib_plugin.gateway.wire.layout import Field, Fixed, Layout
from v6_ib_plugin.gateway.wire.layouts import MESSAGES, REQUESTS
from v6_ib_plugin.gateway.wire.layouts.orders import PLACE_ORDER
from v6_ib_plugin.terms import (
    IbAnswer,
    IbComboLeg,
    IbCompletion,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderStatus,
)

_LAYOUTS = {layout.make: layout for layout in MESSAGES}
_FLAT = [
    layout for layout in MESSAGES if all(isinstance(item, Field | Fixed) for item in layout.items) and not layout.parts
]
_some = settings(deadline=None, max_examples=8)
_many = settings(deadline=None, max_examples=25)


@pytest.mark.parametrize("layout", _FLAT, ids=lambda layout: layout.name)
@given(data=st.data())
@_some
def test_ib_async_hears_every_value_of_a_flat_message(data: st.DataObject, layout: Layout) -> None:
    message = data.draw(records(layout))
    ((_, told),) = heard(message)
    said = [item.kind.write(getattr(message, item.path)) for item in layout.items if isinstance(item, Field)]
    assert all(map(same, said, told)), (said, told)
    assert len(said) == len(told) or isinstance(message, messages.TickPrice)


def _objects(message: messages.Message, told: tuple[Any, ...]) -> dict[str, Any]:
    match message:
        case messages.OpenOrder():
            return {"contract": told[1], "order": (told[2], told[1]), "state": told[3]}
        case messages.CompletedOrder():
            return {"contract": told[0], "order": (told[1], told[0]), "completion": (told[2], told[1])}
        case messages.ExecDetails():
            return {"contract": told[1], "execution": told[2]}
        case messages.ContractDetails():
            return {"details": told[1], "details.contract": told[1].contract}
        case messages.BondContractDetails():
            return {"details": told[1], "details.contract": told[1].contract, "bond": told[1]}
        case _:
            return {"commission": told[0]}


@pytest.mark.parametrize(
    "make",
    [
        *(messages.OpenOrder, messages.CompletedOrder, messages.ExecDetails, messages.CommissionReport),
        *(messages.ContractDetails, messages.BondContractDetails),
    ],
)
@given(data=st.data())
@_many
def test_ib_async_hears_every_value_of_a_message_with_parts(data: st.DataObject, make: type[Any]) -> None:
    layout = _LAYOUTS[make]
    message = data.draw(records(layout, told=TYPED))
    ((_, told),) = heard(message)
    agree(layout.items, message, _objects(message, told), _UNSAID[make])


_UNSAID: dict[type, set[str]] = {
    messages.OpenOrder: set(),
    messages.CompletedOrder: {"order.delta_neutral_terms"},
    messages.ExecDetails: {"req_id", "execution.time"},
    messages.CommissionReport: set(),
    messages.ContractDetails: {"req_id"},
    messages.BondContractDetails: {"req_id"},
}
"""What is told beside the objects, or as an object of its own."""


def test_what_completed_orders_tell_of_their_delta_neutral_order_is_heard() -> None:
    order = IbOrder(delta_neutral_order_type="MKT", delta_neutral_terms=("12", "", "", "", "", "1", "2", "place"))
    ((_, (_, told, _)),) = heard(messages.CompletedOrder(IbContract(), order, IbCompletion()))
    assert (told.deltaNeutralConId, told.deltaNeutralShortSale) == (12, True)
    assert (told.deltaNeutralShortSaleSlot, told.deltaNeutralDesignatedLocation) == (2, "place")


def test_the_time_of_an_execution_is_heard_with_its_zone() -> None:
    execution = IbExecution(exec_id="1.1", time="20250708 02:35:00 America/New_York")
    ((_, (req_id, _, told)),) = heard(messages.ExecDetails(-1, IbContract(), execution))
    assert (req_id, told.time) == (-1, datetime(2025, 7, 8, 6, 35, tzinfo=UTC))


_HELD = IbContract(con_id=265598, symbol="AAPL", sec_type="STK", currency="USD", primary_exchange="NASDAQ")


def test_a_portfolio_names_the_primary_exchange() -> None:
    worth = (Decimal(100), Decimal("155.5"), Decimal(15550), Decimal(150), Decimal("550.5"), Decimal("-1.25"))
    ((_, (contract, *told)),) = heard(messages.UpdatePortfolio(_HELD, *worth, "DUSIM0001"))
    assert (contract.conId, contract.symbol, contract.primaryExchange, contract.exchange) == (
        265598,
        "AAPL",
        "NASDAQ",
        "",
    )
    assert told == [100.0, 155.5, 15550.0, 150.0, 550.5, -1.25, "DUSIM0001"]


def test_a_position_is_heard() -> None:
    ((_, (account, contract, *told)),) = heard(messages.Position("DUSIM0001", _HELD, Decimal(-5), Decimal("101.5")))
    assert (account, contract.conId, told) == ("DUSIM0001", 265598, [-5.0, 101.5])


def test_a_position_of_a_model_is_heard() -> None:
    ((_, told),) = heard(messages.PositionMulti(7, "DUSIM0001", _HELD, Decimal(-5), Decimal("101.5"), "growth"))
    assert (told[:3], told[3].conId, told[4:]) == ((7, "DUSIM0001", "growth"), 265598, (-5.0, 101.5))


def test_an_answer_is_heard() -> None:
    answer = IbAnswer(req_id=5, code=201, text="Order rejected – reason", advanced_reject_json="{}")
    ((_, told),) = heard(messages.ErrMsg(answer))
    assert told == (5, 201, "Order rejected \\u2013 reason", "{}")


def test_the_status_of_an_order_is_heard() -> None:
    status = IbOrderStatus(
        order_id=5,
        status="Submitted",
        filled=Decimal("0.5"),
        remaining=Decimal(1),
        perm_id=9,
        client_id=3,
        why_held="locate",
    )
    ((_, told),) = heard(messages.OrderStatus(status))
    assert told == (5, "Submitted", 0.5, 1.0, 0.0, 9, 0, 0.0, 3, "locate", 0.0)


@given(data=st.data())
@_many
def test_single_ticks_are_heard(data: st.DataObject) -> None:
    message = data.draw(records(_LAYOUTS[messages.TickByTick], told={"tick_type": st.sampled_from([1, 2, 3, 4])}))
    ((name, told),) = heard(message)
    d = float
    mask = bool(message.attr_mask & 1), bool(message.attr_mask & 2)
    match message.tick_type:
        case 3:
            prices = d(message.bid_price), d(message.ask_price), d(message.bid_size), d(message.ask_size)
            assert (name, told[:-1]) == ("tickByTickBidAsk", (message.req_id, message.time, *prices))
            assert (told[-1].bidPastLow, told[-1].askPastHigh) == mask
        case 4:
            assert (name, told) == ("tickByTickMidPoint", (message.req_id, message.time, d(message.mid_point)))
        case kind:
            assert told[:5] == (message.req_id, kind, message.time, d(message.price), d(message.size))
            assert (told[5].pastLimit, told[5].unreported) == mask
            assert told[6:] == (message.exchange, message.special_conditions)


_BAR = messages.Bar("20260102", Decimal(1), Decimal(4), Decimal("0.5"), Decimal(2), Decimal(1000), Decimal("1.5"), 7)


def test_bars_are_heard() -> None:
    (_, bar), (_, second), end = heard(messages.HistoricalData(7, "from", "to", (_BAR, replace(_BAR, date="20260105"))))
    assert (bar[0], second[1].date, end) == (7, "20260105", ("historicalDataEnd", (7, "from", "to")))
    told = bar[1]
    assert (told.open, told.high, told.low, told.close) == (1.0, 4.0, 0.5, 2.0)
    assert (told.date, told.volume, told.average, told.barCount) == ("20260102", 1000.0, 1.5, 7)


def test_a_bar_under_way_is_heard() -> None:
    ((_, (req_id, told)),) = heard(messages.HistoricalDataUpdate(7, _BAR))
    assert (req_id, told.open, told.high, told.low, told.close) == (7, 1.0, 4.0, 0.5, 2.0)
    assert (told.date, told.volume, told.average, told.barCount) == ("20260102", 1000.0, 1.5, 7)


def test_an_option_chain_is_heard() -> None:
    strikes = (Decimal(95), Decimal("97.5"))
    message = messages.SecDefOptParams(7, "SMART", 265598, "AAPL", "100", ("20260116", "20260220"), strikes)
    ((_, told),) = heard(message)
    assert told == (7, "SMART", "265598", "AAPL", "100", ["20260116", "20260220"], [95.0, 97.5])


def test_a_market_rule_is_heard() -> None:
    steps = (messages.PriceIncrement(Decimal(0), Decimal("0.01")), messages.PriceIncrement(Decimal(3), Decimal("0.05")))
    ((_, (rule_id, told)),) = heard(messages.MarketRule(26, steps))
    assert (rule_id, [(step.lowEdge, step.increment) for step in told]) == (26, [(0.0, 0.01), (3.0, 0.05)])


def test_lists_of_words_are_heard() -> None:
    ((_, (_, samples)),) = heard(
        messages.SymbolSamples(
            7, (messages.SymbolSample(265598, "AAPL", "STK", "NASDAQ", "USD", ("OPT", "WAR"), "APPLE"),)
        )
    )
    assert (samples[0].contract.symbol, samples[0].derivativeSecTypes) == ("AAPL", ["OPT", "WAR"])
    ((_, (_, components)),) = heard(messages.SmartComponents(7, (messages.SmartComponent(1, "NASDAQ", "Q"),)))
    assert components[0].exchangeLetter == "Q"
    ((_, (depth,)),) = heard(messages.MktDepthExchanges((messages.DepthExchange("NYSE", "STK", "", "Deep2", 1),)))
    assert (depth[0].exchange, depth[0].aggGroup) == ("NYSE", 1)
    ((_, (codes,)),) = heard(messages.FamilyCodes((messages.FamilyCode("DUSIM0001", "A"),)))
    assert codes[0].accountID == "DUSIM0001"
    ((_, (_, tiers)),) = heard(messages.SoftDollarTiers(7, (messages.SoftDollarTier("a", "b", "c"),)))
    assert tiers[0].displayName == "c"
    ((_, (providers,)),) = heard(messages.NewsProviders((messages.NewsProvider("BRFG", "Briefing.com"),)))
    assert providers[0].name == "Briefing.com"


@given(asked=records(PLACE_ORDER, told=TYPED))
@settings(deadline=None, max_examples=60)
def test_every_order_that_ib_async_places_is_read_as_it_was_meant(asked: requests.PlaceOrder) -> None:
    sent: list[tuple[str, ...]] = []
    order = order_of(PLACE_ORDER.items, asked)
    client(sent).placeOrder(asked.order.order_id, contract_of(asked), order)
    meant = asked.order
    if not meant.order_type.startswith("VOL"):  # ib_async sends it for such orders only
        meant = replace(meant, volatility=None)
    assert decode_request(sent[0]) == replace(asked, order=meant)


_THEIRS = Contract(
    conId=265598,
    symbol="AAPL",
    secType="OPT",
    lastTradeDateOrContractMonth="20260116",
    strike=97.5,
    right="C",
    multiplier="100",
    exchange="SMART",
    primaryExchange="CBOE",
    currency="USD",
    localSymbol="AAPL  260116C00097500",
    tradingClass="AAPL",
)
_OURS = IbContract(
    con_id=265598,
    symbol="AAPL",
    sec_type="OPT",
    last_trade_date_or_contract_month="20260116",
    strike=Decimal("97.5"),
    right="C",
    multiplier="100",
    exchange="SMART",
    primary_exchange="CBOE",
    currency="USD",
    local_symbol="AAPL  260116C00097500",
    trading_class="AAPL",
)
_THEIR_BAG = Contract(secType="BAG", symbol="SPX", comboLegs=[ComboLeg(7, 2, "SELL", "CBOE")])
_OUR_BAG = IbContract(
    sec_type="BAG", symbol="SPX", combo_legs=(IbComboLeg(con_id=7, ratio=2, action="SELL", exchange="CBOE"),)
)
_Call = Callable[[Any], Any]
_CALLS: list[tuple[_Call, requests.Request]] = [
    (lambda c: c.startApi(), requests.StartApi(-1, "")),
    (lambda c: c.reqIds(1), requests.ReqIds(1)),
    (lambda c: c.reqManagedAccts(), requests.ReqManagedAccts()),
    (lambda c: c.reqCurrentTime(), requests.ReqCurrentTime()),
    (lambda c: c.setServerLogLevel(2), requests.SetServerLogLevel(2)),
    (lambda c: c.reqUserInfo(7), requests.ReqUserInfo(7)),
    (lambda c: c.cancelOrder(5, "20260102-10:00:00"), requests.CancelOrder(5, "20260102-10:00:00")),
    (lambda c: c.reqGlobalCancel(), requests.ReqGlobalCancel()),
    (lambda c: c.reqOpenOrders(), requests.ReqOpenOrders()),
    (lambda c: c.reqAllOpenOrders(), requests.ReqAllOpenOrders()),
    (lambda c: c.reqAutoOpenOrders(True), requests.ReqAutoOpenOrders(True)),
    (lambda c: c.reqCompletedOrders(False), requests.ReqCompletedOrders(False)),
    (
        lambda c: c.reqExecutions(7, ExecutionFilter(3, "DUSIM0001", "20260102", "AAPL", "STK", "NYSE", "BUY")),
        requests.ReqExecutions(7, 3, "DUSIM0001", "20260102", "AAPL", "STK", "NYSE", "BUY"),
    ),
    (
        lambda c: c.exerciseOptions(7, _THEIRS, 1, 2, "DUSIM0001", 1),
        requests.ExerciseOptions(7, replace(_OURS, primary_exchange=""), 1, 2, "DUSIM0001", True),
    ),
    (lambda c: c.reqAccountUpdates(True, "DUSIM0001"), requests.ReqAccountUpdates(True, "DUSIM0001")),
    (lambda c: c.reqAccountSummary(7, "All", "A,B"), requests.ReqAccountSummary(7, "All", "A,B")),
    (lambda c: c.cancelAccountSummary(7), requests.CancelAccountSummary(7)),
    (
        lambda c: c.reqAccountUpdatesMulti(7, "DUSIM0001", "growth", True),
        requests.ReqAccountUpdatesMulti(7, "DUSIM0001", "growth", True),
    ),
    (lambda c: c.cancelAccountUpdatesMulti(7), requests.CancelAccountUpdatesMulti(7)),
    (lambda c: c.reqPositions(), requests.ReqPositions()),
    (lambda c: c.cancelPositions(), requests.CancelPositions()),
    (lambda c: c.reqPositionsMulti(7, "DUSIM0001", "m"), requests.ReqPositionsMulti(7, "DUSIM0001", "m")),
    (lambda c: c.cancelPositionsMulti(7), requests.CancelPositionsMulti(7)),
    (lambda c: c.reqPnL(7, "DUSIM0001", "m"), requests.ReqPnL(7, "DUSIM0001", "m")),
    (lambda c: c.cancelPnL(7), requests.CancelPnL(7)),
    (lambda c: c.reqPnLSingle(7, "DUSIM0001", "m", 265598), requests.ReqPnLSingle(7, "DUSIM0001", "m", 265598)),
    (lambda c: c.cancelPnLSingle(7), requests.CancelPnLSingle(7)),
    (lambda c: c.reqFamilyCodes(), requests.ReqFamilyCodes()),
    (lambda c: c.reqSoftDollarTiers(7), requests.ReqSoftDollarTiers(7)),
    (lambda c: c.reqContractDetails(7, _THEIRS), requests.ReqContractDetails(7, _OURS)),
    (
        lambda c: c.reqSecDefOptParams(7, "AAPL", "", "STK", 265598),
        requests.ReqSecDefOptParams(7, "AAPL", "", "STK", 265598),
    ),
    (lambda c: c.reqMarketRule(26), requests.ReqMarketRule(26)),
    (lambda c: c.reqMatchingSymbols(7, "AA"), requests.ReqMatchingSymbols(7, "AA")),
    (lambda c: c.reqSmartComponents(7, "a6"), requests.ReqSmartComponents(7, "a6")),
    (lambda c: c.reqMktDepthExchanges(), requests.ReqMktDepthExchanges()),
    (
        lambda c: c.reqMktData(7, _THEIRS, "100,106", True, False, []),
        requests.ReqMktData(7, _OURS, "100,106", True),
    ),
    (lambda c: c.reqMktData(7, _THEIR_BAG, "", False, False, []), requests.ReqMktData(7, _OUR_BAG)),
    (
        lambda c: c.reqMktData(
            7, Contract(deltaNeutralContract=DeltaNeutralContract(12, 0.5, 30.25)), "", False, False, []
        ),
        requests.ReqMktData(7, IbContract(), delta_neutral_contract=("12", "0.5", "30.25")),
    ),
    (lambda c: c.cancelMktData(7), requests.CancelMktData(7)),
    (lambda c: c.reqMarketDataType(3), requests.ReqMarketDataType(3)),
    (
        lambda c: c.reqMktDepth(7, _THEIRS, 5, True, [TheirTagValue("a", "b")]),
        requests.ReqMktDepth(7, _OURS, 5, True, "a=b;"),
    ),
    (lambda c: c.cancelMktDepth(7, True), requests.CancelMktDepth(7, True)),
    (
        lambda c: c.reqRealTimeBars(7, _THEIRS, 5, "TRADES", True, []),
        requests.ReqRealTimeBars(7, _OURS, 5, "TRADES", True),
    ),
    (lambda c: c.cancelRealTimeBars(7), requests.CancelRealTimeBars(7)),
    (
        lambda c: c.reqTickByTickData(7, _THEIRS, "BidAsk", 0, True),
        requests.ReqTickByTickData(7, _OURS, "BidAsk", 0, True),
    ),
    (lambda c: c.cancelTickByTickData(7), requests.CancelTickByTickData(7)),
    (
        lambda c: c.reqHistoricalData(7, _THEIRS, "", "1 D", "1 min", "MIDPOINT", True, 1, True, []),
        requests.ReqHistoricalData(7, _OURS, False, "", "1 min", "1 D", True, "MIDPOINT", 1, True),
    ),
    (
        lambda c: c.reqHistoricalData(7, _THEIR_BAG, "", "1 D", "1 min", "MIDPOINT", True, 1, False, []),
        requests.ReqHistoricalData(7, _OUR_BAG, False, "", "1 min", "1 D", True, "MIDPOINT", 1),
    ),
    (lambda c: c.cancelHistoricalData(7), requests.CancelHistoricalData(7)),
    (
        lambda c: c.reqHeadTimeStamp(7, _THEIRS, "TRADES", True, 1),
        requests.ReqHeadTimeStamp(7, _OURS, False, True, "TRADES", 1),
    ),
    (lambda c: c.cancelHeadTimeStamp(7), requests.CancelHeadTimeStamp(7)),
    (
        lambda c: c.reqHistoricalTicks(7, _THEIRS, "from", "", 10, "TRADES", True, False, []),
        requests.ReqHistoricalTicks(7, _OURS, False, "from", "", 10, "TRADES", True, False),
    ),
    (lambda c: c.reqNewsProviders(), requests.ReqNewsProviders()),
    (lambda c: c.reqNewsArticle(7, "BRFG", "1", []), requests.ReqNewsArticle(7, "BRFG", "1")),
    (lambda c: c.reqWshMetaData(7), requests.ReqWshMetaData(7)),
    (lambda c: c.cancelWshMetaData(7), requests.CancelWshMetaData(7)),
    (
        lambda c: c.reqWshEventData(7, WshEventData(filter="f", fillPortfolio=True, startDate="20260102")),
        requests.ReqWshEventData(7, None, "f", fill_portfolio=True, start_date="20260102"),
    ),
    (lambda c: c.cancelWshEventData(7), requests.CancelWshEventData(7)),
]


@pytest.mark.parametrize(("call", "meant"), _CALLS, ids=lambda given: type(given).__name__)
def test_every_request_of_ib_async_is_read_as_it_was_meant(call: _Call, meant: requests.Request) -> None:
    sent: list[tuple[str, ...]] = []
    call(client(sent))
    assert decode_request(sent[0]) == meant


def test_every_request_but_the_order_is_among_those() -> None:
    assert {type(meant) for _, meant in _CALLS} == {layout.make for layout in REQUESTS} - {requests.PlaceOrder}
