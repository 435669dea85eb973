"""Our own risk checks: each a small pure function, asked through the same hook as anybody's.

They are asked in the order of the table at the end and the first denial is told. An order that only reduces what is
held passes all of them but ``read_only``. An exit of a bracket passes the limits on value and position, because it only
closes what its entry opens, and the entry was counted.

What a figure counts as:

* **quantity** is shares: a stock's quantity, and of a combo its units times the ratio of its stock leg. Currencies and
  crypto are bounded by their value.
* **contracts** are options and futures: their quantity, and of a combo its units times the largest ratio among them.
* **value** is price × multiplier × quantity in the account's currency, at the worse of the order's own price and the
  far side of the quote. A combo counts as the most that it can lose; where that has no bound it counts by its price, as
  a single option does, and ``max_contracts`` bounds it.
* **collar**: how far the price may be on the losing side of the reference: above it to buy, below it to sell. A price
  on the other side only waits. The reference is the quote's middle, else its last price, if it is of the last 60
  seconds; of an order with a trigger, the trigger. Options and combos of them have a collar of their own, of 0.10 at
  least, because a few cents are a large part of a cheap option.

What cannot be known denies (NO_REFERENCE, NO_RATE, NO_DAILY_PNL), except that a simulated broker needs no quote.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from v6core import sessions
from v6core.contracts import Combo, Contract
from v6core.events import TradingState
from v6core.hookspecs import hookimpl
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus, OrderType
from v6core.risk import CheckContext, Denial, exposures
from v6core.strategies import max_loss_of

Check = Callable[[Order, CheckContext], Denial | None]

_OLDEST_QUOTE = 60.0
_LEAST_OPTION_BAND = Decimal("0.10")
_CENTS = Decimal("0.01")
_DERIVATIVES = frozenset({"OPTION", "FUTURE", "FUTURE_OPTION"})
_OPTIONS = frozenset({"OPTION", "FUTURE_OPTION"})
_AT_THE_MARKET = frozenset({OrderType.MARKET, OrderType.MARKET_TO_LIMIT})
_TERMS = (
    "account",
    "action",
    "quantity",
    "order_type",
    "limit_price",
    "stop_price",
    "trail_amount",
    "trail_percent",
    "limit_offset",
)
_SET_BY = "[risk] {} in the configuration sets this limit"
_HINTS = {
    "READ_ONLY": "[risk] read_only = false in the configuration lets orders out",
    "SYMBOL_DENIED": "[risk] deny in the configuration is that list",
    "SYMBOL_NOT_ALLOWED": "[risk] allow in the configuration is that list; empty, it allows all",
    "OUTSIDE_REGULAR_HOURS": "[risk] regular_hours_only = false in the configuration allows any hour",
    "PRICE_COLLAR": _SET_BY.format("price_collar or option_price_collar"),
    "DUPLICATE": _SET_BY.format("duplicate_window"),
    "NO_REFERENCE": "ask for a quote with v6 quote, or wait for the market to open",
    "NO_RATE": _SET_BY.format("max_order_value"),
    "NO_DAILY_PNL": _SET_BY.format("max_daily_loss"),
    **{
        name.upper(): _SET_BY.format(name)
        for name in (
            "max_order_quantity",
            "max_contracts",
            "max_order_value",
            "max_orders_per_second",
            "max_open_orders",
            "max_position",
            "max_daily_loss",
        )
    },
}
"""The way out of a denial, by its code, where the check gives none of its own."""


@hookimpl
def v6_check_order(order: Order, context: CheckContext) -> Denial | None:
    """Return the first denial of our own checks, or None."""
    checks = _ALWAYS if context.reducing else _ALWAYS + _LIMITS
    denial = next((denial for check in checks if (denial := check(order, context)) is not None), None)
    return denial if denial is None or denial.hint is not None else replace(denial, hint=_HINTS.get(denial.code))


def read_only(_: Order, context: CheckContext) -> Denial | None:
    """Deny everything where the configuration only reads."""
    return Denial("READ_ONLY", "[risk] read_only is on") if context.limits.read_only else None


def trading_state(_: Order, context: CheckContext) -> Denial | None:
    """Deny what does not reduce while trading is halted or limited to reducing."""
    if context.trading_state is TradingState.ACTIVE:
        return None
    code = "TRADING_HALTED" if context.trading_state is TradingState.HALTED else "TRADING_REDUCING"
    why = f" ({context.trading_reason})" if context.trading_reason else ""
    message = f"trading is {context.trading_state}{why}: until v6 resume, only orders that reduce a position are sent"
    return Denial(code, message, hint="v6 resume <why>, or engine.resume(why), lets orders out again")


def allowed_symbols(order: Order, context: CheckContext) -> Denial | None:
    """Deny symbols that the deny list has, or that a non-empty allow list has not; each leg counts."""
    allow = {symbol.strip().upper() for symbol in context.limits.allow}
    deny = {symbol.strip().upper() for symbol in context.limits.deny}
    for contract in _singles(order):
        names = {contract.symbol, contract.key}
        if names & deny:
            return Denial("SYMBOL_DENIED", f"{contract.symbol} is on the deny list of [risk]")
        if allow and not names & allow:
            return Denial("SYMBOL_NOT_ALLOWED", f"{contract.symbol} is not on the allow list of [risk]")
    return None


def regular_hours(order: Order, context: CheckContext) -> Denial | None:
    """Deny orders outside the regular session of US stocks, and those that could fill outside it."""
    if not context.limits.regular_hours_only:
        return None
    if order.outside_rth:
        return Denial("OUTSIDE_REGULAR_HOURS", "the order has outside_rth, and [risk] regular_hours_only is on")
    try:
        is_open = sessions.is_open(context.now)
    except ValueError as error:
        return Denial("OUTSIDE_REGULAR_HOURS", str(error))
    moment = f"{context.now:%Y-%m-%d %H:%M:%S} UTC"
    return None if is_open else Denial("OUTSIDE_REGULAR_HOURS", f"{moment} is outside the regular session")


def order_quantity(order: Order, context: CheckContext) -> Denial | None:
    """Deny more shares than ``max_order_quantity``."""
    return _above("MAX_ORDER_QUANTITY", _most_of(order, {"STOCK"}), context.limits.max_order_quantity, "shares")


def contracts(order: Order, context: CheckContext) -> Denial | None:
    """Deny more options or futures than ``max_contracts``."""
    return _above("MAX_CONTRACTS", _most_of(order, _DERIVATIVES), context.limits.max_contracts, "contracts")


def order_value(order: Order, context: CheckContext) -> Denial | None:
    """Deny an order worth more than ``max_order_value`` in the account's currency."""
    limit, contract = context.limits.max_order_value, order.contract
    if limit is None or contract is None or _is_exit(order, context):
        return None
    price = _price_of(order, contract, context)
    if price is None:
        return _no_reference(order, context, "max_order_value")
    rate = _rate(contract, price, context)
    if rate is None:
        return None if context.capabilities.simulated else _no_rate(contract, context)
    worth = (_value(order, contract, price) * rate).quantize(_CENTS)
    currency = context.account.currency if context.account is not None else contract.currency
    return _above("MAX_ORDER_VALUE", worth, limit.quantize(_CENTS), currency)


