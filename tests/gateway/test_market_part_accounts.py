"""Positions, account values, summaries and profit, asked over the wire by the unmodified ib_async."""

# ib_async's own types are partly unknown
# mypy: disable-error-code=no-untyped-call
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

import math
from typing import Any

import pytest

from gateway.market_ends import Client, at_gateway
from gateway.raw_tws import connected, eventually
from v6_ib_plugin.gateway.house import ACCOUNT
from v6_ib_plugin.gateway.wire import messages, requests
from v6core.contracts import parse_contract
from v6core.orders import Order

PRICES = {"GOOG": 100, "GOOG260618C00180000": 5}


async def trade(client: Client, text: str = "GOOG", quantity: int = 10, *, action: str = "BUY", ref: str = "a") -> None:
    """Fill an order at the broker, as any client of the gateway could."""
    contract = parse_contract(text)
    order = Order.market(action, quantity).replace(contract=contract, order_ref=ref)
    await client.gateway.broker.place([order])


# Positions


def test_positions_that_come_are_told_while_they_are_watched() -> None:
    async def work(client: Client) -> Any:
        await trade(client)
        await eventually(client.ib.positions)
        position = client.ib.positions()[0]
        return position.contract.symbol, position.position, position.avgCost, position.account

    assert at_gateway(work, prices=PRICES) == ("GOOG", 10, 100, ACCOUNT)


def test_the_cost_of_an_option_is_told_times_its_multiplier() -> None:
    async def work(client: Client) -> Any:
        await trade(client, "GOOG260618C00180000", 2)
        await eventually(client.ib.positions)
        return client.ib.positions()[0].avgCost

    assert at_gateway(work, prices=PRICES) == 500


def test_a_position_that_is_closed_goes() -> None:
    async def work(client: Client) -> None:
        await trade(client)
        await eventually(client.ib.positions)
        await trade(client, action="SELL", ref="b")
        await eventually(lambda: not client.ib.positions())

    at_gateway(work, prices=PRICES)


def test_positions_are_told_once_to_who_asks_again() -> None:
    async def work(client: Client) -> Any:
        await trade(client)
        await eventually(client.ib.positions)
        return [row.position for row in await client.ib.reqPositionsAsync()]

    assert at_gateway(work, prices=PRICES) == [10]


# Account values


def test_connecting_brings_the_values_of_the_account() -> None:
    async def work(client: Client) -> Any:
        return {row.tag: row.value for row in client.ib.accountValues() if row.currency == "USD"}

    values = at_gateway(work, prices=PRICES, cash=5000)
    assert (
        values.items() >= {"NetLiquidation": "5000.00", "TotalCashValue": "5000.00", "CashBalance": "5000.00"}.items()
    )


@pytest.mark.parametrize(
    "tag",
    [
        "AccountCode",
        "AccountType",
        "AvailableFunds",
        "BuyingPower",
        "EquityWithLoanValue",
        "ExcessLiquidity",
        "GrossPositionValue",
        "InitMarginReq",
        "MaintMarginReq",
        "RealizedPnL",
        "UnrealizedPnL",
    ],
)
def test_every_value_that_clients_use_is_told(tag: str) -> None:
    async def work(client: Client) -> Any:
        return {row.tag for row in client.ib.accountValues()}

    assert tag in at_gateway(work)


def test_a_trade_changes_the_cash_that_is_told() -> None:
    async def work(client: Client) -> None:
        await trade(client)
        await eventually(
            lambda: any(row.tag == "TotalCashValue" and row.value == "4000.00" for row in client.ib.accountValues())
        )

    at_gateway(work, prices=PRICES, cash=5000)


def test_the_portfolio_says_what_a_position_is_worth() -> None:
    async def work(client: Client) -> Any:
        await trade(client)
        client.set_price("GOOG", 103)
        await eventually(lambda: any(item.marketPrice == 103 for item in client.ib.portfolio()))
        item = client.ib.portfolio()[0]
        return item.position, item.marketValue, item.averageCost, item.unrealizedPNL

    assert at_gateway(work, prices=PRICES) == (10, 1030, 100, 30)


