"""How prices are asked for and told, those of this time and those of the past."""

from __future__ import annotations

from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.gateway.wire.kinds import (
    DOUBLE,
    DOUBLE_OR_EMPTY,
    DOUBLE_OR_MINUS_ONE,
    DOUBLE_OR_MINUS_TWO,
    FLAG,
    ID,
    INT,
    TEXT,
)
from v6_ib_plugin.gateway.wire.layout import Field, Fixed, Layout, Present, Several, When, fields
from v6_ib_plugin.gateway.wire.layouts.contracts import REQ_ID, SHORT_LEGS, asked_contract, where_bag
from v6_ib_plugin.terms import IbContract

_TICK = (Fixed("6"), REQ_ID, Field("tick_type", INT))
_MASK, _VENUE = Field("attr_mask", INT), fields("", TEXT, "exchange", "special_conditions")
_QUOTED = ("bid_price", "ask_price", "bid_size", "ask_size")
_is_trade, _is_quote, _is_midpoint = {1, 2}.__contains__, {3}.__contains__, {4}.__contains__

MESSAGES = (
    Layout(
        1,
        "tickPrice",
        messages.TickPrice,
        (*_TICK, Field("price", DOUBLE), Field("size", DOUBLE_OR_EMPTY), Field("attr_mask", INT)),
    ),
    Layout(2, "tickSize", messages.TickSize, (*_TICK, Field("size", DOUBLE))),
    Layout(
        17,
        "historicalData",
        messages.HistoricalData,
        (
            *(REQ_ID, *fields("", TEXT, "start", "end")),
            Several(
                "bars",
                messages.Bar,
                (
                    *(Field("date", TEXT), *fields("", DOUBLE, "open", "high", "low", "close", "volume", "wap")),
                    Field("count", INT),
                ),
            ),
        ),
    ),
    Layout(
        21,
        "tickOptionComputation",
        messages.TickOptionComputation,
        (
            *(REQ_ID, *fields("", INT, "tick_type", "tick_attrib")),
            *(Field("implied_vol", DOUBLE_OR_MINUS_ONE), Field("delta", DOUBLE_OR_MINUS_TWO)),
            *fields("", DOUBLE_OR_MINUS_ONE, "opt_price", "pv_dividend"),
            *fields("", DOUBLE_OR_MINUS_TWO, "gamma", "vega", "theta"),
            Field("und_price", DOUBLE_OR_MINUS_ONE),
        ),
    ),
    Layout(45, "tickGeneric", messages.TickGeneric, (*_TICK, Field("value", DOUBLE))),
    Layout(46, "tickString", messages.TickString, (*_TICK, Field("value", TEXT))),
    Layout(
        50,
        "realtimeBar",
        messages.RealtimeBar,
        (
            *(Fixed("3"), REQ_ID, Field("time", INT)),
            *(*fields("", DOUBLE, "open", "high", "low", "close", "volume", "wap"), Field("count", INT)),
        ),
    ),
    Layout(57, "tickSnapshotEnd", messages.TickSnapshotEnd, (Fixed("1"), REQ_ID)),
    Layout(58, "marketDataType", messages.MarketDataType, (Fixed("1"), REQ_ID, Field("market_data_type", INT))),
    Layout(
        81,
        "tickReqParams",
        messages.TickReqParams,
        (
            *(REQ_ID, Field("min_tick", DOUBLE)),
            *(Field("bbo_exchange", TEXT), Field("snapshot_permissions", INT)),
        ),
    ),
    Layout(88, "headTimestamp", messages.HeadTimestamp, (REQ_ID, Field("head_timestamp", TEXT))),
    Layout(
        90,
        "historicalDataUpdate",
        messages.HistoricalDataUpdate,
        (
            *(REQ_ID, Field("bar.count", INT), Field("bar.date", TEXT)),
            *fields("bar", DOUBLE, "open", "close", "high", "low", "wap", "volume"),
        ),
        {"bar": messages.Bar},
    ),
    Layout(
        99,
        "tickByTick",
        messages.TickByTick,
        (
            *(REQ_ID, *fields("", INT, "tick_type", "time")),
            When("tick_type", _is_trade, (*fields("", DOUBLE, "price", "size"), _MASK, *_VENUE)),
            When("tick_type", _is_quote, (*fields("", DOUBLE, *_QUOTED), _MASK)),
            When("tick_type", _is_midpoint, (Field("mid_point", DOUBLE),)),
        ),
    ),
)
"""The messages about prices."""

