"""Broken variants of the matching core, each caught by the law that is there for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, given, settings

from paper import matching_laws as laws
from paper.matching_laws import Law, Script, book_for, long_script, run, scripts
from v6_paper_plugin.exchange.matching import Book, Lifetime, Outcome, Unfilled
from v6_paper_plugin.exchange.matching.ladder import Ladder
from v6_paper_plugin.exchange.matching.resting import Resting, Stage
from v6_paper_plugin.exchange.matching.side import Side
from v6_paper_plugin.exchange.matching.trails import Group, Trails

side: Any = Side
enter, fill, match, take, move, quiet = side._enter, side._fill, side._match, Ladder.take, Trails.move, Side.quiet


def limit_read_wrong(self: Any, order: Resting, price: int | None) -> None:
    limit = order.limit
    order.limit = None if limit is None else limit + 2
    enter(self, order, price)
    order.limit = limit


def size_not_consumed(self: Any, price: int, size: int, outcomes: list[Outcome]) -> int:
    match(self, price, size, outcomes)
    return size


def fires_a_unit_early(self: Ladder, highest: int) -> list[Resting]:
    return take(self, highest + 1)


def trail_follows_both_ways(self: Any, price: int) -> None:
    move(self, price)
    if self._stack:
        self._stack[-1].extreme = price


def forgets_who_is_below_the_top(self: Any, group: Group) -> None:
    group.burial = 0


def fill_or_kill_in_part(self: Any, price: int, size: int, outcomes: list[Outcome]) -> int:
    for order in self._orders.values():
        if order.lifetime is Lifetime.FOK:
            order.lifetime = Lifetime.IOC
    left: int = match(self, price, size, outcomes)
    return left


def immediate_orders_stay(self: Any, order: Resting, outcomes: list[Outcome]) -> None:
    if order.stage is Stage.LIVE and order.lifetime is Lifetime.FOK:
        outcomes.append(Unfilled(order.number, order.remaining))
        self.drop(order)


def last_come_first_filled(self: Any, order: Resting, price: int | None) -> None:
    order.sequence = -order.sequence
    enter(self, order, price)


def stops_unfire(self: Any, price: int, size: int, outcomes: list[Outcome]) -> int:
    size = match(self, price, size, outcomes)
    for order in self._orders.values():
        if order.fired and order.buy is (self._sign > 0) and not order.is_immediate and order.stage is Stage.LIVE:
            order.fired = False
            self._wait(order, order.waiting_stage, price)
    return size


def slippage_helps(self: Any, order: Resting, lots: int, price: int, outcomes: list[Outcome]) -> None:
    fill(self, order, lots, price - 2 * self._slippage, outcomes)


def fills_more_than_asked(self: Any, order: Resting, lots: int, price: int, outcomes: list[Outcome]) -> None:
    order.quantity += 1
    fill(self, order, lots, price, outcomes)


def somebody_at_nothing(self: Any, price: int | None, size: int) -> bool:
    return price is not None


def quiet_where_it_is_not(self: Any) -> tuple[int, int]:
    low, high = quiet(self)
    return low - 1, high


def market_to_limit_stays_at_the_market(self: Any, order: Resting, limit: int) -> None:
    """Let the rest fill at whatever price comes."""


def rounds_towards_the_market(self: Resting, extreme: int) -> int:
    return extreme + (self.trail if self.trail is not None else extreme * self.factor // 1_000_000 - extreme)


PLANTED: list[tuple[type, str, Callable[..., Any], Law]] = [
    (Side, "_enter", limit_read_wrong, laws.fills_at_the_quote_and_never_through_a_limit),
    (Side, "_fill", slippage_helps, laws.fills_at_the_quote_and_never_through_a_limit),
    (Book, "_is_there", somebody_at_nothing, laws.fires_once_and_on_its_condition),
    (Side, "_match", size_not_consumed, laws.never_more_than_displayed),
    (Side, "_fill", fills_more_than_asked, laws.never_more_than_ordered),
    (Ladder, "take", fires_a_unit_early, laws.fires_once_and_on_its_condition),
    (Side, "_match", stops_unfire, laws.fires_once_and_on_its_condition),
    (Trails, "move", trail_follows_both_ways, laws.trails_move_only_in_favour),
    (Side, "_match", fill_or_kill_in_part, laws.fill_or_kill_is_whole_or_nothing),
    (Side, "_dismiss", immediate_orders_stay, laws.immediate_orders_never_rest),
    (Side, "_enter", last_come_first_filled, laws.first_come_first_filled),
    (Side, "_turn", market_to_limit_stays_at_the_market, laws.market_to_limit_is_no_worse_later),
    (Side, "quiet", quiet_where_it_is_not, laws.equals_the_reference),
    (Resting, "stop_from", rounds_towards_the_market, laws.equals_the_reference),
]


@pytest.mark.parametrize(("owner", "name", "bug", "law"), PLANTED, ids=[bug.__name__ for _, _, bug, _ in PLANTED])
def test_a_planted_bug_is_caught(
    owner: type, name: str, bug: Callable[..., Any], law: Law, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, bug)

    @settings(
        deadline=None,
        max_examples=2000,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(script=scripts)
    def holds(script: Script) -> None:
        law(script, run(book_for(script), script))

    with pytest.raises(AssertionError):
        holds()


def test_a_bug_that_takes_many_trails_is_caught_by_a_long_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trails, "_bury", forgets_who_is_below_the_top)
    script = long_script(seed=1, length=300)
    with pytest.raises(AssertionError):
        laws.equals_the_reference(script, run(book_for(script), script))
