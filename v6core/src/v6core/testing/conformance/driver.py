"""What the suite drives a broker by: the market behind it, time, and whatever may go wrong on the way.

A driver belongs to a broker's tests, not to the broker. It says what it can do (``can``), and a case that asks for
more is not run and says so. A driver starts one world for one case; nothing of it is left for the next.
"""

from __future__ import annotations

import abc
import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import auto
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from v6core.broker import BrokerSpec
from v6core.clock import Clock, SystemClock
from v6core.config import EngineSection
from v6core.contracts import Contract, Option, OptionRight, Stock
from v6core.errors import ConfigurationError
from v6core.orders import Order
from v6core.words import Word

LoopFactory = Callable[[], asyncio.AbstractEventLoop]
PLENTY = Decimal(10_000)


class Drive(Word):
    """What a driver can do to the world behind a broker."""

    QUOTES = auto()
    """Say the bid and the offer of any sample, with their sizes; orders fill by them."""
    TIME = auto()
    """Let hours pass at the market, over the end of a session too."""
    ARRIVALS = auto()
    """Tell every request that reached the broker, in order."""
    OTHERS = auto()
    """Place orders of somebody else at the same account."""
    LINK = auto()
    """Cut the link to the broker, and mend it."""
    ANSWERS = auto()
    """Lose the answer to a request, whether or not the request arrives."""
    REPEATS = auto()
    """Have the broker say its last words again, in another order."""
    CORRECTIONS = auto()
    """Have the broker correct an execution."""


class Verb(Word):
    """What is asked of a broker about an order."""

    PLACE = auto()
    CANCEL = auto()
    MODIFY = auto()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request that reached the broker: what was asked about which order."""

    verb: Verb
    order_ref: str | None


@dataclass(frozen=True, slots=True)
class Samples:
    """What the suite trades: two stocks near ``price``, and options on the first of them.

    ``strikes`` ascend around the price, five at least; ``later`` is an expiration after ``expiration``.
    """

    stock: Contract = field(default_factory=lambda: Stock("AAPL"))
    other: Contract = field(default_factory=lambda: Stock("MSFT"))
    price: Decimal = Decimal(100)
    tick: Decimal = Decimal("0.01")
    expiration: date | None = None
    later: date | None = None
    strikes: tuple[Decimal, ...] = field(default_factory=lambda: tuple(Decimal(n) for n in (90, 95, 100, 105, 110)))

    def option(self, strike: Decimal | int, right: OptionRight | str, expiration: date | None = None) -> Option:
        """Return an option on the stock, of the nearer expiration unless another is given."""
        day = expiration or self.expiration
        if day is None:
            raise ConfigurationError("this driver names no expiration, so it has no options")
        return Option(self.stock.symbol, day, Decimal(strike), OptionRight(right))


class Driver(abc.ABC):
    """One world with a broker in it. A subclass says what it can, and does those of the verbs below that it said.

    ``name`` is what reports call the broker. ``patience`` is for how many seconds of the loop a case waits for what
    must come, and ``quiet`` for how long it waits before it takes silence for an answer.
    """

    name: str
    can: ClassVar[frozenset[Drive]] = frozenset()
    rests: ClassVar[bool] = True
    """Whether orders wait for their price; a dry run that fills everything at once does not."""
    tier: ClassVar[int] = 1
    """1: a driven market. 2: a real paper account, where only the cases that are fit for one run."""
    patience: ClassVar[float] = 10.0
    limit: ClassVar[float] = 60.0
    """After how many seconds of the loop a case has failed for not coming to its end."""
    quiet: ClassVar[float] = 0.02
    examples: ClassVar[int] = 10
    """How many histories each of the cases that search plays; ``V6_EXAMPLES`` in the environment goes before it."""
    samples: Samples = Samples()
    deadlines: EngineSection = EngineSection()

    @property
    @abc.abstractmethod
    def spec(self) -> BrokerSpec[Any]:
        """The broker's specification, as its plugin announces it."""

    @property
    @abc.abstractmethod
    def settings(self) -> BaseModel:
        """The section of the configuration by which the broker finds this world; known once it has started."""

    @property
    def loop_factory(self) -> LoopFactory | None:
        """What makes the event loop that this world needs; None for any."""
        return None

    @property
    def clock(self) -> Clock:
        """The clock by which v6 lives in this world; known once it has started."""
        return SystemClock()

    def another(self) -> Driver:
        """Return a driver for another world of the same kind; overridden where making one takes arguments."""
        return type(self)()

    @abc.abstractmethod
    async def start(self, folder: Path) -> None:
        """Make a world of its own, with nothing held and nothing open; files may be kept in the folder."""

    @abc.abstractmethod
    async def stop(self) -> None:
        """End the world and all that it started; a second call changes nothing."""

    async def settle(self) -> None:
        """Return once everything that is under way at the market has happened and has been told."""
        await asyncio.sleep(self.quiet)

    async def set_quote(
        self,
        contract: Contract,
        bid: Decimal | None,
        ask: Decimal | None,
        *,
        bid_size: Decimal = PLENTY,
        ask_size: Decimal = PLENTY,
    ) -> None:
        """Say a single contract's quote, and let what it reaches fill (QUOTES); None: nobody is on that side."""
        raise self._cannot(Drive.QUOTES)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass at the market (TIME)."""
        raise self._cannot(Drive.TIME)

    async def arrivals(self) -> tuple[Arrival, ...]:
        """Return every request that reached the broker so far, in order (ARRIVALS)."""
        raise self._cannot(Drive.ARRIVALS)

    async def place_other(self, contract: Contract, order: Order) -> str:
        """Place an order of somebody else, and return the broker's id of it (OTHERS)."""
        raise self._cannot(Drive.OTHERS)

    async def cut(self) -> None:
        """Cut the link to the broker; nothing goes through until it is mended (LINK)."""
        raise self._cannot(Drive.LINK)

    async def mend(self) -> None:
        """Let the link be made again (LINK); the broker, or the engine's ``reconnect``, makes it."""
        raise self._cannot(Drive.LINK)

    async def lose_answer(self, verb: Verb, *, arrives: bool) -> None:
        """Lose the answer to the next request of a kind; it reaches the broker only where it ``arrives`` (ANSWERS)."""
        raise self._cannot(Drive.ANSWERS)

    async def repeat(self) -> None:
        """Have the broker say again what it said of its orders and executions, the last first (REPEATS)."""
        raise self._cannot(Drive.REPEATS)

    async def correct(self, execution_id: str, quantity: Decimal, price: Decimal) -> None:
        """Have the broker correct an execution; quantity 0 takes it back (CORRECTIONS)."""
        raise self._cannot(Drive.CORRECTIONS)

    def _cannot(self, drive: Drive) -> ConfigurationError:
        declared = "declares it and does not do it" if drive in self.can else "does not declare it"
        return ConfigurationError(f"the driver of {self.name} was asked for {drive}, and {declared}")
