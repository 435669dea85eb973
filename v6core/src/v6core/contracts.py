"""What is traded: stocks, options, futures, options on futures, indices, currencies, crypto, and combos of them.

Every contract has one text, ``str(contract)``, that ``parse_contract`` reads back and that is its ``key``: two
contracts with one key are the same instrument, wherever an order in it is routed. The short form is what people
write (``GOOG``, the OCC symbol ``GOOG151231C00750000``, ``EUR/USD``); the long form names what differs from the usual:
``KIND:SYMBOL[:EXPIRATION[:STRIKE:RIGHT]][:CURRENCY[:MULTIPLIER[:TRADING_CLASS]]]``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import auto
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from v6core.identifiers import printable
from v6core.money import Number, Positive, is_on_tick, plain
from v6core.words import Word

# The Options Symbology Initiative's symbol: root of 1 to 6, yymmdd, C or P, strike in thousandths in 8 digits.
_OCC = re.compile(r"([A-Z0-9.]{1,6}) *([0-9]{6})([CP])([0-9]{8})")
# No share's symbol has a date in it; who mistypes an option must not get a share of that name.
_NEARLY_OCC = re.compile(r"\d{5}")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9 ._/&-]{0,23}")
_COMBO = re.compile(r"COMBO:([^\[\]]+)\[(.+)\]")
_COMBO_LEG = re.compile(r"([+-][0-9]{1,6})\*(.+)")


class OrderAction(Word):
    """The side of an order or of a leg."""

    BUY = auto()
    SELL = auto()

    @property
    def sign(self) -> int:
        """Return 1 for BUY and -1 for SELL."""
        return 1 if self is OrderAction.BUY else -1

    @property
    def opposite(self) -> OrderAction:
        """Return the other side."""
        return OrderAction.SELL if self is OrderAction.BUY else OrderAction.BUY


class OptionRight(Word):
    """The right that an option gives: to buy (CALL) or to sell (PUT)."""

    CALL = auto()
    PUT = auto()

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if isinstance(value, str) and value.strip().upper() in {"C", "P"}:
            return cls("CALL" if value.strip().upper() == "C" else "PUT")
        return super()._missing_(value)


def _day(value: object) -> object:
    """Take ``20261218`` and ``2026-12-18`` alike; a time of day is not part of an expiration."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        text = value.strip().replace("-", "")
        if re.fullmatch(r"[0-9]{8}", text):
            try:
                return date(int(text[:4]), int(text[4:6]), int(text[6:]))
            except ValueError:
                pass
        raise ValueError(f"expiration must be a day like 2026-12-18, not {value!r}")
    if isinstance(value, date):
        return value
    raise ValueError(f"expiration must be a day like 2026-12-18, not {value!r}")


Expiration = Annotated[date, BeforeValidator(_day)]


class _Positional(BaseModel):
    """A frozen model that takes its first fields by position as well."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    positional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *values: Any, **fields: Any) -> None:
        if len(values) > len(self.positional):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.positional)} by position, all else by name")
        super().__init__(**dict(zip(self.positional, values, strict=False)), **fields)


class _Contract(_Positional):
    """What all contracts share."""

    kind_name: ClassVar[str] = ""
    usual_multiplier: ClassVar[Decimal] = Decimal(1)
    positional: ClassVar[tuple[str, ...]] = ("symbol",)

    symbol: str
    exchange: str = "SMART"
    primary_exchange: str | None = None
    currency: str = "USD"
    multiplier: Positive = Decimal(1)
    trading_class: str | None = None
    conid: int | None = Field(default=None, ge=0)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; its key is worked out anew."""
        copied = super().model_copy(update=update, deep=deep)
        vars(copied).pop("_key", None)
        return copied

    @field_validator("symbol", mode="before")
    @classmethod
    def _check_symbol(cls, value: object) -> str:
        if not isinstance(value, str):
            raise ValueError(f"symbol must be text, not {value!r}")  # noqa: TRY004 -- pydantic wants ValueError
        text = printable(value, "symbol").strip().upper()
        if not _SYMBOL.fullmatch(text):
            raise ValueError(f"symbol must be letters, digits, dots or spaces, at most 24, not {value!r}")
        return text

    @field_validator("currency")
    @classmethod
    def _check_currency(cls, value: str) -> str:
        text = value.upper()
        if not re.fullmatch(r"[A-Z]{3,6}", text):
            raise ValueError(f"currency must be a code like USD, not {value!r}")
        return text

    @field_validator("exchange", "primary_exchange")
    @classmethod
    def _check_word(cls, value: str | None) -> str | None:
        return None if value is None else printable(value, "exchange", 32).upper()

    @field_validator("trading_class")
    @classmethod
    def _check_trading_class(cls, value: str | None) -> str | None:
        if value is None or _SYMBOL.fullmatch(value.upper()):
            return value and value.upper()
        raise ValueError(f"trading_class must be letters, digits, dots or spaces, at most 24, not {value!r}")

    @property
    def key(self) -> str:
        """The instrument's one text: equal for the same instrument, however it is routed."""
        return self._key

    @cached_property
    def _key(self) -> str:
        return self._short() if self._is_usual() else self._long()

    def __str__(self) -> str:
        return self._key

    def _is_usual(self) -> bool:
        return self.currency == "USD" and self.multiplier == self.usual_multiplier and self.trading_class is None

    def _short(self) -> str:
        return f"{self.kind_name}:{self._middle()}"

    def _middle(self) -> str:
        return self.symbol

    def _long(self) -> str:
        parts = [self.kind_name, self._middle(), self.currency]
        if self.multiplier != self.usual_multiplier or self.trading_class is not None:
            parts.append(plain(self.multiplier.normalize()))
        if self.trading_class is not None:
            parts.append(self.trading_class)
        return ":".join(parts)


