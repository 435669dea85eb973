"""Worlds at Interactive Brokers: sound on every seed that is tried, and able to tell when the plugin is not sound.

The thorough profile is ``python tests/faults/tws_worlds.py --seeds 10000 --processes 2``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from faults.tws_worlds import run_world
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.transport import Transport, Urgency

QUICK = (*range(7), 219, 2019, 2143)
SEARCH = range(40)
Plant = Callable[[pytest.MonkeyPatch], None]


@pytest.mark.parametrize("seed", QUICK)
def test_no_promise_is_broken_in_this_world(seed: int) -> None:
    assert run_world(seed).violations == []


def sends_everything_twice(patch: pytest.MonkeyPatch) -> None:
    """Give an order a second number and write it again, as a retry would that does not know what arrived."""
    once = Transport.place_orders

    async def twice(
        self: Transport, pairs: Sequence[tuple[IbContract, IbOrder]], urgency: Urgency = Urgency.NEW
    ) -> None:
        await once(self, pairs, urgency)
        again = [(contract, order.replace(order_id=self.next_id())) for contract, order in pairs if not order.parent_id]
        await once(self, again, urgency)

    patch.setattr(Transport, "place_orders", twice)


def hears_no_fill_again(patch: pytest.MonkeyPatch) -> None:
    """Never ask for executions that were missed."""

    async def none(self: Transport, **_: Any) -> tuple[()]:
        return ()

    patch.setattr(Transport, "executions", none)


@pytest.mark.parametrize("plant", [sends_everything_twice, hears_no_fill_again])
def test_worlds_catch_a_plugin_that(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    assert any(run_world(seed).violations for seed in SEARCH)
