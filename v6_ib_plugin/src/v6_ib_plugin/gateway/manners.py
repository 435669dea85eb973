"""What TWS does in some settings and not in others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import auto

from v6core.words import Word


class Manner(Word):
    """A manner that is out of the ordinary, by its name."""

    TIF_PRESET = auto()
    CLOSED_MARKET_WARNING = auto()
    NO_COMBO_WHAT_IF = auto()
    FILLED_ONCE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """All of them, as one gateway has them."""

    tif_preset: bool = False
    """An order without a time in force gets warning 10349: a preset made it a DAY order."""
    closed_market_warning: bool = False
    """An order that comes outside trading hours gets warning 399."""
    combo_what_if: bool = True
    """A what-if of a combo is answered; else it is refused with 360."""
    filled_told: int = 2
    """How often orderStatus says that an order has filled."""

    @classmethod
    def of(cls, *names: Manner | str) -> Manners:
        """Return the usual manners but for those named; ValueError for a name that is none.

        >>> Manners.of("tif-preset") == Manners(tif_preset=True)
        True
        """
        named = {Manner(name) for name in names}
        return cls(
            tif_preset=Manner.TIF_PRESET in named,
            closed_market_warning=Manner.CLOSED_MARKET_WARNING in named,
            combo_what_if=Manner.NO_COMBO_WHAT_IF not in named,
            filled_told=1 if Manner.FILLED_ONCE in named else 2,
        )
