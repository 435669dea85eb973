"""A scripted TWS that takes every order and shows it as a real one does: what was sent, in the places of openOrder.

The layouts of PLACE_ORDER and openOrder at version 178 stand here as IB's documentation and recorded messages have
them; the gateway's codec has no part in it. What an order does not say is shown as the recorded orders show it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

from ib.data_tws import CALL_ROW, ES_ROW, GOOG_ROW, PUT_ROW, Market, two_sides
from ib.scripted_tws import Answer, Row, ScriptedTws, order_status
from v6_ib_plugin import IbSettings, v6_brokers
from v6core.config import EngineSection
from v6core.engine import OrderExecutionEngine
from v6core.journal import MemoryJournal

Sent = dict[str, str]
"""A PLACE_ORDER by the names of its fields; what comes in groups is numbered, as in ``conditions.0``."""

_HEAD = (
    "messageId orderId conId symbol secType lastTradeDateOrContractMonth strike right multiplier exchange "
    "primaryExchange currency localSymbol tradingClass secIdType secId action totalQuantity orderType lmtPrice "
    "auxPrice tif ocaGroup account openClose origin orderRef transmit parentId blockOrder sweepToFill displaySize "
    "triggerMethod outsideRth hidden"
)
_TERMS = (
    "sharesAllocation discretionaryAmt goodAfterTime goodTillDate faGroup faMethod faPercentage modelCode "
    "shortSaleSlot designatedLocation exemptCode ocaType rule80A settlingFirm allOrNone minQty percentOffset "
    "eTradeOnly firmQuoteOnly nbboPriceCap auctionStrategy startingPrice stockRefPrice delta stockRangeLower "
    "stockRangeUpper overridePercentageConstraints volatility volatilityType deltaNeutralOrderType deltaNeutralAuxPrice"
)
_TRAIL = (
    "continuousUpdate referencePriceType trailStopPrice trailingPercent scaleInitLevelSize scaleSubsLevelSize "
    "scalePriceIncrement"
)
_ACTIVE = "scaleTable activeStartTime activeStopTime hedgeType"
_CLEARING = "optOutSmartRouting clearingAccount clearingIntent notHeld deltaNeutralContractPresent algoStrategy"
_FLAGS = "algoId whatIf orderMiscOptions solicited randomizeSize randomizePrice"
_BENCH = "referenceContractId isPeggedChangeAmountDecrease peggedChangeAmount referenceChangeAmount referenceExchangeId"
_MIDDLE = "midOffsetAtWhole midOffsetAtHalf"
_ADJUSTED = (
    "adjustedOrderType triggerPrice lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice adjustedTrailingAmount "
    "adjustableTrailingUnit"
)
_REST = (
    "extOperator softDollarName softDollarValue cashQty mifid2DecisionMaker mifid2DecisionAlgo mifid2ExecutionTrader "
    "mifid2ExecutionAlgo dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo duration "
    "postToAts autoCancelParent advancedErrorOverride manualOrderTime"
)
_CONDITION_WIDTHS = {"1": 7, "3": 4, "4": 4, "5": 5, "6": 6, "7": 6}
"""How many fields a condition has with its type, by its type."""

_SHOWN_HEAD = (
    "orderId conId symbol secType lastTradeDateOrContractMonth strike right multiplier exchange currency localSymbol "
    "tradingClass action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin orderRef "
    "clientId permId outsideRth hidden discretionaryAmt goodAfterTime sharesAllocation faGroup faMethod faPercentage "
    "modelCode goodTillDate rule80A percentOffset settlingFirm shortSaleSlot designatedLocation exemptCode "
    "auctionStrategy startingPrice stockRefPrice delta stockRangeLower stockRangeUpper displaySize blockOrder "
    "sweepToFill allOrNone minQty ocaType eTradeOnly firmQuoteOnly nbboPriceCap parentId triggerMethod volatility "
    "volatilityType deltaNeutralOrderType deltaNeutralAuxPrice dn.0 dn.1 dn.2 dn.3 dn.4 dn.5 dn.6 dn.7 "
    "continuousUpdate referencePriceType trailStopPrice trailingPercent basisPoints basisPointsType comboLegsDescrip"
)
_SHOWN_REST = (
    "softDollarName softDollarValue softDollarDisplayName cashQty dontUseAutoPriceForHedge isOmsContainer "
    "discretionaryUpToLimitPrice usePriceMgmtAlgo duration postToAts autoCancelParent minTradeQty minCompeteSize "
    "competeAgainstBestOffset midOffsetAtWhole midOffsetAtHalf"
)
_UNSET = "1.7976931348623157E308"
_SHOWN_WHERE_EMPTY = {
    "right": "?", "strike": "0", "auxPrice": "0.0", "lmtPrice": "0.0", "volatilityType": "0", "ocaType": "3",
    "referencePriceType": "0", "displaySize": "2147483647", "scaleInitLevelSize": "2147483647",
    "scaleSubsLevelSize": "2147483647", "clearingIntent": "IB", "adjustedOrderType": "None", "triggerPrice": _UNSET,
    "lmtPriceOffset": _UNSET, "adjustedStopPrice": _UNSET, "adjustedStopLimitPrice": _UNSET,
    "adjustedTrailingAmount": _UNSET, "usePriceMgmtAlgo": "0", "dontUseAutoPriceForHedge": "1",
    "deltaNeutralOrderType": "None", "dn.0": "0", "dn.4": "?", "dn.5": "0", "dn.6": "0",
}  # fmt: skip
REWRITTEN = frozenset(_SHOWN_WHERE_EMPTY)
"""What TWS fills in by itself, so that an order made of what was read back may say it."""


BTC_ROW = {
    "con_id": 15, "symbol": "BTC", "sec_type": "CRYPTO", "exchange": "ZEROHASH", "exchanges": "ZEROHASH",
    "rules": "26", "trading_class": "BTC", "step": "0.00001",
}  # fmt: skip
_ROWS = [
    {**GOOG_ROW, "exchanges": "SMART,NASDAQ,IBKRATS", "rules": "26,240,26"},
    *({**option, "exchanges": "SMART,BOX", "rules": "26,26"} for option in (CALL_ROW, PUT_ROW)),
    ES_ROW,
    BTC_ROW,
]
_MONEY = ("NetLiquidation", "TotalCashValue", "BuyingPower")


class _Reader:
    """Takes the fields of a message by name, one after the other."""

    def __init__(self, fields: list[str]) -> None:
        self.sent: Sent = {}
        self._left = iter(fields)

    def names(self, names: str) -> None:
        self.sent |= {name: next(self._left) for name in names.split()}

    def group(self, name: str, count: int) -> None:
        self.sent |= {f"{name}.{number}": next(self._left) for number in range(count)}

    def counted(self, name: str, width: int) -> None:
        self.names(f"n.{name}")
        self.group(name, width * int(self.sent[f"n.{name}"]))

    def conditions(self) -> None:
        self.names("nConditions")
        for number in range(int(self.sent["nConditions"])):
            kind = next(self._left)
            self.sent[f"condition.{number}"] = "|".join((kind, *self._some(_CONDITION_WIDTHS[kind] - 1)))
        if self.sent["nConditions"] != "0":
            self.names("conditionsIgnoreRth conditionsCancelOrder")

    def of_the_type(self) -> None:
        """Take what stands at the end of an order at IBKR's own ATS, and of one that is pegged to the best."""
        kind = self.sent["orderType"]
        self.names("minTradeQty" if self.sent["exchange"] == "IBKRATS" else "")
        self.names("minCompeteSize competeAgainstBestOffset" if kind == "PEG BEST" else "")
        up_to_mid = self.sent.get("competeAgainstBestOffset") == "Infinity"
        self.names(_MIDDLE if kind == "PEG MID" or up_to_mid else "")

    def end(self) -> Sent:
        assert list(self._left) == []
        return self.sent

    def _some(self, count: int) -> list[str]:
        return [next(self._left) for _ in range(count)]


