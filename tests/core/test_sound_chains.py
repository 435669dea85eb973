from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from v6core.contracts import Contract, Future, Stock
from v6core.engine.soundness import Nonsense, sound_chain
from v6core.quotes import ChainExpiration, OptionChain

STRIKES = (Decimal(90), Decimal(100))
CHAIN = OptionChain(
    symbol="GOOG",
    expirations=tuple(ChainExpiration(expiration=date(2026, 12, day), strikes=STRIKES) for day in (11, 18)),
)


def with_row(**changes: Any) -> OptionChain:
    first, second = CHAIN.expirations
    return CHAIN.model_copy(update={"expirations": (first, second.model_copy(update=changes))})


def test_a_chain_whose_expirations_share_their_strikes_is_sound() -> None:
    assert sound_chain(CHAIN, Stock("GOOG")) == CHAIN


def test_expirations_out_of_order_keep_their_own_strikes() -> None:
    later = with_row(strikes=(Decimal(5),))
    shuffled = later.model_copy(update={"expirations": later.expirations[::-1]})
    assert sound_chain(shuffled, Stock("GOOG")) == later


@pytest.mark.parametrize(
    "changes",
    [
        {"strikes": (Decimal("NaN"),)},
        {"strikes": (Decimal(0),)},
        {"strikes": None},
        {"multiplier": Decimal(0)},
        {"expiration": "2026-12-18"},
    ],
)
def test_nonsense_in_one_expiration_is_nonsense(changes: dict[str, Any]) -> None:
    with pytest.raises(Nonsense):
        sound_chain(with_row(**changes), Stock("GOOG"))


def test_a_row_of_another_class_is_nonsense() -> None:
    class Row(ChainExpiration):
        pass

    rows = (Row(**dict(CHAIN.expirations[0])),)
    with pytest.raises(Nonsense):
        sound_chain(CHAIN.model_copy(update={"expirations": rows}), Stock("GOOG"))


ON_FUTURE = CHAIN.model_copy(update={"kind": "FUTURE_OPTION"})
FUTURE = Future("GOOG", "2026-12-18", multiplier=50)


def test_a_chain_of_options_on_a_future_is_sound_for_that_future() -> None:
    assert sound_chain(ON_FUTURE, FUTURE) == ON_FUTURE


@pytest.mark.parametrize(("chain", "contract"), [(CHAIN, FUTURE), (ON_FUTURE, Stock("GOOG"))])
def test_options_on_another_kind_of_underlying_are_nonsense(chain: OptionChain, contract: Contract) -> None:
    with pytest.raises(Nonsense, match="answered with contracts of kind"):
        sound_chain(chain, contract)
