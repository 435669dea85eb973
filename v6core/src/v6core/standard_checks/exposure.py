"""What all orders come to together: how many are open, what is held if they fill, what was lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from v6core.contracts import OptionRight, parse_contract
from v6core.money import ZERO
from v6core.orders import Order
from v6core.risk import CheckContext, Denial, exposures
from v6core.standard_checks.denials import above

_ON_FUTURES = frozenset({"FUTURE", "FUTURE_OPTION"})
_THEMSELVES = frozenset({"FOREX", "CRYPTO"})


def open_orders(order: Order, context: CheckContext) -> Denial | None:
    """Deny more open orders than ``max_open_orders``."""
    limit = context.limits.max_open_orders
    if limit is None:
        return None
    others = {other.order_id for other in context.open_orders} - {order.order_id}
    return above("MAX_OPEN_ORDERS", Decimal(len(others) + 1), limit, "open orders")


def position(order: Order, context: CheckContext) -> Denial | None:
    """Deny what could bring a contract's position above ``max_position``, whatever of the open orders fills."""
    limit = context.limits.max_position
    if limit is None or is_exit(order, context):
        return None
    for key, change in _changes(order, context):
        # Only the side towards which the order goes: what brings a short position nearer to zero enlarges nothing.
        reach = _reach(key, change > 0, order, context)
        if reach > limit:
            return Denial("MAX_POSITION", f"{reach:f} > {limit:f} of {key}: held, in open orders and in this one")
    return None


def underlying_position(order: Order, context: CheckContext) -> Denial | None:
    """Deny what could bring one side of an underlying above ``max_underlying_position``, whatever fills.

    It is counted in units of the underlying, as if each contract moved with it one to one: a share is one, an option
    or a future its multiplier. Long are shares, futures and calls bought and puts sold; short the others. The two sides
    are counted apart, because either may be left alone.
    """
    limit = context.limits.max_underlying_position
    if limit is None or is_exit(order, context):
        return None
    for name, is_long in dict.fromkeys(_sides(order, context)):
        total = sum((_units(key, is_long, order, context) for key in _keys_on(name, order, context)), ZERO)
        if total > limit:
            side = "long" if is_long else "short"
            told = f"{total:f} > {limit:f} of {name}, {side}: held, in open orders and in this one"
            return Denial("MAX_UNDERLYING_POSITION", told)
    return None


def daily_loss(_: Order, context: CheckContext) -> Denial | None:
    """Deny once the account has lost ``max_daily_loss`` today."""
    limit = context.limits.max_daily_loss
    if limit is None:
        return None
    account = context.account
    if account is None or account.daily_pnl is None:
        return Denial(
            "NO_DAILY_PNL", f"[risk] max_daily_loss is {limit:f}, and the broker does not tell today's profit"
        )
    loss = -account.daily_pnl
    if loss < limit:
        return None
    return Denial("MAX_DAILY_LOSS", f"{loss:.2f} lost today, of {limit:.2f} {account.currency} at most")


def is_exit(order: Order, context: CheckContext) -> bool:
    """Tell whether an order only closes what an open entry of ours opens; being called a child is not enough."""
    entry = next((other for other in context.open_orders if other.order_id == order.parent_order_id), None)
    if entry is None or entry.contract is None or order.contract is None or entry.order_id == order.order_id:
        return False
    fits = entry.contract.key == order.contract.key and entry.action is order.action.opposite
    return fits and order.quantity <= entry.quantity


class _Underlying(NamedTuple):
    """What a contract is of, and how many units of it one contract moves with: below zero where it moves against."""

    name: str
    units: Decimal


@lru_cache(maxsize=10_000)
def _underlying_of(key: str) -> _Underlying:
    contract = parse_contract(key)
    sign = -1 if getattr(contract, "right", None) is OptionRight.PUT else 1
    if contract.kind in _THEMSELVES:
        return _Underlying(key, Decimal(1))
    # A share and a future may go by the same letters.
    name = f"futures on {contract.symbol}" if contract.kind in _ON_FUTURES else contract.symbol
    return _Underlying(name, sign * contract.multiplier)


def _sides(order: Order, context: CheckContext) -> Iterator[tuple[str, bool]]:
    """Yield each underlying that an order adds to, and whether on its long side."""
    for key, change in _changes(order, context):
        name, units = _underlying_of(key)
        yield name, (change > 0) == (units > 0)


def _keys_on(name: str, order: Order, context: CheckContext) -> list[str]:
    changed = (key for one in (order, *context.open_orders) for key, _ in exposures(one))
    return [key for key in dict.fromkeys((*context.positions, *changed)) if _underlying_of(key).name == name]


def _units(key: str, is_long: bool, order: Order, context: CheckContext) -> Decimal:
    """Return how far a contract may reach on one side of its underlying, in units of that."""
    units = _underlying_of(key).units
    return max(_reach(key, is_long == (units > 0), order, context), ZERO) * abs(units)


def _reach(key: str, grows: bool, order: Order, context: CheckContext) -> Decimal:
    """Return what is held of a contract in one direction if this order and whatever else goes that way fills."""
    own = sum((change for k, change in _changes(order, context) if k == key and (change > 0) == grows), ZERO)
    after = context.positions.get(key, ZERO) + _open_change(key, grows, order, context) + own
    return after if grows else -after


def _changes(order: Order, context: CheckContext) -> tuple[tuple[str, Decimal], ...]:
    """Return what an order may bring; until a change of it is confirmed, the larger of its old and new quantity."""
    before = context.before
    larger = before if before is not None and before.quantity > order.quantity else order
    return exposures(larger)


def _open_change(key: str, grows: bool, order: Order, context: CheckContext) -> Decimal:
    """Return what the other open orders could add in one direction; of one-cancels-all orders, the largest."""
    total = ZERO
    grouped: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for other in context.open_orders:
        if other.order_id == order.order_id or is_exit(other, context):
            continue
        change = sum((c for k, c in exposures(other) if k == key and (c > 0) == grows), ZERO)
        if other.oca_group is None:
            total += change
        else:
            grouped[other.oca_group] = max(grouped[other.oca_group], change, key=abs)
    return total + sum(grouped.values(), ZERO)