def price_collar(order: Order, context: CheckContext) -> Denial | None:
    """Deny a price too far on the losing side of the reference, and a market order into too wide a quote."""
    contract = order.contract
    is_option = contract is not None and _is_option(contract)
    collar = context.limits.option_price_collar if is_option else context.limits.price_collar
    name = "option_price_collar" if is_option else "price_collar"
    if collar is None or contract is None or not (order.limit_price is not None or order.order_type in _AT_THE_MARKET):
        return None
    market = _reference(context)
    reference = order.stop_price if order.stop_price is not None else market
    if reference is None:
        return _no_reference(order, context, name)
    price = order.limit_price if order.limit_price is not None else _far_side(order, context)
    if price is None:
        return _no_reference(order, context, name)
    band = abs(reference) * collar
    band = max(band, _LEAST_OPTION_BAND) if is_option else band
    through = order.action.sign * (price - reference)
    if through <= band:
        return None
    side = "above" if order.action.sign > 0 else "below"
    return Denial(
        "PRICE_COLLAR", f"{price:f} is {through:f} {side} {reference:f}; at most {band:f} ([risk] {name} {collar:f})"
    )


def duplicate(order: Order, context: CheckContext) -> Denial | None:
    """Deny an order equal to one sent within ``duplicate_window`` seconds, or to one that is still unanswered."""
    window = context.limits.duplicate_window
    if window is None:
        return None
    for age, other in _sent_within(float(window), context):
        if _equal(order, other):
            return Denial("DUPLICATE", f"equal to order {other.order_id} sent {age:.1f} s ago; within {window:f} s")
    for other in context.open_orders:
        if other.status in {OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT} and _equal(order, other):
            return Denial("DUPLICATE", f"equal to order {other.order_id}, which is {other.status}")
    return None