class Stock(_Contract):
    """A share, or a fund that trades like one: ``Stock("GOOG")``."""

    kind_name = "STOCK"
    kind: Literal["STOCK"] = "STOCK"

    if TYPE_CHECKING:

        def __init__(self, symbol: str, **fields: Any) -> None: ...

    def _is_usual(self) -> bool:
        # A symbol that reads as an option's or as a currency pair is written out, so that no two contracts share a key.
        return super()._is_usual() and "/" not in self.symbol and not _OCC.fullmatch(self.symbol)

    def _short(self) -> str:
        return self.symbol


class Index(_Contract):
    """An index, quoted and never traded itself: ``Index("SPX")``."""

    kind_name = "INDEX"
    kind: Literal["INDEX"] = "INDEX"

    if TYPE_CHECKING:

        def __init__(self, symbol: str, **fields: Any) -> None: ...


class Forex(_Contract):
    """A currency pair, the symbol bought with the currency: ``Forex("EUR", "USD")`` or ``Forex("EUR/USD")``."""

    positional = ("symbol", "currency")
    kind_name = "FOREX"
    kind: Literal["FOREX"] = "FOREX"
    exchange: str = "IDEALPRO"

    if TYPE_CHECKING:

        def __init__(self, symbol: str, currency: str = "USD", **fields: Any) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _split_pair(cls, data: Any) -> Any:
        fields = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        symbol = fields.get("symbol")
        if not isinstance(symbol, str) or "/" not in symbol:
            return cast("Any", data)
        base, _, quoted = symbol.partition("/")
        if str(fields.get("currency", quoted)).upper() != quoted.strip().upper():
            raise ValueError(f"{symbol} is quoted in {quoted}, not in {fields['currency']}")
        return {**fields, "symbol": base, "currency": quoted}

    def _is_usual(self) -> bool:
        return self.multiplier == 1 and self.trading_class is None

    def _short(self) -> str:
        return f"{self.symbol}/{self.currency}"


class Crypto(_Contract):
    """A crypto currency: ``Crypto("BTC")``."""

    kind_name = "CRYPTO"
    kind: Literal["CRYPTO"] = "CRYPTO"

    if TYPE_CHECKING:

        def __init__(self, symbol: str, **fields: Any) -> None: ...


class Future(_Contract):
    """A future: ``Future("ES", "2026-12-18", multiplier=50, exchange="CME")``."""

    positional = ("symbol", "expiration")
    kind_name = "FUTURE"
    kind: Literal["FUTURE"] = "FUTURE"
    expiration: Expiration

    if TYPE_CHECKING:

        def __init__(self, symbol: str, expiration: date | str, **fields: Any) -> None: ...

    def _middle(self) -> str:
        return f"{self.symbol}:{self.expiration:%Y%m%d}"


class _OptionTerms(_Contract):
    """What options on shares and options on futures share."""

    expiration: Expiration
    strike: Positive
    right: OptionRight

    def _middle(self) -> str:
        strike = plain(self.strike.normalize())
        return f"{self.symbol}:{self.expiration:%Y%m%d}:{strike}:{self.right[0]}"


