"""What TWS answers on contracts and prices, asked over the wire by the unmodified ib_async."""

# ib_async's own types are partly unknown
# mypy: disable-error-code=no-untyped-call
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false, reportAttributeAccessIssue=false

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from ib_async import Bag, ComboLeg, Contract, Future, FuturesOption, Option, Stock

from gateway.market_ends import DAY, SYNTHETIC, Client, at_gateway, call, stock
from gateway.raw_tws import eventually

FAST = {**SYNTHETIC, "speed": 300, "step": 1}

# Contracts


def test_contract_details_say_where_a_contract_trades_and_by_which_rule() -> None:
    async def work(client: Client) -> Any:
        details = (await client.ib.reqContractDetailsAsync(stock()))[0]
        rules = details.marketRuleIds.split(",")
        told = await client.ib.reqMarketRuleAsync(int(rules[0]))
        return len(details.validExchanges.split(",")) == len(rules), [band.increment for band in told or []]

    assert at_gateway(work) == (True, [0.0001, 0.01])


def test_an_option_without_strike_and_right_names_all_that_are_listed() -> None:
    async def work(client: Client) -> Any:
        found = await client.ib.reqContractDetailsAsync(Option("GOOG", DAY, 0, "", "SMART"))
        chain = await client.ib.reqSecDefOptParamsAsync("GOOG", "", "STK", 0)
        listed = {row.contract.strike for row in found if row.contract}
        return listed <= set(chain[0].strikes), {row.contract.right for row in found if row.contract}

    assert at_gateway(work, **SYNTHETIC) == (True, {"C", "P"})


def test_an_option_names_its_underlying() -> None:
    async def work(client: Client) -> Any:
        share = await client.share()
        details = (await client.ib.reqContractDetailsAsync(call()))[0]
        return details.underConId == share.conId, details.underSymbol

    assert at_gateway(work, **SYNTHETIC) == (True, "GOOG")


def test_a_future_is_found_by_its_month() -> None:
    async def work(client: Client) -> Any:
        return (await client.qualified(Future("ES", "202606", "CME"))).lastTradeDateOrContractMonth

    assert at_gateway(work, **SYNTHETIC) == DAY


def test_an_unknown_contract_is_answered_with_200() -> None:
    async def work(client: Client) -> Any:
        await client.ib.reqContractDetailsAsync(Option("GOOG", DAY, 180.25, "C", "SMART"))
        return client.codes

    assert 200 in at_gateway(work, **SYNTHETIC)


def test_a_bag_is_not_answered_at_all() -> None:
    async def work(client: Client) -> Any:
        asked = client.ib.reqContractDetailsAsync(Bag(symbol="GOOG", exchange="SMART", currency="USD"))
        await client.ib.reqCurrentTimeAsync()
        return asked.done(), client.codes  # type: ignore[attr-defined]

    assert at_gateway(work) == (False, [])


def test_the_option_chain_names_every_exchange_with_one_set_of_strikes() -> None:
    async def work(client: Client) -> Any:
        share = await client.share()
        rows = await client.ib.reqSecDefOptParamsAsync("GOOG", "", "STK", share.conId)
        return {row.exchange for row in rows} >= {"SMART", "CBOE"}, rows[0].tradingClass, DAY in rows[0].expirations

    assert at_gateway(work, **SYNTHETIC) == (True, "GOOG", True)


@pytest.mark.parametrize(("wanted", "exchanges"), [("", {"CME", "QBALGO"}), ("CME", {"CME"}), ("CBOE", set())])
def test_the_options_on_a_future_are_told_where_it_trades_with_its_multiplier(wanted: str, exchanges: set[str]) -> None:
    async def work(client: Client) -> Any:
        future = await client.qualified(Future("ES", DAY, "CME"))
        rows = await client.ib.reqSecDefOptParamsAsync("ES", wanted, "FUT", future.conId)
        return {row.exchange for row in rows}, {row.multiplier for row in rows} <= {"50"}

    assert at_gateway(work, **SYNTHETIC) == (exchanges, True)


def test_the_details_of_an_option_on_a_future_name_that_future() -> None:
    async def work(client: Client) -> Any:
        future = await client.qualified(Future("ES", DAY, "CME"))
        (found,) = await client.ib.reqContractDetailsAsync(FuturesOption("ES", "20260612", 6000, "C", "CME"))
        return found.underConId == future.conId, found.contract and found.contract.multiplier

    assert at_gateway(work, **SYNTHETIC) == (True, "50")


def test_a_strike_of_options_on_futures_is_listed_for_both_rights() -> None:
    async def work(client: Client) -> Any:
        wanted = FuturesOption("ES", "20260612", 6000, "", "CME")
        found = await client.ib.reqContractDetailsAsync(wanted)
        return sorted(details.contract.right for details in found if details.contract is not None)

    assert at_gateway(work, **SYNTHETIC) == ["C", "P"]


