"""An order as the matching sees it, and how one that rests stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto

from v6_paper_plugin.exchange.matching.units import WHOLE
from v6core.words import Word


class Kind(Word):
    """How an order's price is made, and what it waits for."""

    MARKET = auto()
    LIMIT = auto()
    STOP = auto()
    STOP_LIMIT = auto()
    TRAIL = auto()
    TRAIL_LIMIT = auto()
    MARKET_IF_TOUCHED = auto()
    LIMIT_IF_TOUCHED = auto()
    MARKET_TO_LIMIT = auto()


class Lifetime(Word):
    """What becomes of what an order does not get at once; days and dates are the exchange's, which cancels."""

    REST = auto()
    """It stays until it is filled or cancelled."""
    IOC = auto()
    """What is not filled at once, or at once after it fires, is UNFILLED."""
    FOK = auto()
    """The whole at once, or at once after it fires, or nothing."""


PLAIN = frozenset({Kind.MARKET, Kind.LIMIT, Kind.MARKET_TO_LIMIT})
"""What waits for no condition."""
STOPS = frozenset({Kind.STOP, Kind.STOP_LIMIT})
TRAILS = frozenset({Kind.TRAIL, Kind.TRAIL_LIMIT})
TOUCHES = frozenset({Kind.MARKET_IF_TOUCHED, Kind.LIMIT_IF_TOUCHED})
LIMITED = frozenset({Kind.LIMIT, Kind.STOP_LIMIT, Kind.LIMIT_IF_TOUCHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BookOrder:
    """What an order asks of the book. Prices are price units, quantities lots; ValueError where they do not fit.

    ``number`` is the caller's name for it, unique in the book. ``limit`` belongs to the LIMIT kinds, and to a
    MARKET_TO_LIMIT that has become one; ``stop`` is the price that fires a STOP or an IF_TOUCHED, and may be given
    to a TRAIL as its first stop. A TRAIL has an amount, ``trail``, or ``percent`` in percent units; a TRAIL_LIMIT an
    ``offset``, how much worse than its stop its limit is.

    ``filled``, ``fired`` and ``ahead`` are for an order that goes on after a restart; see ``Standing``.
    """

    number: int
    buy: bool
    kind: Kind
    quantity: int
    limit: int | None = None
    stop: int | None = None
    trail: int | None = None
    percent: int | None = None
    offset: int | None = None
    lifetime: Lifetime = Lifetime.REST
    filled: int = 0
    fired: bool = False
    ahead: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.filled < self.quantity:
            raise ValueError(
                f"order {self.number}: quantity must be above what is filled, {self.filled}, not {self.quantity}"
            )
        self._check_prices()
        if self.is_trailing:
            self._check_trail()

    @property
    def is_trailing(self) -> bool:
        """Whether its stop follows the market."""
        return self.kind in TRAILS

    @property
    def _makes_its_limit(self) -> bool:
        """Whether what has happened to it may have given it a limit."""
        return (self.kind is Kind.TRAIL_LIMIT and self.fired) or self.kind is Kind.MARKET_TO_LIMIT

    def _check_prices(self) -> None:
        kind = self.kind
        if (self.limit is not None) != (kind in LIMITED) and not self._makes_its_limit:
            raise ValueError(f"order {self.number}: a {kind} {'needs a' if kind in LIMITED else 'takes no'} limit")
        if self.stop is None and kind in STOPS | TOUCHES:
            raise ValueError(f"order {self.number}: a {kind} needs a stop")
        if self.stop is not None and kind in PLAIN:
            raise ValueError(f"order {self.number}: a {kind} takes no stop")
        if kind not in TRAILS and (self.trail, self.percent, self.offset) != (None, None, None):
            raise ValueError(f"order {self.number}: a {kind} takes no trail, percent or offset")

    def _check_trail(self) -> None:
        if (self.trail is None) == (self.percent is None):
            raise ValueError(f"order {self.number}: a {self.kind} needs either a trail or a percent")
        if self.trail is not None and self.trail <= 0:
            raise ValueError(f"order {self.number}: trail must be positive, not {self.trail}")
        if self.percent is not None and not 0 < self.percent < WHOLE:
            raise ValueError(f"order {self.number}: percent must lie between 0 and {WHOLE}, not {self.percent}")
        if (self.offset is None) != (self.kind is Kind.TRAIL):
            raise ValueError(f"order {self.number}: a TRAIL_LIMIT needs an offset, a TRAIL takes none")


@dataclass(frozen=True, slots=True)
class Standing:
    """How an order in the book stands.

    ``order`` is what it asked for with its changes, and what puts it back into an empty book as it stands: its
    ``filled``, its present ``limit`` and ``stop`` (a trail's as far as it has moved; None until the first quote),
    ``fired`` once its condition was met, ``ahead`` where no queue stands before it because it was marketable when
    it came.
    """

    order: BookOrder

    @property
    def remaining(self) -> int:
        """How many lots are still to be filled."""
        return self.order.quantity - self.order.filled

    @property
    def stop(self) -> int | None:
        """The price that fires it, or fired it; for a trail where it has moved to."""
        return self.order.stop