def _sent_within(seconds: float, context: CheckContext) -> Iterator[tuple[float, Order]]:
    """Yield the orders sent lately with their age, the last one first."""
    for sent_at, other in reversed(context.recent):
        age = context.monotonic - sent_at
        if age >= seconds:
            return
        yield age, other


def rate(order: Order, context: CheckContext) -> Denial | None:
    """Deny more orders in one second than ``max_orders_per_second``."""
    limit = context.limits.max_orders_per_second
    if limit is None:
        return None
    sent = {other.order_id for _, other in _sent_within(1, context)} - {order.order_id}
    return _above("MAX_ORDERS_PER_SECOND", Decimal(len(sent) + 1), limit, "orders in one second")


def open_orders(order: Order, context: CheckContext) -> Denial | None:
    """Deny more open orders than ``max_open_orders``."""
    limit = context.limits.max_open_orders
    if limit is None:
        return None
    others = {other.order_id for other in context.open_orders} - {order.order_id}
    return _above("MAX_OPEN_ORDERS", Decimal(len(others) + 1), limit, "open orders")


def position(order: Order, context: CheckContext) -> Denial | None:
    """Deny what could bring a contract's position above ``max_position``, whatever of the open orders fills."""
    limit = context.limits.max_position
    if limit is None or _is_exit(order, context):
        return None
    for key, change in exposures(order):
        # Only the side towards which the order goes: what brings a short position nearer to zero enlarges nothing.
        after = context.positions.get(key, ZERO) + _open_change(key, change > 0, order, context) + change
        reach = after if change > 0 else -after
        if reach > limit:
            return Denial("MAX_POSITION", f"{reach:f} > {limit:f} of {key}: held, in open orders and in this one")
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


def _above(code: str, number: Decimal, limit: Decimal | None, unit: str) -> Denial | None:
    return None if limit is None or number <= limit else Denial(code, f"{number:f} > {limit:f} {unit}")


def _singles(order: Order) -> Iterator[Contract]:
    if isinstance(order.contract, Combo):
        yield from (leg.contract for leg in order.contract.legs)
    if order.contract is not None:
        yield order.contract


def _most_of(order: Order, kinds: frozenset[str] | set[str]) -> Decimal:
    contract = order.contract
    if isinstance(contract, Combo):
        return order.quantity * max((leg.ratio for leg in contract.legs if leg.contract.kind in kinds), default=0)
    return order.quantity if contract is not None and contract.kind in kinds else ZERO


def _is_option(contract: Contract) -> bool:
    if isinstance(contract, Combo):
        return all(leg.contract.kind in _OPTIONS for leg in contract.legs)
    return contract.kind in _OPTIONS


def _is_exit(order: Order, context: CheckContext) -> bool:
    """Tell whether an order only closes what an open entry of ours opens; being called a child is not enough."""
    entry = next((other for other in context.open_orders if other.order_id == order.parent_order_id), None)
    if entry is None or entry.contract is None or order.contract is None or entry.order_id == order.order_id:
        return False
    fits = entry.contract.key == order.contract.key and entry.action is order.action.opposite
    return fits and order.quantity <= entry.quantity


