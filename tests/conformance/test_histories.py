"""Histories: drawn, told as text, replayed, and made short where they break something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings

from conformance import saboteurs_histories
from conformance.meddlers import Undeclared
from conformance.saboteur import SABOTEURS, Meddler, SabotagedDriver
from conformance.test_do_nothing import Unwilling
from v6_paper_plugin.conformance import ImmediateDriver, PaperDriver
from v6core.contracts import Combo, ComboLeg, Option, Stock
from v6core.errors import ConfigurationError
from v6core.fills import Fill
from v6core.orders import Order, OrderStatus, OrderType
from v6core.testing.conformance import CASES, Drive, Outcome, run_case
from v6core.testing.conformance.histories import (
    BrokenHistory,
    examples_of,
    histories,
    history_of,
    look_for,
    play,
    replay,
    script_of,
)
from v6core.testing.conformance.histories.laws import broken_together
from v6core.testing.conformance.histories.player import BrokenStep
from v6core.testing.conformance.histories.steps import (
    Disconnect,
    History,
    Modify,
    PassTime,
    Place,
    Quote,
    Repeat,
    Resize,
    Restart,
    Spread,
)

del saboteurs_histories  # its import has registered what is in it

NOON = datetime(2026, 12, 1, 17, tzinfo=UTC)
FILLED = (Place(quantity=5, price=-5), Quote(price=-10, ask_size=9))


class Quiet(PaperDriver):
    """A driver that can do nothing but quote."""

    can: ClassVar[frozenset[Drive]] = frozenset({Drive.QUOTES})


@settings(deadline=None, max_examples=50)
@given(histories(PaperDriver()))
def test_a_history_comes_back_from_its_script(history: History) -> None:
    assert history_of(script_of(history)) == history


def test_a_script_may_have_remarks_and_empty_lines() -> None:
    assert history_of('# a remark\n\n{"step": "CANCEL", "order": 2}\n') == history_of('{"step":"CANCEL","order":2}')


@pytest.mark.parametrize("line", ["{}", '{"step": "WAIT"}', "no json", '{"step": "PLACE", "quantity": 0}'])
def test_what_is_no_step_is_refused_by_its_line(line: str) -> None:
    with pytest.raises(ConfigurationError, match="line 2 of the script is no step"):
        history_of(f'{{"step": "RESTART"}}\n{line}\n')


@settings(deadline=None, max_examples=100)
@given(histories(Quiet()))
def test_what_a_driver_cannot_do_is_not_drawn(history: History) -> None:
    assert not any(isinstance(step, Disconnect | PassTime | Repeat) for step in history)


@settings(deadline=None, max_examples=100)
@given(histories(SabotagedDriver(Undeclared)))
def test_what_a_broker_does_not_declare_is_not_drawn(history: History) -> None:
    assert not any(isinstance(step, Modify | Resize | Spread) for step in history)


class TakesNothing(Meddler):
    declares: ClassVar[Mapping[str, Any]] = {**Undeclared.declares, "orders": ()}


@settings(deadline=None, max_examples=3)
@given(histories(SabotagedDriver(TakesNothing)))
def test_where_no_order_is_taken_there_is_no_history(history: History) -> None:
    assert history == ()


def test_a_history_ends_in_what_a_user_sees() -> None:
    ending = play(FILLED, PaperDriver())
    assert ending.orders == ((OrderStatus.FILLED, Decimal(5), Decimal(0)),)
    assert ending.held == {"AAPL": Decimal(5)}


def test_endings_differ_by_their_orders_and_by_what_is_held() -> None:
    one, other = play(FILLED, PaperDriver()), play(FILLED[:1], PaperDriver())
    assert one.differs(one) is None
    assert "order 1 is" in str(one.differs(other))


def test_a_script_that_breaks_nothing_replays_to_nothing(tmp_path: Path) -> None:
    (tmp_path / "history").write_text(script_of(FILLED))
    assert replay(tmp_path / "history", PaperDriver) is None


def test_a_script_that_breaks_something_replays_to_the_case_that_searches_for_it(tmp_path: Path) -> None:
    (tmp_path / "history").write_text(script_of((Place(order_type=OrderType.STOP, price=20), Resize(by=2))))
    broken = replay(tmp_path / "history", SABOTEURS["a conditional order that is resized by one too many"].make_driver)
    assert broken is not None
    assert broken.law == "HYP-01"
    assert "left without an answer" in str(broken)


def test_a_script_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        replay(tmp_path / "nothing", PaperDriver)


def test_a_search_tells_the_shortest_history_that_breaks() -> None:
    def tried(history: History) -> None:
        if sum(isinstance(step, Quote) for step in history) > 1:
            raise ValueError("two quotes")

    with pytest.raises(BrokenHistory, match="two quotes") as found:
        look_for(histories(PaperDriver()), tried, script_of, 200)
    shortest = history_of(found.value.script)
    assert [type(step) for step in shortest if isinstance(step, Quote)] == [Quote, Quote]
    assert len(shortest) <= 4


def test_a_history_is_cut_at_the_step_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6core.testing.conformance.histories.searching.SHORTENING", 0.0)
    failed: list[int] = []

    def tried(history: History) -> None:
        for number, step in enumerate(history, start=1):
            if isinstance(step, Quote):
                failed.append(len(history) - number)
                raise BrokenStep("a quote", number)

    with pytest.raises(BrokenHistory, match="a quote") as found:
        look_for(histories(PaperDriver()), tried, script_of, 200)
    assert max(failed) > 0, "no history went on after it had failed"
    assert isinstance(history_of(found.value.script)[-1], Quote)


def test_a_history_is_rid_of_each_step_that_does_not_matter() -> None:
    def tried(history: History) -> None:
        kinds = [type(step) for step in history]
        if Restart in kinds and Quote in kinds[kinds.index(Restart) :]:
            raise ValueError("a quote after a restart")

    with pytest.raises(BrokenHistory) as found:
        look_for(histories(PaperDriver()), tried, script_of, 400)
    assert [type(step) for step in history_of(found.value.script)] == [Restart, Quote]


def test_a_cut_history_that_holds_is_not_told() -> None:
    def tried(history: History) -> None:
        if len(history) > 2:
            raise BrokenStep("three steps", 2)

    with pytest.raises(BrokenHistory) as found:
        look_for(histories(PaperDriver()), tried, script_of, 200)
    assert len(history_of(found.value.script)) == 3


def test_steps_in_between_do_not_count() -> None:
    driver = SABOTEURS["a conditional order that is resized by one too many"].make_driver()
    with pytest.raises(BrokenStep, match=r"\(at step 2, RESIZE\)") as found:
        play((Place(order_type=OrderType.STOP, price=20), Resize(by=2)), driver, Repeat())
    assert found.value.number == 2


def test_a_search_tells_its_script_in_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6core.testing.conformance.histories.searching.SHORTENING", 0.0)
    monkeypatch.setenv("V6_EXAMPLES", "60")
    planted = SABOTEURS["a stop that is listed at another price when it sells"]
    result = run_case(CASES["HYP-04"], planted.make_driver())
    assert "v6 conform NAME --replay FILE" in result.detail
    assert history_of(result.script)


def test_the_same_histories_are_drawn_every_time() -> None:
    drawn: list[list[History]] = [[], []]
    for seen in drawn:
        look_for(histories(PaperDriver()), seen.append, script_of, 20)
    assert drawn[0] == drawn[1]


def test_the_environment_says_how_many_are_played(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("V6_EXAMPLES", raising=False)
    assert examples_of(PaperDriver()) == PaperDriver.examples
    monkeypatch.setenv("V6_EXAMPLES", "7")
    assert examples_of(PaperDriver()) == 7
    monkeypatch.setenv("V6_EXAMPLES", "many")
    with pytest.raises(ConfigurationError, match="V6_EXAMPLES must be a number above zero, not 'many'"):
        examples_of(PaperDriver())


@pytest.mark.parametrize("case_id", ["HYP-01", "HYP-02", "HYP-03", "HYP-04", "HYP-05"])
def test_a_market_without_waiting_orders_is_not_searched(case_id: str) -> None:
    assert run_case(CASES[case_id], ImmediateDriver()).outcome is Outcome.NOT_DRIVEN


# The laws of orders that belong together, each broken once.


def _order(status: str = "SUBMITTED", filled: int = 0, **fields: Any) -> Order:
    done: dict[str, Any] = {"avg_fill_price": 100} if filled else {}
    done |= {"filled_at": NOON} if status == "FILLED" else {}
    given = {"action": "SELL", "quantity": 10, "order_type": "LIMIT", "limit_price": 100, "status": status, **fields}
    return Order.model_validate({**given, "filled_quantity": filled, **done})


def _laws(*orders: Order, fills: tuple[Fill, ...] = ()) -> list[str | None]:
    return [broken.law for broken in broken_together(orders, fills, {one.order_id: one.quantity for one in orders})]


def _exit_of(entry: Order, status: str = "SUBMITTED", filled: int = 0, **fields: Any) -> Order:
    return _order(status, filled, parent_order_id=entry.order_id, **fields)


def test_an_exit_that_works_before_its_entry_is_told() -> None:
    entry = _order(action="BUY")
    assert _laws(entry, _exit_of(entry, working=True)) == ["GRP-01"]


def test_exits_that_sell_more_than_the_entry_bought_are_told() -> None:
    entry = _order("PARTIALLY_FILLED", 4, action="BUY")
    assert _laws(entry, _exit_of(entry, "PARTIALLY_FILLED", 5)) == ["GRP-03"]


def test_an_exit_of_an_entry_that_has_ended_unfilled_is_told() -> None:
    entry = _order("CANCELLED", action="BUY")
    assert _laws(entry, _exit_of(entry)) == ["GRP-04"]


def test_an_exit_beside_one_that_has_filled_is_told() -> None:
    entry = _order("FILLED", 10, action="BUY")
    assert _laws(entry, _exit_of(entry, "FILLED", 10), _exit_of(entry)) == ["GRP-05"]


def test_a_reducing_group_that_fills_more_than_its_size_is_told() -> None:
    group: dict[str, Any] = {"oca_group": "g", "oca_type": "REDUCE_WITH_BLOCK"}
    assert _laws(_order("FILLED", 10, **group), _order("PARTIALLY_FILLED", 1, **group)) == ["GRP-06"]


def test_two_fills_in_a_group_are_told() -> None:
    group: dict[str, Any] = {"oca_group": "g", "oca_type": "CANCEL_WITH_BLOCK"}
    assert _laws(_order("FILLED", 10, **group), _order("FILLED", 10, **group)) == ["GRP-07"]


def test_an_open_sibling_of_a_filled_order_is_told() -> None:
    group: dict[str, Any] = {"oca_group": "g", "oca_type": "CANCEL_WITH_BLOCK"}
    assert _laws(_order("FILLED", 10, **group), _order(**group)) == ["GRP-12"]


def test_a_combo_that_cost_more_than_its_limit_is_told() -> None:
    legs = [ComboLeg(Stock("GOOG"), "BUY", 100), ComboLeg(Option("GOOG", "2026-12-18", 100, "CALL"), "SELL")]
    order = _order("FILLED", 10, action="BUY", contract=Combo("GOOG", legs), limit_price="1.00")
    fill = Fill.model_validate(
        {
            "execution_id": "x",
            "order_id": order.order_id,
            "contract": legs[1].contract,
            "action": "BUY",
            "quantity": 10,
            "price": "1.01",
            "time": NOON,
        }
    )
    assert _laws(order, fills=(fill,)) == ["CMB-04"]


def test_histories_of_a_broker_that_takes_no_order_prove_nothing() -> None:
    result = run_case(CASES["HYP-01"], SabotagedDriver(Unwilling))
    assert "the broker took no order of" in result.reason
