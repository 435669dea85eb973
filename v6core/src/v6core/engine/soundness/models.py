"""Any model that a plugin made: recognised at a glance, or else validated anew by its class."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError

from v6core.contracts import Contract
from v6core.identifiers import plainly
from v6core.money import LARGEST, MOST_PLACES, ZERO, NotNegative, Number, Positive, is_plain
from v6core.quotes import Quote
from v6core.reports import CommissionReport, FillReport, OrderReport

LONGEST_NAME = 256
LONGEST_TEXT = 1000
_CONTRACTS: tuple[type, ...] = get_args(get_args(Contract)[0])
_CONTRACT: TypeAdapter[Contract] = TypeAdapter(Contract)
_TEXTS = frozenset({"reason", "word", "detail", "code", "warning", "long_name"})
_MOST_CONTRACTS = 10_000
Test = Callable[[Any], bool]
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


class Nonsense(ValueError):
    """A plugin said what cannot be; the text says what is wrong with it, in printable form."""


# Recognised at a glance.


def _is_name(value: Any) -> bool:
    return type(value) is str and len(value) <= 128 and value.isascii() and value.isprintable() and bool(value.strip())


def _is_number(value: Any) -> bool:
    return type(value) is Decimal and (is_plain(value) or (abs(value) < LARGEST and _places(value) <= MOST_PLACES))


def _places(number: Decimal) -> int:
    return -int(number.as_tuple().exponent)


def _is_positive(value: Any) -> bool:
    return _is_number(value) and value > ZERO


def _is_not_negative(value: Any) -> bool:
    return _is_number(value) and value >= ZERO


def _is_time(value: Any) -> bool:
    return type(value) is datetime and value.tzinfo is UTC


def _is_exactly(value: Any, wanted: Any) -> bool:
    """Tell whether a model holds the very values, and kinds of values, that its class makes of them."""
    if type(value) is not type(wanted):
        return False
    if isinstance(wanted, BaseModel):
        return all(_is_exactly(getattr(value, name), getattr(wanted, name)) for name in type(wanted).model_fields)
    if isinstance(wanted, tuple):
        rows, others = _rows(value), _rows(wanted)
        return len(rows) == len(others) and all(map(_is_exactly, rows, others))
    return bool(value == wanted)


def _rows(value: Any) -> tuple[Any, ...]:
    return tuple(value)


class _Contracts:
    """Contracts that were checked, by identity; they are frozen, and kept here so that an identity stays theirs."""

    def __init__(self) -> None:
        self._known: OrderedDict[int, object] = OrderedDict()

    def knows(self, contract: Any) -> bool:
        """Tell whether a contract is sound; one that is not known yet is checked."""
        if id(contract) in self._known:
            return True
        if type(contract) not in _CONTRACTS:
            return False
        if not _is_exactly(contract, _CONTRACT.validate_python(_bare(contract), strict=True)):
            return False
        if len(self._known) >= _MOST_CONTRACTS:
            self._known.popitem(last=False)
        self._known[id(contract)] = contract
        return True


_contracts = _Contracts()
_NUMBERS = {
    id(get_args(kind)[1]): test
    for kind, test in (
        (Number, _is_number),
        (Positive, _is_positive),
        (NotNegative, _is_not_negative),
    )
}
_PLAIN: dict[Any, Test] = {
    str: _is_name,
    datetime: _is_time,
    AwareDatetime: _is_time,
    bool: lambda value: type(value) is bool,
    UUID: lambda value: type(value) is UUID,
}


def _test_of(hint: Any) -> Test | None:
    """Return what recognises a sound value of a field at a glance; None where only its model can tell."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if origin is Annotated:
        return _test_of_annotated(inner)
    if origin is Literal:
        return lambda value: type(value) is str and value in inner
    if origin in {Union, UnionType}:
        return _test_of_optional(inner)
    return _test_of_class(hint) if isinstance(hint, type) else None


def _test_of_annotated(inner: Sequence[Any]) -> Test | None:
    number = _NUMBERS.get(id(inner[1]))
    if number is not None:
        return number
    return _contracts.knows if set(get_args(inner[0])) <= set(_CONTRACTS) else _test_of(inner[0])


