"""What happened in a few simulated worlds, as the broker and the orders saw it, and its hash: the same on any Python.

``python tests/faults/world_traces.py`` writes the hashes anew; ``--seed 4`` tells one world, to be compared with what
another interpreter tells. Told is what reached the broker and when, what it made of it, and how each order of the
journal stands at the end; not which bytes carried it, nor which rows were committed together.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from v6core.events import OrderEvent, event_from_row
from v6core.journal import MemoryJournal
from v6core.lifecycle import OrderState, apply
from v6core.testing.remote.desk import Desk
from v6core.testing.world import SimulatedWorld, silence

KEPT = Path(__file__).with_suffix(".txt")
SEEDS = range(8)


def story(seed: int) -> tuple[str, ...]:
    """Run the world of a seed and tell what happened in it, line by line."""
    with silence():
        world = SimulatedWorld(seed)
        world.run()
    return (*_at_the_broker(world.desk), *_in_the_journal(world.journal))


def trace(seed: int) -> str:
    """Return the hash of a world's story."""
    return hashlib.sha256("\n".join(story(seed)).encode()).hexdigest()


def kept() -> dict[int, str]:
    """Return the hashes that are kept, by seed."""
    rows = (line.split() for line in KEPT.read_text(encoding="utf-8").splitlines())
    return {int(seed): told for seed, told in rows}


def _at_the_broker(desk: Desk) -> Iterator[str]:
    for arrival in desk.arrivals:
        yield f"{arrival.at} {arrival.verb} {arrival.order_ref} of {arrival.client_id}, treated {arrival.treated_at}"
    for one in desk.book.orders:
        held = one.held
        terms = f"{held.order.action} {held.order.quantity} at {held.order.limit_price} {held.order.stop_price}"
        yield f"{held.broker_order_id} {held.ref} {terms}: {held.status}, filled {held.filled}, ended {one.ended_at}"
    for execution in desk.book.executions.values():
        fill = execution.fill
        yield f"{fill.execution_id} {execution.order_ref} {fill.quantity} at {fill.price}, {fill.time}"
    for correction in desk.book.corrections:
        yield f"{correction.order_ref} corrected to {correction.fill and correction.fill.quantity}"


def _in_the_journal(journal: MemoryJournal) -> Iterator[str]:
    states: dict[UUID, OrderState] = {}
    for row in journal.rows():
        event = event_from_row(row.payload)
        if isinstance(event, OrderEvent):
            states[event.order_id] = apply(states.get(event.order_id), event)
    for order in sorted((state.order for state in states.values()), key=lambda order: str(order.order_ref)):
        yield f"{order.order_ref} {order.status}, filled {order.filled_quantity} at {order.avg_fill_price}"


def main() -> None:
    """Tell one world, or write the hashes of all that are kept."""
    parser = argparse.ArgumentParser(description="write the hashes of a few simulated worlds anew")
    parser.add_argument("--seed", type=int, help="tell this world, and write nothing")
    seed: int | None = parser.parse_args().seed
    if seed is not None:
        print(*story(seed), sep="\n")
    else:
        KEPT.write_text("".join(f"{seed} {trace(seed)}\n" for seed in SEEDS), encoding="utf-8")


if __name__ == "__main__":
    main()