def test_an_account_that_is_not_there_is_answered_with_321() -> None:
    async def work(client: Client) -> Any:
        client.ib.client.reqAccountUpdates(True, "DU999")
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [321]


def test_a_summary_has_the_tags_that_were_asked_for_and_the_ledger() -> None:
    async def work(client: Client) -> Any:
        rows = await client.ib.accountSummaryAsync()
        return {(row.tag, row.currency) for row in rows}

    told = at_gateway(work)
    assert told >= {("NetLiquidation", "USD"), ("CashBalance", "USD"), ("CashBalance", "BASE")}


def test_a_summary_of_an_unknown_tag_is_answered_with_321() -> None:
    async def work(client: Client) -> Any:
        client.ib.client.reqAccountSummary(77, "All", "NetLiquidation,Luck")
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [321]


def test_a_third_summary_is_answered_with_322() -> None:
    async def work(client: Client) -> Any:
        for number in (77, 78, 79):
            client.ib.client.reqAccountSummary(number, "All", "NetLiquidation")
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [322]


# Profit


def test_the_profit_of_the_account_is_told_as_it_changes() -> None:
    async def work(client: Client) -> None:
        profit = client.ib.reqPnL(ACCOUNT)
        await eventually(lambda: profit.unrealizedPnL == 0)
        await trade(client)
        client.set_price("GOOG", 103)
        await eventually(lambda: (profit.dailyPnL, profit.unrealizedPnL) == (30, 30))

    at_gateway(work, prices=PRICES)


def test_the_profit_follows_the_price_without_a_trade() -> None:
    async def work(client: Client) -> None:
        profit = client.ib.reqPnL(ACCOUNT)
        await trade(client)
        await eventually(client.ib.positions)
        client.set_price("GOOG", 103)
        await eventually(lambda: profit.unrealizedPnL == 30)

    at_gateway(work, prices=PRICES)


def test_the_profit_of_one_position_is_told_with_its_worth() -> None:
    async def work(client: Client) -> None:
        share = await client.share()
        profit = client.ib.reqPnLSingle(ACCOUNT, "", share.conId)
        await eventually(lambda: profit.position == 0 and not math.isnan(profit.value))
        await trade(client)
        client.set_price("GOOG", 103)
        await eventually(lambda: (profit.position, profit.unrealizedPnL, profit.value) == (10, 30, 1030))

    at_gateway(work, prices=PRICES)


def test_what_a_closed_position_realized_today_is_told() -> None:
    async def work(client: Client) -> None:
        share = await client.share()
        await trade(client)
        client.set_price("GOOG", 103)
        await trade(client, action="SELL", ref="b")
        profit = client.ib.reqPnLSingle(ACCOUNT, "", share.conId)
        await eventually(lambda: (profit.position, profit.realizedPnL) == (0, 30))

    at_gateway(work, prices=PRICES)


# By request id


def test_positions_are_told_under_a_request_id_until_they_are_cancelled() -> None:
    async def work(client: Client) -> Any:
        await trade(client)
        async with connected(client.gateway, client_id=2) as raw:
            raw.send(requests.ReqPositionsMulti(7, ACCOUNT, ""))
            row = await raw.find(messages.PositionMulti)
            await raw.find(messages.PositionMultiEnd)
            raw.send(requests.CancelPositionsMulti(7), requests.CancelPositionsMulti(7))
            refused = await raw.errors_to(300)
            return row.req_id, row.position, row.contract.symbol, refused.answer.req_id

    assert at_gateway(work, prices=PRICES) == (7, 10, "GOOG", 7)


def test_the_ledger_alone_is_told_where_no_more_is_wanted() -> None:
    async def work(client: Client) -> Any:
        async with connected(client.gateway, client_id=2) as raw:
            raw.send(requests.ReqAccountUpdatesMulti(7, ACCOUNT, "", ledger_and_nlv=True))
            told = await raw.until_time()
            return {row.key for row in told if isinstance(row, messages.AccountUpdateMulti)}

    keys = at_gateway(work, prices=PRICES)
    assert "CashBalance" in keys
    assert "BuyingPower" not in keys
