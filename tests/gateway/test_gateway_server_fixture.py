from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
from ib_async import IB, MarketOrder, Stock

from v6_ib_plugin.gateway.faults import Connectivity, Correct, Cut, Moment, Refuse, When
from v6_ib_plugin.gateway.manners import Manners
from v6_ib_plugin.gateway.testing import RunningGateway, running_gateway, tws_gateway
from v6core.config import BrokerSection, Configuration
from v6core.errors import ConfigurationError

__all__ = ["tws_gateway"]

AAPL = Stock("AAPL", "SMART", "USD")


@pytest.fixture
def ib(tws_gateway: RunningGateway) -> Iterator[IB]:
    """An unmodified client, connected, on a loop that it does not leave behind."""
    with asyncio.Runner() as runner:
        runner.get_loop()
        client = IB()
        client.connect(tws_gateway.host, tws_gateway.port, clientId=1, timeout=1)
        yield client
        client.disconnect()


def test_the_fixture_is_a_gateway_on_which_a_client_trades(tws_gateway: RunningGateway, ib: IB) -> None:
    tws_gateway.set_price("AAPL", "187.5")
    trade = ib.placeOrder(AAPL, MarketOrder("BUY", 3))
    while not trade.isDone():
        ib.waitOnUpdate(timeout=1)
    assert trade.orderStatus.avgFillPrice == 187.5


def test_a_fault_is_armed_from_the_tests_own_thread(tws_gateway: RunningGateway, ib: IB) -> None:
    armed = tws_gateway.arm(When.order(), Refuse(code=201, text="Order rejected - reason:no"))
    trade = ib.placeOrder(AAPL, MarketOrder("BUY", 3))
    while not trade.isDone():
        ib.waitOnUpdate(timeout=1)
    assert trade.log[-1].errorCode == 201
    assert armed.struck == 1


def test_a_client_whose_link_is_cut_notices(tws_gateway: RunningGateway, ib: IB) -> None:
    tws_gateway.arm(When.order(), Cut(moment=Moment.UNANSWERED))
    ib.placeOrder(AAPL, MarketOrder("BUY", 3))
    with pytest.raises(ConnectionError):
        ib.sleep(5)
    assert not ib.isConnected()
    assert len(tws_gateway.run(tws_gateway.gateway.broker.snapshot).fills) == 1


def test_an_unmodified_client_counts_a_corrected_execution_twice(tws_gateway: RunningGateway, ib: IB) -> None:
    tws_gateway.arm(When.message("ExecDetails"), Correct(price=Decimal(99)))
    trade = ib.placeOrder(AAPL, MarketOrder("BUY", 3))
    while len(trade.fills) < 2:
        ib.waitOnUpdate(timeout=1)
    assert [(fill.execution.execId[-3:], fill.execution.price) for fill in trade.fills] == [(".01", 100), (".02", 99)]
    assert trade.filled() == 6


def test_an_unmodified_client_hears_that_the_servers_are_lost(tws_gateway: RunningGateway, ib: IB) -> None:
    codes: list[int] = []
    ib.errorEvent += lambda _req_id, code, _text, _contract: codes.append(code)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType, reportUnknownMemberType]
    tws_gateway.arm(When.now(), Connectivity(code=1100))
    while not codes:
        ib.waitOnUpdate(timeout=1)
    assert codes == [1100]


def test_what_the_gateway_raises_comes_out_of_the_thread() -> None:
    with pytest.raises(ConfigurationError, match="loopback"), running_gateway(host="0.0.0.0"):
        pass


def test_the_thread_has_ended_behind_the_gateway() -> None:
    before = threading.active_count()
    with running_gateway():
        pass
    assert threading.active_count() == before


def test_a_test_that_fails_ends_the_gateway_as_well() -> None:
    with pytest.raises(RuntimeError, match="mine"), running_gateway() as tws:
        raise RuntimeError("mine")
    assert not tws.gateway.is_listening


def test_it_stands_in_front_of_a_configured_broker() -> None:
    section = BrokerSection(name="mine", plugin="paper", settings={"state": "off", "fills": "never"})
    configuration = Configuration(broker="mine", brokers={"mine": section})

    async def within() -> bool:
        async with running_gateway(configuration=configuration) as gateway:
            return gateway.broker.capabilities.simulated

    assert asyncio.run(within())


@pytest.mark.parametrize("tws_gateway", [{"manners": Manners(tif_preset=True)}], indirect=True)
def test_a_test_says_what_its_fixture_is_to_be(tws_gateway: RunningGateway, ib: IB) -> None:
    heard: list[int] = []

    def hear(_number: int, code: int, *_: object) -> None:
        heard.append(code)

    ib.errorEvent += hear
    ib.placeOrder(AAPL, MarketOrder("BUY", 3, tif=""))
    while 10349 not in heard:
        ib.waitOnUpdate(timeout=1)
    assert tws_gateway.account == "DUSIM0001"
