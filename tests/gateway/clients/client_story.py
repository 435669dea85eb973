"""One client's day through the gateway, as a document: the same as ``stoqey_story.js`` tells of the third client."""

# What the clients tell is not typed.
# pyright: reportUnknownLambdaType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from decimal import Decimal
from typing import Any

from gateway.clients.recorded_clients import Recorded

STOCK = {"symbol": "GOOG", "secType": "STK", "exchange": "SMART", "currency": "USD"}


def number(value: Any) -> float | None:
    """Return a number as JSON has it, None where it is not set."""
    return None if value is None or value == "" or float(value) > 1e300 else float(value)


def details_told(row: Any) -> dict[str, Any]:
    """Return what the story tells of a contract."""
    contract = row.contract
    return {
        "con_id": contract.conId,
        "symbol": contract.symbol,
        "sec_type": contract.secType,
        "currency": contract.currency,
        "exchange": contract.exchange,
        "local_symbol": contract.localSymbol,
        "trading_class": contract.tradingClass,
        "strike": number(contract.strike or 0),
        "multiplier": str(contract.multiplier or ""),
        "min_tick": number(row.minTick),
        "valid_exchanges": row.validExchanges,
        "market_rule_ids": row.marketRuleIds,
        "long_name": row.longName,
        "time_zone_id": row.timeZoneId,
        "under_con_id": row.underConId or 0,
    }


def order_told(values: tuple[Any, ...]) -> dict[str, Any]:
    """Return what the story tells of an openOrder."""
    order_id, contract, order, state = values
    return {
        "order_id": order_id,
        "perm_id": order.permId,
        "client_id": order.clientId,
        "con_id": contract.conId,
        "symbol": contract.symbol,
        "sec_type": contract.secType,
        "action": order.action,
        "quantity": number(order.totalQuantity),
        "order_type": order.orderType,
        "limit": number(order.lmtPrice),
        "aux": number(order.auxPrice),
        "tif": order.tif,
        "account": order.account,
        "order_ref": order.orderRef or "",
        "parent_id": order.parentId or 0,
        "oca_group": order.ocaGroup or "",
        "status": state.status,
        "legs": [[leg.conId, leg.ratio, leg.action] for leg in contract.comboLegs or []],
    }


def status_told(values: tuple[Any, ...]) -> dict[str, Any]:
    """Return what the story tells of an orderStatus."""
    order_id, status, filled, remaining, price, perm_id, *_ = values
    return {
        "order_id": order_id,
        "status": status,
        "filled": number(filled),
        "remaining": number(remaining),
        "avg_price": number(price),
        "perm_id": perm_id,
    }


def execution_told(values: tuple[Any, ...]) -> dict[str, Any]:
    """Return what the story tells of an execDetails."""
    _, contract, row = values
    return {
        "exec_id": row.execId,
        "order_id": row.orderId,
        "perm_id": row.permId,
        "client_id": row.clientId,
        "con_id": contract.conId,
        "sec_type": contract.secType,
        "side": row.side,
        "shares": number(row.shares),
        "price": number(row.price),
        "cum_qty": number(row.cumQty),
        "avg_price": number(row.avgPrice),
        "order_ref": row.orderRef or "",
        "account": row.acctNumber,
    }


