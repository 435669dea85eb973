"""The frame of the suite: both sides of a gate, what cannot be driven, what is known to fail, and what is broken."""

# pyright: reportPrivateUsage=false

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from v6_paper_plugin.conformance import PaperDriver
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.capabilities import OrderSupport
from v6core.errors import ConfigurationError
from v6core.orders import Order, OrderStatus, OrderType, TimeInForce
from v6core.testing.conformance import CASES, Case, Drive, Outcome, Trial, case, conformance, expect, run_case
from v6core.testing.conformance.expecting import Broken
from v6core.testing.conformance.needs import STOPS
from v6core.testing.conformance.runner import UnknownCase

_ONLY_LIMITS = (
    OrderSupport(
        kinds=frozenset({"STOCK"}),
        order_types=frozenset({OrderType.LIMIT, OrderType.MARKET}),
        tifs=frozenset({TimeInForce.DAY}),
    ),
)


class WithoutStops(PaperDriver):
    """A broker that declares no stops."""

    @property
    def spec(self) -> BrokerSpec[Any]:
        whole = super().spec
        declared = whole.capabilities.model_copy(update={"orders": _ONLY_LIMITS})

        def create(settings: Any, context: BrokerContext) -> Broker:
            broker = whole.create(settings, context)
            broker._capabilities = declared
            return broker

        return dataclasses.replace(whole, capabilities=declared, create=create)


def a_case(play: Callable[[Trial], Awaitable[None]], **fields: Any) -> Case:
    return Case(id="OWN-01", proves="what it says", why="because", pitfall="otherwise", play=play, **fields)


async def nothing(_: Trial) -> None:
    return


async def fails(_: Trial) -> None:
    expect(False, "it is not so")  # noqa: FBT003 -- what a case would see


async def a_stop_rests(trial: Trial) -> None:
    order = await trial.place(trial.order_of(OrderType.STOP))
    await trial.stays(order, OrderStatus.SUBMITTED)


def test_a_case_that_sees_what_it_expects_passes() -> None:
    assert run_case(a_case(nothing), PaperDriver()).outcome is Outcome.PASSED


def test_a_case_that_sees_something_else_fails_by_its_id_and_says_what() -> None:
    result = run_case(a_case(fails), PaperDriver())
    assert (result.outcome, result.about, result.reason) == (Outcome.FAILED, "OWN-01", "it is not so")


def test_whatever_a_broker_raises_is_a_failure_with_its_words() -> None:
    async def raises(_: Trial) -> None:
        raise RuntimeError("no such thing")

    assert run_case(a_case(raises), PaperDriver()).reason == "RuntimeError: no such thing"


def test_a_declared_capability_is_asked_for() -> None:
    assert run_case(a_case(a_stop_rests, needs=(STOPS,)), PaperDriver()).outcome is Outcome.PASSED


def test_what_is_not_declared_is_refused_and_the_case_says_so() -> None:
    result = run_case(a_case(a_stop_rests, needs=(STOPS,)), WithoutStops())
    assert (result.outcome, result.about) == (Outcome.REFUSED, "OWN-01/refuse")


def test_what_is_not_declared_and_not_refused_fails_on_the_other_side_of_the_gate() -> None:
    async def taken(_: Trial) -> None:
        return

    need = dataclasses.replace(STOPS, attempt=taken)
    result = run_case(a_case(a_stop_rests, needs=(need,)), WithoutStops())
    assert (result.outcome, result.about) == (Outcome.FAILED, "OWN-01/refuse")


def test_a_refusal_after_something_was_sent_is_none() -> None:
    async def sends_first(trial: Trial) -> None:
        await trial.place(Order.limit("BUY", 1, trial.below(5)))
        await STOPS.attempt(trial)

    need = dataclasses.replace(STOPS, attempt=sends_first)
    result = run_case(a_case(a_stop_rests, needs=(need,)), WithoutStops())
    assert "something reached the broker" in result.reason


def test_what_a_driver_cannot_do_is_not_run_and_the_result_says_what() -> None:
    class Still(PaperDriver):
        can = frozenset[Drive]()

    result = run_case(a_case(fails, drives=frozenset({Drive.LINK})), Still())
    assert (result.outcome, result.reason) == (Outcome.NOT_DRIVEN, "the driver cannot do LINK")


def test_a_case_for_a_driven_market_is_not_run_on_an_account() -> None:
    class OnAnAccount(PaperDriver):
        tier = 2

    assert run_case(a_case(fails), OnAnAccount()).outcome is Outcome.NOT_DRIVEN


def test_a_known_failure_is_told_with_its_reason() -> None:
    result = run_case(a_case(fails), PaperDriver(), {"OWN-01": "the venue does that"})
    assert (result.outcome, result.reason) == (Outcome.KNOWN, "the venue does that (it is not so)")


def test_a_known_failure_that_does_not_fail_is_a_failure() -> None:
    assert run_case(a_case(nothing), PaperDriver(), {"OWN-01": "it did once"}).outcome is Outcome.FAILED


def test_a_known_failure_of_a_case_that_there_is_not_warns() -> None:
    with pytest.warns(UnknownCase, match="'OWN-02'"):
        conformance(PaperDriver, [a_case(nothing)], {"OWN-02": "mistyped"})


def test_a_known_failure_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="say why OWN-01"):
        conformance(PaperDriver, [a_case(fails)], {"OWN-01": " "})


def test_a_law_that_is_broken_fails_by_its_own_id() -> None:
    async def breaks_a_law(trial: Trial) -> None:
        trial.watch.broken.append(Broken("it filled twice", "SM-03"))

    assert run_case(a_case(breaks_a_law), PaperDriver()).about == "SM-03"


def test_a_case_that_never_ends_fails() -> None:
    class Impatient(PaperDriver):
        limit = 5.0

    async def hangs(trial: Trial) -> None:
        await trial.driver.pass_time(60)

    assert "did not come to an end within 5 seconds" in run_case(a_case(hangs), Impatient()).reason


def test_a_broker_proves_nothing_by_having_no_case_run() -> None:
    class Still(PaperDriver):
        can = frozenset[Drive]()

    assert not conformance(Still, [a_case(nothing, drives=frozenset({Drive.TIME}))]).is_proved


def test_an_id_is_given_once() -> None:
    taken = next(iter(CASES))
    with pytest.raises(ConfigurationError, match=f"case {taken} is there twice"):
        case(taken, why="", pitfall="")(nothing)


def test_a_case_without_a_sentence_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="does not say what it proves"):
        case("OWN-03", why="", pitfall="")(nothing)


@pytest.mark.parametrize("one", CASES.values(), ids=str)
def test_every_case_says_what_it_proves_why_and_what_goes_wrong(one: Case) -> None:
    assert all(text.strip() for text in (one.proves, one.why, one.pitfall))


@pytest.mark.parametrize("one", CASES.values(), ids=str)
def test_every_id_has_a_family_and_a_number(one: Case) -> None:
    family, _, number = one.id.partition("-")
    assert family.isupper()
    assert len(number) == 2
    assert number.isdigit()