# Other exchanges and currencies


def test_a_stock_in_another_currency_is_listed_on_its_own_exchange() -> None:
    async def work(client: Client) -> Any:
        (found,) = await client.ib.reqContractDetailsAsync(Stock("SAP", "IBIS", "EUR"))
        assert found.contract is not None
        return found.contract.exchange, found.contract.primaryExchange, found.contract.currency, found.validExchanges

    exchange, primary, currency, valid = at_gateway(work)
    assert (exchange, primary, currency) == ("IBIS", "IBIS", "EUR")
    assert valid.startswith("SMART,IBIS,")


def test_an_exchange_says_the_currency_of_a_stock() -> None:
    async def work(client: Client) -> Any:
        (found,) = await client.ib.reqContractDetailsAsync(Stock("BP", "LSE"))
        return found.contract and found.contract.currency

    assert at_gateway(work) == "GBP"


@pytest.mark.parametrize("stock", [Stock("SAP", "IBIS", "USD"), Stock("AAPL", "NYSE", "EUR")], ids=str)
def test_a_stock_is_not_listed_on_an_exchange_of_another_currency(stock: Stock) -> None:
    async def work(client: Client) -> Any:
        await client.ib.reqContractDetailsAsync(stock)
        return client.codes

    assert at_gateway(work) == [200]


def test_a_future_of_another_currency_is_found_by_its_symbol() -> None:
    async def work(client: Client) -> Any:
        (found,) = await client.ib.reqContractDetailsAsync(Future("DAX", DAY))
        assert found.contract is not None
        return found.contract.exchange, found.contract.currency, found.contract.multiplier

    assert at_gateway(work) == ("EUREX", "EUR", "25")


def test_a_future_that_nobody_knows_trades_where_it_was_said_to() -> None:
    async def work(client: Client) -> Any:
        (found,) = await client.ib.reqContractDetailsAsync(Future("XYZ", DAY, "EUREX", currency="EUR"))
        return found.validExchanges

    assert at_gateway(work) == "EUREX,QBALGO"


def test_a_rule_that_was_never_told_is_answered_with_321() -> None:
    async def work(client: Client) -> Any:
        client.ib.client.reqMarketRule(7)
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [321]


@pytest.mark.parametrize(("pattern", "found"), [("GOOG", ["GOOG"]), ("???", [])])
def test_a_symbol_is_matched_by_itself(pattern: str, found: list[str]) -> None:
    async def work(client: Client) -> Any:
        rows = await client.ib.reqMatchingSymbolsAsync(pattern) or []
        return [row.contract.symbol for row in rows if row.contract is not None]

    assert at_gateway(work) == found


# Market data


def test_a_snapshot_ends() -> None:
    async def work(client: Client) -> Any:
        ticker = (await client.ib.reqTickersAsync(await client.share()))[0]
        return ticker.bid, ticker.ask

    assert at_gateway(work, prices={"GOOG": 180}) == (180, 180)


def test_a_stream_follows_the_price() -> None:
    async def work(client: Client) -> None:
        ticker = client.ib.reqMktData(await client.share())
        await eventually(lambda: ticker.bid == 180)
        client.set_price("GOOG", 181)
        await eventually(lambda: ticker.bid == 181)

    at_gateway(work, prices={"GOOG": 180})


def test_the_tick_of_a_contract_is_told_first() -> None:
    async def work(client: Client) -> Any:
        ticker = client.ib.reqMktData(await client.share())
        await eventually(lambda: ticker.bid == 180)
        return ticker.minTick, ticker.marketDataType

    assert at_gateway(work, prices={"GOOG": 180}) == (0.0001, 1)


def test_an_option_comes_with_volatility_and_greeks() -> None:
    async def work(client: Client) -> Any:
        ticker = client.ib.reqMktData(await client.qualified(call()))
        await eventually(lambda: ticker.modelGreeks and ticker.bidGreeks and ticker.askGreeks)
        assert ticker.modelGreeks is not None
        return ticker.modelGreeks.impliedVol, ticker.modelGreeks.delta

    volatility, delta = at_gateway(work, **SYNTHETIC)
    assert 0.1 < volatility < 1
    assert 0 < delta < 1


def test_the_mark_price_comes_where_it_is_asked_for() -> None:
    async def work(client: Client) -> None:
        ticker = client.ib.reqMktData(await client.share(), "221")
        await eventually(lambda: ticker.markPrice == 180)

    at_gateway(work, prices={"GOOG": 180})


