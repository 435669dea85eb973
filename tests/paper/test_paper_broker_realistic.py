"""The paper broker on quotes: synthetic, replayed, given."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from paper.exchange_bench import HEADER, row
from paper.paper_bench import GOOG, Desk, simulated
from v6core.broker import Broker
from v6core.contracts import Combo, ComboLeg, Option, Stock
from v6core.errors import ConfigurationError, Unavailable
from v6core.orders import BracketOrder, Order
from v6core.reports import AdjustmentReport

SYNTHETIC: dict[str, Any] = {"fills": "realistic", "speed": "max"}


async def trade_a_day(folder: Path, **settings: Any) -> list[str]:
    """Trade a bracket, a combo and a short option through a day and return the reports as text."""
    async with Desk(folder, **SYNTHETIC, **settings) as desk:
        quote = await desk.broker.quote(GOOG)
        assert quote.ask is not None
        bracket = BracketOrder(
            Order.limit("BUY", 300, quote.ask),
            Order.limit("SELL", 300, quote.ask + 1),
            Order.stop("SELL", 300, quote.ask - 1),
        )
        await desk.broker.place(desk.bracket(bracket))
        chain = await desk.broker.option_chain(GOOG)
        expiration, strike = chain.expirations[0].expiration, Decimal(int(quote.ask))
        calls = [Option("GOOG", expiration, strike + step, "CALL") for step in (0, 5)]
        combo = Combo("GOOG", [ComboLeg(calls[0], "SELL"), ComboLeg(calls[1], "BUY")])
        await desk.place(Order.market("BUY", 2), combo)
        await asyncio.sleep(7 * 3600)
        snapshot = await desk.broker.snapshot()
        settled = [report for report in desk.reports if isinstance(report, AdjustmentReport)]
        cash = sum((fill.fill.cash_flow - (fill.fill.commission or 0) for fill in snapshot.fills), Decimal(100_000))
        cash += sum(-each.quantity * (each.price or 0) * each.contract.multiplier for each in settled)
        assert snapshot.account.cash == cash
        assert len(settled) == 2
        return [report.model_dump_json() for report in desk.reports]


def test_a_synthetic_day_is_the_same_each_time(tmp_path: Path) -> None:
    first = simulated(trade_a_day(tmp_path / "one"))
    assert simulated(trade_a_day(tmp_path / "two")) == first


def test_another_seed_is_another_day(tmp_path: Path) -> None:
    assert simulated(trade_a_day(tmp_path / "one")) != simulated(trade_a_day(tmp_path / "two", seed=7))


def test_the_markets_time_starts_at_the_open_and_runs_with_the_loop(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC, start="2026-06-02") as desk:
            assert desk.broker.now().isoformat() == "2026-06-02T13:30:00+00:00"
            await asyncio.sleep(60)
            assert desk.broker.now().isoformat()[:19] == "2026-06-02T13:31:00"

    simulated(main())


def test_a_market_that_runs_faster(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="realistic", speed=60) as desk:
            await asyncio.sleep(60)
            assert desk.broker.now().isoformat()[:19] == "2026-06-01T14:30:00"

    simulated(main())


def test_an_order_beyond_the_buying_power_is_rejected(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC, cash=1000) as desk:
            order = await desk.place(Order.market("BUY", 100))
            assert desk.told(order) == ["REJECTION"]

    simulated(main())


def test_a_stream_gives_a_quote_at_each_step_of_the_market(tmp_path: Path) -> None:
    async def main() -> None:
        times: list[float] = []
        async with Desk(tmp_path, **SYNTHETIC, step=10) as desk:
            async for quote in desk.broker.quotes([GOOG]):
                times.append((quote.time - desk.broker.now()).total_seconds())
                if len(times) == 4:
                    break
        assert times == [0, 0, 0, 0]

    simulated(main())


def test_a_program_that_answers_a_quote_trades_at_its_time(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC, latency=0) as desk:
            async for quote in desk.broker.quotes([GOOG]):
                await desk.place(Order.market("BUY", 1))
                if len(desk.fills()) == 3:
                    assert desk.fills()[-1].fill.price == quote.ask
                    break

    simulated(main())


def test_a_replayed_file_is_the_market(tmp_path: Path) -> None:
    (tmp_path / "quotes.csv").write_text(HEADER + row(0, GOOG, 100, "100.10") + row(5, GOOG, 99, "99.10"))

    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC, quotes="replay:quotes.csv") as desk:
            await desk.place(Order.limit("BUY", 1, "99.50"))
            await asyncio.sleep(600)
            assert [report.fill.price for report in desk.fills()] == [Decimal("99.10")]

    simulated(main())


def test_a_replay_begins_with_its_first_quote(tmp_path: Path) -> None:
    (tmp_path / "quotes.csv").write_text(HEADER + row(1, GOOG, 100, "100.10"))

    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC, quotes="replay:quotes.csv") as desk:
            assert (await desk.broker.quote(GOOG)).ask == Decimal("100.10")

    simulated(main())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(ConfigurationError, match=r"no file nowhere\.csv"):
            await Desk(tmp_path, **SYNTHETIC, quotes="replay:nowhere.csv").broker.connect()

    simulated(main())


def test_given_prices_are_matched_too(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, fills="realistic", quotes="given", latency=0) as desk:
            order = await desk.place(Order.limit("BUY", 5, 90))
            assert desk.told(order) == ["SUBMITTED"]
            desk.broker.set_price(GOOG, "89.50")
            assert [report.fill.price for report in desk.fills()] == [Decimal("89.50")]

    simulated(main())


@pytest.mark.parametrize(
    ("contract", "hint"),
    [
        (Option("GOOG", "2026-06-01", "181.25", "CALL"), "strikes for 2026-06-01 go from"),
        (Option("GOOG", "2026-06-06", 180, "CALL"), "options on GOOG expire on 2026-06-01, "),
    ],
)
def test_what_is_not_listed_comes_with_what_is(contract: Option, hint: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC) as desk:
            with pytest.raises(Unavailable, match="lists no") as caught:
                await desk.broker.qualify(contract)
            assert hint in (caught.value.hint or "")

    simulated(main())


def test_a_combo_is_qualified_leg_by_leg(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC) as desk:
            combo = Combo("GOOG", [ComboLeg(Stock("GOOG"), "BUY", 100), ComboLeg(Option("GOOG", "2026-06-06", 1, "C"))])
            with pytest.raises(Unavailable, match="GOOG260606C00001000"):
                await desk.broker.qualify(combo)

    simulated(main())


def test_quotes_can_be_borrowed_from_another_broker(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path / "lender", prices={"GOOG": 50}) as lender:

            async def lend(name: str) -> Broker:
                assert name == "lender"
                return lender.broker

            borrower = Desk(tmp_path, fills="realistic", quotes="broker:lender", latency=0, open_broker=lend)
            async with borrower:
                order = await borrower.place(Order.limit("BUY", 5, 45))
                assert borrower.told(order) == ["SUBMITTED"]
                lender.broker.set_price(GOOG, "44.50")
                await asyncio.sleep(1)
                assert [report.fill.price for report in borrower.fills()] == [Decimal("44.50")]
                assert not (await lender.broker.snapshot()).fills

    simulated(main())


def _replayed(folder: Path) -> dict[str, Any]:
    (folder / "quotes.csv").write_text(HEADER + row(1, GOOG, 100, "100.10"))
    return {**SYNTHETIC, "quotes": "replay:quotes.csv"}


def test_a_stream_ends_with_the_recorded_quotes(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **_replayed(tmp_path)) as desk, asyncio.timeout(86_400):
            assert [quote.delayed async for quote in desk.broker.quotes([GOOG])] == [False]

    simulated(main())


def test_after_the_recorded_quotes_a_stream_gives_the_last_as_delayed_and_ends(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **_replayed(tmp_path)) as desk, asyncio.timeout(2 * 86_400):
            await asyncio.sleep(86_400)
            assert [quote.delayed async for quote in desk.broker.quotes([GOOG])] == [True]

    simulated(main())


def test_a_stream_of_no_contracts_ends_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, **SYNTHETIC) as desk, asyncio.timeout(60):
            assert [quote async for quote in desk.broker.quotes([])] == []

    simulated(main())
