"""The decoder and the client of the unmodified ib_async as the other end of the codec, without a socket."""

# ib_async's own types are partly unknown
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from hypothesis import strategies as st
from ib_async.client import Client
from ib_async.contract import ComboLeg, Contract, DeltaNeutralContract, TagValue
from ib_async.decoder import Decoder
from ib_async.objects import SoftDollarTier
from ib_async.order import Order, OrderComboLeg, OrderCondition
from ib_async.util import UNSET_DOUBLE, UNSET_INTEGER

from gateway.wire_records import Strategy, fields_of
from v6_ib_plugin.gateway.wire import encode_message, frames
from v6_ib_plugin.gateway.wire.kinds import LARGEST_DOUBLE
from v6_ib_plugin.gateway.wire.layout import Fixed, Item, Stated, Texts, When, label
from v6_ib_plugin.gateway.wire.messages import Message
from v6_ib_plugin.gateway.wire.requests import PlaceOrder
from v6_ib_plugin.terms import IbCondition

CONDITIONS = (
    IbCondition(1, ("a", "1", "150.5", "265598", "SMART", "2")),
    IbCondition(3, ("o", "0", "20260102 10:00:00 US/Eastern")),
    IbCondition(4, ("a", "1", "30")),
    IbCondition(5, ("a", "STK", "SMART", "AAPL")),
    IbCondition(6, ("o", "1", "1000", "265598", "SMART")),
    IbCondition(7, ("a", "0", "1.5", "265598", "SMART")),
)
TYPED: dict[str, Strategy] = {
    "order.conditions": st.lists(st.sampled_from(CONDITIONS), max_size=3).map(tuple),
    "order.delta_neutral_terms": st.just(("12", "firm", "account", "IB", "O", "1", "2", "place")),
    "order.delta_neutral_contract": st.none() | st.just(("12", "0.5", "30.25")),
    "order.scale_price_increment": st.sampled_from([None, Decimal("0.5"), Decimal(-1)]),
    "order.scale_terms": st.just(("0.5", "60", "1.5", "1", "10", "20", "0")),
    "order.peg_bench_terms": st.just(("265598", "1", "0.5", "0.25", "ISLAND")),
    "order.use_price_mgmt_algo": st.sampled_from([0, 1]),
    "execution.time": st.just("20250708 02:35:00 America/New_York"),
    "commission.yield_redemption_date": st.sampled_from(["", "20300131"]),
    "details.contract.last_trade_date_or_contract_month": st.sampled_from(["", "20250620"]),
    "bond.maturity": st.sampled_from(["", "20300131"]),
    "bond.coupon": st.integers(0, 9).map(Decimal),
    "details.ev_multiplier": st.none() | st.integers(0, 100).map(Decimal),
}
"""What is text in a record, since it is only echoed, and a number or a date for ib_async; what ib_async cannot hold.

It takes a scale price increment of zero for an unset one, and a coupon for an int.
"""


class Heard:
    """A wrapper that notes what it is told."""

    ib = SimpleNamespace(TimezoneTWS=None)
    defaultTimezone = UTC  # noqa: N815 -- ib_async's name

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        def note(*args: Any) -> None:
            self.calls.append((name, args))

        return note


class _Loud:
    """A logger for which an error is a failure."""

    def exception(self, text: str) -> None:
        raise AssertionError(text)


def heard(message: Message) -> list[tuple[str, tuple[Any, ...]]]:
    """Return the calls with which ib_async tells a message that was encoded here."""
    wrapper: Any = Heard()
    make: Any = Decoder
    decoder = make(wrapper, frames.SERVER_VERSION)
    decoder.logger = _Loud()
    decoder.interpret(list(fields_of(encode_message(message))))
    calls: list[tuple[str, tuple[Any, ...]]] = wrapper.calls
    return calls


def client(sent: list[tuple[str, ...]]) -> Any:
    """Return a client that is connected and appends to ``sent`` what it would send."""

    def catch(text: str) -> None:
        sent.append(tuple(text.split("\0")[:-1]))

    make: Any = Client
    one = make(Heard())
    one.connState = Client.CONNECTED
    one._serverVersion = frames.SERVER_VERSION
    one.sendMsg = catch
    return one


def values(items: Iterable[Item], record: Any) -> Iterator[tuple[str, Any]]:
    """Return all that a layout says of a record, by path; tuples of texts by the name of each."""
    for item in items:
        if isinstance(item, Fixed | Stated):
            continue
        value = _get(record, item.path)
        if isinstance(item, When):
            yield from values(item.items, record) if item.holds(value) else ()
        elif isinstance(item, Texts):
            part = item.path.rpartition(".")[0]
            yield from ((f"{part}.{name}", text) for name, text in zip(item.names, value, strict=True))
        else:
            yield item.path, value


def _get(record: Any, path: str) -> Any:
    for name in path.split("."):
        record = getattr(record, name)
    return record


def _default(owner: Any, name: str) -> Any:
    if not is_dataclass(owner):
        return getattr(type(owner)(), name, None)
    for field in fields(owner):
        if field.name == name:
            return None if field.default is MISSING else field.default
    return None