def test_a_combo_is_quoted_at_the_net_of_its_legs() -> None:
    async def work(client: Client) -> None:
        legs = [await client.qualified(Option("GOOG", DAY, strike, "C", "SMART")) for strike in (180, 190)]
        near, far = (
            ComboLeg(conId=leg.conId, ratio=1, action=action, exchange="SMART")
            for leg, action in zip(legs, ("SELL", "BUY"), strict=True)
        )
        ticker = client.ib.reqMktData(Bag(symbol="GOOG", exchange="SMART", currency="USD", comboLegs=[near, far]))
        await eventually(lambda: ticker.bid == -4)

    at_gateway(work, prices={"GOOG260618C00180000": 7, "GOOG260618C00190000": 3})


def test_a_cancelled_stream_ends() -> None:
    async def work(client: Client) -> Any:
        ticker = client.ib.reqMktData(await client.share())
        await eventually(lambda: ticker.bid == 180)
        client.ib.cancelMktData(await client.share())
        await client.ib.reqCurrentTimeAsync()
        return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("quotes")]

    assert at_gateway(work, prices={"GOOG": 180}) == []


def test_cancelling_what_does_not_run_is_answered_with_300() -> None:
    async def work(client: Client) -> Any:
        client.ib.client.cancelMktData(77)
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [300]


def test_a_second_request_under_one_id_is_answered_with_322() -> None:
    async def work(client: Client) -> Any:
        for _ in range(2):
            client.ib.client.reqMktData(77, stock(), "", False, False, [])
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [322]


# Single ticks


def single_ticks(kind: str, read: Callable[[Any], Any]) -> Any:
    """Return what ib_async reads of the ticks of a share that goes from 180 to 181."""

    async def work(client: Client) -> Any:
        ticker = client.ib.reqTickByTickData(await client.share(), kind)
        found: list[Any] = []
        ticker.updateEvent += lambda told: found.extend(map(read, told.tickByTicks))
        await eventually(lambda: found)
        client.set_price("GOOG", 181)
        await eventually(lambda: len(found) == 2)
        return found

    return at_gateway(work, prices={"GOOG": 180})


def test_quotes_come_tick_by_tick() -> None:
    told = single_ticks("BidAsk", lambda tick: (tick.bidPrice, tick.askPrice, tick.bidSize > 0, tick.askSize > 0))
    assert told == [(180, 180, True, True), (181, 181, True, True)]


def test_midpoints_come_tick_by_tick() -> None:
    assert single_ticks("MidPoint", lambda tick: tick.midPoint) == [180, 181]


def test_single_ticks_end_when_they_are_cancelled() -> None:
    async def work(client: Client) -> Any:
        share = await client.share()
        ticker = client.ib.reqTickByTickData(share, "BidAsk")
        await eventually(lambda: ticker.bid == 180)
        client.ib.cancelTickByTickData(share, "BidAsk")
        await client.ib.reqCurrentTimeAsync()
        return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("quotes")]

    assert at_gateway(work, prices={"GOOG": 180}) == []


@pytest.mark.parametrize(("kind", "code"), [("Last", 10189), ("AllLast", 10189), ("Ask", 321)])
def test_single_ticks_of_another_kind_are_refused(kind: str, code: int) -> None:
    async def work(client: Client) -> Any:
        client.ib.reqTickByTickData(await client.share(), kind)
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [code]


def test_there_are_no_single_ticks_of_an_option() -> None:
    async def work(client: Client) -> Any:
        client.ib.reqTickByTickData(await client.qualified(call()), "BidAsk")
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [10189]


@pytest.fixture
def ended_day(tmp_path: Path) -> dict[str, Any]:
    """Return the settings of a market whose recorded day is over."""
    file = tmp_path / "quotes.csv"
    file.write_text(
        "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
        "2015-12-23T20:58:00Z,stock,GOOG,,,,750,100,751,200\n"
        "2015-12-23T20:59:00Z,stock,GOOG,,,,752,100,753,200\n"
    )
    return {"fills": "realistic", "quotes": f"replay:{file}", "speed": 100_000}


def test_delayed_data_come_as_delayed_ticks_to_who_takes_them(ended_day: dict[str, Any]) -> None:
    async def work(client: Client) -> Any:
        client.ib.reqMarketDataType(3)
        ticker = client.ib.reqMktData(await client.share())
        await eventually(lambda: ticker.ticks or not math.isnan(ticker.bid))
        return ticker.bid, ticker.marketDataType, 10167 in client.codes

    assert at_gateway(work, **ended_day) == (752, 3, True)


