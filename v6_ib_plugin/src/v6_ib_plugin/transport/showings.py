"""Orders as they were shown, so that what is said again need not be read again.

TWS shows an order whole at each turn of it, more than a hundred fields of which nothing but the state differs; and the
orders of one program differ from each other in few. What differs in anything else is none of this module's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from dataclasses import fields as fields_of
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, get_type_hints

from v6_ib_plugin.terms import IbContract, IbOrder, IbOrderState
from v6_ib_plugin.transport.shapes import READERS, Shape

_MOST = 256
_STATE = Shape(IbOrderState)
# The fields of an order's state, as they stand together in an openOrder.
_STATE_FIELDS = (
    "status",
    "initMarginBefore",
    "maintMarginBefore",
    "equityWithLoanBefore",
    "initMarginChange",
    "maintMarginChange",
    "equityWithLoanChange",
    "initMarginAfter",
    "maintMarginAfter",
    "equityWithLoanAfter",
    "commission",
    "minCommission",
    "maxCommission",
    "commissionCurrency",
    "warningText",
)
_STATE_WIDTH = len(_STATE_FIELDS)
_ORDER_ID, _ORDER_TYPE, _TAIL = 1, 15, 31


def _head() -> tuple[tuple[str, int, Callable[[str], Any], Any], ...]:
    """Return the fields of an openOrder that tell orders apart and stand at a known place: name, place, reader, unset.

    Before them stands the contract, after them all that is mostly the same, but for an allocation that nobody reads.
    """
    places = {
        "order_id": _ORDER_ID,
        "action": 13,
        "total_quantity": 14,
        "lmt_price": 16,
        "aux_price": 17,
        "oca_group": 19,
        "order_ref": 23,
        "client_id": 24,
        "perm_id": 25,
    }
    kinds, unset = get_type_hints(IbOrder), {field.name: field.default for field in fields_of(IbOrder)}
    return tuple((name, at, READERS[kinds[name]], unset[name]) for name, at in places.items())


_HEAD = _head()
# What must be the same for two orders to be alike: the contract, and what stands between the fields of the head.
_ALIKE = (slice(2, 13), slice(15, 16), slice(18, 19), slice(20, 23), slice(26, 30))


@dataclass(frozen=True, slots=True)
class _Shown:
    """An order as it was shown: the message, where in it the state begins, and what it says beside that."""

    fields: tuple[str, ...]
    at: int
    contract: IbContract
    order: IbOrder

    def is_again(self, fields: tuple[str, ...]) -> bool:
        """Tell whether a message says the same but for the state."""
        return fields[: self.at] == self.fields[: self.at] and self._ends_as(fields)

    def is_alike(self, fields: tuple[str, ...]) -> bool:
        """Tell whether a message says the same but for the state and what stands at a known place in front of it."""
        for part in _ALIKE:
            if fields[part] != self.fields[part]:
                return False
        return fields[_TAIL : self.at] == self.fields[_TAIL : self.at] and self._ends_as(fields)

    def order_of(self, fields: tuple[str, ...]) -> IbOrder:
        """Return the order of a message that is alike."""
        return self.order.replace(
            **{
                name: read(fields[at]) if fields[at] or read is str else unset
                for name, at, read, unset in _HEAD
                if fields[at] != self.fields[at]
            }
        )

    def _ends_as(self, fields: tuple[str, ...]) -> bool:
        after = self.at + _STATE_WIDTH
        return fields[after:] == self.fields[after:]


class Showings:
    """The last message of each of the latest orders, and of each order type."""

    def __init__(self) -> None:
        self._by_id: dict[str, _Shown] = {}
        self._by_type: dict[str, _Shown] = {}

    def read(self, fields: tuple[str, ...]) -> tuple[IbContract, IbOrder, IbOrderState] | None:
        """Return what an openOrder says where one like it was kept, else None."""
        shown = self._by_id.get(fields[_ORDER_ID])
        if shown is None or not shown.is_again(fields):
            alike = self._by_type.get(fields[_ORDER_TYPE])
            if alike is None or not alike.is_alike(fields):
                return None
            shown = _Shown(fields, alike.at, alike.contract, alike.order_of(fields))
            _keep(self._by_id, fields[_ORDER_ID], shown)
        return shown.contract, shown.order, _state(fields[shown.at : shown.at + _STATE_WIDTH])

    def keep(self, fields: tuple[str, ...], status: str, contract: IbContract, order: IbOrder) -> None:
        """Keep what an openOrder said; ``status`` is the very object that was taken out of its fields."""
        # The place of the state varies with what stands before it; an empty text is the same object wherever it stands.
        places = [at for at, text in enumerate(fields) if text is status]
        if len(places) == 1:
            shown = _Shown(fields, places[0], contract, order)
            _keep(self._by_id, fields[_ORDER_ID], shown)
            _keep(self._by_type, fields[_ORDER_TYPE], shown)


def _keep(kept: dict[str, _Shown], key: str, shown: _Shown) -> None:
    kept.pop(key, None)
    kept[key] = shown
    if len(kept) > _MOST:
        del kept[next(iter(kept))]


@lru_cache(maxsize=64)
def _state(texts: tuple[str, ...]) -> IbOrderState:
    """Return the state of an order as it stands in an openOrder."""
    return IbOrderState(**_STATE.of(SimpleNamespace(**dict(zip(_STATE_FIELDS, texts, strict=True)))))
