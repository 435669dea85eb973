"""Interactive Brokers over TCP: the engine, its plugin alone, and bare ib_async, at a gateway in another process.

* Orders, from being placed to their fill, 16 in flight and one at a time: by bare ib_async, by the plugin alone, and by
  the engine with it, which keeps its journal on disk. No throttle is on. They take turns, each time in a process and at
  a gateway of its own, and each turn gives one ratio, for the machine changes from minute to minute; ``cpu`` is of the
  client's process alone, ``gateway`` of the other.
* Where the CPU goes: samples, by whose code was running; and how many calls an order makes.
* Ticks on their way to a reader of quotes, and to one of ib_async's tickers.
* Orders that a bare socket writes ahead: what the gateway can do.

    uv run python benchmarks/tws.py [--pairs 5] [--orders 1000] [--ticks 50000] [--only orders,shares,...]
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from tws_clients import (
    Client,
    Figure,
    bare,
    bare_ticks,
    engine,
    measure_orders,
    measure_raw,
    placed,
    plugin,
    plugin_ticks,
)
from tws_gateway import SPAWNING, GatewayProcess, gateway_process
from tws_sampling import Samples, sampled

T = TypeVar("T")
IN_FLIGHT = 16
CLIENTS: dict[Client, str] = {bare: "bare ib_async", plugin: "the plugin alone", engine: "engine and plugin, on disk"}
TEXT = frozenset({"__repr__", "__str__", "dataclassRepr"})
PARTS = {
    "/v6core/journal/": "journal",
    "/v6core/src/": "engine",
    "/v6_ib_plugin/": "plugin",
    "/ib_async/": "ib_async",
    "/eventkit/": "ib_async",
    "/logging/": "ib_async",
    "/asyncio/": "asyncio",
    "/selectors.py": "asyncio",
}
"""Whose code is whose, by its file; what a part calls of the standard library and of pydantic counts as the part's."""


def main() -> None:
    """Read the options and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--orders", type=int, default=1000, help="of each client in each pair")
    parser.add_argument("--ticks", type=int, default=50_000)
    parser.add_argument("--only", default="orders,shares,calls,ticks,gateway")
    options = parser.parse_args()
    for section in options.only.split(","):
        SECTIONS[section](options)


def orders(options: argparse.Namespace) -> None:
    """Print what an order costs 16 in flight, and one at a time."""
    print(f"{'place to fill':<42}{'orders a second':>17}{'cpu µs an order':>17}{'gateway µs':>12}")
    compare(options.pairs, options.orders, IN_FLIGHT)
    # One at a time an order waits for two commits of its own: fewer of them take as long.
    compare(options.pairs, max(options.orders // 4, 50), 1)


def compare(pairs: int, count: int, in_flight: int) -> None:
    """Print what an order costs each client, and the ratios of the turns."""
    found: dict[Client, list[Figure]] = {client: [] for client in CLIENTS}
    for _ in range(pairs):
        for client, figures in found.items():
            with gateway_process() as gateway:
                figures.append(fresh(partial(measure_orders, client, gateway, count, in_flight)))
    for client, figures in found.items():
        print(row(f"{CLIENTS[client]}, {in_flight} in flight", figures, width=42))
    theirs = found.pop(bare)
    for client, ours in found.items():
        rates = [b.per_second / a.per_second for a, b in zip(theirs, ours, strict=True)]
        costs = [b.cpu_us / a.cpu_us for a, b in zip(theirs, ours, strict=True)]
        print(f"{CLIENTS[client]}, {in_flight} in flight, of bare ib_async's:", end=" ")
        print(f"rate {spread(rates)}; CPU {spread(costs)}", flush=True)


def shares(options: argparse.Namespace) -> None:
    """Print where the CPU of each client goes, 16 orders in flight."""
    for client, name in CLIENTS.items():
        with gateway_process() as gateway:
            samples = fresh(partial(sample, client, gateway, options.orders))
        told = ", ".join(f"{part} {share:.0%}" for part, share in samples.shares())
        print(f"{name}, share of its CPU ({samples.total} samples): {told}")


async def sample(client: Client, gateway: GatewayProcess, count: int, folder: Path) -> Samples:
    """Return where the CPU goes while orders are placed."""
    async with client(gateway, folder) as place:
        await placed(place, 100, IN_FLIGHT)
        with sampled(part_of) as samples:
            await placed(place, count, IN_FLIGHT)
    return samples


def calls(options: argparse.Namespace) -> None:
    """Print how many calls an order makes, which no other work of the machine changes."""
    for client, name in CLIENTS.items():
        with gateway_process() as gateway:
            made = fresh(partial(counted, client, gateway, options.orders))
        print(f"{name}: {made / options.orders:.0f} calls of Python and C an order, {IN_FLIGHT} in flight")


async def counted(client: Client, gateway: GatewayProcess, count: int, folder: Path) -> int:
    """Return how many calls are made while orders are placed."""
    made = 0

    def note(_: FrameType, event: str, __: object) -> None:
        nonlocal made
        made += event in {"call", "c_call"}

    async with client(gateway, folder) as place:
        await placed(place, 100, IN_FLIGHT)
        sys.setprofile(note)
        try:
            await placed(place, count, IN_FLIGHT)
        finally:
            sys.setprofile(None)
    return made


def part_of(stack: Sequence[FrameType]) -> str:
    """Return whose the running code is: text for logs wherever it is made, else the innermost that is somebody's."""
    if any(frame.f_code.co_name in TEXT for frame in stack):
        return "text for logs"
    names = (frame.f_code.co_filename for frame in stack)
    return next((part for name in names for path, part in PARTS.items() if path in name), "other")


