"""The wire in front of a broker in this process: what is lost on it, what arrives, and who still reaches the broker."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from v6core.broker import Broker, BrokerContext
from v6core.clock import SystemClock
from v6core.contracts import Stock
from v6core.errors import NotConnected
from v6core.orders import Order
from v6core.reports import LinkReport, OrderReport, Report
from v6core.testing import ScriptedBroker, ScriptedSettings
from v6core.testing.conformance import Arrival, Verb
from v6core.testing.conformance.wire import Wire

ORDER = Order.limit("BUY", 1, 90).replace(order_ref="mine", contract=Stock("GOOG"))


async def _nobody(name: str) -> Broker:
    raise AssertionError(f"nobody opens {name} here")


class End:
    """This end of a wire, and the scripted broker at the other."""

    def __init__(self) -> None:
        self.heard: list[Report] = []
        self.broker = ScriptedBroker()
        self.wire: Wire[ScriptedBroker] = Wire(self.broker.spec)
        self.line = self.another("mine", self.heard.append)

    def another(self, name: str, report: Callable[[Report], None]) -> Broker:
        """Return a broker of the wire's specification."""
        context = BrokerContext(
            name=name,
            clock=SystemClock(),
            report=report,
            folder=Path(),
            logger=logging.getLogger("wire"),
            open_broker=_nobody,
        )
        return self.wire.spec.create(ScriptedSettings(), context)

    def words(self) -> list[str]:
        """Return what was heard, word by word."""
        return [
            report.state if isinstance(report, LinkReport) else str(getattr(report, "status", report.report))
            for report in self.heard
        ]


def wired(play: Callable[[End], Awaitable[None]]) -> None:
    """Play on a wire to which this end is connected."""

    async def main() -> None:
        end = End()
        async with end.line:
            await play(end)

    asyncio.run(main())


def test_what_is_asked_arrives_and_what_is_said_is_heard() -> None:
    async def play(end: End) -> None:
        await end.line.place([ORDER])
        await end.line.modify(ORDER, {"quantity": 2})
        await end.line.cancel(ORDER)
        assert end.words() == ["SUBMITTED", "SUBMITTED", "CANCELLED"]
        assert end.wire.arrived == [Arrival(verb, "mine") for verb in (Verb.PLACE, Verb.MODIFY, Verb.CANCEL)]

    wired(play)


def test_an_order_whose_answer_is_lost_is_there_and_nothing_is_heard_of_it() -> None:
    async def play(end: End) -> None:
        end.wire.lose(Verb.PLACE, arrives=True)
        (receipt,) = await end.line.place([ORDER])
        assert (receipt.broker_order_id, end.words()) == (None, [])
        assert len((await end.line.find("mine")).orders) == 1
        assert end.wire.arrived == [Arrival(Verb.PLACE, "mine")]

    wired(play)


@pytest.mark.parametrize("arrives", [True, False])
def test_a_cancel_whose_answer_is_lost_is_done_where_it_arrives(arrives: bool) -> None:
    async def play(end: End) -> None:
        await end.line.place([ORDER])
        end.wire.lose(Verb.CANCEL, arrives=arrives)
        await end.line.cancel(ORDER)
        assert end.words() == ["SUBMITTED"]
        assert end.broker.book.find("mine").is_open is not arrives

    wired(play)


def test_an_order_that_is_lost_itself_is_nowhere_and_the_next_one_is_not() -> None:
    async def play(end: End) -> None:
        end.wire.lose(Verb.PLACE, arrives=False)
        await end.line.place([ORDER])
        assert ((await end.line.find("mine")).orders, end.wire.arrived) == ((), [])
        await end.line.place([ORDER])
        assert end.words() == ["SUBMITTED"]

    wired(play)


def test_while_the_link_is_cut_the_broker_goes_on_and_nobody_hears() -> None:
    async def play(end: End) -> None:
        await end.line.place([ORDER])
        end.wire.cut()
        with pytest.raises(NotConnected):
            await end.line.snapshot()
        end.broker.fill(ORDER)
        end.wire.mend()
        assert end.words() == ["SUBMITTED", "DOWN", "UP"]
        assert len((await end.line.snapshot()).fills) == 1

    wired(play)


def test_nobody_connects_through_a_link_that_is_cut() -> None:
    async def play(end: End) -> None:
        end.wire.cut()
        await end.line.disconnect()
        with pytest.raises(NotConnected, match="the link is cut"):
            await end.line.connect()
        end.wire.mend()
        await end.line.connect()
        assert end.words()[-1] == "UP"

    wired(play)


def test_what_was_said_is_said_again_the_last_first() -> None:
    async def play(end: End) -> None:
        await end.line.place([ORDER])
        end.broker.fill(ORDER)
        end.wire.repeat()
        assert end.words() == ["SUBMITTED", "FILL", "FILLED", "FILLED", "FILL", "SUBMITTED"]

    wired(play)


def test_one_that_never_connected_reaches_nothing_and_hears_nothing() -> None:
    async def play(end: End) -> None:
        heard: list[Report] = []
        other = end.another("another", heard.append)
        with pytest.raises(NotConnected, match="another is not connected"):
            await other.place([ORDER])
        await end.line.place([ORDER])
        assert (heard, end.words()) == ([], ["SUBMITTED"])

    wired(play)


def test_others_reach_the_broker_while_no_engine_is_connected() -> None:
    async def main() -> None:
        end = End()
        with pytest.raises(NotConnected, match="there has been no broker yet"):
            async with end.wire.at_hand():
                pass
        async with end.line:
            pass
        async with end.wire.at_hand() as broker:
            broker.place_foreign(Stock("GOOG"), Order.limit("BUY", 1, 90))
        assert end.heard == []
        async with end.line:
            (theirs,) = (await end.line.snapshot()).open_orders
            assert isinstance(theirs, OrderReport)
            assert theirs.order_ref is None

    asyncio.run(main())
