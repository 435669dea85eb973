"""Worlds in which one kind of fault alone strikes, at whatever moments."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Sequence

from v6core.capabilities import SubmitIdentity
from v6core.testing.remote import Behaviour
from v6core.testing.world import Fault, Mishap, Plan, draw_plan


def struck(seed: int, faults: Sequence[Fault], strikes: int = 2, **behaviour: float) -> Plan:
    """Return the plan of a seed with these faults in the place of its own."""
    rng = random.Random(seed)
    mishaps = [
        Mishap(rng.uniform(1, 40), rng.choice(faults), rng.uniform(0.1, 8), rng.random(), rng.randint(0, 6))
        for _ in range(strikes if faults else 0)
    ]
    return dataclasses.replace(
        draw_plan(seed),
        mishaps=tuple(sorted(mishaps, key=lambda mishap: mishap.at)),
        behaviour=Behaviour(fills=0.5, in_parts=0.5, **behaviour),
        identity=SubmitIdentity.QUERYABLE,
    )
