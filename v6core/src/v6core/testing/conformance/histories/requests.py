"""What a step asks for in a world as it is: orders with their prices, and what can be changed about one."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from v6core.contracts import Combo, ComboLeg, Contract, Option, OptionRight
from v6core.money import ZERO
from v6core.orders import NEEDS_LIMIT, NEEDS_STOP, TRAILING, BracketOrder, Order, OrderType, TimeInForce
from v6core.testing.conformance.histories.steps import Bracket, Group, Modify, Place, Resize, Spread
from v6core.testing.conformance.trial import Trial

_CALLS = (Decimal(4), Decimal(2))
"""What the two calls are worth at first."""
_COMBO_STEP = Decimal("0.05")
_ROOM = Decimal("0.50")
_HOUR = timedelta(hours=1)


def calls_of(trial: Trial) -> tuple[Option, ...]:
    """Return the calls that combos are made of; none where the driver has no options or the broker no combos."""
    samples = trial.samples
    if samples.expiration is None or not trial.capabilities.max_combo_legs:
        return ()
    return tuple(samples.option(strike, OptionRight.CALL) for strike in samples.strikes[2:4])


def market_of(trial: Trial) -> list[tuple[Contract, Decimal]]:
    """Return what is quoted, each with what it is worth at first."""
    stocks = [(contract, trial.price) for contract in (trial.stock, trial.other)]
    return [*stocks, *zip(calls_of(trial), _CALLS, strict=False)]


def near(trial: Trial, price: int, worth: Decimal | None = None) -> Decimal:
    """Return a price so many thousandths above what something is worth, on the stock's tick."""
    tick = trial.samples.tick
    there = (worth or trial.price) * (1000 + price) / 1000
    return max((there / tick).to_integral_value() * tick, tick)


def order_of(trial: Trial, step: Place) -> Order:
    """Return the order that a step places."""
    price, kind = near(trial, step.price), step.order_type
    fields: dict[str, Any] = {}
    if kind in NEEDS_STOP:
        fields["stop_price"] = price
    if kind in NEEDS_LIMIT:
        fields["limit_price"] = price + step.action.sign * _ROOM if kind in NEEDS_STOP else price
    if kind in TRAILING:
        fields["trail_amount"] = near(trial, 0, Decimal(abs(step.price) + 5) / 10)
    if kind is OrderType.TRAIL_LIMIT:
        fields["limit_offset"] = _ROOM
    if step.tif is TimeInForce.GTD:
        fields["good_till"] = trial.engine.now().replace(microsecond=0) + _HOUR
    return Order(action=step.action, quantity=Decimal(step.quantity), order_type=kind, tif=step.tif, **fields)


def bracket_of(trial: Trial, step: Bracket) -> BracketOrder:
    """Return the bracket that a step places."""
    sign, exit_action = step.action.sign, step.action.opposite
    entry, take, stop = (near(trial, step.price + sign * times * step.width) for times in (0, 1, -1))
    return BracketOrder(
        Order.limit(step.action, step.quantity, entry, tif="GTC"),
        take_profit=Order.limit(exit_action, step.quantity, take),
        stop_loss=Order.stop(exit_action, step.quantity, stop),
    )


def group_of(trial: Trial, step: Group) -> list[Order]:
    """Return the siblings that a step places."""
    prices = (near(trial, step.price - step.action.sign * times * step.width) for times in (0, 1))
    return [Order.limit(step.action, step.quantity, price) for price in prices]


def spread_of(trial: Trial, step: Spread) -> tuple[Combo, Order]:
    """Return the combo that a step trades, and the order for it."""
    long, short = calls_of(trial)
    combo = Combo(trial.stock.symbol, [ComboLeg(long, "BUY"), ComboLeg(short, "SELL", step.ratio)])
    worth = _CALLS[0] - step.ratio * _CALLS[1]
    return combo, Order.limit(step.action, step.quantity, worth + step.price * _COMBO_STEP)


def changes_of(trial: Trial, order: Order, step: Modify | Resize, *, alone: bool) -> dict[str, Any]:
    """Return what a step changes about an order; nothing where it has none of that.

    The quantity of an order that is not ``alone`` stays, because that of its relatives would have to follow.
    """
    if isinstance(step, Resize):
        return {"quantity": max(order.quantity + step.by, order.filled_quantity + 1)} if alone else {}
    name = next((name for name in ("limit_price", "stop_price") if getattr(order, name) is not None), None)
    if name is None:
        return {}
    # By what has filled already the limit is judged as well: from there on it only gives way.
    by = order.action.sign * abs(step.by) if order.filled_quantity else step.by
    price: Decimal = getattr(order, name)
    if isinstance(order.contract, Combo):
        return {name: price + by * _COMBO_STEP}
    moved = price + near(trial, 0, Decimal(abs(by)) / 10) * (1 if by > 0 else -1)
    return {name: moved} if moved > ZERO else {}