class Option(_OptionTerms):
    """An option on a share or an index: ``Option("GOOG", "2015-12-31", 750, "CALL")``."""

    positional = ("symbol", "expiration", "strike", "right")
    kind_name = "OPTION"
    usual_multiplier = Decimal(100)
    kind: Literal["OPTION"] = "OPTION"
    multiplier: Positive = Decimal(100)

    if TYPE_CHECKING:

        def __init__(
            self,
            symbol: str,
            expiration: date | str,
            strike: Decimal | float | str,
            right: OptionRight | str,
            **fields: Any,
        ) -> None: ...

    @property
    def occ_symbol(self) -> str:
        """The OCC symbol without padding, as in ``GOOG151231C00750000``; ValueError where the terms do not fit one."""
        thousandths = self.strike * 1000
        root = self.trading_class or self.symbol
        if not re.fullmatch(r"[A-Z0-9.]{1,6}", root) or thousandths % 1 or thousandths >= Decimal(10) ** 8:
            raise ValueError(f"{root} {plain(self.strike)} does not fit an OCC symbol")
        return f"{root}{self.expiration:%y%m%d}{self.right[0]}{int(thousandths):08d}"

    @classmethod
    def from_occ(cls, text: str) -> Self:
        """Return the option that an OCC symbol names, padded or not; years are of this century."""
        match = _OCC.fullmatch(printable(text, "OCC symbol").strip().upper())
        if match is None:
            raise ValueError(f"{text!r} is not an OCC option symbol like GOOG151231C00750000")
        return cls(match[1], "20" + match[2], Decimal(match[4]) / 1000, match[3])

    def _is_usual(self) -> bool:
        try:
            return super()._is_usual() and bool(self.occ_symbol) and 2000 <= self.expiration.year < 2100
        except ValueError:
            return False

    def _short(self) -> str:
        return self.occ_symbol


class FutureOption(_OptionTerms):
    """An option on a future: ``FutureOption("ES", "2026-12-18", 6000, "PUT", multiplier=50)``."""

    positional = ("symbol", "expiration", "strike", "right")
    kind_name = "FUTURE_OPTION"
    kind: Literal["FUTURE_OPTION"] = "FUTURE_OPTION"

    if TYPE_CHECKING:

        def __init__(
            self,
            symbol: str,
            expiration: date | str,
            strike: Decimal | float | str,
            right: OptionRight | str,
            **fields: Any,
        ) -> None: ...


Single = Annotated[Stock | Option | Future | FutureOption | Index | Forex | Crypto, Field(discriminator="kind")]
"""Any contract but a combo."""


class ComboLeg(_Positional):
    """One contract of a combo: ``ratio`` of it per unit, bought or sold when the combo is bought."""

    positional = ("contract", "action", "ratio")

    contract: Single
    action: OrderAction = OrderAction.BUY
    ratio: int = Field(default=1, gt=0, le=10_000)

    if TYPE_CHECKING:

        def __init__(self, contract: Any, action: OrderAction | str = OrderAction.BUY, ratio: int = 1) -> None: ...

    @property
    def signed_ratio(self) -> int:
        """The ratio, negative for a leg that is sold."""
        return self.action.sign * self.ratio