def test_who_asks_after_the_tape_has_ended_gets_no_live_data_of_a_stream_that_ran_until_then(tmp_path: Path) -> None:
    file = tmp_path / "quotes.csv"
    file.write_text(
        "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
        "2015-12-23T20:59:00Z,stock,GOOG,,,,750,100,751,200\n"
        "2015-12-23T20:59:59Z,stock,GOOG,,,,752,100,753,200\n"
    )

    async def work(client: Client) -> Any:
        share = await client.share()
        ticker = client.ib.reqMktData(share)
        await eventually(lambda: ticker.bid == 752)
        await eventually(lambda: not any(task.get_name().startswith("quotes") for task in asyncio.all_tasks()))
        client.ib.client.reqMktData(77, share, "", False, False, [])
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work, fills="realistic", quotes=f"replay:{file}", speed=300) == [354]


def test_delayed_data_are_refused_to_who_wants_live_ones(ended_day: dict[str, Any]) -> None:
    async def work(client: Client) -> Any:
        client.ib.reqMktData(await client.share())
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work, **ended_day) == [354]


# Bars


def test_bars_are_made_of_the_brokers_tape(ended_day: dict[str, Any]) -> None:
    async def work(client: Client) -> Any:
        bars = await client.ib.reqHistoricalDataAsync(stock(), "", "1 D", "5 mins", "MIDPOINT", useRTH=True)
        return [(bar.open, bar.close) for bar in bars]

    assert at_gateway(work, **ended_day) == [(750.5, 752.5)]


def test_bars_are_made_of_what_was_seen_where_there_is_no_tape() -> None:
    async def work(client: Client) -> Any:
        ticker = client.ib.reqMktData(await client.share())
        await eventually(lambda: ticker.bid == 180)
        client.set_price("GOOG", 185)
        await eventually(lambda: ticker.bid == 185)
        bars = await client.ib.reqHistoricalDataAsync(stock(), "", "3600 S", "1 hour", "TRADES", useRTH=False)
        return max(bar.high for bar in bars), min(bar.low for bar in bars)

    assert at_gateway(work, prices={"GOOG": 180}) == (185, 180)


def test_a_time_that_nobody_saw_is_answered_with_162() -> None:
    async def work(client: Client) -> Any:
        end = "20100104 16:00:00 US/Eastern"
        bars = await client.ib.reqHistoricalDataAsync(stock(), end, "1 D", "1 hour", "TRADES", useRTH=True)
        return list(bars), client.codes

    assert at_gateway(work, **SYNTHETIC) == ([], [162])


def test_bars_that_are_kept_up_to_date_grow() -> None:
    async def work(client: Client) -> None:
        bars = await client.ib.reqHistoricalDataAsync(
            stock(), "", "1 D", "1 min", "MIDPOINT", useRTH=True, keepUpToDate=True
        )
        before = len(bars)
        await eventually(lambda: len(bars) > before)
        client.ib.cancelHistoricalData(bars)

    at_gateway(work, **FAST)


def test_the_head_time_stamp_is_the_first_quote(ended_day: dict[str, Any]) -> None:
    async def work(client: Client) -> Any:
        head = await client.ib.reqHeadTimeStampAsync(stock(), "TRADES", useRTH=True, formatDate=2)
        return head.isoformat()

    assert at_gateway(work, **ended_day) == "2015-12-23T20:58:00+00:00"


def test_bars_of_five_seconds_follow_each_other() -> None:
    async def work(client: Client) -> Any:
        bars = client.ib.reqRealTimeBars(await client.share(), 5, "MIDPOINT", useRTH=False)
        await eventually(lambda: len(bars) > 3)
        client.ib.cancelRealTimeBars(bars)
        return {(later.time - bar.time).seconds for bar, later in pairwise(bars)}

    assert at_gateway(work, **FAST) == {5}


# What is not there


@pytest.mark.parametrize("name", ["reqNewsProviders", "reqMktDepthExchanges"])
def test_lists_of_what_is_not_there_are_empty(name: str) -> None:
    async def work(client: Client) -> Any:
        return await getattr(client.ib, f"{name}Async")()

    assert at_gateway(work) == []


def test_the_book_of_a_contract_is_refused() -> None:
    async def work(client: Client) -> Any:
        client.ib.reqMktDepth(await client.share())
        await eventually(lambda: client.codes)
        return client.codes

    assert at_gateway(work) == [10092]


def test_nothing_runs_for_a_client_that_has_gone() -> None:
    async def work(client: Client) -> Any:
        share: Contract = await client.share()
        ticker = client.ib.reqMktData(share)
        client.ib.reqRealTimeBars(share, 5, "MIDPOINT", useRTH=False)
        client.ib.reqPnL(client.gateway.account)
        await eventually(lambda: ticker.bid == 180)
        client.ib.disconnect()
        own = ("quotes", "bars", "the gateway's ledger")
        await eventually(lambda: not [task for task in asyncio.all_tasks() if task.get_name().startswith(own)])

    at_gateway(work, prices={"GOOG": 180})
