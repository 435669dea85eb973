"""Contracts of one kind: shares, indices, currencies, crypto, futures, and options on them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from v6core.contracts.sides import OptionRight
from v6core.identifiers import printable
from v6core.money import Positive, plain

# The Options Symbology Initiative's symbol: root of 1 to 6, yymmdd, C or P, strike in thousandths in 8 digits.
OCC_SYMBOL = re.compile(r"([A-Z0-9.]{1,6}) *([0-9]{6})([CP])([0-9]{8})")
# No symbol has a date in it; who mistypes an option must not get a share of that name.
NEARLY_OCC = re.compile(r"[0-9]{5}")
_SYMBOL = re.compile(r"[A-Z0-9][A-Z0-9 ._/&-]{0,23}")


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


class Positional(BaseModel):
    """A frozen model that takes its first fields by position as well."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    positional: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *values: Any, **fields: Any) -> None:
        if len(values) > len(self.positional):
            raise TypeError(f"{type(self).__name__} takes {', '.join(self.positional)} by position, all else by name")
        super().__init__(**dict(zip(self.positional, values, strict=False)), **fields)


class BaseContract(Positional):
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


class Stock(BaseContract):
    """A share, or a fund that trades like one: ``Stock("GOOG")``."""

    kind_name = "STOCK"
    kind: Literal["STOCK"] = "STOCK"

    if TYPE_CHECKING:

        def __init__(self, symbol: str, **fields: Any) -> None: ...

    def _is_usual(self) -> bool:
        # A symbol that reads like an option's or a currency pair is written out: it is found again by its key, alone.
        return super()._is_usual() and "/" not in self.symbol and not NEARLY_OCC.search(self.symbol)

    def _short(self) -> str:
        return self.symbol


class Index(BaseContract):
    """An index, quoted and never traded itself: ``Index("SPX")``."""

    kind_name = "INDEX"
    kind: Literal["INDEX"] = "INDEX"

    if TYPE_CHECKING:

        def __init__(self, symbol: str, **fields: Any) -> None: ...


class Forex(BaseContract):
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
        base, quoted = (part.strip() for part in symbol.split("/", 1))
        given = fields.get("currency", quoted)
        if str(given).upper() != quoted.upper():
            raise ValueError(f"{symbol} is quoted in {quoted}, not in {given}")
        return {**fields, "symbol": base, "currency": quoted}

    def _is_usual(self) -> bool:
        return self.multiplier == 1 and self.trading_class is None

    def _short(self) -> str:
        return f"{self.symbol}/{self.currency}"


class Crypto(BaseContract):
    """A crypto currency: ``Crypto("BTC")``."""

    kind_name = "CRYPTO"
    kind: Literal["CRYPTO"] = "CRYPTO"

    if TYPE_CHECKING:

        def __init__(self, symbol: str, **fields: Any) -> None: ...


class Future(BaseContract):
    """A future: ``Future("ES", "2026-12-18", multiplier=50, exchange="CME")``."""

    positional = ("symbol", "expiration")
    kind_name = "FUTURE"
    kind: Literal["FUTURE"] = "FUTURE"
    expiration: Expiration

    if TYPE_CHECKING:

        def __init__(self, symbol: str, expiration: date | str, **fields: Any) -> None: ...

    def _middle(self) -> str:
        return f"{self.symbol}:{self.expiration:%Y%m%d}"


class _OptionTerms(BaseContract):
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
        match = OCC_SYMBOL.fullmatch(printable(text, "OCC symbol").strip().upper())
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
