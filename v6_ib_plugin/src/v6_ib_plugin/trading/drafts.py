"""Orders as they will be sent: looked up, translated, and refused here where TWS could only misunderstand them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from v6_ib_plugin.data.instruments import Instruments
from v6_ib_plugin.terms import IbContract, IbOrder, TagValue
from v6_ib_plugin.translation.orders import ib_order
from v6core.contracts import Combo
from v6core.errors import NotSent, V6Error
from v6core.orders import TRAILING, OcaType, Order, OrderType

# What most fields of an order hold: texts, and numbers, of which none has to be looked into.
_FLAT = frozenset({str, int, bool, Decimal, type(None)})
_NON_GUARANTEED = "NonGuaranteed"
# What a trailing exit can be attached to (TWS error 328).
_TRAILED = frozenset({OrderType.LIMIT, OrderType.STOP_LIMIT})
_GUARANTEED = frozenset({"STOCK", "OPTION"})


@dataclass(frozen=True, slots=True)
class Draft:
    """An order ready to be sent, but for its number."""

    order: Order
    contract: IbContract
    ib: IbOrder


class Drafting:
    """Makes drafts. Whatever is wrong with an order raises NotSent, for nothing of it has left."""

    def __init__(self, instruments: Instruments, account: Callable[[], str]) -> None:
        self._instruments = instruments
        self._account = account

    async def drafts(self, orders: Sequence[Order]) -> tuple[Draft, ...]:
        """Return the drafts of orders that are placed together; all are ready, or none is."""
        unit = {order.order_id: order for order in orders}
        try:
            for order in orders:
                check(order, unit)
            return tuple([await self._draft(order) for order in orders])
        except NotSent:
            raise
        except V6Error as error:
            raise NotSent(f"nothing was sent: {error.message}", code=error.code, hint=error.hint) from error
        except ValueError as error:
            raise NotSent(f"nothing was sent: {error}") from error

    async def _draft(self, order: Order) -> Draft:
        assert order.contract is not None, "an order is bound before it is sent"
        instrument = await self._instruments.qualify(order.contract)
        draft = Draft(order, instrument.contract, self.translated(order))
        check_texts(draft)
        return draft

    def translated(self, order: Order) -> IbOrder:
        """Return an order in the words of TWS, for the account that is traded."""
        ours = self._account()
        if order.account not in {None, ours}:
            raise refused(order, f"it is for account {order.account}, and {ours} is the one that is traded", "ACCOUNT")
        return with_routing(ib_order(order, account=ours), order)


def with_routing(ib: IbOrder, order: Order) -> IbOrder:
    """Return a combo's order with what its routing needs.

    SMART guarantees combos of US options and of options with their stock alone; it takes others only where they say
    that they are not guaranteed.
    """
    contract = order.contract
    if not isinstance(contract, Combo) or contract.exchange != "SMART" or is_guaranteed(contract):
        return ib
    if any(param.tag == _NON_GUARANTEED for param in ib.smart_combo_routing_params):
        return ib
    params = (*ib.smart_combo_routing_params, TagValue(_NON_GUARANTEED, "1"))
    return replace(ib, smart_combo_routing_params=params)


def is_guaranteed(combo: Combo) -> bool:
    """Tell whether SMART guarantees that a combo fills in ratio: US options, alone or with their stock."""
    kinds = {leg.contract.kind for leg in combo.legs}
    return combo.currency == "USD" and "OPTION" in kinds and kinds <= _GUARANTEED


def check(order: Order, unit: Mapping[UUID, Order]) -> None:
    """Raise NotSent for what TWS is known to refuse, or to take for something else."""
    if order.contract is None:
        raise refused(order, "it has no contract")
    if order.order_ref is None:
        raise refused(order, "it has no reference, without which nobody could find it again")
    entry = unit.get(order.parent_order_id) if order.parent_order_id is not None else None
    if isinstance(order.contract, Combo):
        _check_combo(order, unit)
    elif entry is not None and isinstance(entry.contract, Combo):
        raise refused(order, "its entry is a combo, and TWS attaches no exits to one")
    if entry is not None and order.order_type in TRAILING:
        _check_trailed(order, entry)


def _check_trailed(order: Order, entry: Order) -> None:
    works = entry.options.get("work_as")
    if entry.order_type in _TRAILED and works is None:
        return
    what = entry.order_type if works is None else f"an entry with the option work_as {works!r}"
    raise refused(order, f"TWS attaches trailing exits to LIMIT and STOP_LIMIT entries alone, not {what}")


def _check_combo(order: Order, unit: Mapping[UUID, Order]) -> None:
    if order.parent_order_id is not None or any(one.parent_order_id == order.order_id for one in unit.values()):
        raise refused(order, "TWS takes no brackets on combos")
    if order.oca_group is not None and order.oca_type is not OcaType.REDUCE:
        raise refused(order, "TWS takes combos into one-cancels-all groups of type REDUCE alone")


def refused(order: Order, why: str, code: str = "NOT_SUPPORTED") -> NotSent:
    """Return the error for an order of which nothing is sent."""
    return NotSent(f"order {order.order_id} was not sent: {why}", code=code, order_id=order.order_id)


def check_texts(draft: Draft) -> None:
    """Raise NotSent where a text holds what could be taken for the next field: fields end with a NUL on the wire."""
    unsound = _unsound_of_contract(draft.contract) or _unsound_of_order(draft.ib)
    if unsound is not None:
        name, text = unsound
        raise refused(draft.order, f"{name} must be printable ASCII, not {text!r}", "TEXT")


@lru_cache(maxsize=256)
def _unsound_of_contract(contract: IbContract) -> tuple[str, str] | None:
    return _unsound(_texts(contract, "contract"))


def _unsound_of_order(ib: IbOrder) -> tuple[str, str] | None:
    values = vars(ib).values()  # what was not given is as its class has it
    texts = [value for value in values if value.__class__ is str]
    others = [value for value in values if value.__class__ not in _FLAT]
    if not others and _is_plain("".join(texts)):
        return None
    return _unsound(found for name, value in vars(ib).items() for found in _texts(value, f"order.{name}"))


def _unsound(texts: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Return the first text that cannot be sent, with its name."""
    return next((found for found in texts if not _is_plain(found[1])), None)


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _texts(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, tuple):
        for part in value:  # pyright: ignore[reportUnknownVariableType]  # a record's own tuple
            yield from _texts(part, name)  # pyright: ignore[reportUnknownArgumentType]
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), f"{name}.{field.name}")
