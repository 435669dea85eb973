"""What the environment lays over the file: ``V6_BROKER``, ``V6_RISK__MAX_ORDER_VALUE``, ``V6_BROKERS__NAME__KEY``.

Two underscores part the way to a key. Case does not matter, and ``_`` stands for ``-`` too, because a shell takes no
dash in a name. A value is read as TOML (a number, true, a date, a list), else it is text.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from v6core.config.origins import KeyPath, Origin, Source

PREFIX = "V6_"
PATH_VARIABLE = "V6_CONFIG"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that belongs to the configuration, and the parts of the way to its key."""

    name: str
    text: str
    parts: tuple[str, ...]

    @property
    def origin(self) -> Origin:
        """The variable as a place."""
        return Origin(Source.ENVIRONMENT, self.name, text=self.text)

    @property
    def value(self) -> Any:
        """The value as TOML, else the text itself."""
        try:
            values = tomllib.loads(f"value = {self.text}", parse_float=Decimal)
        except (ValueError, RecursionError, ArithmeticError):
            return self.text
        # A text with a line break could bring keys of its own.
        if set(values) != {"value"} or isinstance(values["value"], dict):
            return self.text
        return values["value"]


def variables(environment: Mapping[str, str], top_level: Collection[str]) -> Iterator[Variable]:
    """Yield the variables that belong to the configuration, sorted.

    A name without ``__`` belongs to it where it names a top-level key; ``V6_BROKER=`` left empty is not set.
    """
    for name, text in sorted(environment.items()):
        if not name.upper().startswith(PREFIX) or name.upper() == PATH_VARIABLE:
            continue
        parts = tuple(part.strip() for part in name[len(PREFIX) :].split("__"))
        if len(parts) > 1 or (plain(name[len(PREFIX) :]) in top_level and text.strip()):
            yield Variable(name, text, parts)


def misspelt(environment: Mapping[str, str], top_level: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each variable that is nearly one of ours, with the one that it is nearly.

    ``V6_BROKR=dry`` would otherwise leave the live broker chosen.
    """
    known = [*(PREFIX + name.upper() for name in sorted(top_level)), PATH_VARIABLE]
    for name in sorted(environment):
        if name.upper().startswith(PREFIX) and "__" not in name and name.upper() not in known:
            yield from ((name, match) for match in difflib.get_close_matches(name.upper(), known, 1, 0.85))


def plain(name: str) -> str:
    """Return a name as it is compared: lower case, ``_`` for ``-``."""
    return name.lower().replace("-", "_")


class Ambiguous(ValueError):
    """A part of a variable's name fits several keys."""


class Overlay:
    """Lays variables over values, and remembers where each value came from."""

    def __init__(self, values: dict[str, Any], known: Mapping[str, Collection[str]]) -> None:
        self.values = values
        self.origins: dict[KeyPath, Origin] = {}
        self._known = known

    def lay(self, variable: Variable) -> None:
        """Set the value that a variable names; ValueError with a sentence where the name does not tell which."""
        if not all(re.fullmatch(r"[A-Za-z0-9_.-]+", part) for part in variable.parts):
            raise ValueError("its name has an empty part: write V6_SECTION__KEY")
        table: dict[str, Any] = self.values
        path: KeyPath = ()
        key = ""
        for place, part in enumerate(variable.parts):
            key = self._key(part, table, path)
            path += (key,)
            if place < len(variable.parts) - 1:
                inner = table.setdefault(key, {})
                if not isinstance(inner, dict):
                    return  # the file's own value is wrong here, and is told as such
                table = cast("dict[str, Any]", inner)
        if path in self.origins:
            raise Ambiguous(f"it sets the same key as {self.origins[path].name}: leave one of them out")
        table[key] = variable.value
        self.origins[path] = variable.origin

    def _key(self, part: str, table: Mapping[str, Any], path: KeyPath) -> str:
        section = ".".join(str(key) for key in path)
        fixed = self._known.get(section, ())
        fitting = sorted({key for key in (*table, *fixed) if plain(key) == plain(part)})
        if len(fitting) > 1:
            raise Ambiguous(f'"{part}" fits several names: {", ".join(fitting)}; rename one')
        if fitting:
            return fitting[0]
        return plain(part).replace("_", "-") if path == ("brokers",) else plain(part)
