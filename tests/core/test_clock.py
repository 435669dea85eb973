"""Clocks that go only as far as they are told, and a loop that jumps instead of waiting."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta, timezone
from threading import Thread
from time import sleep

import pytest

from v6core.clock import SimulatedClock, SimulatedLoop, SteppingClock, SystemClock, run_simulated

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)


def test_the_system_clock_is_aware_and_its_seconds_do_not_go_back() -> None:
    clock = SystemClock()
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() <= clock.monotonic()


def test_a_simulated_clock_goes_as_far_as_it_is_told() -> None:
    clock = SimulatedClock(START.astimezone(timezone(timedelta(hours=-5))))
    clock.advance(60.5)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=60.5), 60.5)
    assert clock.now().tzinfo is UTC


def test_a_simulated_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        SimulatedClock(START).advance(-1)


def test_a_simulated_clock_starts_at_an_aware_time() -> None:
    with pytest.raises(ValueError, match="aware"):
        SimulatedClock(START.replace(tzinfo=None))


async def a_day() -> tuple[datetime, list[str]]:
    clock = SimulatedClock(START, running_loop())
    done: list[str] = []

    async def at(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        done.append(name)

    await asyncio.gather(at(23_400, "close"), at(1, "open"), at(7_200, "noon"))
    return clock.now(), done


def running_loop() -> SimulatedLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedLoop)
    return loop


async def heard_within(seconds: float) -> bytes:
    """Return what another thread says after a few milliseconds, or nothing where the time is over first."""
    ours, theirs = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=ours)

    def say() -> None:
        sleep(0.005)
        theirs.sendall(b"here")

    thread = Thread(target=say)
    thread.start()
    try:
        async with asyncio.timeout(seconds):
            return await reader.readexactly(4)
    except TimeoutError:
        return b""
    finally:
        thread.join()
        theirs.close()
        writer.close()
        await writer.wait_closed()


def test_a_loop_with_a_speed_waits_for_what_comes_from_outside() -> None:
    with asyncio.Runner(loop_factory=lambda: SimulatedLoop(speed=3600)) as runner:
        assert runner.run(heard_within(36_000)) == b"here"


def test_a_loop_jumps_through_a_day_in_order_and_alike_each_time() -> None:
    time, done = run_simulated(a_day())
    assert done == ["open", "noon", "close"]
    assert abs(time - START - timedelta(hours=6.5)) < timedelta(seconds=1)
    assert run_simulated(a_day()) == (time, done)


def test_a_time_out_happens_in_simulated_time() -> None:
    async def wait() -> float:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 3_600)
        return running_loop().time()

    assert run_simulated(wait()) == pytest.approx(3_600, abs=1)


def test_a_frozen_loop_waits_for_what_comes_from_outside() -> None:
    async def frozen() -> float:
        loop = running_loop()
        loop.frozen = True
        await loop.run_in_executor(None, lambda: None)
        before = loop.time()
        loop.frozen = False
        return before

    assert run_simulated(frozen()) < 1


def test_simulated_time_goes_on_after_months() -> None:
    """Past 2**24 seconds a float's own step is larger than the nanosecond by which asyncio compares timers."""

    async def main() -> float:
        await asyncio.sleep(2**24 - 0.5)
        for _ in range(100):
            await asyncio.sleep(0.05)
        return asyncio.get_running_loop().time()

    assert run_simulated(main()) == pytest.approx(2**24 + 4.5)


def test_a_stepping_clock_jumps_and_goes_on() -> None:
    clock = SteppingClock(START)
    clock.advance(3600)
    assert timedelta(hours=1) <= clock.now() - START < timedelta(hours=2)
    assert clock.now() <= clock.now()


def test_a_stepping_clock_does_not_go_back() -> None:
    with pytest.raises(ValueError, match="does not go back"):
        SteppingClock(START).advance(-1)


def test_a_stepping_clock_starts_at_an_aware_time() -> None:
    with pytest.raises(ValueError, match="aware"):
        SteppingClock(datetime(2026, 1, 2))  # noqa: DTZ001 -- what is refused
