"""The pacer, on a loop whose time jumps."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6_ib_plugin.pacing import Pacer, PartlySent, Urgency
from v6core.clock import run_simulated
from v6core.errors import NotConnected, NotSent, Unavailable


class Wire:
    """Notes what is written when, and breaks when it is told to."""

    def __init__(self) -> None:
        self.written: list[tuple[float, str]] = []
        self.breaks_after: int | None = None

    def write(self, message: str) -> Callable[[], None]:
        def write() -> None:
            if self.breaks_after is not None and len(self.written) >= self.breaks_after:
                raise NotSent("the connection is gone")
            self.written.append((asyncio.get_running_loop().time(), message))

        return write

    @property
    def messages(self) -> list[str]:
        return [message for _, message in self.written]


async def _send(pacer: Pacer, wire: Wire, urgency: Urgency, *messages: str) -> None:
    await pacer.send(urgency, *map(wire.write, messages))


def paced(test: Callable[[Pacer, Wire], Awaitable[None]], rate: int | None = 5, most_waiting: int = 2000) -> None:
    async def run() -> None:
        await test(Pacer(rate, most_waiting=most_waiting), Wire())

    run_simulated(run())


def full(pacer: Pacer, wire: Wire, rate: int = 5) -> None:
    """Fill this second."""
    for number in range(rate):
        assert pacer.post(Urgency.NEW, wire.write(f"first {number}")) is None


def most_in_a_second(times: Sequence[float]) -> int:
    return max((sum(begin <= time < begin + 1 for time in times) for begin in times), default=0)


def test_what_has_room_is_written_at_once() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        await _send(pacer, wire, Urgency.DATA, "a")
        assert wire.written == [(0.0, "a")]

    paced(test)


def test_the_next_of_a_full_second_waits_for_the_end_of_it() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        full(pacer, wire)
        await _send(pacer, wire, Urgency.NEW, "late")
        time, message = wire.written[-1]
        assert message == "late"
        assert time == pytest.approx(1.0, abs=1e-6)

    paced(test)


def test_the_more_urgent_overtake() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        full(pacer, wire)
        await asyncio.gather(*(_send(pacer, wire, urgency, urgency.name) for urgency in reversed(Urgency)))
        assert wire.messages[5:] == ["CANCEL", "PROTECTIVE", "NEW", "DATA"]

    paced(test)


def test_equals_keep_their_order() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        names = [str(number) for number in range(20)]
        await asyncio.gather(*(_send(pacer, wire, Urgency.NEW, name) for name in names))
        assert wire.messages == names

    paced(test)


def test_a_unit_goes_whole_and_at_one_time() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        full(pacer, wire, 3)
        await _send(pacer, wire, Urgency.NEW, "entry", "profit", "stop")
        assert wire.messages[3:] == ["entry", "profit", "stop"]
        assert len({time for time, _ in wire.written[3:]}) == 1

    paced(test)


def test_nothing_comes_between_the_messages_of_a_unit_longer_than_a_second() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        unit = [str(number) for number in range(12)]
        long = asyncio.create_task(_send(pacer, wire, Urgency.NEW, *unit))
        await asyncio.sleep(0.1)
        await _send(pacer, wire, Urgency.CANCEL, "cancel")
        await long
        assert wire.messages == [*unit, "cancel"]
        assert most_in_a_second([time for time, _ in wire.written]) == 5

    paced(test)


def test_without_a_rate_nothing_waits() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        for number in range(500):
            await _send(pacer, wire, Urgency.DATA, str(number))
        assert {time for time, _ in wire.written} == {0.0}

    paced(test, rate=None)


def test_when_the_link_goes_every_waiter_is_told_that_nothing_was_sent() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        full(pacer, wire)
        waiting = [asyncio.create_task(_send(pacer, wire, Urgency.NEW, "a", "b")) for _ in range(3)]
        await asyncio.sleep(0)
        pacer.drop("TWS closed the connection")
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["nothing was sent: TWS closed the connection"] * 3
        assert all(isinstance(outcome, NotSent) for outcome in outcomes)
        assert len(wire.written) == 5

    paced(test)


def test_a_unit_that_the_link_tears_is_not_said_to_be_unsent() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        torn = asyncio.create_task(_send(pacer, wire, Urgency.NEW, *map(str, range(8))))
        full(pacer, wire, 0)
        await asyncio.sleep(0.5)
        pacer.drop("gone")
        with pytest.raises(PartlySent, match="5 of 8 messages of a unit were written") as raised:
            await torn
        assert raised.value.written == 5

    paced(test)


@pytest.mark.parametrize(("breaks_after", "kind"), [(0, NotSent), (2, PartlySent)])
def test_a_write_that_fails_says_how_much_left(breaks_after: int, kind: type[NotConnected]) -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        wire.breaks_after = breaks_after
        with pytest.raises(kind):
            await _send(pacer, wire, Urgency.NEW, "a", "b", "c")

    paced(test)


def test_who_gives_up_waiting_takes_his_messages_with_him() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        full(pacer, wire)
        gone = asyncio.create_task(_send(pacer, wire, Urgency.CANCEL, "gone"))
        await asyncio.sleep(0)
        gone.cancel()
        await _send(pacer, wire, Urgency.NEW, "stays")
        assert wire.messages[5:] == ["stays"]

    paced(test)


def test_a_unit_that_has_begun_is_finished_though_nobody_waits_for_it() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        begun = asyncio.create_task(_send(pacer, wire, Urgency.NEW, *map(str, range(8))))
        await asyncio.sleep(0.5)
        begun.cancel()
        await asyncio.sleep(2)
        assert len(wire.written) == 8

    paced(test)


def test_a_full_queue_refuses_data_first_and_a_cancel_last() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        full(pacer, wire)
        futures: list[asyncio.Future[None] | None] = []
        for urgency, room in ((Urgency.DATA, 25), (Urgency.NEW, 50), (Urgency.PROTECTIVE, 75), (Urgency.CANCEL, 100)):
            while pacer.waiting < room:
                futures.append(pacer.post(urgency, wire.write("x")))
            with pytest.raises(Unavailable if urgency is Urgency.DATA else NotSent, match="find no room"):
                pacer.post(urgency, wire.write("x"))
        pacer.drop("over")
        await asyncio.gather(*filter(None, futures), return_exceptions=True)

    paced(test, most_waiting=100)


def test_after_the_link_went_the_rate_still_counts() -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        full(pacer, wire)
        pacer.drop("gone")
        await _send(pacer, wire, Urgency.NEW, "next session")
        assert wire.written[-1][0] >= 1

    paced(test)


def test_a_rate_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        Pacer(0)


SENDS = st.lists(st.tuples(st.floats(0, 3), st.sampled_from(Urgency), st.integers(1, 12)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(sends=SENDS, rate=st.integers(1, 9))
def test_no_second_holds_more_than_the_rate_and_nothing_is_lost_or_torn(
    sends: list[tuple[float, Urgency, int]], rate: int
) -> None:
    async def test(pacer: Pacer, wire: Wire) -> None:
        async def later(number: int, when: float, urgency: Urgency, size: int) -> None:
            await asyncio.sleep(when)
            await _send(pacer, wire, urgency, *(f"{number}.{part}" for part in range(size)))

        await asyncio.gather(*(later(number, *send) for number, send in enumerate(sends)))
        units = [message.split(".")[0] for message in wire.messages]
        assert len(units) == sum(size for _, _, size in sends)
        assert len([1 for one, two in pairwise(units) if one != two]) == max(0, len(sends) - 1)
        assert most_in_a_second([time for time, _ in wire.written]) <= rate

    paced(test, rate)