def agree(
    items: tuple[Item, ...],
    record: Any,
    told: dict[str, Any],
    but: AbstractSet[str],
    unset: AbstractSet[Any] = frozenset(),
) -> None:
    """Assert that the objects that a client made hold what a layout says of a record, ``but`` for some paths.

    ``unset`` is what the client may hold for a value that is not set beside the usual.
    """
    for path, value in values(items, record):
        if path in but:
            continue
        part, _, name = path.rpartition(".")
        owner, theirs = _theirs(told[part], name)
        is_unset = value is None and theirs in unset
        assert is_unset or same(value, theirs, _default(owner, label(name))), (path, value, theirs)


_OTHERWISE = {
    "soft_dollar_name": ("softDollarTier", "name"),
    "soft_dollar_value": ("softDollarTier", "val"),
    "soft_dollar_display_name": ("softDollarTier", "displayName"),
    "delta_neutral_contract": ("deltaNeutralContract",),
    "sec_ids": ("secIdList",),
    "realized_pnl": ("realizedPNL",),
    "yield_": ("yield_",),
    "combo_legs_descrip": ("comboLegsDescrip",),
}


def _theirs(owners: Any, name: str) -> tuple[Any, Any]:
    for owner in owners if isinstance(owners, tuple) else (owners,):
        path = _OTHERWISE.get(name, (label(name),))
        if hasattr(owner, path[0]):
            return owner, _get(owner, ".".join(path))
    raise AssertionError(f"nobody has {name}")


_UNSET = {UNSET_DOUBLE, UNSET_INTEGER, 2**63 - 1, LARGEST_DOUBLE, Decimal(2**127 - 1)}


def same(ours: Any, theirs: Any, default: Any = None) -> bool:
    """Whether a value of a record and a value of ib_async are one."""
    if ours is None:
        return theirs in _UNSET or theirs == default
    if isinstance(ours, tuple):
        return _same_tuple(ours, theirs)
    if isinstance(theirs, bool):
        return bool(int(ours or 0)) == theirs
    if isinstance(theirs, int | float):
        return float(ours or 0) == float(theirs)
    return str(theirs) == ours or (isinstance(ours, Decimal) and float(theirs) == float(ours))


def _same_tuple(ours: tuple[Any, ...], theirs: Any) -> bool:
    if hasattr(theirs, "delta"):
        return [float(text) for text in ours] == [theirs.conId, theirs.delta, theirs.price]
    held = theirs or ()
    return len(ours) == len(held) and all(map(_same_item, ours, held))


def _same_item(ours: Any, theirs: Any) -> bool:
    if hasattr(theirs, "price") and not isinstance(ours, IbCondition):
        return same(ours, theirs.price, UNSET_DOUBLE)
    if isinstance(ours, IbCondition):
        told = [getattr(theirs, field.name) for field in fields(theirs)]
        return all(map(same, (ours.kind, *ours.fields), told))
    if hasattr(ours, "__dataclass_fields__"):
        return all(same(getattr(ours, field.name), getattr(theirs, label(field.name))) for field in fields(ours))
    return same(ours, theirs)


def contract_of(asked: PlaceOrder) -> Contract:
    """Return what ib_async would hold for the contract of a request."""
    ours = asked.contract
    names = [field.name for field in fields(ours) if field.name not in {"combo_legs", "strike"}]
    contract = Contract(**{label(name): getattr(ours, name) for name in names}, strike=float(ours.strike))
    contract.comboLegs = [
        ComboLeg(**{label(f.name): getattr(leg, f.name) for f in fields(leg)}) for leg in ours.combo_legs
    ]
    contract.secIdType, contract.secId = asked.order.sec_id_type, asked.order.sec_id
    if asked.order.delta_neutral_contract is not None:
        con_id, delta, price = asked.order.delta_neutral_contract
        contract.deltaNeutralContract = DeltaNeutralContract(int(con_id), float(delta), float(price))
    return contract


def order_of(items: tuple[Item, ...], asked: PlaceOrder) -> Order:
    """Return what ib_async would hold for the order of a request."""
    order = Order()
    for path, value in values(items, asked):
        part, _, name = path.rpartition(".")
        if part == "order" and name not in {"sec_id_type", "sec_id", "delta_neutral_contract"}:
            _set(order, name, value)
    return order


def _set(order: Order, name: str, value: Any) -> None:
    if name.startswith("soft_dollar"):
        tier = order.softDollarTier
        order.softDollarTier = SoftDollarTier(*([value, tier.val] if name.endswith("name") else [tier.name, value]))
    else:
        default = _default(order, label(name))
        setattr(order, label(name), _held(name, value, default))


def _held(name: str, value: Any, default: Any) -> Any:
    if value is None:
        return default if default in {UNSET_DOUBLE, UNSET_INTEGER} else None
    if name == "conditions":
        return [_condition(condition) for condition in value]
    if name == "order_combo_legs":
        return [OrderComboLeg(UNSET_DOUBLE if price is None else float(price)) for price in value]
    if isinstance(value, tuple):
        return [TagValue(one.tag, one.value) for one in value]
    if isinstance(default, bool):
        return bool(int(value))
    return type(default)(value) if isinstance(default, int | float) else value


def _condition(ours: IbCondition) -> OrderCondition:
    kinds: Any = OrderCondition
    make = kinds.createClass(ours.kind)
    names = [field.name for field in fields(make)][1:]
    told = {name: _held(name, text, _default(make, name)) for name, text in zip(names, ours.fields, strict=True)}
    condition: OrderCondition = make(ours.kind, **told)
    return condition
