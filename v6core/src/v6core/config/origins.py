"""Where a value of the configuration came from: a line of the file, a variable, an option, or nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import auto

from v6core.words import Word

KeyPath = tuple[str | int, ...]
"""The way to a value from the top of the file: ``("brokers", "dry", "cash")``."""


class Source(Word):
    """What kind of place a value came from."""

    FILE = auto()
    ENVIRONMENT = auto()
    OPTION = auto()
    DEFAULT = auto()


@dataclass(frozen=True, slots=True)
class Origin:
    """One place: the file with its line, the variable by its name, the option by its name.

    ``text`` is what the variable held; it may be a secret and never shows itself.
    """

    source: Source
    name: str = ""
    line: int | None = None
    text: str | None = field(default=None, repr=False)

    def __str__(self) -> str:
        if self.source is Source.FILE:
            return self.name if self.line is None else f"{self.name} line {self.line}"
        return f"{self.source.lower()} {self.name}".strip()

    @property
    def rank(self) -> tuple[int, int, str]:
        """Where problems from here stand among others: by line, then the environment's, then the option's."""
        return (tuple(Source).index(self.source), self.line or 0, self.name)


DEFAULT = Origin(Source.DEFAULT)


def origin_of(path: KeyPath, origins: Mapping[KeyPath, Origin]) -> Origin:
    """Return where a value came from: its own origin, else that of the nearest thing around it."""
    for length in range(len(path), -1, -1):
        if path[:length] in origins:
            return origins[path[:length]]
    return DEFAULT
