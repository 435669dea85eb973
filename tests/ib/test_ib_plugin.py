"""The IB distribution: what it announces, what its settings refuse, and what it says while it is not connected."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from v6_ib_plugin import IbSettings
from v6_ib_plugin.broker import IbBroker
from v6core.broker import Broker, BrokerContext
from v6core.capabilities import SubmitIdentity
from v6core.clock import SystemClock
from v6core.contracts import Option, Stock
from v6core.errors import NotConnected, NotSent
from v6core.orders import Order
from v6core.plugins import load_broker
from v6core.reports import Report


async def _no_other(name: str) -> Broker:
    raise AssertionError(name)


def _unheard(report: Report) -> None:
    raise AssertionError(report)


def broker() -> IbBroker:
    context = BrokerContext(
        name="ib-paper",
        clock=SystemClock(),
        report=_unheard,
        folder=Path(),
        logger=logging.getLogger("test"),
        open_broker=_no_other,
    )
    made = load_broker("ib").create(IbSettings(), context)
    assert isinstance(made, IbBroker)
    return made


ASKS: list[Callable[[IbBroker], Awaitable[object]]] = [
    lambda ib: ib.snapshot(),
    lambda ib: ib.find("v6-x"),
    lambda ib: ib.qualify(Stock("GOOG")),
    lambda ib: ib.quote(Stock("GOOG")),
    lambda ib: ib.option_chain(Stock("GOOG")),
    lambda ib: ib.preview([Order.market("BUY", 1)]),
]


SENDS: list[Callable[[IbBroker], Awaitable[object]]] = [
    lambda ib: ib.place([Order.market("BUY", 1)]),
    lambda ib: ib.modify(Order.market("BUY", 1), {"quantity": 2}),
    lambda ib: ib.cancel(Order.market("BUY", 1, order_ref="v6-x")),
    lambda ib: ib.cancel_everything(),
]


@pytest.mark.parametrize("send", SENDS)
def test_nothing_is_sent_without_a_connection(send: Callable[[IbBroker], Awaitable[object]]) -> None:
    async def run() -> None:
        await send(broker())

    with pytest.raises(NotSent):
        asyncio.run(run())


@pytest.mark.parametrize("ask", ASKS)
def test_nothing_is_answered_without_a_connection(ask: Callable[[IbBroker], Awaitable[object]]) -> None:
    async def run() -> None:
        await ask(broker())

    with pytest.raises(NotConnected, match=r"^ib-paper is not connected, so it cannot "):
        asyncio.run(run())


def test_a_stream_is_not_connected_and_leaving_is_harmless() -> None:
    with pytest.raises(NotConnected):
        broker().quotes([Stock("GOOG")])
    asyncio.run(broker().disconnect())


def test_the_capabilities_are_those_of_interactive_brokers() -> None:
    can = broker().capabilities
    assert not can.simulated
    assert can.submit_identity is SubmitIdentity.QUERYABLE
    option = Option("GOOG", "2026-12-18", 750, "CALL")
    assert can.why_not(Order.trailing_stop("SELL", 5, trail_percent=2, tif="GTC", contract=option)) is None
    assert can.why_not(Order.market("BUY", "0.5", contract=Stock("GOOG"))) == "it takes whole quantities, not 0.5"


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"host": "127.0.0.1", "port": 7496, "client_id": 6, "account": "U1234567", "live": True},
        {"account": "DU1234567"},
        {"account": "DF1234567"},
    ],
)
def test_sound_sections_are_taken(section: dict[str, object]) -> None:
    assert IbSettings.model_validate(section).live is section.get("live", False)


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"account": "U1234567"}, "account U1234567 is not a paper account: trading real money needs live = true"),
        ({"account": "DU345", "live": True}, "account DU345 is a paper account"),
        ({"live": True}, "live = true needs an account"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"port": 70_000}, "less than or equal to 65535"),
        ({"port": "7496"}, "valid integer"),
        ({"port": True}, "valid integer"),
        ({"port": 7496.5}, "valid integer"),
        ({"client_id": -1}, "greater than or equal to 0"),
        ({"account": "U1\x00SELL"}, "printable ASCII"),
        ({"account": ""}, "must not be empty"),
        ({"host": "a\nb"}, "printable ASCII"),
        ({"live": "yes"}, "valid boolean"),
        ({"prot": 7496}, "Extra inputs"),
    ],
)
def test_unsound_sections_are_refused(section: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        IbSettings.model_validate(section)
