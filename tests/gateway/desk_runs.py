"""The laws of the gateway's desk at length: ``python tests/gateway/desk_runs.py [--days N]``.

Half of the days are in front of a broker that keeps one-cancels-all groups, half in front of one that does not. What
was told in them is counted; the first law that does not hold ends the run with the day that breaks it.
"""

# ruff: noqa: T201 -- it prints its figures

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # as pytest has it: helpers are found by their folder

from hypothesis import HealthCheck, given, settings

from gateway.desk_laws import PlayedBroker
from gateway.test_desk_laws import Day, days, live_through
from v6core.orders import OcaType


def live(count: int, oca_types: frozenset[OcaType]) -> Counter[str]:
    """Live through so many days; return what was told in them."""
    told: Counter[str] = Counter()

    @settings(max_examples=count, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
    @given(days)
    def hold(day: Day) -> None:
        broker = PlayedBroker(oca_types=oca_types)
        live_through(day, broker)
        broker.check()
        told.update(type(tell.message).__name__ for tell in broker.told)
        told["orders at the broker"] += len(broker.orders)

    hold()
    return told


def main() -> None:
    """Read the options, live through the days, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=5000)
    count = parser.parse_args().days // 2
    began = time.perf_counter()
    told = live(count, frozenset()) + live(count, frozenset(OcaType))
    print(f"{2 * count} days in {time.perf_counter() - began:.0f} s, every law held")
    for name, number in told.most_common():
        print(f"{number:>9} {name}")


if __name__ == "__main__":
    main()
