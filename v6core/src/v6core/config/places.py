"""What a configuration that cannot be used still tells: where the halt file and the journal are.

For what must be done whatever is wrong, which is to halt and to end an engine. For all else such a configuration is
refused as a whole: what can be read of it is not known to be what somebody meant. That is why a misspelt key counts
beside the default and never in its place.
"""

from __future__ import annotations

import contextlib
import difflib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, cast

from v6core.config.document import Document, read_what_is_readable
from v6core.config.environment import Overlay, variables
from v6core.config.loading import FILE_NAME, KNOWN, absolute, choose, find, is_built_in, name_of
from v6core.config.origins import DEFAULT, KeyPath, Origin, Source
from v6core.config.problems import Problem, nearest, quoted
from v6core.config.sections import JournalSection
from v6core.errors import ConfigurationError
from v6core.risk import RiskLimits

_BROKER = "{broker}"
_HALT_FILE: Final[tuple[str, str]] = ("risk", "halt_file")
_JOURNAL: Final[tuple[str, str]] = ("journal", "path")


@dataclass(frozen=True, slots=True)
class Place:
    """A file of ours, and where its path was read; ``guess`` says which misspelt key is taken for ours."""

    path: Path
    origin: Origin
    guess: str = ""

    def __str__(self) -> str:
        where = "the default" if self.origin.source is Source.DEFAULT else f"read from {self.origin}"
        return f"{self.path} ({where}{', where ' if self.guess else ''}{self.guess})"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the halt file and the journal are.

    ``halt_file`` is None where it is switched off, ``journal`` where its path holds ``{broker}`` and it cannot be told
    which broker that is. ``likely_halt_file`` and ``likely_journal`` are where a misspelt key says that they are.
    """

    halt_file: Place | None
    journal: Place | None
    likely_halt_file: Place | None = None
    likely_journal: Place | None = None

    @property
    def halt_files(self) -> tuple[Place, ...]:
        """Every place where an engine may look for the halt file."""
        return tuple(place for place in (self.halt_file, self.likely_halt_file) if place is not None)

    @property
    def journals(self) -> tuple[Place, ...]:
        """Every place where an engine may have its journal."""
        return tuple(place for place in (self.journal, self.likely_journal) if place is not None)


def readable_places(
    path: str | Path | None = None,
    *,
    broker: str | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Places:
    """Return the places that a file, the environment and ``broker`` name as far as they can be read, else the defaults.

    They are found as ``load`` finds them, line by line in a file that is no TOML, and nothing that is wrong is told.
    """
    working = (folder or Path.cwd()).absolute()
    given = os.environ if environment is None else environment
    where = find(path, given, working)
    found = Document(FILE_NAME, {}, {}) if where is None else read_what_is_readable(where, name_of(where, working))
    return _Reading(found, given, working if where is None else where.parent).places(broker)


class _Reading:
    """The values of a document with the environment's over them."""

    def __init__(self, document: Document, environment: Mapping[str, str], home: Path) -> None:
        self._document = document
        self._home = home
        self._overlay = Overlay(document.values, KNOWN)
        for variable in variables(environment, KNOWN[""]):
            with contextlib.suppress(ValueError):
                self._overlay.lay(variable)

    def places(self, broker: str | None) -> Places:
        halt_file = self._halt_file(_HALT_FILE, Place(absolute(RiskLimits().halt_file, self._home), DEFAULT))
        journal = self._journal(_JOURNAL, broker, Place(absolute(JournalSection().path, self._home), DEFAULT))
        file_key, journal_key = self._written(_HALT_FILE), self._written(_JOURNAL)
        return Places(
            halt_file,
            journal,
            _likely(self._halt_file(file_key), file_key, _HALT_FILE, halt_file),
            _likely(self._journal(journal_key, broker), journal_key, _JOURNAL, journal),
        )

    def _halt_file(self, path: KeyPath, otherwise: Place | None = None) -> Place | None:
        text = self._text(path)
        is_off = text is not None and text.strip().lower() in {"", "off"}
        return None if is_off else self._place(path) or otherwise

    def _journal(self, path: KeyPath, broker: str | None, otherwise: Place | None = None) -> Place | None:
        chosen = None
        if _BROKER in (self._text(path) or "") and (chosen := self._choice(broker)) is None:
            return None
        return self._place(path, chosen) or otherwise

    def _written(self, path: tuple[str, str]) -> KeyPath:
        """Return the way to one of our keys, or where it is not there to the unknown one that is most like it."""
        section, key = path
        values = self._overlay.values
        ways = (
            (name, word)
            for name in _like(section, values, KNOWN[""])
            for word in _like(key, _table(values, name), KNOWN[section])
        )
        return next(ways, path)

    def _choice(self, broker: str | None) -> str | None:
        """Return the broker that is chosen; None where it cannot be told."""
        sections = self._overlay.values.get("brokers")
        names = list(cast("dict[str, Any]", sections)) if isinstance(sections, dict) else []
        if is_built_in(self._document, self._overlay):
            names.remove("paper")
        problems: list[Problem] = []
        chosen = choose(self._text(("broker",)) if broker is None else broker, names, {}, problems)
        return None if problems else chosen

    def _place(self, path: KeyPath, broker: str | None = None) -> Place | None:
        text = self._text(path)
        if text is None:
            return None
        try:
            return Place(absolute(text.replace(_BROKER, broker or _BROKER), self._home), self._origin(path))
        except ConfigurationError:
            return None

    def _text(self, path: KeyPath) -> str | None:
        """Return what stands at a place, where it is a text; a variable's always is."""
        value: Any = self._overlay.values
        for part in path:
            value = cast("dict[str | int, Any]", value).get(part) if isinstance(value, dict) else None
        return value if isinstance(value, str) else self._origin(path).text

    def _origin(self, path: KeyPath) -> Origin:
        if path in self._overlay.origins:
            return self._overlay.origins[path]
        return Origin(Source.FILE, self._document.name, self._document.lines.get(path))


def _table(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a table by its name; an empty one where there is none."""
    table = values.get(name)
    return cast("dict[str, Any]", table) if isinstance(table, dict) else {}


def _like(word: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    """Return which names are a word of ours or may mean it, the most similar first."""
    near = [name for name in names if name == word or (name not in known and nearest(name, known) == word)]
    return sorted(near, key=lambda name: (name != word, -difflib.SequenceMatcher(None, word, name.lower()).ratio()))


def _likely(place: Place | None, written: KeyPath, meant: KeyPath, certain: Place | None) -> Place | None:
    """Return a place that a misspelt key names, with what it is taken for; None where it is the certain one."""
    if place is None or (certain is not None and place.path == certain.path):
        return None
    return replace(place, guess=f"{_key(written)} may mean {_key(meant)}")


def _key(path: KeyPath) -> str:
    return f"[{quoted(path[:-1])}] {path[-1]}"
