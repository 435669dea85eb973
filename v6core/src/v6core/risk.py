"""Verdicts before sending: the limits that a configuration sets, what a check is told, and what it answers."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema

from v6core.capabilities import Capabilities
from v6core.contracts import Combo
from v6core.errors import V6Error
from v6core.events import TradingState
from v6core.money import ZERO, to_decimal
from v6core.orders import Order, OrderStatus, Pending
from v6core.quotes import Quote
from v6core.reports import Account

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Denial:
    """A check's refusal: a stable code, and a sentence with the numbers (``61200.00 > 50000.00 USD``), the way out."""

    code: str
    message: str
    hint: str | None = None


def _limit(value: Any, info: ValidationInfo) -> Decimal | None:
    if value is None or (isinstance(value, str) and value.strip().lower() == "off"):
        return None
    number = to_decimal(value, info.field_name or "limit")
    if number < 0:
        raise ValueError(f'{info.field_name} must be 0, "off" or above zero, not {number:f}')
    return number or None


_LIMIT_SCHEMA = {"anyOf": [{"type": "number", "minimum": 0}, {"const": "off"}]}
Limit = Annotated[Decimal | None, BeforeValidator(_limit), WithJsonSchema(_LIMIT_SCHEMA)]


class RiskLimits(BaseModel):
    """The ``[risk]`` section. 0 or "off" switches a limit off.

    Quantities are shares, contracts are options and futures, values are account currency, collars are fractions of the
    reference price, windows are seconds. A limit that is named, be it "off", is somebody's decision: an account of real
    money is traded only where the limits on the size of an order are (see ``v6core.standard_checks.permission``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_order_quantity: Limit = Decimal(500)
    max_contracts: Limit = Decimal(50)
    max_order_value: Limit = Decimal(50_000)
    price_collar: Limit = Decimal("0.05")
    option_price_collar: Limit = Decimal("0.15")
    duplicate_window: Limit = Decimal(2)
    max_orders_per_second: Limit = Decimal(5)
    order_burst: Limit = Decimal(10)
    max_orders_per_day: Limit = None
    max_open_orders: Limit = Decimal(50)
    max_position: Limit = None
    max_underlying_position: Limit = None
    max_daily_loss: Limit = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    regular_hours_only: bool = False
    read_only: bool = False
    halt_file: str = ".v6/HALT"
    round_to_tick: bool = False

    def for_simulated(self) -> RiskLimits:
        """Return the limits for a simulated broker: collar, rate and duplicate guard only where they were named."""
        off = {
            name: None
            for name in ("price_collar", "option_price_collar", "duplicate_window", "max_orders_per_second")
            if name not in self.model_fields_set
        }
        return self.model_copy(update=off)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arming:
    """What the broker's section of the configuration says about trading real money, and in which account."""

    section: str = ""
    live: bool = False
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckContext:
    """What a check is told beside the order. Fields may be added; none will go.

    ``positions`` is the broker's signed quantity per contract key; ``open_orders`` is all that works or is in doubt,
    with what is being placed at this moment, each as large as it may be, and with ended orders of which fills are told
    and have not come, as large as what is told; ``trading_reason`` is why trading is not ACTIVE; ``reducing`` says that
    the order only reduces what the broker says is held, net of what already works or is in doubt against it.
    ``before`` is there where a change is judged: the order as it stands, which it may stay. ``recent`` holds the orders
    and changes sent lately, oldest first, each with the monotonic time at which it was, and ``orders_today`` counts the
    orders of the day in New York. ``rates`` say what one unit of another currency is in the account's; ``arming`` is
    what was said about real money. ``quote_failure`` is what went wrong where a limit wanted a quote and none came.
    """

    now: datetime
    monotonic: float
    limits: RiskLimits
    capabilities: Capabilities
    trading_state: TradingState
    reducing: bool
    trading_reason: str = ""
    positions: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    open_orders: tuple[Order, ...] = ()
    before: Order | None = None
    recent: Sequence[tuple[float, Order]] = ()
    orders_today: int = 0
    quote: Quote | None = None
    quote_failure: V6Error | None = None
    account: Account | None = None
    arming: Arming = Arming()
    rates: Mapping[str, Decimal] = field(default_factory=dict[str, Decimal])
    logger: logging.Logger = _LOG


def exposures(order: Order) -> tuple[tuple[str, Decimal], ...]:
    """Return the signed quantity per contract key that the rest of an order would bring if it filled whole."""
    contract = order.contract
    if contract is None:
        return ()
    # More may have filled than was ordered: what is left is nothing then, and not an order of the other side.
    units = order.action.sign * max(order.quantity - order.filled_quantity, ZERO)
    if isinstance(contract, Combo):
        return tuple((leg.contract.key, units * leg.signed_ratio) for leg in contract.legs)
    return ((contract.key, units),)


def only_reduces(order: Order, positions: Mapping[str, Decimal], open_orders: tuple[Order, ...]) -> bool:
    """Tell whether an order can only bring positions nearer to zero, whatever of the open orders fills.

    What works or is in doubt against a position counts as done already; what would enlarge it is not counted on.
    """
    changes = exposures(order)
    for key, change in changes:
        held = positions.get(key, ZERO)
        if held == 0 or change == 0 or (held > 0) == (change > 0):
            return False
        against = ZERO
        for rest in open_orders:
            for k, other in exposures(rest):
                if k == key and (other > 0) != (held > 0):
                    against += abs(other)
        if abs(change) > abs(held) - against:
            return False
    return bool(changes)


def is_undecided(order: Order) -> bool:
    """Tell whether nobody knows that an order works: it was never answered, or a cancel of it was not.

    Nor does one that has ended, which is among the open orders for what it filled: those fills have not come.
    """
    in_doubt = order.status is OrderStatus.IN_DOUBT or order.pending_cancel is Pending.IN_DOUBT
    return in_doubt or order.status.is_terminal


def worst_case(
    order: Order, positions: Mapping[str, Decimal], open_orders: tuple[Order, ...]
) -> Mapping[str, Decimal] | None:
    """Return the signed position per contract that an order comes to if all beside it that goes its way fills as well.

    None where nothing beside it is undecided, or where the order does not reduce what is held net of what works.
    """
    working = tuple(other for other in open_orders if not is_undecided(other))
    changes = exposures(order)
    keys = {key for other in open_orders if is_undecided(other) for key, _ in exposures(other)}
    if not any(key in keys for key, _ in changes) or not only_reduces(order, positions, working):
        return None
    beside = [row for other in open_orders for row in exposures(other)]
    return {
        key: positions.get(key, ZERO) + change + sum((c for k, c in beside if k == key and c * change > 0), ZERO)
        for key, change in changes
    }