def _reference(context: CheckContext) -> Decimal | None:
    quote = context.quote
    if quote is None or quote.age(context.now) > _OLDEST_QUOTE:
        return None
    return quote.mid if quote.mid is not None else quote.last


def _far_side(order: Order, context: CheckContext) -> Decimal | None:
    """Return the price at which the order would trade: the ask to buy, the bid to sell, else what is nearest to it."""
    quote = context.quote
    if quote is None or quote.age(context.now) > _OLDEST_QUOTE:
        return None
    sides = (quote.ask, quote.last, quote.bid) if order.action.sign > 0 else (quote.bid, quote.last, quote.ask)
    return next((price for price in sides if price is not None), None)


def _price_of(order: Order, contract: Contract, context: CheckContext) -> Decimal | None:
    """Return the price that counts: to buy at a limit, the limit; else the highest of what is known."""
    own = order.limit_price if order.limit_price is not None else order.stop_price
    if own is not None and (contract.kind == "COMBO" or (order.limit_price is not None and order.action.sign > 0)):
        return own
    known = [price for price in (own, _far_side(order, context)) if price is not None]
    return max(known, default=None)


def _value(order: Order, contract: Contract, price: Decimal) -> Decimal:
    if isinstance(contract, Combo):
        sign = order.action.sign
        loss = max_loss_of([(contract, sign)], sign * price, order.quantity)
        if loss is not None:
            return max(loss, ZERO)
    return abs(price) * contract.multiplier * order.quantity


def _rate(contract: Contract, price: Decimal, context: CheckContext) -> Decimal | None:
    """Return what one unit of the contract's currency is in the account's; None where nobody knows."""
    if context.account is None or contract.currency == context.account.currency:
        return Decimal(1)
    if contract.kind == "FOREX" and contract.symbol == context.account.currency and price > 0:
        return 1 / price
    return context.rates.get(contract.currency)


def _no_rate(contract: Contract, context: CheckContext) -> Denial:
    home = context.account.currency if context.account is not None else contract.currency
    return Denial(
        "NO_RATE",
        f"no rate from {contract.currency} to {home}, so the value of the order is not known; "
        '[risk] max_order_value = "off" sends it unchecked',
    )


def _no_reference(order: Order, context: CheckContext, limit: str) -> Denial | None:
    if context.capabilities.simulated:
        return None
    what = "no quote" if context.quote is None else "no quote of the last minute"
    key = order.contract.key if order.contract is not None else "the contract"
    return Denial("NO_REFERENCE", f'{what} of {key} to check the price by; [risk] {limit} = "off" sends it unchecked')


def _equal(order: Order, other: Order) -> bool:
    if order.order_id == other.order_id or order.contract is None or other.contract is None:
        return False
    same = order.contract.key == other.contract.key
    return same and all(getattr(order, name) == getattr(other, name) for name in _TERMS)


def _open_change(key: str, grows: bool, order: Order, context: CheckContext) -> Decimal:
    """Return what the other open orders could add in one direction; of one-cancels-all orders, the largest."""
    total = ZERO
    grouped: dict[str, Decimal] = {}
    for other in context.open_orders:
        if other.order_id == order.order_id or _is_exit(other, context):
            continue
        change = sum((c for k, c in exposures(other) if k == key and (c > 0) == grows), ZERO)
        if other.oca_group is None:
            total += change
        else:
            grouped[other.oca_group] = max(grouped.get(other.oca_group, ZERO), change, key=abs)
    return total + sum(grouped.values(), ZERO)


_ALWAYS: tuple[Check, ...] = (read_only,)
_LIMITS: tuple[Check, ...] = (
    trading_state,
    allowed_symbols,
    regular_hours,
    order_quantity,
    contracts,
    order_value,
    price_collar,
    duplicate,
    rate,
    open_orders,
    position,
    daily_loss,
)