def order_sent(fields: list[str]) -> Sent:
    """Return a PLACE_ORDER by its names."""
    reader = _Reader(fields)
    reader.names(_HEAD)
    if reader.sent["secType"] == "BAG":
        reader.counted("legs", 8)
        reader.counted("legPrices", 1)
        reader.counted("routing", 2)
    reader.names(_TERMS)
    reader.group("dn", 8 if reader.sent["deltaNeutralOrderType"] else 0)
    reader.names(_TRAIL)
    reader.group("scale", 7 if float(reader.sent["scalePriceIncrement"] or 0) > 0 else 0)
    reader.names(_ACTIVE)
    reader.group("hedge", 1 if reader.sent["hedgeType"] else 0)
    reader.names(_CLEARING)
    if reader.sent["algoStrategy"]:
        reader.counted("algo", 2)
    reader.names(_FLAGS)
    reader.names(_BENCH if reader.sent["orderType"] == "PEG BENCH" else "")
    reader.conditions()
    reader.names(f"{_ADJUSTED} {_REST}")
    reader.of_the_type()
    return reader.end()


def shown(sent: Sent, *, client_id: int, perm_id: int, status: str = "Submitted") -> Row:
    """Return the openOrder in which TWS shows an order."""
    told = sent | {"clientId": str(client_id), "permId": str(perm_id)}
    told |= {name: text for name, text in _SHOWN_WHERE_EMPTY.items() if not told.get(name)}
    return "5", *_fields(told, status)


