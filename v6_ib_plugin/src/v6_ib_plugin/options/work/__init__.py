"""Order types that IB has and v6 has no word for: an order's own type says what it is at most, this how IB works it.

* ``model``    what they share: the v6 types they go with, their fields of an IB order, for which contracts they are
* ``pegged``   REL, PASSV REL and all that is pegged: to the market, the middle, the best quote, a stock, a benchmark
* ``priced``   MIDPRICE, SNAP MKT, SNAP MID, SNAP PRIM, VOL
* ``venues``   MKT PRT, STP PRT, BOX TOP, the auction, REL + LMT, REL + MKT, TRAIL MIT, TRAIL LIT
"""

from __future__ import annotations

from typing import Annotated, get_args

from pydantic import Field, TypeAdapter

from v6_ib_plugin.options.work.model import Misfit, Work
from v6_ib_plugin.options.work.pegged import (
    PassiveRelative,
    PeggedToBenchmark,
    PeggedToBest,
    PeggedToMarket,
    PeggedToMidpoint,
    PeggedToPrimary,
    PeggedToStock,
    Relative,
)
from v6_ib_plugin.options.work.priced import MidPrice, SnapToMarket, SnapToMidpoint, SnapToPrimary, Volatility
from v6_ib_plugin.options.work.venues import (
    AUCTION,
    MARKET_TO_LIMIT,
    AtAuction,
    BoxTop,
    MarketWithProtection,
    RelativeAndLimit,
    RelativeAndMarket,
    StopWithProtection,
    TrailingLimitIfTouched,
    TrailingMarketIfTouched,
)
from v6_ib_plugin.terms import IbOrder
from v6_ib_plugin.untranslatable import translating

AnyWork = Annotated[
    Relative
    | PassiveRelative
    | PeggedToPrimary
    | PeggedToMarket
    | PeggedToMidpoint
    | PeggedToBest
    | PeggedToStock
    | PeggedToBenchmark
    | MidPrice
    | SnapToMarket
    | SnapToMidpoint
    | SnapToPrimary
    | Volatility
    | MarketWithProtection
    | StopWithProtection
    | BoxTop
    | AtAuction
    | RelativeAndLimit
    | RelativeAndMarket
    | TrailingMarketIfTouched
    | TrailingLimitIfTouched,
    Field(discriminator="type"),
]
"""How IB works an order, by its ``type``."""

WORKS: dict[str, type[Work]] = {kind.word(): kind for kind in get_args(get_args(AnyWork)[0])}
_WORK: TypeAdapter[AnyWork] = TypeAdapter(AnyWork)
# TWS has been seen to write some names without their space.
_SPELLINGS = {word.replace(" ", ""): word for word in WORKS} | {"VOLAT": "VOL", "VOLATILITY": "VOL"}


def work_of(ib: IbOrder) -> AnyWork | None:
    """Return how IB works an order, or None where its type is one that v6 has a word for. Raises Untranslatable."""
    word = work_word(ib)
    if word is None:
        return None
    with translating(f"a {word} order"):
        return _WORK.validate_python({"type": word, **WORKS[word].told_by(ib)})


def work_word(ib: IbOrder) -> str | None:
    """Return the ``type`` of how IB works an order, or None where its type is no such one.

    >>> work_word(IbOrder(order_type="PEGBENCH"))
    'PEG BENCH'
    """
    spelt = ib.order_type.strip().upper()
    if ib.tif.strip().upper() == AUCTION:
        return AtAuction.word() if spelt == MARKET_TO_LIMIT else None
    word = _SPELLINGS.get(spelt.replace(" ", ""))
    return None if word == AtAuction.word() else word


__all__ = ["WORKS", "AnyWork", "Misfit", "Work", "work_of", "work_word"]