class Story:
    """The day of one client."""

    def __init__(self, client: Recorded) -> None:
        self._client = client
        self._next = 0
        self._told: dict[str, Any] = {"client": client.name}

    def play(self) -> dict[str, Any]:
        """Play it all and return what was told."""
        client = self._client
        (self._next,) = client.first("nextValidId")
        self._told["accounts"] = client.first("managedAccounts")[0]
        self._told["server_version"] = client.server_version()
        self._ask()
        self._fill()
        self._rest()
        self._bracket()
        self._combo()
        self._read_back()
        self._close()
        return self._told

    def _id(self) -> int:
        self._next += 1
        return self._next - 1

    def _details(self, **fields: Any) -> list[Any]:
        ident = self._id()
        self._client.ask("reqContractDetails", ident, self._client.contract(**fields))
        self._client.first("contractDetailsEnd", lambda req: req == ident)
        return [row for _, row in self._client.all("contractDetails", lambda req, _: req == ident)]

    def _ask(self) -> None:
        client, told = self._client, self._told
        (google,) = self._details(**STOCK)
        told["stock"] = details_told(google)
        ident = self._id()
        client.ask("reqSecDefOptParams", ident, "GOOG", "", "STK", google.contract.conId)
        client.first("securityDefinitionOptionParameterEnd", lambda req: req == ident)
        rows = client.all("securityDefinitionOptionParameter", lambda req, *_: req == ident)
        told["chain"] = [
            {
                "exchange": exchange,
                "under_con_id": int(under),
                "trading_class": trading_class,
                "multiplier": str(multiplier),
                "expirations": sorted(expirations),
                "strikes": sorted(map(float, strikes)),
            }
            for _, exchange, under, trading_class, multiplier, expirations, strikes in rows
        ]
        self._ask_for_options(told["chain"][0])
        rule = int(google.marketRuleIds.split(",")[0])
        client.ask("reqMarketRule", rule)
        _, bands = client.first("marketRule", lambda other, _: other == rule)
        told["market_rule"] = [[number(band.lowEdge), number(band.increment)] for band in bands]
        self._ask_for_prices()

    def _ask_for_options(self, row: dict[str, Any]) -> None:
        middle = row["strikes"][len(row["strikes"]) // 2]
        higher = next(strike for strike in row["strikes"] if strike > middle)
        terms = {**STOCK, "secType": "OPT", "lastTradeDateOrContractMonth": row["expirations"][1], "right": "C"}
        (low,) = self._details(**terms, strike=middle)
        (high,) = self._details(**terms, strike=higher)
        self._told["option"] = details_told(low)
        ident = self._id()
        self._client.ask("reqContractDetails", ident, self._client.contract(**terms, strike=100.37))
        self._told["unknown_contract"] = self._client.first("error", lambda req, *_: req == ident)[1]
        self._legs = (low.contract.conId, high.contract.conId)

    def _ask_for_prices(self) -> None:
        client = self._client
        ident = self._id()
        client.ask("reqMktData", ident, client.contract(**STOCK), "", True, False, [])
        client.first("tickSnapshotEnd", lambda req: req == ident)
        ticks = {kind: price for _, kind, price, _ in client.all("tickPrice", lambda req, *_: req == ident)}
        self._told["bid_below_ask"] = ticks[1] < ticks[2]
        client.ask("reqCurrentTime")
        self._told["has_time"] = client.first("currentTime")[0] > 0

    def _place(self, contract: dict[str, Any], **fields: Any) -> int:
        ident = self._id()
        self._send(ident, contract, **fields)
        return ident

    def _send(self, ident: int, contract: dict[str, Any], **fields: Any) -> None:
        client = self._client
        given = {"transmit": True, "tif": "DAY", **fields}
        given["totalQuantity"] = Decimal(given["totalQuantity"]) if client.name == "ibapi" else given["totalQuantity"]
        client.ask("placeOrder", ident, client.contract(**contract), client.order(**given))

    def _status(self, ident: int, status: str, since: int = 0) -> dict[str, Any]:
        def holds(order_id: int, word: str, *_: Any) -> bool:
            return order_id == ident and word == status

        return status_told(self._client.first("orderStatus", holds, since))

    def _shown(self, ident: int, since: int = 0) -> dict[str, Any]:
        return order_told(self._client.all("openOrder", lambda order_id, *_: order_id == ident, since)[-1])

    def _fill(self) -> None:
        client, told = self._client, self._told
        since = len(client.heard)
        ident = self._place(STOCK, action="BUY", totalQuantity=10, orderType="MKT", orderRef="mine-1")
        told["fill_status"] = self._status(ident, "Filled", since)
        execution = client.first("execDetails", lambda _req, _contract, row: row.orderId == ident, since)
        told["execution"] = execution_told(execution)
        (report,) = client.first("commissionReport", lambda row: row.execId == execution[2].execId, since)
        amount = getattr(report, "commission", None) or getattr(report, "commissionAndFees", None)
        told["commission"] = {"amount": number(amount), "currency": report.currency}

    def _rest(self) -> None:
        client, told = self._client, self._told
        terms = {"action": "BUY", "orderType": "LMT", "tif": "GTC", "orderRef": "mine-2"}
        ident = self._place(STOCK, **terms, totalQuantity=5, lmtPrice=100.25)
        self._status(ident, "Submitted")
        told["resting"] = self._shown(ident)
        since = len(client.heard)
        self._send(ident, STOCK, **terms, totalQuantity=4, lmtPrice=101.5)

        def is_changed(order_id: int, _contract: Any, order: Any, _state: Any) -> bool:
            return bool(order_id == ident and order.lmtPrice == 101.5)

        told["changed"] = order_told(client.first("openOrder", is_changed, since))
        since = len(client.heard)
        client.cancel(ident)
        told["cancelled"] = self._status(ident, "Cancelled", since)
        told["cancel_code"] = client.first("error", lambda req, code, *_: (req, code) == (ident, 202), since)[1]

    def _bracket(self) -> None:
        client = self._client
        since = len(client.heard)
        terms: dict[str, Any] = {"totalQuantity": 3, "tif": "GTC"}
        leaving = {**terms, "action": "SELL"}
        entering = {**terms, "action": "BUY", "orderType": "LMT", "lmtPrice": 90.0, "orderRef": "entry"}
        self._parent = self._place(STOCK, **entering, transmit=False)
        taking = {**leaving, "orderType": "LMT", "lmtPrice": 2000.0, "orderRef": "take"}
        take = self._place(STOCK, **taking, parentId=self._parent, transmit=False)
        stopping = {**leaving, "orderType": "STP", "auxPrice": 80.0, "orderRef": "stop"}
        self._stop = self._place(STOCK, **stopping, parentId=self._parent)
        self._status(self._parent, "Submitted", since)
        for leg in (self._parent, take, self._stop):
            client.first("orderStatus", lambda order_id, *_, leg=leg: order_id == leg, since)
        self._told["bracket"] = [self._shown(leg, since) for leg in (self._parent, take, self._stop)]

    def _combo(self) -> None:
        client = self._client
        since = len(client.heard)
        legs = [
            client.leg(conId=con_id, ratio=1, action=action, exchange="SMART")
            for con_id, action in zip(self._legs, ("BUY", "SELL"), strict=True)
        ]
        bag = {**STOCK, "secType": "BAG", "comboLegs": legs}
        terms = {"action": "BUY", "orderType": "LMT", "lmtPrice": -5.0, "orderRef": "spread"}
        ident = self._place(bag, **terms, totalQuantity=2)
        self._status(ident, "Submitted", since)
        self._told["combo"] = self._shown(ident, since)
        client.cancel(ident)
        self._status(ident, "Cancelled", since)

    def _read_back(self) -> None:
        client, told = self._client, self._told
        since = len(client.heard)
        client.ask("reqOpenOrders")
        client.first("openOrderEnd", since=since)
        told["open"] = sorted(map(order_told, client.all("openOrder", since=since)), key=lambda row: row["order_id"])
        client.cancel(self._parent)
        self._status(self._stop, "Cancelled", since)
        since = len(client.heard)
        client.ask("reqCompletedOrders", False)
        client.first("completedOrdersEnd", since=since)
        told["completed"] = sorted(
            (
                {
                    "perm_id": order.permId,
                    "order_ref": order.orderRef or "",
                    "action": order.action,
                    "symbol": contract.symbol,
                    "status": state.status,
                    "filled": number(order.filledQuantity),
                }
                for contract, order, state in client.all("completedOrder", since=since)
            ),
            key=lambda row: int(row["perm_id"] or 0),
        )
        since = len(client.heard)
        ident = self._id()
        client.ask("reqExecutions", ident, client.any_execution())
        client.first("execDetailsEnd", lambda req: req == ident, since)
        executions = client.all("execDetails", lambda req, *_: req == ident, since)
        told["executions"] = list(map(execution_told, executions))
        self._read_account()

    def _read_account(self) -> None:
        client, told = self._client, self._told
        since = len(client.heard)
        client.ask("reqPositions")
        client.first("positionEnd", since=since)
        told["positions"] = [
            {
                "account": account,
                "con_id": contract.conId,
                "symbol": contract.symbol,
                "quantity": number(quantity),
                "avg_cost": number(cost),
            }
            for account, contract, quantity, cost in client.all("position", since=since)
        ]
        ident = self._id()
        client.ask("reqAccountSummary", ident, "All", "NetLiquidation,TotalCashValue,BuyingPower")
        client.first("accountSummaryEnd", lambda req: req == ident)
        rows = client.all("accountSummary", lambda req, *_: req == ident)
        told["summary"] = {tag: [number(value), currency] for _, _, tag, value, currency in rows}

    def _close(self) -> None:
        ident = self._place(STOCK, action="SELL", totalQuantity=10, orderType="MKT", orderRef="mine-3")
        self._told["closing"] = self._status(ident, "Filled")
