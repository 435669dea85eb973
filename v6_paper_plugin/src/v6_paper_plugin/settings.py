"""The paper broker's section of the configuration."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from enum import auto
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from v6core.contracts import parse_contract
from v6core.identifiers import printable
from v6core.money import NotNegative, Number, Positive, to_decimal
from v6core.words import Word


class Fills(Word):
    """How orders fill."""

    IMMEDIATE = auto()
    """At once, whole, at their limit or stop, else at the price given for the contract."""
    REALISTIC = auto()
    """From quotes, at the price and size there."""
    DELAYED = auto()
    """As IMMEDIATE, after ``delay`` seconds."""
    PARTIAL = auto()
    """As IMMEDIATE, half at once and the rest after ``delay`` seconds."""
    REJECT = auto()
    """Every order is refused."""
    NEVER = auto()
    """Every order rests."""


_QUOTES = 'quotes must be "synthetic", "replay:FILE", "broker:NAME" or "given"'


def _speed(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() == "max":
        return "max"
    try:
        speed = float(to_decimal(value, "speed"))
    except ValueError:
        speed = 0.0
    if speed <= 0:
        raise ValueError(f'speed must be a number above zero (market seconds a second) or "max", not {value!r}')
    return speed


Speed = Annotated[float | Literal["max"], BeforeValidator(_speed)]


def _from_configuration(file: str, info: ValidationInfo) -> str:
    """Return a file that a configuration names, as seen from the configuration's folder."""
    folder = cast("dict[str, Any]", info.context or {}).get("folder")
    return file if folder is None else str(folder / Path(file).expanduser())


class PaperSettings(BaseModel):
    """What a paper broker is told. Money is in ``currency``, times are seconds at the market."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cash: Number = Decimal(100_000)
    """What the account starts with."""
    currency: str = "USD"
    """What the account is in, and all that it trades; any but US dollars with given and lent quotes alone."""
    account: str = "PAPER-1"
    """The account's name."""
    fills: Fills = Fills.IMMEDIATE
    """How orders fill."""
    quotes: str | None = None
    """Where quotes come from; unless said, "synthetic" for realistic fills and "given" otherwise."""
    prices: dict[str, Positive] = Field(default_factory=dict)
    """Prices of contracts, by their text, for given quotes."""
    default_price: Positive = Decimal(100)
    """The price of every other contract, for given quotes."""
    hours: Literal["all", "regular"] | None = None
    """When the market is open; with given quotes "all", around the clock, unless said, else "regular"."""
    seed: int = 6
    """What the synthetic market is made from: the same seed, the same quotes."""
    start: date | None = None
    """The first day of the synthetic market."""
    step: int = Field(default=5, gt=0)
    """Seconds between two quotes of the synthetic market."""
    speed: Speed = 1.0
    """Market seconds in a second, or "max": as fast as the program can follow, on a simulated event loop."""
    state: str | None = None
    """The file that keeps the account over restarts; unless said, paper-NAME.db; "off" for none."""
    latency: float = Field(default=0.05, ge=0)
    """For how long an order, a cancel or a change is on its way; realistic fills only."""
    delay: float = Field(default=1.0, ge=0)
    """After how long delayed and partial fills follow."""
    slippage: NotNegative = Decimal(0)
    """By how much realistic fills without a limit are worse than the quote."""
    queue: Literal["touch", "through"] = "touch"
    """Whether a resting limit fills when its price is reached, or only when it is passed."""
    margin: bool | None = None
    """Whether orders beyond the buying power are refused; unless said, with realistic fills."""
    commission_per_share: NotNegative | None = None
    """Unless said, 0.005 with realistic fills and nothing otherwise."""
    commission_per_contract: NotNegative | None = None
    """For options and futures; unless said, 0.65 with realistic fills and nothing otherwise."""
    commission_of_value: NotNegative | None = None
    """For currencies and crypto, a fraction; unless said, 0.0002 with realistic fills and nothing otherwise."""
    commission_minimum: NotNegative | None = None
    """The least for an order that fills; unless said, 1.00 with realistic fills and nothing otherwise."""

    @field_validator("fills", mode="before")
    @classmethod
    def _take_fills(cls, value: Any) -> Any:
        try:
            return Fills(value)
        except ValueError:
            choices = ", ".join(f'"{fills.lower()}"' for fills in Fills)
            raise ValueError(f"fills must be one of {choices}, not {value!r}") from None

    @field_validator("account")
    @classmethod
    def _check_account(cls, value: str) -> str:
        return printable(value, "account", 64)

    @field_validator("currency")
    @classmethod
    def _check_currency(cls, value: str) -> str:
        text = value.upper()
        if not re.fullmatch(r"[A-Z]{3}", text):
            raise ValueError(f"currency must be a code like USD, not {value!r}")
        return text

    @field_validator("quotes")
    @classmethod
    def _check_quotes(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is None:
            return None
        kind, _, name = value.strip().partition(":")
        kind, name = kind.lower(), name.strip()
        if kind in {"synthetic", "given"} and not name:
            return kind
        if kind == "replay" and name:
            return f"{kind}:{_from_configuration(name, info)}"
        if kind == "broker" and name:
            return f"{kind}:{name}"
        raise ValueError(f"{_QUOTES}, not {value!r}")

    @field_validator("prices")
    @classmethod
    def _check_prices(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        prices: dict[str, Decimal] = {}
        for text, price in value.items():
            contract = parse_contract(text)
            if contract.kind == "COMBO":
                raise ValueError(f"give the legs of {text} their prices: a combo has none of its own")
            prices[contract.key] = price
        return prices

    @model_validator(mode="after")
    def _check_market_currency(self) -> Self:
        if self.currency != "USD" and self.quotes_from[0] in {"synthetic", "replay"}:
            raise ValueError(f'currency = "{self.currency}" needs quotes = "given": other quotes are in US dollars')
        return self

    @model_validator(mode="after")
    def _check_hours(self) -> Self:
        if self.hours == "all" and self.quotes_from[0] != "given":
            raise ValueError('hours = "all" belongs to quotes = "given": other quotes come in regular hours')
        return self

    @property
    def quotes_from(self) -> tuple[str, str]:
        """Where quotes come from: the kind, and the file or the broker's name."""
        chosen = self.quotes or ("synthetic" if self.is_realistic else "given")
        kind, _, name = chosen.partition(":")
        return kind, name

    @property
    def is_realistic(self) -> bool:
        """Whether orders are matched against quotes."""
        return self.fills is Fills.REALISTIC
