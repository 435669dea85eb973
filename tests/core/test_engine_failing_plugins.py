"""Whatever a broker's plugin raises where nothing was to be sent comes out as one of v6's own errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

import pytest

from core.engine_desk import GOOG, engine_for, engine_on, simulated
from v6core.contracts import Contract
from v6core.engine import OrderExecutionEngine
from v6core.errors import BrokerError, Unavailable
from v6core.quotes import Quote
from v6core.strategies import Strategy
from v6core.testing import ScriptedBroker
from v6core.testing.scripted import hangs, raises

SHARES = Strategy.model_validate({"strategy_id": "s", "symbol": "GOOG", "legs": [{"action": "BUY", "quantity": 1}]})
Asked = Callable[[OrderExecutionEngine], Coroutine[Any, Any, object]]
QUESTIONS: tuple[tuple[str, Asked], ...] = (
    ("snapshot", lambda engine: engine.positions()),
    ("snapshot", lambda engine: engine.account()),
    ("snapshot", lambda engine: engine.close_position(SHARES)),
    ("quote", lambda engine: engine.quote(GOOG)),
    ("chain", lambda engine: engine.option_chain(GOOG)),
    ("qualify", lambda engine: engine.contract_details(GOOG)),
)


@pytest.mark.parametrize(("call", "ask"), QUESTIONS)
@pytest.mark.parametrize("error", [RuntimeError("boom"), asyncio.CancelledError("boom")])
@simulated
async def test_a_question_that_makes_the_plugin_fail(call: str, ask: Asked, error: BaseException) -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, name="mine") as engine:
        broker.on(call, raises(error))
        with pytest.raises(BrokerError) as failed:
            await ask(engine)
        assert failed.value.__cause__ is not None


@simulated
async def test_the_failure_names_the_broker_and_what_its_plugin_said() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker, name="mine") as engine:
        broker.on("quote", raises(RuntimeError("boom")))
        with pytest.raises(BrokerError, match="broker 'mine' failed: RuntimeError: boom"):
            await engine.quote(GOOG)


@simulated
async def test_details_that_do_not_come_in_time_are_unavailable() -> None:
    broker = ScriptedBroker()
    async with engine_on(broker) as engine:
        broker.on("qualify", hangs)
        with pytest.raises(Unavailable, match=f"details of {GOOG.key}"):
            await engine.contract_details(GOOG)


@pytest.mark.parametrize("call", ["connect", "snapshot"])
@simulated
async def test_a_start_that_makes_the_plugin_fail(call: str) -> None:
    broker = ScriptedBroker()
    broker.on(call, raises(RuntimeError("boom")))
    with pytest.raises(BrokerError, match="broker 'mine' failed: RuntimeError: boom"):
        await engine_for(broker, name="mine").start()


class BadStream(ScriptedBroker):
    """A broker whose stream of quotes breaks, or cannot be had."""

    at_once = False

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        """Fail, at once or while it is read."""
        if self.at_once:
            raise RuntimeError("boom")
        return self._broken()

    async def _broken(self) -> AsyncIterator[Quote]:
        raise RuntimeError("boom")
        yield


@pytest.mark.parametrize("at_once", [True, False])
@simulated
async def test_a_stream_that_breaks(at_once: bool) -> None:
    broker = BadStream()
    broker.at_once = at_once
    async with engine_on(broker) as engine:
        with pytest.raises(BrokerError, match="boom"):
            _ = [quote async for quote in engine.quotes([GOOG])]


@simulated
async def test_a_stream_that_is_left_is_closed() -> None:
    closed: list[bool] = []

    class Endless(ScriptedBroker):
        def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
            return self._endless(contracts[0])

        async def _endless(self, contract: Contract) -> AsyncIterator[Quote]:
            try:
                while True:
                    yield Quote(contract=contract, time=self.now())
            finally:
                closed.append(True)

    async with engine_on(Endless()) as engine:
        stream: Any = engine.quotes([GOOG])
        await anext(stream)
        await stream.aclose()
        assert closed == [True]


@simulated
async def test_a_stream_of_no_contracts_ends() -> None:
    async with engine_on(BadStream()) as engine:
        assert [quote async for quote in engine.quotes([])] == []
