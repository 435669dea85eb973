"""The data side of the plugin over TCP against the gateway: what it asks is answered as TWS answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from v6_ib_plugin.data.desk import DataDesk
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.transport import Transport
from v6core.contracts import Combo, ComboLeg, Contract, Forex, Future, FutureOption, Option, OptionRight, Stock
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import Quote

T = TypeVar("T")
SPY = Stock("SPY")
ES = Future("ES", "2026-12-18", multiplier=50, exchange="CME")
SYNTHETIC = {"fills": "realistic", "quotes": "synthetic"}


@dataclass
class Ends:
    """Both ends."""

    gateway: Gateway
    desk: DataDesk


def connected(work: Callable[[Ends], Awaitable[T]], settings: dict[str, Any]) -> T:
    async def run() -> T:
        async with running_gateway(settings=settings) as gateway:
            transport = Transport(deadline=5)
            await transport.open(gateway.host, gateway.port, 1, 5)
            try:
                desk = DataDesk(transport, gateway.broker.now)
                desk.connected(gateway.account)
                return await work(Ends(gateway, desk))
            finally:
                await transport.close()

    return asyncio.run(run())


async def first_call(ends: Ends) -> Option:
    chain = await ends.desk.chains.chain(SPY)
    row = chain.expirations[2]
    found = chain.option(row.expiration, row.strikes[len(row.strikes) // 2], "CALL")  # type: ignore[arg-type]
    assert isinstance(found, Option)
    return found


@pytest.mark.parametrize(
    "contract",
    [SPY, Future("ES", "2026-12-18"), Forex("EUR/USD")],
    ids=lambda contract: contract.key,
)
def test_contracts_of_every_kind_are_looked_up(contract: Contract) -> None:
    async def work(ends: Ends) -> tuple[str, int | None]:
        details = (await ends.desk.instruments.qualify(contract)).details
        return details.contract.symbol, details.contract.conid

    symbol, conid = connected(work, SYNTHETIC)
    assert symbol == contract.symbol
    assert conid


def test_what_the_chain_lists_is_found() -> None:
    async def work(ends: Ends) -> tuple[Contract, Contract]:
        option = await first_call(ends)
        return option, (await ends.desk.instruments.qualify(option)).details.contract

    listed, found = connected(work, SYNTHETIC)
    assert listed.key == found.key


def test_an_option_is_quoted_with_its_greeks() -> None:
    async def work(ends: Ends) -> Quote:
        return await ends.desk.quotes.quote(await first_call(ends))

    greeks = connected(work, SYNTHETIC).greeks
    assert greeks is not None
    assert greeks.implied_volatility is not None
    assert greeks.delta is not None
    assert 0 < greeks.delta < 1


async def option_on_es(ends: Ends) -> FutureOption:
    chain = await ends.desk.chains.chain(ES)
    row = chain.expirations[-1]
    found = chain.option(row.expiration, row.strikes[len(row.strikes) // 2], OptionRight.CALL)
    assert isinstance(found, FutureOption)
    return found


def test_what_the_chain_of_a_future_lists_is_found_at_the_exchange_of_the_future() -> None:
    async def work(ends: Ends) -> tuple[Contract, Contract]:
        option = await option_on_es(ends)
        return option, (await ends.desk.instruments.qualify(option)).details.contract

    listed, found = connected(work, SYNTHETIC)
    assert listed.key == found.key
    assert (found.kind, found.exchange, found.multiplier) == ("FUTURE_OPTION", "CME", Decimal(50))


def test_an_option_on_a_future_is_quoted_with_its_greeks() -> None:
    async def work(ends: Ends) -> tuple[Quote, Quote]:
        return await ends.desk.quotes.quote(await option_on_es(ends)), await ends.desk.quotes.quote(ES)

    option, future = connected(work, SYNTHETIC)
    assert option.greeks is not None
    assert option.greeks.delta is not None
    assert 0 < option.greeks.delta < 1
    assert option.greeks.underlying_price == future.mid


def test_a_combo_is_quoted_at_the_net_of_its_legs() -> None:
    async def work(ends: Ends) -> Quote:
        option = await first_call(ends)
        other = option.model_copy(update={"strike": option.strike + 1})
        return await ends.desk.quotes.quote(Combo("SPY", [ComboLeg(option, "BUY"), ComboLeg(other, "SELL")]))

    quote = connected(work, SYNTHETIC)
    assert quote.bid is not None
    assert quote.ask is not None
    assert 0 < quote.bid < quote.ask < 1


def test_a_stream_follows_the_market() -> None:
    async def work(ends: Ends) -> list[Decimal | None]:
        found: list[Decimal | None] = []
        stream = ends.desk.quotes.stream([SPY])
        async for quote in stream:
            found.append(quote.bid)
            if len(found) == 2:
                break
            ends.gateway.broker.native.set_price(SPY, 250)
        await stream.aclose()
        return found

    assert connected(work, {"prices": {"SPY": "200"}}) == [200, 250]


def test_bars_come_from_the_market_behind_the_gateway() -> None:
    async def work(ends: Ends) -> int:
        return len(await ends.desk.bars.bars(SPY, size="5 mins"))

    assert connected(work, SYNTHETIC) > 0


def test_the_account_says_its_money_and_that_it_is_of_paper() -> None:
    async def work(ends: Ends) -> tuple[Decimal, bool | None, Decimal | None]:
        account = await ends.desk.accounts.account(ends.gateway.account)
        return account.cash, account.paper, account.daily_pnl

    assert connected(work, {"cash": 5000}) == (Decimal(5000), True, Decimal(0))


def test_a_preview_says_cost_and_margin_and_places_nothing() -> None:
    async def work(ends: Ends) -> tuple[Preview, int]:
        order = Order.limit("BUY", 10, 100, contract=SPY)
        preview = await ends.desk.previews.preview([order], ends.gateway.account)
        return preview, len((await ends.gateway.broker.snapshot()).completed_orders)

    preview, placed = connected(work, SYNTHETIC)
    assert preview.commission is not None
    assert preview.initial_margin_change is not None
    assert preview.initial_margin_change > 0
    assert placed == 0


def test_the_preview_of_a_bracket_is_that_of_its_entry_and_says_so() -> None:
    async def work(ends: Ends) -> tuple[Preview, Preview]:
        entry = Order.limit("BUY", 10, 100, contract=SPY)
        exit_ = Order.limit("SELL", 10, 110, contract=SPY, parent_order_id=entry.order_id)
        alone = await ends.desk.previews.preview([entry], ends.gateway.account)
        return alone, await ends.desk.previews.preview([entry, exit_], ends.gateway.account)

    alone, bracket = connected(work, SYNTHETIC)
    assert bracket.initial_margin_change == alone.initial_margin_change
    assert bracket.warning is not None
    assert "entry alone" in bracket.warning
