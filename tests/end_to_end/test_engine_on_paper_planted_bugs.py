"""Bugs of the kind that cost money, planted into the engine or the paper broker: the machines' laws catch each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from end_to_end.engine_on_paper_machine import GivenMachine, PaperMachine, RealisticMachine
from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.instant import InstantVenue
from v6_paper_plugin.exchange.ledger import Ledger
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.outbox import Outbox
from v6_paper_plugin.translation import fill_report
from v6core.contracts import Contract
from v6core.engine.execution import Deadline, Execution
from v6core.engine.operations import Operations
from v6core.engine.recovery import Recovery
from v6core.engine.room import Room
from v6core.events import OrderIntended, event_from_json
from v6core.money import ZERO
from v6core.positions import Position

Plant = Callable[[pytest.MonkeyPatch], None]
SEARCH = settings(
    max_examples=80,
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=[Phase.generate],
    report_multiple_bugs=False,
    print_blob=False,
)


def _nothing(*_: Any) -> None: ...


def fill_booked_twice(patch: pytest.MonkeyPatch) -> None:
    sound = Ledger.trade

    def trade(self: Ledger, *fill: Any) -> None:
        sound(self, *fill)
        sound(self, *fill)

    patch.setattr(Ledger, "trade", trade)


def commission_forgotten(patch: pytest.MonkeyPatch) -> None:
    def told(*known: Any) -> Any:
        report = fill_report(*known)
        return report.model_copy(update={"fill": report.fill.replace(commission=None)})

    patch.setattr("v6_paper_plugin.outbox.fill_report", told)


def exits_not_cancelled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Exchange, "_take_from_siblings", _nothing)


def exits_work_at_once(patch: pytest.MonkeyPatch) -> None:
    def workable(order: ExchangeOrder, *_: Any) -> Decimal:
        return order.leaves

    patch.setattr("v6_paper_plugin.exchange.exchange.workable", workable)


def shrinking_not_told(patch: pytest.MonkeyPatch) -> None:
    sound = cast("Any", Exchange)._shrink

    def shrink(self: Exchange, order: ExchangeOrder, quantity: Decimal, reason: str) -> None:
        if quantity <= order.filled:
            sound(self, order, quantity, reason)
            return
        order.quantity = quantity
        order.workable = min(order.workable, order.leaves)
        self.venue.reduce(order, order.workable)

    patch.setattr(Exchange, "_shrink", shrink)


def combo_leg_ratio_lost(patch: pytest.MonkeyPatch) -> None:
    def legs(self: ExchangeOrder) -> Any:
        sign = self.action.sign
        legs = getattr(self.contract, "signed_legs", ((self.contract, 1),))
        return tuple((leg, sign * (1 if ratio > 0 else -1)) for leg, ratio in legs)

    patch.setattr(ExchangeOrder, "legs", property(legs))


def limit_taken_for_a_hint(patch: pytest.MonkeyPatch) -> None:
    def prices(self: Any, order: ExchangeOrder) -> Any:
        return [self._far_side(leg, buy=ratio > 0) for leg, ratio in order.legs]

    patch.setattr(InstantVenue, "_prices", prices)


def restart_forgets_an_order(patch: pytest.MonkeyPatch) -> None:
    def replay(self: Any) -> None:
        events: list[Any] = [event_from_json(row.payload) for row in self._journal.rows()]
        last = next((event.order_id for event in reversed(events) if isinstance(event, OrderIntended)), "none")
        self._record.replay(event for event in events if getattr(event, "order_id", None) != last)

    patch.setattr(Recovery, "replay", replay)


def told_before_it_is_kept(patch: pytest.MonkeyPatch) -> None:
    def flush(self: Any) -> None:
        for report in self._outbox.take():
            self._context.report(report)

    patch.setattr(PaperBroker, "_flush", flush)


def settlement_not_told(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Outbox, "on_adjustment", _nothing)


def _look_only_once(patch: pytest.MonkeyPatch) -> None:
    """Leave out the look at the moment of sending, which would hide a close that was planned too large."""
    patch.setattr(Room, "why_not", _nothing)


def close_of_what_the_strategy_claims(patch: pytest.MonkeyPatch) -> None:
    _look_only_once(patch)

    def claimed(claims: Iterable[Position], account: object) -> tuple[tuple[Contract, Decimal], ...]:
        return tuple((row.contract, row.quantity) for row in claims)

    patch.setattr("v6core.engine.execution.held_by", claimed)


def close_of_what_the_account_holds(patch: pytest.MonkeyPatch) -> None:
    def all_of_it(claims: Iterable[Position], account: Iterable[Any]) -> tuple[tuple[Contract, Decimal], ...]:
        held: dict[str, Decimal] = defaultdict(lambda: ZERO)
        for row in account:
            held[row.contract.key] += row.quantity
        return tuple((row.contract, held[row.contract.key]) for row in claims if held[row.contract.key])

    patch.setattr("v6core.engine.execution.held_by", all_of_it)


def close_beside_its_own_exits(patch: pytest.MonkeyPatch) -> None:
    async def nothing(self: Execution, strategy: object) -> tuple[()]:
        return ()

    patch.setattr(Execution, "cancel_own_orders", nothing)


def every_close_is_a_close_of_its_own(patch: pytest.MonkeyPatch) -> None:
    _look_only_once(patch)

    async def close(self: Any, strategy: Any, limit: Any, timeout: Any, *, at_market: bool, **_: Any) -> Any:
        return await self._closing.close(strategy, limit, Deadline(timeout), at_market=at_market)

    patch.setattr(Operations, "close", close)


PLANTS: tuple[tuple[Plant, type[PaperMachine], str], ...] = (
    (fill_booked_twice, GivenMachine, "I40|I43"),
    (commission_forgotten, RealisticMachine, "I43|I47"),
    (exits_not_cancelled, RealisticMachine, "I33|I35"),
    (exits_work_at_once, RealisticMachine, "I32|I33"),
    (shrinking_not_told, RealisticMachine, "I11|I35"),
    (combo_leg_ratio_lost, GivenMachine, "I2:|I24|I37"),
    (limit_taken_for_a_hint, GivenMachine, "I48"),
    (restart_forgets_an_order, GivenMachine, "I25|I20"),
    (told_before_it_is_kept, GivenMachine, "I17|I20|I40"),
    (settlement_not_told, RealisticMachine, "I40"),
    (close_of_what_the_strategy_claims, RealisticMachine, "I42"),
    (close_of_what_the_account_holds, RealisticMachine, "I42"),
    (close_beside_its_own_exits, RealisticMachine, "I42"),
    (every_close_is_a_close_of_its_own, RealisticMachine, "I42"),
)


@pytest.mark.parametrize(("plant", "machine", "law"), PLANTS, ids=[row[0].__name__ for row in PLANTS])
def test_a_planted_bug_is_caught(
    plant: Plant, machine: type[PaperMachine], law: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=law):
        run_state_machine_as_test(machine, settings=SEARCH)