_CONTRACT = {"contract": IbContract}

REQUESTS = (
    Layout(
        1,
        "reqMktData",
        requests.ReqMktData,
        (
            *(Fixed("11"), REQ_ID, *asked_contract("contract"), where_bag("contract", SHORT_LEGS)),
            Present("delta_neutral_contract", ("conId", "delta", "price")),
            *(Field("generic_ticks", TEXT), *fields("", FLAG, "snapshot", "regulatory_snapshot")),
            Field("options", TEXT),
        ),
        _CONTRACT,
    ),
    Layout(2, "cancelMktData", requests.CancelMktData, (Fixed("2"), REQ_ID)),
    Layout(
        10,
        "reqMktDepth",
        requests.ReqMktDepth,
        (
            *(Fixed("5"), REQ_ID, *asked_contract("contract")),
            *(Field("rows", INT), Field("is_smart", FLAG), Field("options", TEXT)),
        ),
        _CONTRACT,
    ),
    Layout(11, "cancelMktDepth", requests.CancelMktDepth, (Fixed("1"), REQ_ID, Field("is_smart", FLAG))),
    Layout(
        20,
        "reqHistoricalData",
        requests.ReqHistoricalData,
        (
            *(REQ_ID, *asked_contract("contract"), Field("include_expired", FLAG)),
            *(*fields("", TEXT, "end_date_time", "bar_size", "duration"), Field("use_rth", FLAG)),
            *(Field("what_to_show", TEXT), Field("format_date", INT), where_bag("contract", SHORT_LEGS)),
            *(Field("keep_up_to_date", FLAG), Field("options", TEXT)),
        ),
        _CONTRACT,
    ),
    Layout(25, "cancelHistoricalData", requests.CancelHistoricalData, (Fixed("1"), REQ_ID)),
    Layout(
        50,
        "reqRealTimeBars",
        requests.ReqRealTimeBars,
        (
            *(Fixed("3"), REQ_ID, *asked_contract("contract"), Field("bar_size", INT)),
            *(Field("what_to_show", TEXT), Field("use_rth", FLAG), Field("options", TEXT)),
        ),
        _CONTRACT,
    ),
    Layout(51, "cancelRealTimeBars", requests.CancelRealTimeBars, (Fixed("1"), REQ_ID)),
    Layout(59, "reqMarketDataType", requests.ReqMarketDataType, (Fixed("1"), Field("market_data_type", ID))),
    Layout(
        87,
        "reqHeadTimeStamp",
        requests.ReqHeadTimeStamp,
        (
            *(REQ_ID, *asked_contract("contract"), *fields("", FLAG, "include_expired", "use_rth")),
            *(Field("what_to_show", TEXT), Field("format_date", INT)),
        ),
        _CONTRACT,
    ),
    Layout(90, "cancelHeadTimeStamp", requests.CancelHeadTimeStamp, (REQ_ID,)),
    Layout(
        96,
        "reqHistoricalTicks",
        requests.ReqHistoricalTicks,
        (
            *(REQ_ID, *asked_contract("contract"), Field("include_expired", FLAG)),
            *(*fields("", TEXT, "start", "end"), Field("number_of_ticks", INT), Field("what_to_show", TEXT)),
            *(*fields("", FLAG, "use_rth", "ignore_size"), Field("options", TEXT)),
        ),
        _CONTRACT,
    ),
    Layout(
        97,
        "reqTickByTickData",
        requests.ReqTickByTickData,
        (
            *(REQ_ID, *asked_contract("contract"), Field("tick_type", TEXT)),
            *(Field("number_of_ticks", INT), Field("ignore_size", FLAG)),
        ),
        _CONTRACT,
    ),
    Layout(98, "cancelTickByTickData", requests.CancelTickByTickData, (REQ_ID,)),
)
"""The requests about prices."""
