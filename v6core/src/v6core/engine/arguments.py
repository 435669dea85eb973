"""What a caller may hand to the engine: refused here in words, where it is something else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, cast
from uuid import UUID

from v6core.contracts import Combo, Contract, Crypto, Forex, Future, FutureOption, Index, Option, Stock
from v6core.orders import BracketOrder, Order
from v6core.strategies import Strategy

_CONTRACTS: Final = (Stock, Option, Future, FutureOption, Index, Forex, Crypto, Combo)


def contract_given(value: Any) -> Contract:
    """Return a contract; TypeError for anything else."""
    if isinstance(value, _CONTRACTS):
        return value
    raise TypeError(f"a contract is wanted, such as Stock('GOOG') or parse_contract('GOOG'), not {_shown(value)}")


def contracts_given(value: Any) -> Contract | list[Contract]:
    """Return a contract, or a list of contracts; TypeError for anything else."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [contract_given(one) for one in cast("Sequence[object]", value)]
    return contract_given(value)


def order_given(value: Any) -> Order:
    """Return an order; TypeError for anything else."""
    if isinstance(value, Order):
        return value
    raise TypeError(f"an order is wanted, such as Order.market('BUY', 10), not {_shown(value)}")


def bracket_given(value: Any) -> BracketOrder:
    """Return a bracket; TypeError for anything else."""
    if isinstance(value, BracketOrder):
        return value
    raise TypeError(f"a BracketOrder is wanted, not {_shown(value)}")


def strategy_given(value: Any) -> Strategy:
    """Return a strategy; TypeError for anything else."""
    if isinstance(value, Strategy):
        return value
    raise TypeError(f"a Strategy is wanted, such as vertical_spread(...), not {_shown(value)}")


def order_id_given(value: Any) -> UUID:
    """Return an order's id, given as such or as text; TypeError or ValueError for anything else."""
    if isinstance(value, UUID):
        return value
    if isinstance(value, Order):
        raise TypeError(f"an order_id is wanted, not the order: give its order_id, {value.order_id}")
    if not isinstance(value, str):
        raise TypeError(f"an order_id is wanted, a UUID or its text, not {_shown(value)}")
    try:
        return UUID(value)
    except ValueError as error:
        raise ValueError(f"an order_id is a UUID or its whole text, not {value!r}") from error


def _shown(value: Any) -> str:
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '...'} ({type(value).__name__})"
