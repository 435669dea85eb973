"""The types of what is given on the command line; each says in one sentence what it takes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import wraps
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import click
from pydantic import TypeAdapter, ValidationError

from v6core.contracts import Contract, Expiration, Option, OptionRight, parse_contract
from v6core.money import to_decimal
from v6core.words import Word

W = TypeVar("W", bound=Word)
F = TypeVar("F", bound=Callable[..., Any])
_DAY: TypeAdapter[date] = TypeAdapter(Expiration)
_LONGEST = 31_536_000

if TYPE_CHECKING:
    Type = click.ParamType[Any]
else:  # the older releases that v6 takes as well know no type arguments
    Type = click.ParamType


class WordType(Type, Generic[W]):
    """A word of an enumeration, in any case."""

    def __init__(self, words: type[W]) -> None:
        self.name = words.__name__
        self._words = words

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002 -- click's
        """Return the words, as help shows them."""
        return f"[{'|'.join(word.lower() for word in self._words)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> W:
        """Return the word."""
        try:
            return self._words(value)
        except ValueError:
            self.fail(f"{value!r} is none of {', '.join(word.lower() for word in self._words)}.", param, ctx)


class Amount(Type):
    """A plain decimal number: a price, a quantity, an amount."""

    name = "number"

    def __init__(self, what: str, *, positive: bool = False) -> None:
        self._what = what
        self._positive = positive

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Return the number."""
        try:
            number = to_decimal(value, self._what)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        if self._positive and number <= 0:
            self.fail(f"{self._what} must be positive, not {number:f}.", param, ctx)
        return number


class SecondsType(Type):
    """A span of time in seconds, zero or more."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the seconds."""
        try:
            seconds = float(to_decimal(value, "seconds"))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
        if not 0 <= seconds <= _LONGEST:
            self.fail(f"seconds must be from 0 to {_LONGEST}, not {value}.", param, ctx)
        return seconds


class DayType(Type):
    """A day like 2026-12-18."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Return the day."""
        try:
            return _DAY.validate_python(value)
        except ValidationError:
            self.fail(f"a day is like 2026-12-18, not {value!r}.", param, ctx)


class MomentType(Type):
    """A time with its zone, like 2026-12-18T20:00:00Z."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the time."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value.strip())
        except ValueError:
            self.fail(f"a time is like 2026-12-18T20:00:00Z, not {value!r}.", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"a time needs its zone, as in 2026-12-18T20:00:00Z, not {value!r}.", param, ctx)
        return moment


DAY, MOMENT, SECONDS = DayType(), MomentType(), SecondsType()
RIGHT = WordType(OptionRight)


def takes_contract(function: F) -> F:
    """Give a command the argument CONTRACT and the options that make an option of it; it gets ``contract``."""

    @wraps(function)
    def with_contract(
        *args: Any,
        contract: str,
        expiration: date | None,
        strike: Decimal | None,
        right: OptionRight | None,
        **rest: Any,
    ) -> Any:
        return function(*args, contract=named_contract(contract, expiration, strike, right), **rest)

    options = (
        click.argument("contract"),
        click.option("--expiration", type=DAY, help="The option's expiration."),
        click.option("--strike", type=Amount("strike", positive=True), help="The option's strike."),
        click.option("--right", type=RIGHT, help="The option's right."),
    )
    taking: Any = with_contract
    for option in reversed(options):
        taking = option(taking)
    decorated: F = taking
    return decorated


def named_contract(text: str, expiration: date | None, strike: Decimal | None, right: OptionRight | None) -> Contract:
    """Return the contract that a text names, or the option on it where expiration, strike and right are given."""
    given = {"--expiration": expiration, "--strike": strike, "--right": right}
    missing = [name for name, value in given.items() if value is None]
    if len(missing) == len(given):
        return parse_contract(text)
    if missing:
        raise click.UsageError(f"an option needs --expiration, --strike and --right; {', '.join(missing)} is missing")
    underlying = parse_contract(text)
    if underlying.kind not in {"STOCK", "INDEX"}:
        raise click.UsageError(f"{text} is no stock or index: leave out --expiration, --strike and --right")
    return Option.model_validate(
        {"symbol": underlying.symbol, "expiration": expiration, "strike": strike, "right": right}
    )


def strikes_of(text: str) -> tuple[Decimal, ...]:
    """Return the strikes in a list like 570,580,620,630."""
    return tuple(to_decimal(part, "strike") for part in text.split(","))