class Combo(_Contract):
    """Several contracts traded as one order. Its price is the net per unit: positive to pay, negative to receive.

    The net price is the signed sum of leg price × ratio × leg multiplier, divided by the largest leg multiplier: an
    iron condor is priced per share as its legs are, and 100 shares against one call are priced per share too.
    """

    positional = ("symbol", "legs")
    kind_name = "COMBO"
    kind: Literal["COMBO"] = "COMBO"
    legs: tuple[ComboLeg, ...]

    if TYPE_CHECKING:

        def __init__(self, symbol: str, legs: Any, **fields: Any) -> None: ...

    @model_validator(mode="before")
    @classmethod
    def _take_terms_of_legs(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        fields = cast("dict[str, Any]", data)
        legs: Any = fields.get("legs")
        if not isinstance(legs, list | tuple) or not legs:
            return fields
        parsed = tuple(ComboLeg.model_validate(leg) for leg in cast("Sequence[Any]", legs))
        largest = max(leg.contract.multiplier for leg in parsed)
        return {**fields, "legs": parsed, "multiplier": largest, "currency": parsed[0].contract.currency}

    @model_validator(mode="after")
    def _check_legs(self) -> Self:
        if len(self.legs) < 2:
            raise ValueError(f"a combo needs at least two legs, not {len(self.legs)}")
        keys = [leg.contract.key for leg in self.legs]
        doubled = {key for key in keys if keys.count(key) > 1}
        if doubled:
            raise ValueError(f"each leg of a combo is another contract: {', '.join(sorted(doubled))} is there twice")
        untradable = [leg.contract.key for leg in self.legs if leg.contract.kind == "INDEX"]
        if untradable:
            raise ValueError(f"an index cannot be a leg: {', '.join(untradable)}")
        currencies = {leg.contract.currency for leg in self.legs}
        if len(currencies) > 1:
            raise ValueError(f"the legs of a combo share one currency, not {', '.join(sorted(currencies))}")
        divisor = math.gcd(*(leg.ratio for leg in self.legs))
        if divisor > 1:
            raise ValueError(
                f"ratios must be in lowest terms: divide them by {divisor} and multiply the quantity by it"
            )
        return self

    @property
    def signed_legs(self) -> tuple[tuple[Any, int], ...]:
        """Each leg's contract with its signed ratio."""
        return tuple((leg.contract, leg.signed_ratio) for leg in self.legs)

    def _is_usual(self) -> bool:
        return False

    def _long(self) -> str:
        legs = sorted(f"{leg.signed_ratio:+d}*{leg.contract.key}" for leg in self.legs)
        return f"COMBO:{self.symbol}[{','.join(legs)}]"


Contract = Annotated[
    Stock | Option | Future | FutureOption | Index | Forex | Crypto | Combo, Field(discriminator="kind")
]
"""Whatever can be named in an order or asked a quote of."""

_BY_KIND: dict[str, type[_Contract]] = {
    kind.kind_name: kind for kind in (Stock, Option, Future, FutureOption, Index, Forex, Crypto)
}
_CONTRACT: TypeAdapter[Contract] = TypeAdapter(Contract)


def contract_from_json(data: Any) -> Contract:
    """Return the contract that a JSON object describes; its ``kind`` says which it is."""
    return _CONTRACT.validate_python(data)


def parse_contract(text: str) -> Contract:
    """Return the contract that a text names: ``GOOG``, ``GOOG151231C00750000``, ``EUR/USD``, or ``str(contract)``.

    Raises ValueError with the forms that it takes.
    """
    cleaned = printable(text, "contract", 4096).strip().upper()
    if combo := _COMBO.fullmatch(cleaned):
        return Combo(combo[1], tuple(_parse_leg(part) for part in combo[2].split(",")))
    if ":" in cleaned:
        return _parse_long(cleaned)
    if _OCC.fullmatch(cleaned):
        return Option.from_occ(cleaned)
    if "/" in cleaned:
        return Forex(cleaned)
    if _NEARLY_OCC.search(cleaned):
        raise ValueError(f"{text!r} is neither a symbol nor an OCC option symbol like GOOG151231C00750000")
    return Stock(cleaned)


def _parse_leg(text: str) -> ComboLeg:
    match = _COMBO_LEG.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"a combo's leg is like +1*GOOG151231C00750000, not {text!r}")
    ratio = int(match[1])
    return ComboLeg(parse_contract(match[2]), OrderAction.BUY if ratio > 0 else OrderAction.SELL, abs(ratio))


def _parse_long(text: str) -> Contract:
    kind, *rest = text.split(":")
    cls = _BY_KIND.get(kind)
    if cls is None:
        raise ValueError(f"{kind!r} is no kind of contract: {', '.join(_BY_KIND)}, or COMBO:SYMBOL[+1*LEG,-1*LEG]")
    names = ["symbol"]
    if "expiration" in cls.model_fields:
        names.append("expiration")
    if "strike" in cls.model_fields:
        names += ["strike", "right"]
    names += ["currency", "multiplier", "trading_class"]
    if len(rest) > len(names):
        raise ValueError(f"{text!r} has too many parts; {kind} takes {':'.join(names)}")
    return contract_from_json({"kind": kind, **dict(zip(names, rest, strict=False))})


class TickBand(BaseModel):
    """From this price up (of either sign), prices move by this tick."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_price: Number = Decimal(0)
    tick: Positive = Decimal("0.01")


class ContractDetails(BaseModel):
    """What the broker knows of a contract: the contract completed, its ticks and the smallest step of a quantity."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: Contract
    long_name: str = ""
    ticks: tuple[TickBand, ...] = (TickBand(),)
    quantity_step: Positive = Decimal(1)

    def tick_at(self, price: Decimal) -> Decimal:
        """Return the tick that holds at a price."""
        fitting = [band.tick for band in self.ticks if abs(price) >= band.from_price]
        return fitting[-1] if fitting else self.ticks[0].tick

    def on_tick(self, price: Decimal) -> bool:
        """Tell whether the price can be sent as it is."""
        return is_on_tick(price, self.tick_at(price))