def _test_of_class(cls: type) -> Test | None:
    if issubclass(cls, Enum):
        return lambda value: type(value) is cls
    if issubclass(cls, BaseModel):
        return lambda value: type(value) is cls and _is_recognised(value)
    return None


def _test_of_optional(kinds: Sequence[Any]) -> Test | None:
    some = [kind for kind in kinds if kind is not NoneType]
    return _test_of(some[0]) if len(some) == 1 else None


@lru_cache
def _tests(cls: type[BaseModel]) -> tuple[tuple[str, bool, Test], ...] | None:
    """Return the fields of a model, whether None is sound in each, and what recognises all else that is.

    None where one of them cannot be recognised at a glance.
    """
    hints = get_type_hints(cls, include_extras=True)
    tests = [(name, NoneType in get_args(hints[name]), _test_of(hints[name])) for name in cls.model_fields]
    known = tuple((name, may_lack, test) for name, may_lack, test in tests if test is not None)
    return known if len(known) == len(tests) else None


def _is_recognised(value: BaseModel) -> bool:
    tests, fields = _tests(type(value)), value.__dict__
    if tests is None:
        return False
    for name, may_lack, test in tests:  # a loop, because all() with a generator takes twice as long
        found = fields[name]
        if not (may_lack if found is None else test(found)):
            return False
    return True


# Validated anew.


def _bare(value: Any, name: str = "") -> Any:
    """Return what a value is made of, down to what is no model; texts and names are judged on the way."""
    if isinstance(value, BaseModel):
        fields = value.__dict__
        return {name: _bare(fields[name], name) for name in type(value).model_fields if name in fields}
    if type(value) is tuple:
        return tuple(_bare(row, name) for row in _rows(value))
    if isinstance(value, str) and not isinstance(value, Enum):
        return plainly(value, LONGEST_TEXT) if name in _TEXTS else checked_name(value, name)
    return value


def checked_name(value: str, what: str) -> str:
    """Return a text that names something; Nonsense where it is too long or cannot be printed."""
    if len(value) > LONGEST_NAME:
        raise Nonsense(f"{what} has {len(value)} characters, and {LONGEST_NAME} is the most")
    if not value.isprintable():
        raise Nonsense(f"{what} holds characters that cannot be printed: {plainly(value)}")
    return str(value)


def remade(value: M) -> M:
    """Return a model made anew of what it holds; Nonsense where its class refuses that."""
    try:
        return type(value).model_validate(_bare(value), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise Nonsense(plainly(f"{where}: {first['msg']}" if where else first["msg"])) from error


def check_kind(value: Any, kind: type) -> None:
    """Raise Nonsense where a value is not of this very class; a subclass may be anything."""
    if type(value) is not kind:
        raise unlike(value, f"a {kind.__name__}")


def unlike(value: Any, wanted: str) -> Nonsense:
    """Return the error for a value of a class that does not belong where it is."""
    return Nonsense(f"{plainly(type(value).__name__, 80)} where {wanted} belongs")


def sound_model(value: M) -> M:
    """Return a model's sound form, which mostly is the model itself; Nonsense where it has none."""
    try:
        if _is_recognised(value) and _is_whole(value):
            return value
    except Exception:  # noqa: BLE001, S110 -- whatever a stranger's value does when it is looked at, its model judges
        pass
    return guarded(lambda: remade(value))


def _is_whole(value: BaseModel) -> bool:
    """Tell whether what the model asks beyond its fields holds, too, for the models that come most."""
    match value:
        case OrderReport() | FillReport():
            return value.order_ref is not None or value.broker_order_id is not None
        case CommissionReport() | Quote():
            return True
        case _:
            return False


def guarded(work: Callable[[], T]) -> T:
    """Return what looking at a stranger's value gives; whatever it raises makes it nonsense."""
    with guarding():
        return work()


@contextmanager
def guarding() -> Generator[None]:
    """Look at a stranger's value: whatever that raises makes it nonsense."""
    try:
        yield
    except Nonsense:
        raise
    except Exception as error:
        raise Nonsense(f"it cannot be read: {plainly(type(error).__name__, 80)}") from error
