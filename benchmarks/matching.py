"""What a quote costs the matching core, beside a bare loop over the same quotes.

    python benchmarks/matching.py [--thorough]

Each row is the same tape run through the bare loop and the book in turn (A B A B); the median counts. "far" orders
lie where the tape never goes, so that only their number can cost anything; "near" orders lie within its reach.
The bare loop compares bid and ask with four best levels and does nothing else.
"""

from __future__ import annotations

import argparse
import gc
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from statistics import median
from time import perf_counter

from v6_paper_plugin.exchange.matching import Book, BookOrder, Kind

Tape = list[tuple[int, int, int, int]]

START = 1_000_000
TICK = 100
FAR = 900_000
NEAR = 20_000
COUNTS = (10, 1_000, 10_000)
LIMITS = (Kind.LIMIT,)
MIXED = (Kind.LIMIT, Kind.STOP, Kind.TRAIL, Kind.STOP_LIMIT)


def tape(length: int) -> Tape:
    """Return a random walk in ticks, one tick wide, held within 10 % of where it starts."""
    random = Random(1)
    middle = START
    quotes: Tape = []
    for _ in range(length):
        middle += random.choice((-TICK, 0, 0, TICK))
        middle = min(max(middle, START * 9 // 10), START * 11 // 10)
        quotes.append((middle, random.randint(1, 9), middle + TICK, random.randint(1, 9)))
    return quotes


def orders(count: int, kinds: tuple[Kind, ...], distance: int) -> Iterator[BookOrder]:
    """Yield pairs like a bracket's exits, a limit on one side of the market and a stop on the other."""
    random = Random(2)
    for number in range(count):
        kind = kinds[number % len(kinds)]
        buy = number % 8 >= 4
        away = random.randint(distance // 2, distance)
        target = START - away if buy else START + away
        guard = START + away if buy else START - away
        yield BookOrder(
            number=number,
            buy=buy,
            kind=kind,
            quantity=random.randint(1, 20),
            limit=target if kind is Kind.LIMIT else guard if kind is Kind.STOP_LIMIT else None,
            stop=guard if kind in {Kind.STOP, Kind.STOP_LIMIT} else None,
            trail=away if kind is Kind.TRAIL else None,
        )


def bare(quotes: Tape) -> tuple[float, int]:
    """Return the seconds that the bare loop takes, and how often a level was crossed."""
    ask_low, ask_high, bid_low, bid_high = 0, 1 << 62, 0, 1 << 62
    crossed = 0
    began = perf_counter()
    for bid, _, ask, _ in quotes:
        if not (ask_low < ask < ask_high and bid_low < bid < bid_high):
            crossed += 1
    return perf_counter() - began, crossed


def matched(quotes: Tape, count: int, kinds: tuple[Kind, ...], distance: int) -> tuple[float, int]:
    """Return the seconds that the book takes for the quotes, its orders being in it, and the number of outcomes."""
    book = Book()
    book.quote(START, 0, START + TICK, 0)
    for order in orders(count, kinds, distance):
        book.add(order)
    outcomes = 0
    began = perf_counter()
    for bid, bid_size, ask, ask_size in quotes:
        outcomes += len(book.quote(bid, bid_size, ask, ask_size))
    return perf_counter() - began, outcomes


def submitted(count: int) -> float:
    """Return the seconds that it takes to add an order and to cancel it, mixed kinds, the mean over many."""
    book = Book()
    book.quote(START, 1, START + TICK, 1)
    made = list(orders(count, MIXED, FAR))
    began = perf_counter()
    for order in made:
        book.add(order)
    for order in made:
        book.cancel(order.number)
    return (perf_counter() - began) / count


def alternate(
    first: Callable[[], tuple[float, int]], second: Callable[[], tuple[float, int]], rounds: int
) -> tuple[float, float, int]:
    """Return the median seconds of both, run in turn, and what the second counted."""
    times: tuple[list[float], list[float]] = ([], [])
    counted = 0
    for _ in range(rounds):
        gc.collect()
        times[0].append(first()[0])
        seconds, counted = second()
        times[1].append(seconds)
    return median(times[0]), median(times[1]), counted


def table(length: int, rounds: int) -> None:
    """Print the rows for a tape of so many quotes, and what ten thousand orders cost over ten."""
    quotes = tape(length)
    print(f"\n{length:,} quotes, median of {rounds}")
    print(f"{'orders':>20} {'quotes/s':>12} {'ns/quote':>9} {'bare ns':>8} {'× bare':>7} {'outcomes':>9}")
    for name, kinds, distance in (
        ("far limits", LIMITS, FAR),
        ("far mixed", MIXED, FAR),
        ("near limits", LIMITS, NEAR),
        ("near mixed", MIXED, NEAR),
    ):
        costs: list[float] = []
        for count in COUNTS:
            loop, book, outcomes = alternate(
                partial(bare, quotes),
                partial(matched, quotes, count, kinds, distance),
                rounds,
            )
            costs.append(book / loop)
            each, bare_each = book / length * 1e9, loop / length * 1e9
            print(
                f"{count:>8,} {name:>11} {length / book:>12,.0f} {each:>9.0f} {bare_each:>8.0f}"
                f" {book / loop:>7.1f} {outcomes:>9,}"
            )
        print(f"{'':>8} {name:>11} cost({COUNTS[-1]:,}) / cost({COUNTS[0]}) = {costs[-1] / costs[0]:.2f} (over bare)")


def main() -> None:
    parser = argparse.ArgumentParser(description="What a quote costs the matching core.")
    parser.add_argument("--thorough", action="store_true", help="a million quotes too")
    thorough = parser.parse_args().thorough
    table(100_000, rounds=5)
    if thorough:
        table(1_000_000, rounds=3)
    print(f"\nadd and cancel, 10,000 mixed orders: {submitted(10_000) * 1e6:.1f} µs an order")


if __name__ == "__main__":
    main()