def ticks(options: argparse.Namespace) -> None:
    """Print what a tick costs on its way to a reader."""
    theirs: list[Figure] = []
    ours: list[Figure] = []
    updates = quotes = 0
    with gateway_process() as gateway:
        for _ in range(options.pairs):
            figure, updates = fresh(partial(bare_ticks, gateway, options.ticks))
            theirs.append(figure)
            figure, quotes = fresh(partial(plugin_ticks, gateway, options.ticks))
            ours.append(figure)
    print(f"{f'{options.ticks} ticks of 8 contracts':<34}{'ticks a second':>17}{'cpu µs a tick':>17}{'gateway µs':>12}")
    for name, found, told in (("ib_async's tickers", theirs, updates), ("the engine's quotes", ours, quotes)):
        print(row(f"{name} ({told} told)", found, digits=1))
    rates = [b.per_second / a.per_second for a, b in zip(theirs, ours, strict=True)]
    print(f"ticks: rate {spread(rates)} times ib_async's")


def gateway_alone(options: argparse.Namespace) -> None:
    """Print what the gateway can do."""
    print(f"{'a bare socket':<34}{'orders a second':>17}{'cpu µs an order':>17}{'gateway µs':>12}")
    for in_flight in (1, IN_FLIGHT, 256):
        with gateway_process() as gateway:
            found = [fresh(partial(measure_raw, gateway, options.orders, in_flight)) for _ in range(options.pairs)]
        print(row(f"{in_flight} in flight", found))


def fresh(work: Callable[[Path], Coroutine[Any, Any, T]]) -> T:
    """Run something in a process and a folder of its own: what one client leaves in memory is no load of another's."""
    here, there = SPAWNING.Pipe()
    process = SPAWNING.Process(target=_work, args=(there, work), daemon=True)
    process.start()
    there.close()
    try:
        found: T = here.recv()
    finally:
        process.join(30)
    return found


def _work(pipe: Connection, work: Callable[[Path], Coroutine[Any, Any, Any]]) -> None:
    with tempfile.TemporaryDirectory() as where:
        pipe.send(asyncio.run(work(Path(where))))


def row(name: str, found: Sequence[Figure], *, digits: int = 0, width: int = 34) -> str:
    """Return the medians of some measurements as one line."""
    rate, cpu, behind = (
        statistics.median(getattr(figure, what) for figure in found) for what in ("per_second", "cpu_us", "gateway_us")
    )
    return f"{name:<{width}}{rate:>17.0f}{cpu:>17.{digits}f}{behind:>12.{digits}f}"


def spread(ratios: Sequence[float]) -> str:
    """Return the median of ratios and how far they lie apart."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f}, {len(ratios)} pairs)"


SECTIONS: dict[str, Callable[[argparse.Namespace], None]] = {
    "orders": orders,
    "shares": shares,
    "calls": calls,
    "ticks": ticks,
    "gateway": gateway_alone,
}

if __name__ == "__main__":
    main()
