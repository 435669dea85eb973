"""A capability that is not declared is refused, and whoever does it all the same fails on that side of the gate."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar
from uuid import uuid4

import pytest

from conformance.saboteur import Meddler, SabotagedDriver
from conformance.saboteurs_reviewed import Halving
from v6core.broker import Broker
from v6core.capabilities import Capabilities
from v6core.contracts import Contract
from v6core.errors import NotSupported
from v6core.fills import Preview
from v6core.orders import Order
from v6core.quotes import OptionChain, Quote
from v6core.testing.conformance import CASES, Case, Outcome, Result, needs, run_case
from v6core.testing.conformance.needs import Need

UNDECLARED: Mapping[str, Any] = {
    "modify": "NONE",
    "preview": False,
    "quotes": False,
    "option_chains": False,
    "global_cancel": False,
}


class Modest(Meddler):
    """Declares nothing that it need not, and refuses what it does not declare."""

    declares: ClassVar[Mapping[str, Any]] = UNDECLARED

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        await Broker.modify(self, order, changes)

    async def preview(self, orders: Sequence[Order]) -> Preview:
        return await Broker.preview(self, orders)

    async def quote(self, contract: Contract) -> Quote:
        return await Broker.quote(self, contract)

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        return Broker.quotes(self, contracts)

    async def option_chain(self, contract: Contract) -> OptionChain:
        return await Broker.option_chain(self, contract)

    async def cancel_everything(self) -> None:
        await Broker.cancel_everything(self)


class DoesItAllTheSame(Meddler):
    """Does what it does not declare."""

    declares: ClassVar[Mapping[str, Any]] = UNDECLARED


class AnswersNone(Modest):
    """Says nothing to what it does not declare."""

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        return None

    async def preview(self, orders: Sequence[Order]) -> Preview:
        return None  # type: ignore[return-value]

    async def quote(self, contract: Contract) -> Quote:
        return None  # type: ignore[return-value]

    async def option_chain(self, contract: Contract) -> OptionChain:
        return None  # type: ignore[return-value]

    async def cancel_everything(self) -> None:
        return None


class StreamsOnly(Modest):
    """Refuses a quote, and streams them."""

    def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        return self._streamed(contracts)

    async def _streamed(self, contracts: Sequence[Contract]) -> AsyncGenerator[Quote]:
        async for quote in self.inner.quotes(contracts):
            yield quote


class SendsAndRefuses(Modest):
    """Sends an order, or a change, and refuses it then."""

    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        await self.inner.modify(order, changes)
        raise NotSupported("it cannot be changed")

    async def preview(self, orders: Sequence[Order]) -> Preview:
        await self.inner.place([order.replace(order_id=uuid4()) for order in orders])
        raise NotSupported("it cannot be previewed")

    async def cancel_everything(self) -> None:
        await self.inner.cancel_everything()
        raise NotSupported("not those of others")


GATES = (needs.MODIFIES, needs.PREVIEWS, needs.QUOTED, needs.CHAINS, needs.GLOBAL_CANCEL)
gates = pytest.mark.parametrize("need", [pytest.param(need, id=need.name) for need in GATES])


async def _nothing(_: object) -> None:
    return None


def _at_the_gate(need: Need, broker: type[Meddler]) -> Result:
    case = Case(id="OWN-01", proves="-", why="-", pitfall="-", play=_nothing, needs=(need,))
    return run_case(case, SabotagedDriver(broker))


@gates
def test_what_is_not_declared_is_refused(need: Need) -> None:
    result = _at_the_gate(need, Modest)
    assert result.outcome is Outcome.REFUSED, result


@gates
@pytest.mark.parametrize("broker", [DoesItAllTheSame, AnswersNone], ids=lambda broker: broker.__name__)
def test_what_is_not_declared_and_done_or_left_unanswered_fails(need: Need, broker: type[Meddler]) -> None:
    result = _at_the_gate(need, broker)
    assert (result.outcome, result.about) == (Outcome.FAILED, "OWN-01/refuse"), result


SENT = (needs.MODIFIES, needs.PREVIEWS, needs.GLOBAL_CANCEL)


@pytest.mark.parametrize("need", [pytest.param(one, id=one.name) for one in SENT])
def test_what_is_sent_and_refused_then_fails(need: Need) -> None:
    result = _at_the_gate(need, SendsAndRefuses)
    assert (result.outcome, result.about) == (Outcome.FAILED, "OWN-01/refuse"), result


def test_a_stream_of_quotes_is_behind_the_gate_of_quotes() -> None:
    result = _at_the_gate(needs.QUOTED, StreamsOnly)
    assert (result.outcome, result.about) == (Outcome.FAILED, "OWN-01/refuse"), result


def test_a_broker_that_takes_halves_of_a_share_passes() -> None:
    result = run_case(CASES["MKT-10"], SabotagedDriver(Halving))
    assert result.outcome is Outcome.PASSED, result


ORDERS = {
    need.name: need for case in CASES.values() for need in case.needs if need.name not in {gate.name for gate in GATES}
}


class Nothing(Meddler):
    """Declares that it takes forex at the market alone."""

    declares: ClassVar[Mapping[str, Any]] = {
        "orders": ({"kinds": {"FOREX"}, "order_types": {"LIMIT"}, "tifs": {"OPG"}},),
        "bracket": False,
        "brackets": (),
        "exit_release": None,
        "oca_types": frozenset(),
        "max_combo_legs": 0,
    }


@pytest.mark.parametrize("name", ORDERS)
def test_the_engine_refuses_orders_that_are_not_declared(name: str) -> None:
    result = _at_the_gate(ORDERS[name], Nothing)
    assert result.outcome is Outcome.REFUSED, result


def _no_reason(*_: object) -> None:
    return None


def _yes(*_: object) -> bool:
    return True


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_that_is_not_declared_and_let_out_fails(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Capabilities, "why_not", _no_reason)
    monkeypatch.setattr(Capabilities, "takes_bracket", _yes)
    result = _at_the_gate(ORDERS[name], Nothing)
    assert (result.outcome, result.about) == (Outcome.FAILED, "OWN-01/refuse"), result
