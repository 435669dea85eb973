"""Our own risk checks: each a small pure function, asked through the same hook as anybody's.

They are asked in the order of the tables below, from what concerns the account to what all orders come to together, and
the first denial is told. An order that only reduces what is held passes all but the first table. An exit of a bracket
passes the limits on value and position, because it only closes what its entry opens, and the entry was counted.

What a figure counts as:

* **quantity** is shares: a stock's quantity, and of a combo its units times the ratio of its stock leg. Currencies and
  crypto are bounded by their value.
* **contracts** are options and futures: their quantity, and of a combo its units times the largest ratio among them.
* **value** is price × multiplier × quantity in the account's currency, at the worse of the order's own price and the
  far side of the quote. A combo counts as the most that it can lose; where that has no bound it counts by its price, as
  a single option does, and ``max_contracts`` bounds it.
* **collar**: how far the price may be on the losing side of the reference: above it to buy, below it to sell. A price
  on the other side only waits. The reference is the quote's middle, else its last price, if it is of the last 60
  seconds; of an order with a trigger, the trigger. Options and combos of them have a collar of their own, of 0.10 an
  option at least, because a few cents are a large part of a cheap option, and each leg's few of a small net.
* **position** is what the broker says is held, with all that works, is on its way or is in doubt: each from the moment
  at which it has passed, and as large as it may be (a change that is not confirmed, two broker orders under one
  reference).

What cannot be known denies (NO_REFERENCE, NO_RATE, NO_DAILY_PNL), except that a simulated broker needs no quote.
"""

from __future__ import annotations

from collections.abc import Callable

from v6core.hookspecs import hookimpl
from v6core.orders import Order
from v6core.risk import CheckContext, Denial
from v6core.standard_checks.denials import with_hint
from v6core.standard_checks.exposure import daily_loss, open_orders, position, underlying_position
from v6core.standard_checks.permission import live_arming, only_reads, read_only, trading_state
from v6core.standard_checks.prices import price_collar
from v6core.standard_checks.repetition import daily_orders, duplicate, rate
from v6core.standard_checks.scope import allowed_symbols, regular_hours
from v6core.standard_checks.size import contracts, order_quantity, order_value

__all__ = [
    "ALWAYS",
    "LIMITS",
    "allowed_symbols",
    "contracts",
    "daily_loss",
    "daily_orders",
    "duplicate",
    "live_arming",
    "only_reads",
    "open_orders",
    "order_quantity",
    "order_value",
    "position",
    "price_collar",
    "rate",
    "read_only",
    "regular_hours",
    "trading_state",
    "underlying_position",
    "v6_check_order",
]

Check = Callable[[Order, CheckContext], Denial | None]

ALWAYS: tuple[Check, ...] = (read_only, live_arming)
"""What every order is asked, also one that only reduces."""
LIMITS: tuple[Check, ...] = (
    trading_state,
    allowed_symbols,
    regular_hours,
    order_quantity,
    contracts,
    order_value,
    price_collar,
    duplicate,
    rate,
    daily_orders,
    open_orders,
    position,
    underlying_position,
    daily_loss,
)
"""What an order is asked that may enlarge a position."""


@hookimpl
def v6_check_order(order: Order, context: CheckContext) -> Denial | None:
    """Return the first denial of our own checks, or None."""
    for check in ALWAYS if context.reducing else ALWAYS + LIMITS:
        denial = check(order, context)
        if denial is not None:
            return with_hint(denial)
    return None
