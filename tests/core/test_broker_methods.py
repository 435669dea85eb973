"""A broker's method that cannot be awaited is named in words: when the broker is made, else when it is called."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from core.engine_desk import GOOG, buy, engine_on, simulated
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.capabilities import Capabilities
from v6core.clock import SystemClock
from v6core.engine.boundary import Boundary
from v6core.errors import BrokerError, PluginError
from v6core.events import TradingState
from v6core.orders import OrderStatus
from v6core.plugins import broker_of
from v6core.plugins.methods import AWAITED
from v6core.testing import ScriptedBroker

PUBLIC = tuple(name for name in AWAITED if not name.startswith("_"))
CAPABILITIES = Capabilities(simulated=True, orders=())
Method = Callable[..., Any]


class NoSettings(BaseModel):
    """None."""


def demo(**methods: Method) -> type[Broker]:
    """Return the class of a broker that does nothing, with some methods of one's own."""

    async def nothing(*_: Any) -> None: ...

    whole = dict.fromkeys(Broker.__abstractmethods__, nothing)
    return type("DemoBroker", (Broker,), {**whole, **methods})


def made(**methods: Method) -> Broker:
    """Make such a broker as the engine does."""

    async def opened(_: str) -> Broker:
        raise AssertionError

    spec = BrokerSpec("demo", NoSettings, CAPABILITIES, lambda _, context: demo(**methods)(CAPABILITIES, context))
    context = BrokerContext(
        name="mine",
        clock=SystemClock(),
        report=lambda _: None,
        folder=Path(),
        logger=logging.getLogger(__name__),
        open_broker=opened,
    )
    return broker_of(spec, NoSettings(), context)


def says_nothing(*_: Any):  # type: ignore[no-untyped-def]  # noqa: ANN201 -- as an author may write it
    """Return nothing, and do not say so."""


def says_what(*_: Any) -> tuple[object, ...]:
    """Say that what is returned is nothing to await."""
    return ()


async def yields(*_: Any) -> AsyncIterator[None]:
    """Yield where an answer is to be returned."""
    yield


def test_what_is_awaited_of_a_broker_is_all_that_it_declares_async() -> None:
    assert set(AWAITED) >= {"connect", "disconnect", "place", "cancel", "modify", "snapshot", "find", "qualify"}
    assert "quotes" not in AWAITED


@pytest.mark.parametrize("method", AWAITED)
@pytest.mark.parametrize("plain", [says_nothing, says_what])
def test_a_method_without_its_async_is_refused_when_the_broker_is_made(method: str, plain: Method) -> None:
    with pytest.raises(PluginError) as refused:
        made(**{method: plain})
    line = inspect.unwrap(plain).__code__.co_firstlineno
    assert refused.value.message == (
        f"broker 'mine' of plugin 'demo' cannot be used: DemoBroker.{method} is not async: "
        f"write `async def {method}` at {Path(__file__).name}:{line}"
    )


@pytest.mark.parametrize("method", AWAITED)
def test_a_method_that_yields_its_answer_is_refused(method: str) -> None:
    with pytest.raises(PluginError, match=rf"DemoBroker\.{method} yields, and is to return its answer at "):
        made(**{method: yields})


@pytest.mark.parametrize("method", ["now", "quotes"])
def test_a_method_that_is_not_awaited_is_refused_where_it_is_async(method: str) -> None:
    async def needless(*_: Any) -> None: ...

    with pytest.raises(PluginError, match=rf"DemoBroker\.{method} is not to be awaited: .*; write `def {method}` at "):
        made(**{method: needless})


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(PluginError, match=r"DemoBroker\.place is not async.*; DemoBroker\.cancel is not async"):
        made(place=says_what, cancel=says_nothing)


async def _asked(*_: Any) -> None: ...


@functools.wraps(_asked)
def decorated(*given: Any):  # type: ignore[no-untyped-def]  # noqa: ANN201 -- as an author may write it
    """Stand before an asynchronous method."""
    return _asked(*given)


def declared(*given: Any) -> Awaitable[None]:
    """Return something to await."""
    return _asked(*given)


def unreadable(*given: Any) -> Any:
    """Return something to await, called by a name that is not there."""
    return _asked(*given)


unreadable.__annotations__["return"] = "NotThere"


SOUND: tuple[Method, ...] = (
    _asked,
    decorated,
    declared,
    unreadable,
    functools.partial(_asked),
)


@pytest.mark.parametrize("method", AWAITED)
@pytest.mark.parametrize("sound", SOUND)
def test_what_may_be_awaited_is_not_judged_before_it_is_called(method: str, sound: Method) -> None:
    assert isinstance(made(**{method: sound}), Broker)


@pytest.mark.parametrize("method", PUBLIC)
def test_a_method_that_gives_nothing_to_await_is_named_when_it_is_called(method: str) -> None:
    class DemoBroker(ScriptedBroker):
        def now(self) -> Any:
            return SystemClock().now()

    setattr(DemoBroker, method, says_what)
    boundary = Boundary(DemoBroker(), "mine", SystemClock())
    ask = getattr(boundary, method)
    with pytest.raises(BrokerError, match=rf"DemoBroker\.{method} is not async: write `async def {method}`"):
        asyncio.run(ask(*[None] * len(inspect.signature(ask).parameters)))


def test_quotes_that_are_no_stream_are_named() -> None:
    boundary = Boundary(made(quotes=lambda *_: [1]), "mine", SystemClock())
    with pytest.raises(BrokerError, match="answered quotes with nonsense: list where an async iterator belongs"):
        boundary.quotes([GOOG])


@simulated
async def test_an_order_that_was_placed_without_async_is_in_doubt_and_trading_halts() -> None:
    class DemoBroker(ScriptedBroker):
        placing: Any = None

        def place(self, orders: Any) -> Any:
            return super().place(orders) if self.placing is None else self.placing

    broker = DemoBroker()
    async with engine_on(broker) as engine:
        broker.placing = ()
        order = await engine.place_order(GOOG, buy())
        assert (order.status, engine.trading_state) == (OrderStatus.IN_DOUBT, TradingState.HALTED)
        assert "DemoBroker.place is not async" in str(order.reason)
