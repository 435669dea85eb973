"""An order of each type that IB has and v6 has no word for: how it is said, and what of it stands on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ib.data_tws import CALL, GOOG, PUT
from v6core.contracts import Combo, ComboLeg, Contract, Crypto, Future, Option, Stock
from v6core.orders import Order

D = Decimal
AT_ATS = Stock("GOOG", exchange="IBKRATS")
AT_BOX = Option("GOOG", "2026-01-16", 100, "CALL", exchange="BOX")
ES = Future("ES", "2026-12-18", multiplier=50, exchange="CME")
BTC = Crypto("BTC", exchange="ZEROHASH")
SPREAD = Combo("GOOG", [ComboLeg(CALL, "BUY", 1), ComboLeg(PUT, "SELL", 1)])
CAP = {"order_type": "LIMIT", "limit_price": "100.00"}
ANY = {"order_type": "MARKET"}
BENCHMARK: dict[str, Any] = {
    "type": "PEG BENCH", "reference_conid": 12, "reference_exchange": "CBOE", "reference_change": "0.10",
    "change": "0.02", "starting_price": "99.00",
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """How an order is worked, the terms that say what it is at most, and its fields on the wire."""

    options: Mapping[str, Any]
    terms: Mapping[str, Any]
    sent: Mapping[str, str]
    contract: Contract = GOOG
    change: Mapping[str, Any] = field(default_factory=lambda: {"quantity": D(4)})

    @property
    def order(self) -> Order:
        """The order."""
        return Order.model_validate({"action": "BUY", "quantity": 5, **self.terms, "options": dict(self.options)})


def work(sent: Mapping[str, str], terms: Mapping[str, Any], contract: Contract = GOOG, **said: Any) -> Sample:
    """Return an order that is worked so; with a limit, it is changed by that."""
    change = {"limit_price": D(terms["limit_price"]) - 1} if "limit_price" in terms else {"quantity": D(4)}
    wire = {"orderType": said["type"], **sent}
    return Sample({"work_as": said}, terms, wire, contract, change)


def touched(sent: Mapping[str, str], **said: Any) -> Sample:
    """Return a touched order whose trigger trails."""
    terms = {"order_type": "MARKET_IF_TOUCHED", "stop_price": "95.00"}
    return work({"trailStopPrice": "95.00", **sent}, terms, **said)


SAMPLES: dict[str, Sample] = {
    "REL": work({"lmtPrice": "100.00", "auxPrice": "0.02"}, CAP, type="REL", offset="0.02"),
    "REL, uncapped": work({"lmtPrice": "", "auxPrice": "0"}, ANY, type="REL", offset="0"),
    "REL, percent": work({"auxPrice": "", "percentOffset": "0.5"}, CAP, type="REL", percent_offset="0.5"),
    "PASSV REL": work({"auxPrice": "0.03"}, CAP, type="PASSV REL", offset="0.03"),
    "PEG PRIM": work({"auxPrice": "0"}, ANY, type="PEG PRIM"),
    "PEG MKT": work({"auxPrice": "0.05"}, CAP, type="PEG MKT", offset="0.05"),
    "PEG MID": work({"auxPrice": "0.01", "notHeld": "0"}, CAP, type="PEG MID", offset="0.01"),
    "PEG MID, IBKRATS": work(
        {"midOffsetAtWhole": "0.02", "midOffsetAtHalf": "0.025", "notHeld": "1", "exchange": "IBKRATS"},
        CAP, AT_ATS, type="PEG MID", offset_at_whole="0.02", offset_at_half="0.025",
    ),
    "PEG BEST": work(
        {"minCompeteSize": "200", "competeAgainstBestOffset": "0.03", "notHeld": "1", "minTradeQty": ""},
        CAP, AT_ATS, type="PEG BEST", min_compete_size=200, offset="0.03",
    ),
    "PEG BEST, up to the middle": work(
        {"competeAgainstBestOffset": "Infinity", "midOffsetAtWhole": "0.02", "midOffsetAtHalf": "0.025"},
        CAP, AT_ATS, type="PEG BEST", min_compete_size=100, offset_at_whole="0.02", offset_at_half="0.025",
    ),
    "PEG STK": work(
        {"delta": "0.5", "startingPrice": "5.00", "stockRefPrice": "100", "stockRangeLower": "90"},
        ANY, CALL, type="PEG STK", delta="0.5", starting_price="5.00", reference_price="100", range_low="90",
    ),
    "PEG BENCH": work(
        {
            "referenceContractId": "12", "isPeggedChangeAmountDecrease": "0", "peggedChangeAmount": "0.02",
            "referenceChangeAmount": "0.10", "referenceExchangeId": "CBOE", "startingPrice": "99.00",
            "stockRangeLower": "1", "stockRangeUpper": "9",
        },
        ANY, range_low="1", range_high="9", **BENCHMARK,
    ),
    "PEG BENCH, against it": work(
        {"isPeggedChangeAmountDecrease": "1", "stockRefPrice": "5"},
        ANY, decrease=True, reference_price="5", **BENCHMARK,
    ),
    "MIDPRICE": work({"lmtPrice": "100.00"}, CAP, type="MIDPRICE"),
    "MIDPRICE, uncapped": work({"lmtPrice": ""}, ANY, type="MIDPRICE"),
    "SNAP MKT": work({"auxPrice": "0.02"}, ANY, type="SNAP MKT", offset="0.02"),
    "SNAP MID": work({"auxPrice": "0"}, ANY, CALL, type="SNAP MID"),
    "SNAP PRIM": work({"auxPrice": "0.25"}, ANY, ES, type="SNAP PRIM", offset="0.25"),
    "VOL": work(
        {"volatility": "40", "volatilityType": "2", "continuousUpdate": "0", "referencePriceType": ""},
        ANY, CALL, type="VOL", volatility="40", period="ANNUAL",
    ),
    "VOL, that follows": work(
        {"volatilityType": "1", "continuousUpdate": "1", "referencePriceType": "2", "stockRangeUpper": "120"},
        ANY, CALL, type="VOL", volatility="2.5", period="DAILY", reference="BID_OR_ASK", continuous_update=True,
        range_high="120",
    ),
    "MKT PRT": work({"lmtPrice": "", "auxPrice": ""}, ANY, ES, type="MKT PRT"),
    "STP PRT": work({"auxPrice": "110.00"}, {"order_type": "STOP", "stop_price": "110.00"}, ES, type="STP PRT"),
    "BOX TOP": work({"exchange": "BOX"}, {"order_type": "MARKET_TO_LIMIT"}, AT_BOX, type="BOX TOP"),
    "AUCTION": work(
        {"orderType": "MTL", "tif": "AUC", "lmtPrice": ""}, {"order_type": "MARKET_TO_LIMIT"}, type="AUCTION"
    ),
    "AUCTION, with a limit": work(
        {"orderType": "MTL", "tif": "AUC", "lmtPrice": "100.00"}, CAP, ES, type="AUCTION"
    ),
    "REL + LMT": work(
        {"lmtPrice": "2.00"}, {"order_type": "LIMIT", "limit_price": "2.00"}, SPREAD, type="REL + LMT"
    ),
    "REL + MKT": work({"lmtPrice": ""}, ANY, SPREAD, type="REL + MKT"),
    "TRAIL MIT": touched({"auxPrice": "2"}, type="TRAIL MIT", trail_amount="2"),
    "TRAIL MIT, percent": touched({"auxPrice": "", "trailingPercent": "3"}, type="TRAIL MIT", trail_percent="3"),
    "TRAIL LIT": touched({"lmtPriceOffset": "0.05"}, type="TRAIL LIT", trail_amount="2", limit_offset="0.05"),
    "DTC": Sample({"time_in_force": "DTC"}, {**CAP, "tif": "GTC"}, {"tif": "DTC", "orderType": "LMT"}),
    "DTC, worked": Sample(
        {"time_in_force": "DTC", "work_as": {"type": "REL", "offset": "0.02"}},
        {**CAP, "tif": "GTC"},
        {"tif": "DTC", "orderType": "REL"},
    ),
    "MINUTES": Sample({"time_in_force": "MINUTES"}, CAP, {"tif": "Minutes"}, BTC),
}  # fmt: skip
"""Each type, and each way to say it."""
