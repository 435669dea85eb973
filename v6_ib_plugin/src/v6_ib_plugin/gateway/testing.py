"""What the authors of programs and plugins test with: a gateway of one's own, with a market that the test drives.

In a thread of its own, beside a program that has a loop of its own or none::

    with running_gateway(prices={"AAPL": 100}) as tws:
        ib = IB()
        ib.connect(tws.host, tws.port, clientId=1)
        tws.set_price("AAPL", 101)
        tws.arm(When.order(), Cut(moment=Moment.UNANSWERED))

or in the running loop, where the gateway itself is at hand::

    async with running_gateway() as gateway:
        await ib.connectAsync(gateway.host, gateway.port, clientId=1)
        gateway.broker.native.set_price(Stock(symbol="AAPL"), 101)

The fixture ``tws_gateway`` is one in a thread of its own, on a free port, for each test that asks for it. It needs
``v6core[testing]``; a ``conftest.py`` imports it by ``from v6_ib_plugin.gateway.testing import tws_gateway``. What else
it is to be, a test says itself::

    @pytest.mark.parametrize("tws_gateway", [{"manners": Manners(tif_preset=True)}], indirect=True)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import AsyncExitStack
from decimal import Decimal
from types import TracebackType
from typing import Any, TypeVar

import pytest

from v6_ib_plugin.gateway.configured import PAPER, behind_a_gateway, open_gateway
from v6_ib_plugin.gateway.faults import Armed, Effect, Faults, When
from v6_ib_plugin.gateway.gateway import Gateway
from v6core.config import BrokerSection, Configuration
from v6core.contracts import Contract, parse_contract

T = TypeVar("T")
_WITHIN = 30.0
_GIVEN = {"fills": "immediate", "quotes": "given"}


class RunningGateway:
    """A gateway in a thread of its own; everything here is called from other threads."""

    def __init__(self, gateway: Gateway, loop: asyncio.AbstractEventLoop) -> None:
        self.gateway = gateway
        self._loop = loop

    @property
    def host(self) -> str:
        """The address on which it listens."""
        return self.gateway.host

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self.gateway.port

    @property
    def account(self) -> str:
        """The account that clients see."""
        return self.gateway.account

    @property
    def faults(self) -> Faults:
        """The faults, for reading; to arm one, call ``arm``."""
        return self.gateway.faults

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run something asynchronous on the gateway's loop, and return what came of it."""

        async def within() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(within(), self._loop).result(_WITHIN)

    def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Call a function on the gateway's loop, and return its answer."""

        async def within() -> T:
            return function(*arguments, **named)

        return self.run(within)

    def arm(self, when: When, what: Effect, *, times: int | None = 1) -> Armed:
        """Arm a fault."""
        return self.call(self.gateway.faults.arm, when, what, times=times)

    def set_price(self, contract: Contract | str, price: Decimal | float | str) -> None:
        """Give a contract, or the one of this text, a price, where a paper broker with given prices stands behind."""
        single = parse_contract(contract) if isinstance(contract, str) else contract
        self.call(self.gateway.broker.native.set_price, single, price)


class running_gateway:  # noqa: N801 -- used like a function
    """A gateway for one test: ``with`` runs it in a thread of its own, ``async with`` in the running loop.

    Unless ``settings`` of the paper broker say otherwise, orders fill at once at ``prices``, by contract, else at 100,
    and nothing is kept. With ``configuration`` it stands in front of the broker that one chooses. Other options are
    those of ``Gateway``.
    """

    def __init__(
        self,
        *,
        prices: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
        configuration: Configuration | None = None,
        **options: Any,
    ) -> None:
        self._configuration = configuration or _paper({"prices": dict(prices or {}), **(settings or {})})
        self._options = options
        self._inside: AsyncExitStack | None = None
        self._thread: _GatewayThread | None = None

    async def __aenter__(self) -> Gateway:
        self._inside = AsyncExitStack()
        return await self._inside.enter_async_context(open_gateway(self._configuration, **self._options))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._inside is not None
        await self._inside.aclose()

    def __enter__(self) -> RunningGateway:
        self._thread = _GatewayThread(self)
        return self._thread.begin()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._thread.end()


class _GatewayThread:
    """A thread with a loop of its own, in which a gateway runs until it is told to end."""

    def __init__(self, opening: running_gateway) -> None:
        self._opening = opening
        self._started: Future[RunningGateway] = Future()
        self._ended: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, name="tws-gateway", daemon=True)

    def begin(self) -> RunningGateway:
        self._thread.start()
        return self._started.result(_WITHIN)

    def end(self) -> None:
        self._ended.set_result(None)
        self._thread.join(_WITHIN)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            if self._started.done():
                raise
            self._started.set_exception(error)

    async def _serve(self) -> None:
        async with self._opening as gateway:
            self._started.set_result(RunningGateway(gateway, asyncio.get_running_loop()))
            await asyncio.wrap_future(self._ended)


def _paper(settings: Mapping[str, Any]) -> Configuration:
    given = {**_GIVEN, **settings}
    section = BrokerSection(name=PAPER, plugin=PAPER, settings=given)
    return behind_a_gateway(Configuration(broker=PAPER, brokers={PAPER: section}), {})


@pytest.fixture
def tws_gateway(request: pytest.FixtureRequest) -> Generator[RunningGateway]:
    """Run a gateway in a thread of its own, in front of a paper broker that fills at once at given prices.

    The options of ``running_gateway`` come as the parameter, by ``parametrize`` with ``indirect=True``.
    """
    options: Mapping[str, Any] = getattr(request, "param", {})
    with running_gateway(**options) as gateway:
        yield gateway
