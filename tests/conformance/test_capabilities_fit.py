"""A capability that is declared and that nothing stands behind: CON-02 names it, and so does the broker itself."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from conformance.saboteur import Meddler, SabotagedDriver
from v6_paper_plugin.conformance import PaperDriver
from v6core.broker import Broker, BrokerContext
from v6core.capabilities import Capabilities
from v6core.clock import SystemClock
from v6core.contracts import Stock
from v6core.errors import NotSupported
from v6core.orders import Order
from v6core.testing.conformance import CASES, run_case


class LeavesOut(Meddler):
    """A broker that has left a method as v6 gives it."""


def reason(meddler: type[Meddler]) -> str:
    return run_case(CASES["CON-02"], SabotagedDriver(meddler)).reason


@pytest.mark.parametrize(
    ("capability", "method"),
    [
        ("modify", "modify"),
        ("global_cancel", "cancel_everything"),
        ("quotes", "quote"),
        ("quotes", "quotes"),
        ("option_chains", "option_chain"),
        ("preview", "preview"),
    ],
)
def test_what_is_declared_and_not_overridden_is_named(capability: str, method: str) -> None:
    meddler = type("LeavesOut", (Meddler,), {method: getattr(Broker, method)})
    assert reason(meddler) == f"it declares {capability}, and LeavesOut does not override {method}()"


def test_what_is_neither_declared_nor_overridden_is_no_fault() -> None:
    meddler = type("LeavesOut", (Meddler,), {"preview": Broker.preview, "declares": {"preview": False}})
    assert reason(meddler) == ""


def test_chains_of_options_that_nobody_trades_are_named() -> None:
    class OnlyStocks(Meddler):
        declares: ClassVar[Mapping[str, Any]] = {
            "orders": [{"kinds": ["STOCK"], "order_types": ["LIMIT"], "tifs": ["DAY"]}],
            "max_combo_legs": 0,
            "combo_leg_kinds": [],
            "fractional_kinds": [],
            "bracket": False,
            "brackets": [],
            "exit_release": None,
        }

    assert reason(OnlyStocks) == "option chains are declared, and no row of what is taken has options"


def test_only_what_differs_from_the_announcement_is_told() -> None:
    class Boasts(Meddler):
        @property
        def capabilities(self) -> Capabilities:
            return super().capabilities.model_copy(update={"max_combo_legs": 9})

    announced = Boasts.announced(SabotagedDriver(Boasts).spec).capabilities.max_combo_legs
    assert reason(Boasts) == f"the broker declares max_combo_legs as 9, and its plugin announces {announced}"


# What the broker itself says.

STOCK = Stock("AAPL")
ORDER = Order.limit("BUY", 1, 1)
QUESTIONS: dict[str, tuple[str, Callable[[Broker], object]]] = {
    "change a working order": ("modify", lambda broker: asyncio.run(_awaited(broker.modify(ORDER, {"quantity": 2})))),
    "cancel the orders of others": (
        "global_cancel",
        lambda broker: asyncio.run(_awaited(broker.cancel_everything())),
    ),
    "quote STOCK": ("quotes", lambda broker: asyncio.run(_awaited(broker.quote(STOCK)))),
    "stream quotes": ("quotes", lambda broker: broker.quotes([STOCK])),
    "list options": ("option_chains", lambda broker: asyncio.run(_awaited(broker.option_chain(STOCK)))),
    "preview 1 orders": ("preview", lambda broker: asyncio.run(_awaited(broker.preview([ORDER])))),
}


async def _awaited(answer: Awaitable[object]) -> object:
    return await answer


class Bare(Meddler):
    """A broker that has left all it may as v6 gives it."""

    modify = Broker.modify
    cancel_everything = Broker.cancel_everything
    quote = Broker.quote
    quotes = Broker.quotes
    option_chain = Broker.option_chain
    preview = Broker.preview


@pytest.mark.parametrize("what", QUESTIONS)
@pytest.mark.parametrize(
    ("is_declared", "why"),
    [
        (True, "its capabilities declare it, and Bare does not do it"),
        (False, "its capabilities do not declare it"),
    ],
)
def test_a_refusal_is_true_of_what_is_declared(what: str, why: str, is_declared: bool) -> None:  # noqa: FBT001
    capability, ask = QUESTIONS[what]
    undeclared: object = "NONE" if capability == "modify" else False
    broker = bare() if is_declared else bare(**{capability: undeclared})
    with pytest.raises(NotSupported, match=f"mine cannot .*: {why}"):
        ask(broker)


def bare(**declares: object) -> Broker:
    spec, bare_one = PaperDriver().spec, type("Bare", (Bare,), {"declares": declares})
    context = BrokerContext(
        name="mine",
        clock=SystemClock(),
        report=lambda _: None,
        folder=Path(),
        logger=logging.getLogger("mine"),
        open_broker=_nobody,
    )
    made: Broker = bare_one(spec, spec.settings(), context)
    return made


async def _nobody(name: str) -> Broker:
    raise LookupError(name)
