"""A TOML file as values, each with the line on which its key stands.

The standard library reads TOML but tells no positions. So ``tomllib`` reads and judges the text, and a second, lenient
pass over what it took finds the keys: a table's header, or a key before ``=``; values are only skipped. Keys inside an
inline table stand on the line of the key that it belongs to.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from v6core.config.origins import KeyPath
from v6core.errors import ConfigurationError

# Nobody writes a longer one; a device or a log given by mistake would fill the memory.
_MOST_BYTES = 1_000_000
_PART = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[A-Za-z0-9_-]+)"""
_KEY = rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*"
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)+")
_HEADER = re.compile(rf"\[(\[?)[ \t]*({_KEY})[ \t]*\]\]?")
_LIKE_A_HEADER = re.compile(rf"[ \t]*\[+[ \t]*({_KEY})")
_PAIR = re.compile(rf"({_KEY})[ \t]*=")
_TOKEN = re.compile(
    r'''"""(?:[^\\]|\\.)*?"{3,5}|\'{3}.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\#[^\n]*|[\[{]|[\]}]|\n|[^"'\#\[\]{}\n]+''',
    re.DOTALL,
)
_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|(end of document))\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """What a file holds, and the line of each key and table; ``name`` is what people call the file."""

    name: str
    values: dict[str, Any]
    lines: dict[KeyPath, int]


def read_document(path: Path, name: str) -> Document:
    """Return what a file holds; ConfigurationError where it cannot be read, naming why and where."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES + 1)
    except IsADirectoryError:
        raise ConfigurationError(f"{name} is a folder, not a configuration file") from None
    except FileNotFoundError:
        raise ConfigurationError(f"there is no configuration file {name}", hint="v6 init makes one") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{name} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > _MOST_BYTES:
        raise ConfigurationError(f"{name} is longer than {_MOST_BYTES} bytes: this is no configuration file")
    try:
        text = raw.decode("utf-8-sig")  # editors on Windows put a byte order mark before the text
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(f"{name} line {line}: not UTF-8 text: this is no configuration file") from None
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """Return what a text holds; ConfigurationError with the line where it is not TOML."""
    plain = text.replace("\r\n", "\n")
    try:
        values = tomllib.loads(plain, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(_rephrase(str(error), plain, name)) from None
    except (ValueError, RecursionError, ArithmeticError):
        # A number of thousands of digits, or thousands of brackets.
        raise ConfigurationError(f"{name} holds a value that is too long or nested too deeply") from None
    lines = dict(_positions(plain))
    _fill(lines, values, ())
    return Document(name, values, lines)


def read_what_is_readable(path: Path, name: str) -> Document:
    """Return what a file holds; where it as a whole is no TOML, what its lines hold that are; nothing where none is."""
    try:
        return read_document(path, name)
    except ConfigurationError:
        try:
            with path.open("rb") as file:
                raw = file.read(_MOST_BYTES)
        except (OSError, ValueError):
            raw = b""
        return _by_lines(raw.decode("utf-8-sig", "replace"), name)


def _by_lines(text: str, name: str) -> Document:
    """Take each line by itself, in the table whose header stands above it, well written or not; the first one wins."""
    found = Document(name, {}, {})
    header: KeyPath = ()
    for number, line in enumerate(text.splitlines(), 1):
        if begun := _LIKE_A_HEADER.match(line):
            header = _parts(begun[1])
            continue
        try:
            values = tomllib.loads(line, parse_float=Decimal)
        except (ValueError, RecursionError, ArithmeticError):
            continue
        _add(found, header, values, number)
    return found


def _add(document: Document, path: KeyPath, value: Any, line: int) -> None:
    """Add a value at a place where none is, with its line; a table key by key."""
    if isinstance(value, dict):
        for key, inner in cast("dict[str, Any]", value).items():
            _add(document, (*path, key), inner, line)
        return
    table: Any = document.values
    for part in path[:-1]:
        table = table.setdefault(part, {}) if isinstance(table, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    if isinstance(table, dict) and path[-1] not in table:
        table[path[-1]] = value
        document.lines[path] = line


def _rephrase(message: str, text: str, name: str) -> str:
    position = _POSITION.search(message)
    what = _POSITION.sub("", message)
    line = text.rstrip().count("\n") + 1 if position is None or position[3] else int(position[1])
    what = "a key or a table is there twice" if what.startswith("Cannot") else what[:1].lower() + what[1:]
    where = f", at column {position[2]}" if position is not None and position[2] else ""
    return f"{name} line {line}: this is not TOML: {what}{where}"


def _positions(text: str) -> Iterator[tuple[KeyPath, int]]:
    """Yield each key and table with its line; a table that is written in parts stands where it begins."""
    tables = _Tables()
    line, counted, position = 1, 0, 0
    seen: set[KeyPath] = set()
    while position < len(text):
        if blank := _BLANK.match(text, position):
            position = blank.end()
            continue
        line, counted = line + text.count("\n", counted, position), position
        if header := _HEADER.match(text, position):
            path, position = tables.enter(_parts(header[2]), repeated=bool(header[1])), header.end()
        elif pair := _PAIR.match(text, position):
            path, position = tables.current + _parts(pair[1]), _end_of_value(text, pair.end())
        else:  # tomllib took the text, so nothing else can stand here; better no line than a wrong one
            return
        for length in range(1, len(path) + 1):
            if path[:length] not in seen:
                seen.add(path[:length])
                yield path[:length], line


def _fill(lines: dict[KeyPath, int], table: dict[str, Any], path: KeyPath) -> None:
    """Give the keys inside inline tables the line of what they are in."""
    for key, value in table.items():
        if path in lines:
            lines.setdefault((*path, key), lines[path])
        if isinstance(value, dict):
            _fill(lines, cast("dict[str, Any]", value), (*path, key))


class _Tables:
    """Which table a line is in; ``[[x]]`` begins another element of the list x."""

    def __init__(self) -> None:
        self.current: KeyPath = ()
        self._elements: dict[KeyPath, int] = {}

    def enter(self, parts: KeyPath, *, repeated: bool) -> KeyPath:
        path: KeyPath = ()
        for place, part in enumerate(parts):
            path += (part,)
            if repeated and place == len(parts) - 1:
                self._elements[path] = self._elements.get(path, -1) + 1
            if path in self._elements:
                path += (self._elements[path],)
        self.current = path
        return path


def _parts(key: str) -> KeyPath:
    parts: list[str] = []
    table: Any = tomllib.loads(f"{key} = 0")
    while isinstance(table, dict):
        part, table = next(iter(cast("dict[str, Any]", table).items()))
        parts.append(part)
    return tuple(parts)


def _end_of_value(text: str, position: int) -> int:
    depth = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or (token[0] == "\n" and depth == 0):
            break
        depth += (token[0] in "[{") - (token[0] in "]}")
        position = token.end()
    return position