def _fields(told: Sent, status: str) -> Iterator[str]:
    yield from _named(told, _SHOWN_HEAD)
    for name in ("legs", "legPrices", "routing"):
        yield told.get(f"n.{name}", "0")
        yield from _grouped(told, name)
    yield from _named(told, "scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement")
    yield from _grouped(told, "scale")
    yield told["hedgeType"]
    yield from _grouped(told, "hedge")
    yield from _named(told, _CLEARING)
    if told["algoStrategy"]:
        yield told["n.algo"]
        yield from _grouped(told, "algo")
    yield from _named(told, "solicited whatIf")
    yield from (status, *[_UNSET] * 9, "", "", "", "", "")
    yield from _named(told, "randomizeSize randomizePrice")
    yield from _named(told, _BENCH if told["orderType"] == "PEG BENCH" else "")
    yield told["nConditions"]
    yield from (part for text in _grouped(told, "condition") for part in text.split("|"))
    if told["nConditions"] != "0":
        yield from _named(told, "conditionsIgnoreRth conditionsCancelOrder")
    adjusted = _ADJUSTED.split()
    yield from _named(told, " ".join([*adjusted[:2], "trailStopPriceAgain", *adjusted[2:]]))
    yield from _named(told, _SHOWN_REST)


def _named(told: Sent, names: str) -> Iterator[str]:
    return (told.get(name, "") for name in names.split())


def _grouped(told: Sent, name: str) -> Iterator[str]:
    return (text for key, text in told.items() if key.rpartition(".")[0] == name)


class EchoingTws:
    """What the server has taken, by the number of the order; ``computed`` is what it shows instead of what was sent."""

    def __init__(self, tws: ScriptedTws) -> None:
        self.tws = tws
        self.client_id = 0
        self.computed: Sent = {}
        self._perm_ids: dict[str, int] = {}
        tws.answers |= {
            71: self._started, 3: self._placed, 4: self._cancelled,
            5: _ended(53, 1), 16: _ended(53, 1), 99: _ended(102), 61: _ended(62, 1),
            7: lambda asked: [(55, 1, asked[2])], 49: lambda _: [(49, 1, 1_790_000_000)],
            92: lambda asked: [(94, asked[1], "0", "0", "0")],
            6: lambda asked: [*((6, 2, key, "100000.00", "USD", asked[3]) for key in _MONEY), (54, 1, asked[3])],
        }  # fmt: skip
        quotes = {
            "11": ("99.9", "100.1"), "12": ("4.9", "5.1"), "13": ("2.9", "3.1"), "14": ("99.75", "100.25"),
            "15": ("99.9", "100.1"), "BAG": ("1.9", "2.1"),
        }  # fmt: skip
        Market(rows=_ROWS, ticks={con_id: two_sides(*quote) for con_id, quote in quotes.items()}).open(tws)

    @property
    def orders(self) -> list[Sent]:
        """All that was placed and changed, in its order."""
        return [order_sent(fields) for fields in self.tws.sent(3)]

    def show(self, order: Sent) -> None:
        """Show an order that was placed, as somebody has changed it since."""
        self.tws.say(shown(order, client_id=self.client_id, perm_id=self._perm_ids[order["orderId"]]))

    def _started(self, asked: list[str]) -> list[Row]:
        self.client_id = int(asked[2])
        return []

    def _placed(self, asked: list[str]) -> list[Row]:
        sent = order_sent(asked)
        number = sent["orderId"]
        perm_id = self._perm_ids.setdefault(number, 900 + len(self._perm_ids))
        told = sent | self.computed
        return [shown(told, client_id=self.client_id, perm_id=perm_id), self._status(number, "Submitted")]

    def _cancelled(self, asked: list[str]) -> list[Row]:
        return [self._status(asked[2], "Cancelled"), (4, 2, asked[2], 202, "Order Canceled - reason:", "")]

    def _status(self, number: str, word: str) -> Row:
        return order_status(int(number), word, client_id=self.client_id, perm_id=self._perm_ids[number])


def _ended(*message: int) -> Answer:
    return lambda _: [message]


@asynccontextmanager
async def echoed(folder: Path) -> AsyncGenerator[tuple[OrderExecutionEngine, EchoingTws]]:
    """Run an engine on the plugin, and an echoing TWS at its other end."""
    logging.getLogger("ib_async").setLevel(logging.CRITICAL)
    (spec,) = v6_brokers()
    deadlines = EngineSection.model_validate({"settle": 0.05, "grace": 0.2, "ack_deadline": 3.0, "watchdog": 5.0})
    async with ScriptedTws.running() as tws:
        echoing = EchoingTws(tws)
        settings = IbSettings(port=tws.port, messages_per_second=0, request_timeout=3.0)
        async with OrderExecutionEngine.from_spec(
            spec, settings, open_journal=MemoryJournal, deadlines=deadlines, folder=folder
        ) as engine:
            yield engine, echoing
