"""Streams over memory in virtual time: ordered like TCP, split and merged, and cut wherever a test wants."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6core.testing import SimulatedNetwork, SimulatedNetworkLoop, SimulatedProcess, run_on_network
from v6core.testing.network import Link

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def networked(test: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    @functools.wraps(test)
    def run() -> None:
        run_on_network(test(), SimulatedNetwork(1))

    return run


def network() -> SimulatedNetwork:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimulatedNetworkLoop)
    return loop.network


def the_link() -> Link:
    (link,) = network().links
    return link


@contextlib.asynccontextmanager
async def connected() -> AsyncGenerator[tuple[Streams, Streams]]:
    """Yield the client's and the server's streams of one connection."""
    accepted: asyncio.Future[Streams] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda reader, writer: accepted.set_result((reader, writer)), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    here = await asyncio.open_connection("127.0.0.1", port)
    there = await accepted
    try:
        yield here, there
    finally:
        here[1].close()
        there[1].close()
        server.close()
        await server.wait_closed()
        await asyncio.sleep(1)


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=20), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_bytes_arrive_whole_and_in_order_however_they_travel(chunks: list[bytes], seed: int) -> None:
    async def send() -> bytes:
        async with connected() as ((_, here), (there, _writer)):
            for chunk in chunks:
                here.write(chunk)
                await asyncio.sleep(0.001)
            here.write_eof()
            return await there.read()

    network = SimulatedNetwork(seed, splits=0.5, merges=0.5)
    assert run_on_network(send(), network) == b"".join(chunks)


@networked
async def test_what_is_written_at_once_may_arrive_in_pieces_and_the_other_way_round() -> None:
    pieces: list[bytes] = []
    network().on_arrival = lambda _end, data: pieces.append(data)
    async with connected() as ((_, here), (there, _writer)):
        for _ in range(50):
            here.write(b"0123456789")
        assert await there.readexactly(500) == b"0123456789" * 50
    assert any(len(piece) < 10 for piece in pieces)
    assert any(len(piece) > 10 for piece in pieces)


@networked
async def test_a_cut_resets_both_ends_and_loses_what_is_in_flight() -> None:
    async with connected() as ((mine, here), (theirs, _)):
        here.write(b"lost")
        the_link().cut()
        for reader in (mine, theirs):
            with pytest.raises(ConnectionResetError):
                await reader.read()
    assert not network().links


@networked
async def test_a_link_can_be_cut_at_any_byte() -> None:
    async with connected() as ((_, here), (there, _writer)):
        the_link().cut_after(3, to_server=True)
        here.write(b"abcdef")
        assert await there.readexactly(3) == b"abc"
        with pytest.raises(ConnectionResetError):
            await there.readexactly(1)


@networked
async def test_a_half_open_link_loses_one_direction_and_tells_nobody() -> None:
    async with connected() as ((mine, here), (theirs, there)):
        the_link().fall_silent(to_server=True)
        here.write(b"never heard")
        there.write(b"heard\n")
        assert await mine.readline() == b"heard\n"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3600):
                await theirs.read(1)


@networked
async def test_a_slow_link_is_late_and_keeps_the_order() -> None:
    async with connected() as ((_, here), (there, _writer)):
        before = asyncio.get_running_loop().time()
        the_link().slow_down(5)
        here.write(b"first ")
        the_link().slow_down(0)
        here.write(b"second")
        assert await there.readexactly(12) == b"first second"
        assert asyncio.get_running_loop().time() - before >= 5


@networked
async def test_nobody_connects_where_nobody_listens_or_while_the_network_refuses() -> None:
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", 1)
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 4002)
    network().is_refusing = True
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", 4002)
    server.close()


@networked
async def test_a_paused_reader_gets_all_of_it_later() -> None:
    async with connected() as ((_, here), (there, writer)):
        writer.transport.pause_reading()  # type: ignore[attr-defined]  # typeshed knows it for reading transports alone
        here.write(b"patience")
        here.close()
        await asyncio.sleep(10)
        assert not there.at_eof()
        writer.transport.resume_reading()  # type: ignore[attr-defined]  # likewise
        assert await there.read() == b"patience"


@networked
async def test_timers_of_one_moment_come_in_the_order_in_which_they_were_asked_for() -> None:
    loop, called = asyncio.get_running_loop(), list[int]()
    for number in range(100):
        loop.call_at(50.0, called.append, number)
    await asyncio.sleep(60)
    assert called == list(range(100))


@networked
async def test_a_killed_process_says_nothing_more_and_what_it_had_said_arrives() -> None:
    heard = bytearray()

    async def hear(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            heard.extend(data)

    server = await asyncio.start_server(lambda r, w: tasks.append(asyncio.ensure_future(hear(r, w))), "127.0.0.1", 0)
    tasks: list[asyncio.Future[None]] = []

    async def talk() -> None:
        _, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            writer.write(b"before ")
            victim.kill()
            writer.write(b"after ")
            await asyncio.sleep(1)
        finally:
            writer.write(b"at last")

    victim = SimulatedProcess("victim")
    task = victim.run(talk())
    await asyncio.wait([task])
    await asyncio.gather(*tasks)
    server.close()
    await asyncio.sleep(1)
    assert heard == b"before "


@networked
async def test_a_killed_process_neither_connects_nor_listens_any_more() -> None:
    process = SimulatedProcess("victim")
    server = await process.run(asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 4002))
    process.kill()
    assert not server.is_serving()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", 4002)


async def conversation() -> None:
    loop, running = asyncio.get_running_loop(), list[asyncio.Task[None]]()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            writer.write(line * 2)
        writer.close()

    async def talk(port: int, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for turn in range(20):
            writer.write(f"{number} {turn}\n".encode())
            async with asyncio.timeout(1):
                await reader.readline()
        writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.append(loop.create_task(echo(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    await asyncio.gather(*(talk(port, number) for number in range(5)))
    server.close()
    await asyncio.sleep(1)


def test_the_same_seed_gives_the_same_trace_on_every_python() -> None:
    trace, network = hashlib.sha256(), SimulatedNetwork(7)
    network.on_arrival = lambda _end, data: trace.update(f"{network.now():.12f}{data!r}".encode())
    run_on_network(conversation(), network)
    assert trace.hexdigest() == "df2088af33f4b148d98b0924e73edcc13da938738563cf96a90abf615f9045b4"
