"""Alpaca's own words, as its API sends them: what this plugin reads of an answer, numbers exact.

The names are those of Alpaca's OpenAPI document; what else an answer holds is left unread.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError

from v6core.errors import BrokerError
from v6core.money import ZERO

R = TypeVar("R")


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


def _or_none(value: Any) -> Any:
    return None if value == "" else value


def _exact(value: Any) -> Any:
    """Take a float by its shortest text: market data comes as JSON numbers, and 387.67 is what was meant."""
    return repr(value) if isinstance(value, float) else value


Text = Annotated[str, BeforeValidator(_or_empty)]
"""A word that may be missing."""
Number = Annotated[Decimal, BeforeValidator(_exact)]
"""A number with all its places, of which Alpaca's averages have more than v6 takes."""
MaybeNumber = Annotated[Decimal | None, BeforeValidator(_exact), BeforeValidator(_or_none)]
"""A number that may be missing."""
Filled = Annotated[Decimal, BeforeValidator(lambda value: value or ZERO)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)


class AlpacaOrder(_Record):
    """An order, and its legs where it was asked for with them.

    A multi-leg order has neither symbol nor side, and its legs no type.
    """

    id: str
    client_order_id: str
    status: str
    symbol: Text = ""
    asset_class: Text = ""
    side: Text = ""
    type: Text = ""
    order_class: Text = ""
    time_in_force: Text = ""
    qty: MaybeNumber = None
    filled_qty: Filled = ZERO
    limit_price: MaybeNumber = None
    stop_price: MaybeNumber = None
    trail_price: MaybeNumber = None
    trail_percent: MaybeNumber = None
    ratio_qty: MaybeNumber = None
    replaces: str | None = None
    replaced_by: str | None = None
    submitted_at: AwareDatetime | None = None
    updated_at: AwareDatetime | None = None
    legs: Annotated[tuple[AlpacaOrder, ...], BeforeValidator(lambda value: value or ())] = ()

    @property
    def is_multi_leg(self) -> bool:
        """Whether it is a multi-leg order as a whole, whose fills are those of its legs."""
        return self.order_class == "mleg" and not self.symbol


class TradeUpdate(_Record):
    """One message of the stream: what happened to an order, and the order as it was then."""

    event: str
    order: AlpacaOrder
    timestamp: AwareDatetime | None = None
    price: MaybeNumber = None
    qty: MaybeNumber = None


class FillActivity(_Record):
    """One execution in the account's history; ``cum_qty`` is what its order had filled by then."""

    id: str
    order_id: str
    symbol: str
    side: str
    qty: Number
    price: Number
    cum_qty: Number
    transaction_time: AwareDatetime


class Position(_Record):
    """What is held of one asset; ``qty`` is negative where it is short."""

    symbol: str
    asset_class: str
    qty: Number
    side: str
    avg_entry_price: Number


class Account(_Record):
    """The account's money and standing."""

    account_number: Text = ""
    status: str
    currency: Annotated[str, BeforeValidator(lambda value: value or "USD")] = "USD"
    cash: Number = ZERO
    equity: MaybeNumber = None
    last_equity: MaybeNumber = None
    buying_power: MaybeNumber = None
    initial_margin: MaybeNumber = None
    maintenance_margin: MaybeNumber = None
    trading_blocked: bool = False
    account_blocked: bool = False
    trade_suspended_by_user: bool = False


class Clock(_Record):
    """The time at Alpaca."""

    timestamp: AwareDatetime


class Asset(_Record):
    """A share or fund."""

    symbol: str
    name: Text = ""
    exchange: Text = ""
    status: str
    tradable: bool


class OptionListing(_Record):
    """A listed option; ``ppind`` says that it is priced in cents below three dollars."""

    symbol: str
    name: Text = ""
    status: str
    tradable: bool
    expiration_date: str
    strike_price: Number
    root_symbol: Text = ""
    underlying_symbol: str
    type: str
    multiplier: Number = Decimal(100)
    ppind: bool = False


class OptionPage(_Record):
    """One page of listed options."""

    option_contracts: tuple[OptionListing, ...]
    next_page_token: str | None = None


class QuoteRow(_Record):
    """Best bid and offer; 0 where there is none."""

    t: AwareDatetime
    bp: MaybeNumber = None
    bs: MaybeNumber = None
    ap: MaybeNumber = None
    ask_size: MaybeNumber = Field(default=None, alias="as")  # a word of Python's


class TradeRow(_Record):
    """The last trade."""

    p: Number


class GreeksRow(_Record):
    """What Black and Scholes make of an option's price."""

    delta: MaybeNumber = None
    gamma: MaybeNumber = None
    theta: MaybeNumber = None
    vega: MaybeNumber = None


class MarketRow(_Record):
    """What the market shows of one contract."""

    quote: QuoteRow | None = Field(default=None, alias="latestQuote")
    trade: TradeRow | None = Field(default=None, alias="latestTrade")
    greeks: GreeksRow | None = None
    volatility: MaybeNumber = Field(default=None, alias="impliedVolatility")


class OptionMarket(_Record):
    """What the market shows of some options."""

    snapshots: dict[str, MarketRow]


_readers: dict[Any, TypeAdapter[Any]] = {}
"""What reads each kind of record: making one takes longer than reading with it."""


def read(kind: type[R], answer: Any, what: str) -> R:
    """Return an answer as a record; BrokerError where Alpaca sent something else."""
    try:
        reader: TypeAdapter[R] = _readers.setdefault(kind, _readers.get(kind) or TypeAdapter(kind))
        return reader.validate_python(answer)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise BrokerError(
            f"Alpaca's answer about {what} cannot be read: {where}: {first['msg']}", code="UNREADABLE"
        ) from error
