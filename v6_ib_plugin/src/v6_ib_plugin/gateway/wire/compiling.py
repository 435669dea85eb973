"""Layouts made into readers and writers, once, when the package is imported.

Neighbouring fields of one record are read and written as one run; only when a run fails is the field that it failed on
looked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from sys import intern
from typing import Any

from v6_ib_plugin.gateway.wire.errors import WireError
from v6_ib_plugin.gateway.wire.kinds import INT, TEXT
from v6_ib_plugin.gateway.wire.layout import (
    Field,
    Fixed,
    Item,
    Layout,
    Picked,
    Present,
    Several,
    Stated,
    Texts,
    TextsBy,
    Values,
    When,
    label,
)

_SHOWN = 60


@dataclass(slots=True)
class Cursor:
    """Where a reader is, and what it has read, by part and name."""

    fields: Sequence[str]
    at: int
    values: dict[str, dict[str, Any]]

    def take(self, count: int, name: str) -> Sequence[str]:
        """Return so many fields and step behind them."""
        end = self.at + count
        if end > len(self.fields):
            raise _missing(name, self)
        taken = self.fields[self.at : end]
        self.at = end
        return taken

    def count(self, name: str) -> int:
        """Return how many of something follow; never more than there are fields left."""
        (text,) = self.take(1, name)
        number: int = _converted(INT.read, text, f"number of {name}")
        if not 0 <= number <= len(self.fields) - self.at:
            raise WireError(f"number of {name} is {number}, with {len(self.fields) - self.at} fields left")
        return number

    def value(self, path: str) -> Any:
        """Return what was read for a path."""
        part, _, name = path.rpartition(".")
        return self.values[part][name]


def _missing(name: str, cursor: Cursor) -> WireError:
    return WireError(f"{name} is missing, the message ends after {len(cursor.fields)} fields")


Read = Callable[[Cursor], None]
Write = Callable[[Any, list[str]], None]


@dataclass(frozen=True, slots=True)
class Step:
    """One item, or a run of fields, ready to be read and to be written; ``name`` is that of the n-th field it wrote."""

    read: Read
    write: Write
    name: Callable[[Any, int], str]


def _named(*names: str) -> Callable[[Any, int], str]:
    return lambda _record, number: names[min(number, len(names) - 1)]


def _name(steps: Iterable[Step], record: Any, number: int) -> str:
    """Return what the n-th field is called that steps write of a record."""
    before = 0
    for step in steps:
        out: list[str] = []
        step.write(record, out)
        if number < before + len(out):
            return step.name(record, number - before)
        before += len(out)
    raise AssertionError(f"{before} fields were written, and not one of them is field {number}")


class Codec:
    """Reads and writes the records of one class."""

    def __init__(self, make: type, items: Iterable[Item], parts: Iterable[tuple[str, type]] = ()) -> None:
        self._make = make
        self._parts = tuple(sorted(parts, key=lambda part: -part[0].count(".")))
        self._names = ("", *(path for path, _ in self._parts))
        steps = _steps(items)
        self._steps = steps
        self._reads = tuple(step.read for step in steps)
        self._writes = tuple(step.write for step in steps)

    def read(self, fields: Sequence[str], at: int) -> tuple[Any, int]:
        """Return the record that begins at a field, and where it ends."""
        cursor = Cursor(fields, at, {name: {} for name in self._names})
        for step in self._reads:
            step(cursor)
        return self._made(cursor.values), cursor.at

    def _made(self, values: dict[str, dict[str, Any]]) -> Any:
        for path, make in self._parts:
            part, _, name = path.rpartition(".")
            values[part][name] = make(**values[path])
        return self._make(**values[""])

    def write(self, record: Any, out: list[str]) -> None:
        """Append the fields of a record."""
        for step in self._writes:
            step(record, out)

    def name(self, record: Any, number: int) -> str:
        """Return what the n-th field is called that was written of a record."""
        return _name(self._steps, record, number)


def codec(layout: Layout) -> Codec:
    """Compile a layout."""
    return Codec(layout.make, layout.items, layout.parts.items())


def _converted(convert: Callable[[Any], Any], value: Any, name: str) -> Any:
    try:
        return convert(value)
    except WireError:
        raise
    except (ValueError, TypeError, AttributeError) as error:
        raise WireError(f"{name} is {_shown(value)}: {error}") from error


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"


def _steps(items: Iterable[Item]) -> list[Step]:
    steps: list[Step] = []
    for part, group in groupby(items, key=_run_of):
        if part is None:
            steps += [_COMPILERS[type(item)](item) for item in group]
        else:
            steps.append(_run(part, [item for item in group if isinstance(item, Field)]))
    return steps


def _run_of(item: Item) -> str | None:
    return item.path.rpartition(".")[0] if isinstance(item, Field) else None


def _getter(path: str) -> Callable[[Any], Any]:
    return attrgetter(path) if path else _itself


def _itself(record: Any) -> Any:
    return record


# names are interned: as keywords of a call they are then found by identity, which is three times as fast
def _run(part: str, run: list[Field]) -> Step:
    names = tuple(intern(field.path.rpartition(".")[2]) for field in run)
    readers = tuple(None if field.kind is TEXT else field.kind.read for field in run)
    writers = tuple(None if field.kind is TEXT else field.kind.write for field in run)
    holder, get, width = _getter(part), _several_getter(names), len(run)

    def read(cursor: Cursor) -> None:
        at = cursor.at
        taken = cursor.fields[at : at + width]
        if len(taken) < width:
            raise _missing(label(names[len(taken)]), cursor)
        try:
            values = [text if reader is None else reader(text) for reader, text in zip(readers, taken, strict=True)]
        except ValueError:
            _find(readers, taken, names)
            raise
        cursor.at = at + width
        cursor.values[part].update(zip(names, values, strict=True))

    def write(record: Any, out: list[str]) -> None:
        values = get(holder(record))
        try:
            out += [value if writer is None else writer(value) for writer, value in zip(writers, values, strict=True)]
        except (ValueError, TypeError, AttributeError):
            _find(writers, values, names)
            raise

    return Step(read, write, _named(*map(label, names)))


def _several_getter(names: tuple[str, ...]) -> Callable[[Any], Sequence[Any]]:
    get = attrgetter(*names)
    if len(names) > 1:
        return get
    return lambda record: (get(record),)


def _find(converters: Sequence[Callable[[Any], Any] | None], values: Sequence[Any], names: Sequence[str]) -> None:
    for convert, value, name in zip(converters, values, names, strict=True):
        if convert is not None:
            _converted(convert, value, label(name))


def _fixed(item: Fixed) -> Step:
    text = item.text

    def read(cursor: Cursor) -> None:
        cursor.take(1, "version")

    def write(_record: Any, out: list[str]) -> None:
        out.append(text)

    return Step(read, write, _named("version"))


def _stated(item: Stated) -> Step:
    make, name = item.write, item.name

    def read(cursor: Cursor) -> None:
        cursor.take(1, name)

    def write(record: Any, out: list[str]) -> None:
        out.append(_converted(make, record, name))

    return Step(read, write, _named(name))


def _texts(item: Texts) -> Step:
    return _tuple_of_texts(item.path, item.names)


def _picked(item: Picked) -> Step:
    part, _, name = item.path.rpartition(".")
    get, shown = attrgetter(item.path), label(item.path)
    width, picks = item.width, item.picks

    def read(cursor: Cursor) -> None:
        told = dict(zip(picks, cursor.take(len(picks), shown), strict=True))
        cursor.values[part][name] = tuple(told.get(index, "") for index in range(width))

    def write(record: Any, out: list[str]) -> None:
        texts = _of_width(get(record), width, shown)
        out += [texts[index] for index in picks]

    return Step(read, write, _named(shown))


def _of_width(texts: tuple[str, ...], width: int, shown: str) -> tuple[str, ...]:
    if not texts:
        return ("",) * width
    if len(texts) != width:
        raise WireError(f"{shown} is {_shown(texts)}: not {width} texts")
    return texts


def _tuple_of_texts(path: str, names: tuple[str, ...]) -> Step:
    part, _, name = path.rpartition(".")
    get, shown, width = attrgetter(path), label(path), len(names)

    def read(cursor: Cursor) -> None:
        left = len(cursor.fields) - cursor.at
        cursor.values[part][name] = tuple(cursor.take(width, names[min(left, width - 1)]))

    def write(record: Any, out: list[str]) -> None:
        out += _of_width(get(record), width, shown)

    return Step(read, write, _named(*names))


def _texts_by(item: TextsBy) -> Step:
    part, _, name = item.path.rpartition(".")
    get, get_by, shown = attrgetter(item.path), attrgetter(item.by), label(item.by)
    widths, path, by = item.widths, item.path, item.by

    def width(value: Any) -> int:
        try:
            return widths[value]
        except (KeyError, TypeError):
            raise WireError(f"{shown} is {_shown(value)}: none of {', '.join(map(str, widths))}") from None

    def read(cursor: Cursor) -> None:
        cursor.values[part][name] = tuple(cursor.take(width(cursor.value(by)), label(path)))

    def write(record: Any, out: list[str]) -> None:
        out += _of_width(get(record), width(get_by(record)), label(path))

    return Step(read, write, _named(label(path)))


def _present(item: Present) -> Step:
    part, _, name = item.path.rpartition(".")
    get, shown, names = attrgetter(item.path), label(item.path), item.names

    def read(cursor: Cursor) -> None:
        (flag,) = cursor.take(1, shown)
        there = bool(_converted(INT.read, flag, shown))
        cursor.values[part][name] = tuple(cursor.take(len(names), shown)) if there else None

    def write(record: Any, out: list[str]) -> None:
        texts = get(record)
        out.append("0" if texts is None else "1")
        if texts is not None:
            out += _of_width(texts, len(names), shown)

    return Step(read, write, _named(shown))


def _when(item: When) -> Step:
    steps = _steps(item.items)
    get, path, holds = attrgetter(item.path), item.path, item.holds

    def read(cursor: Cursor) -> None:
        if holds(cursor.value(path)):
            for step in steps:
                step.read(cursor)

    def write(record: Any, out: list[str]) -> None:
        if holds(get(record)):
            for step in steps:
                step.write(record, out)

    return Step(read, write, lambda record, number: _name(steps, record, number))


def _several(item: Several) -> Step:
    part, _, name = item.path.rpartition(".")
    get, shown, each = attrgetter(item.path), label(item.path), Codec(item.make, item.items)

    def read(cursor: Cursor) -> None:
        records: list[Any] = []
        for number in range(1, cursor.count(shown) + 1):
            try:
                record, cursor.at = each.read(cursor.fields, cursor.at)
            except WireError as error:
                raise WireError(f"{shown} {number}: {error}") from error
            records.append(record)
        cursor.values[part][name] = tuple(records)

    def write(record: Any, out: list[str]) -> None:
        records = get(record)
        out.append(str(len(records)))
        for number, one in enumerate(records, start=1):
            try:
                each.write(one, out)
            except WireError as error:
                raise WireError(f"{shown} {number}: {error}") from error

    return Step(read, write, _named(shown))


def _values(item: Values) -> Step:
    part, _, name = item.path.rpartition(".")
    get, shown, kind = attrgetter(item.path), label(item.path), item.kind

    def read(cursor: Cursor) -> None:
        taken = cursor.take(cursor.count(shown), shown)
        cursor.values[part][name] = tuple(_each(kind.read, taken, shown))

    def write(record: Any, out: list[str]) -> None:
        values = get(record)
        out.append(str(len(values)))
        out += _each(kind.write, values, shown)

    return Step(read, write, _named(shown))


def _each(convert: Callable[[Any], Any], values: Sequence[Any], shown: str) -> list[Any]:
    return [_converted(convert, value, f"{shown} {number}") for number, value in enumerate(values, start=1)]


_COMPILERS: dict[type, Callable[[Any], Step]] = {
    Fixed: _fixed,
    Stated: _stated,
    Texts: _texts,
    TextsBy: _texts_by,
    Picked: _picked,
    Present: _present,
    When: _when,
    Several: _several,
    Values: _values,
}
