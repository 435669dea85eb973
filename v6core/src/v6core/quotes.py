"""What the market shows: a quote of one contract, and the options that are listed on an underlying."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, field_validator

from v6core.contracts import Contract, FutureOption, Option, OptionRight
from v6core.moments import in_utc
from v6core.money import NotNegative, Number, Positive


class Greeks(BaseModel):
    """What a model makes of an option's price; None where it does not tell.

    ``implied_volatility`` is of a year, 0.25 being 25 %. The others are for one share: ``delta`` and ``gamma`` per unit
    of the underlying's price, ``vega`` per point (0.01) of volatility, ``theta`` per day. ``underlying_price`` is what
    the model took.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    implied_volatility: NotNegative | None = None
    delta: Number | None = None
    gamma: Number | None = None
    vega: Number | None = None
    theta: Number | None = None
    underlying_price: Number | None = None


class Quote(BaseModel):
    """Best bid and offer of a contract at a time; None where nobody bids or offers. A combo's may be negative.

    ``greeks`` are there where the broker gives them, which is for options alone.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Contract
    time: AwareDatetime
    bid: Number | None = None
    bid_size: NotNegative | None = None
    ask: Number | None = None
    ask_size: NotNegative | None = None
    last: Number | None = None
    delayed: bool = False
    greeks: Greeks | None = None

    @field_validator("time")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return in_utc(value)

    @property
    def mid(self) -> Decimal | None:
        """The middle of bid and ask, or None where one of them is missing."""
        return None if self.bid is None or self.ask is None else (self.bid + self.ask) / 2

    def age(self, now: datetime) -> float:
        """Return how many seconds old the quote is."""
        return (now - self.time).total_seconds()


class ChainExpiration(BaseModel):
    """The strikes listed for one expiration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    expiration: date
    strikes: tuple[Positive, ...]
    multiplier: Positive = Decimal(100)
    trading_class: str | None = None


class OptionChain(BaseModel):
    """The options listed on an underlying, by expiration, nearest first.

    ``kind`` is that of the contracts: options on a stock or an index, or those on one future, which deliver it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    expirations: tuple[ChainExpiration, ...]
    exchange: str = "SMART"
    currency: str = "USD"
    kind: Literal["OPTION", "FUTURE_OPTION"] = "OPTION"

    @field_validator("expirations")
    @classmethod
    def _in_order(cls, value: tuple[ChainExpiration, ...]) -> tuple[ChainExpiration, ...]:
        return tuple(sorted(value, key=lambda row: row.expiration))

    def nearest(self, day: date) -> ChainExpiration | None:
        """Return the listed expiration nearest to a day, the earlier of two equally near, or None in an empty chain."""
        return min(self.expirations, key=lambda row: (abs((row.expiration - day).days), row.expiration), default=None)

    def at(self, expiration: date) -> ChainExpiration | None:
        """Return what is listed for an expiration, or None."""
        return next((row for row in self.expirations if row.expiration == expiration), None)

    def option(self, expiration: date, strike: Decimal, right: OptionRight) -> Option | FutureOption | None:
        """Return the listed option with these terms, of the chain's kind, or None where there is none."""
        row = self.at(expiration)
        if row is None or strike not in row.strikes:
            return None
        listed = FutureOption if self.kind == "FUTURE_OPTION" else Option
        return listed(
            self.symbol,
            expiration,
            strike,
            right,
            multiplier=row.multiplier,
            trading_class=row.trading_class,
            currency=self.currency,
            exchange=self.exchange,
        )

    def since(self, day: date) -> Self:
        """Return the chain without what expired before a day."""
        rows = tuple(row for row in self.expirations if row.expiration >= day)
        return self.model_copy(update={"expirations": rows})
