"""A journal that is older than the broker's orders: the engine halts, says why, and takes a person's word for it."""

from __future__ import annotations

from uuid import uuid4

import pytest

from core.engine_desk import GOOG, BreakingJournal, buy, engine_for, engine_on, kinds, simulated, told
from v6core.errors import OrderDenied
from v6core.events import ForeignReported, TradingState
from v6core.journal import MemoryJournal
from v6core.orders import OrderStatus
from v6core.testing import ScriptedBroker


class LastingJournal(BreakingJournal):
    """A journal that one engine after the other opens."""

    def close(self) -> None:
        """Stay open."""


async def behind(broker: ScriptedBroker) -> tuple[MemoryJournal, str]:
    """Return a journal that misses an order which its engine placed, and that order's reference."""
    lost, kept = LastingJournal(), LastingJournal()
    async with engine_on(broker, lambda: lost) as engine:
        reference = (await engine.place_order(GOOG, buy())).order_ref
    assert reference is not None
    kept.engine_id = lost.engine_id
    return kept, reference


@simulated
async def test_the_denial_says_why_it_halted_and_the_way_out() -> None:
    broker = ScriptedBroker()
    journal, reference = await behind(broker)
    async with engine_on(broker, lambda: journal) as engine:
        with pytest.raises(OrderDenied, match=f"JOURNAL_BEHIND: the broker has {reference}.*or resume") as denied:
            await engine.place_order(GOOG, buy())
        assert denied.value.code == "TRADING_HALTED"
        assert "v6 resume" in (denied.value.hint or "")


@simulated
async def test_many_unknown_orders_halt_once() -> None:
    broker, lost, kept = ScriptedBroker(), LastingJournal(), LastingJournal()
    async with engine_on(broker, lambda: lost) as engine:
        for _ in range(3):
            await engine.place_order(GOOG, buy())
    kept.engine_id = lost.engine_id
    async with engine_on(broker, lambda: kept) as engine:
        assert [kinds(engine).count(kind) for kind in ("FOREIGN", "TRADING_STATE")] == [3, 1]
        await engine.resume("accepted")
    async with engine_on(broker, lambda: kept) as engine:
        assert engine.trading_state is TradingState.ACTIVE


@simulated
async def test_what_was_known_at_a_resume_does_not_halt_the_next_start() -> None:
    broker = ScriptedBroker()
    journal, _ = await behind(broker)
    async with engine_on(broker, lambda: journal) as engine:
        await engine.resume("that order is mine to look after")
    async with engine_on(broker, lambda: journal) as engine:
        assert engine.trading_state is TradingState.ACTIVE
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED


@simulated
async def test_what_is_accepted_is_not_journaled_at_each_start() -> None:
    broker = ScriptedBroker()
    journal, _ = await behind(broker)
    async with engine_on(broker, lambda: journal) as engine:
        await engine.resume("accepted")
    async with engine_on(broker, lambda: journal) as engine:
        assert kinds(engine).count("FOREIGN") == 1


@simulated
async def test_an_accepted_order_that_fills_halts_nothing_and_is_told() -> None:
    broker = ScriptedBroker()
    journal, reference = await behind(broker)
    async with engine_on(broker, lambda: journal) as engine:
        await engine.resume("accepted")
        broker.fill(reference)
        assert (await engine.place_order(GOOG, buy())).status is OrderStatus.SUBMITTED
        assert isinstance(told(engine)[-4], ForeignReported)


@simulated
async def test_another_unknown_order_halts_again() -> None:
    broker = ScriptedBroker()
    journal, _ = await behind(broker)
    async with engine_on(broker, lambda: journal) as engine:
        await engine.resume("accepted")
    another = LastingJournal()
    another.engine_id = journal.engine_id
    async with engine_on(broker, lambda: another) as engine:
        await engine.resume("accepted")
        await engine.place_order(GOOG, buy())
    async with engine_on(broker, lambda: journal) as engine:
        assert engine.trading_state is TradingState.HALTED


@simulated
async def test_a_halt_for_another_reason_does_not_hide_that_the_journal_is_behind() -> None:
    broker = ScriptedBroker()
    journal, _ = await behind(broker)
    quiet = ScriptedBroker()
    async with engine_on(quiet, lambda: journal) as engine:
        await engine.halt("lunch")
    async with engine_on(broker, lambda: journal) as engine:
        with pytest.raises(OrderDenied, match="JOURNAL_BEHIND"):
            await engine.place_order(GOOG, buy())


@simulated
async def test_the_order_of_another_section_on_one_account_is_known() -> None:
    broker, journal = ScriptedBroker(), LastingJournal()
    async with engine_for(broker, lambda: journal, name="dry") as engine:
        order = await engine.place_order(GOOG, buy(tif="GTC"))
    async with engine_for(broker, lambda: journal, name="other") as engine:
        assert engine.trading_state is TradingState.ACTIVE
        assert await engine.orders() == ()
        broker.fill(order)
        assert engine.trading_state is TradingState.ACTIVE
    async with engine_for(broker, lambda: journal, name="dry") as engine:
        assert engine.trading_state is TradingState.ACTIVE
        assert (await engine.order(order.order_id)).status is OrderStatus.FILLED


@simulated
async def test_a_halt_says_its_reason() -> None:
    async with engine_on(ScriptedBroker()) as engine:
        await engine.halt("too wild")
        with pytest.raises(OrderDenied, match=r"trading is HALTED \(too wild\)"):
            await engine.place_order(GOOG, buy(order_id=uuid4()))
