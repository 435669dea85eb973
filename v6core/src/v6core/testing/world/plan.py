"""What happens in a simulated world, drawn from its seed beforehand: what the program does, and what goes wrong."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import auto
from typing import TypeVar

from v6core.capabilities import SubmitIdentity
from v6core.contracts import OrderAction, Stock
from v6core.orders import TimeInForce
from v6core.testing.remote.behaviour import Behaviour
from v6core.words import Word

T = TypeVar("T")
CONTRACTS = (Stock("GOOG"), Stock("MSFT"))
ACTIVE_SECONDS = 45.0
"""How long the program trades and things go wrong, before all is quiet."""


class Fault(Word):
    """What goes wrong at a moment."""

    CUT = auto()
    """The link is reset."""
    CUT_WITHIN = auto()
    """The link is reset in the midst of what is written next."""
    HALF_OPEN = auto()
    """One direction of the link loses everything and says nothing."""
    SLOW = auto()
    """The link takes seconds longer."""
    REFUSE = auto()
    """The link is reset, and for a while nobody gets a new one."""
    CRASH = auto()
    """The engine's process ends."""
    CRASH_AT_JOURNAL = auto()
    """The engine's process ends at one of the next writes to its journal, before or after it is durable."""
    CRASH_AT_SEND = auto()
    """The engine's process ends in the midst of one of the next messages that it writes."""
    STOP = auto()
    """The engine is stopped in an orderly way, and started again."""
    BROKER_RESTART = auto()
    """The server drops its links and gives ids from the first on again."""
    DEGRADE = auto()
    """The server loses what is behind it, and has it back later."""
    MUTE = auto()
    """The server hears and treats everything, and for a while says nothing."""
    CLOCK_STEP = auto()
    """The wall clock goes wrong by seconds or minutes, forward or back."""
    DAY_CHANGE = auto()
    """It is the next morning: orders for the day are over, and what was before midnight is told no more."""


CRASHES = frozenset({Fault.CRASH, Fault.CRASH_AT_JOURNAL, Fault.CRASH_AT_SEND})
_WEIGHTS = {
    Fault.CUT: 5,
    Fault.CUT_WITHIN: 5,
    Fault.HALF_OPEN: 2,
    Fault.SLOW: 1,
    Fault.REFUSE: 2,
    Fault.CRASH: 4,
    Fault.CRASH_AT_JOURNAL: 4,
    Fault.CRASH_AT_SEND: 4,
    Fault.STOP: 2,
    Fault.BROKER_RESTART: 3,
    Fault.DEGRADE: 2,
    Fault.MUTE: 1,
    Fault.CLOCK_STEP: 1,
    Fault.DAY_CHANGE: 2,
}
# What each run may draw for its broker, and how much of it.
_TEMPERS: tuple[tuple[str, float], ...] = (
    ("late", 0.3),
    ("drops_placement", 0.2),
    ("drops_request", 0.2),
    ("rejects", 0.15),
    ("loses_ack", 0.3),
    ("fills_first", 0.5),
    ("fills_on_cancel", 0.4),
    ("corrects", 0.2),
    ("busts", 0.1),
    ("refuses_cancel", 0.3),
    ("refuses_modify", 0.3),
    ("splits_modify", 0.3),
    ("repeats", 0.3),
    ("delays", 0.3),
    ("garbles", 0.05),
    ("overlong", 0.03),
)


@dataclass(frozen=True, slots=True)
class Deed:
    """One order of the program: when and what, and what is asked of it afterwards, after so many seconds."""

    at: float
    symbol: int
    action: OrderAction
    quantity: int
    price: Decimal
    tif: TimeInForce
    is_bracket: bool
    cancel_after: float | None
    modify_after: float | None
    new_quantity: int
    new_price: Decimal


@dataclass(frozen=True, slots=True)
class Mishap:
    """One fault: when, how long it lasts or takes to mend, and two numbers that say which exactly."""

    at: float
    fault: Fault
    seconds: float
    share: float
    count: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a seed decides beforehand."""

    seed: int
    deeds: tuple[Deed, ...]
    mishaps: tuple[Mishap, ...]
    behaviour: Behaviour
    identity: SubmitIdentity
    foreign_at: float | None
    """When somebody else trades in the account, if anybody does."""


def draw_plan(seed: int) -> Plan:
    """Return what happens in the world of a seed."""
    rng = random.Random(seed)  # noqa: S311 -- repeatability is the point
    mishaps = _mishaps(rng)
    identity = rng.choices(
        (SubmitIdentity.QUERYABLE, SubmitIdentity.ENFORCED, SubmitIdentity.WINDOW), weights=(8, 1, 1)
    )[0]
    return Plan(
        seed=seed,
        deeds=tuple(sorted((_deed(rng) for _ in range(rng.randint(4, 9))), key=lambda deed: deed.at)),
        mishaps=mishaps,
        behaviour=_behaviour(rng),
        identity=identity,
        foreign_at=rng.uniform(0, ACTIVE_SECONDS) if rng.random() < 0.15 else None,
    )


def _deed(rng: random.Random) -> Deed:
    return Deed(
        at=rng.uniform(0.5, ACTIVE_SECONDS - 5),
        symbol=rng.randrange(len(CONTRACTS)),
        action=rng.choice((OrderAction.BUY, OrderAction.SELL)),
        quantity=rng.randint(1, 20),
        price=Decimal(rng.randint(90, 110)),
        tif=rng.choice((TimeInForce.DAY, TimeInForce.GTC)),
        is_bracket=rng.random() < 0.1,
        cancel_after=_maybe(rng, 0.35, 8),
        modify_after=_maybe(rng, 0.25, 8),
        new_quantity=rng.randint(1, 25),
        new_price=Decimal(rng.randint(90, 110)),
    )


def _maybe(rng: random.Random, share: float, most: float) -> float | None:
    return rng.uniform(0.01, most) if rng.random() < share else None


def _mishaps(rng: random.Random) -> tuple[Mishap, ...]:
    faults, weights = tuple(_WEIGHTS), tuple(_WEIGHTS.values())
    chosen = rng.choices(faults, weights=weights, k=rng.choices((0, 1, 2, 3, 4), weights=(1, 4, 5, 3, 2))[0])
    mishaps = (
        Mishap(
            at=rng.uniform(1, ACTIVE_SECONDS - 1),
            fault=fault,
            seconds=rng.uniform(0.1, 8),
            share=rng.random(),
            count=rng.randint(0, 6),
        )
        for fault in chosen
    )
    return tuple(sorted(mishaps, key=lambda mishap: mishap.at))


def _behaviour(rng: random.Random) -> Behaviour:
    tempers: dict[str, float] = {}
    for name, most in _sample(rng, _TEMPERS, rng.choice((0, 1, 2, 3, 4))):
        tempers[name] = rng.uniform(0.2, 1) * most
    return Behaviour(fills=rng.choice((0.2, 0.6)), in_parts=rng.choice((0, 0.5)), **tempers)


def _sample(rng: random.Random, items: Sequence[T], count: int) -> list[T]:
    return rng.sample(items, count)
