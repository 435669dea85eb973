"""What a configuration that cannot be used still tells: where the halt file and the journal are.

For what must be done whatever is wrong, which is to halt and to end an engine. For all else such a configuration is
refused as a whole: what can be read of it is not known to be what somebody meant.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from v6core.config.document import Document, read_what_is_readable
from v6core.config.environment import Overlay, variables
from v6core.config.loading import FILE_NAME, KNOWN, absolute, choose, find, is_built_in, name_of
from v6core.config.origins import DEFAULT, KeyPath, Origin, Source
from v6core.config.problems import Problem
from v6core.config.sections import JournalSection
from v6core.errors import ConfigurationError
from v6core.risk import RiskLimits

_BROKER = "{broker}"


@dataclass(frozen=True, slots=True)
class Place:
    """A file of ours, and where its path was read."""

    path: Path
    origin: Origin

    def __str__(self) -> str:
        where = "the default" if self.origin.source is Source.DEFAULT else f"read from {self.origin}"
        return f"{self.path} ({where})"


@dataclass(frozen=True, slots=True)
class Places:
    """Where the halt file and the journal are.

    ``halt_file`` is None where it is switched off, ``journal`` where its path holds ``{broker}`` and it cannot be told
    which broker that is.
    """

    halt_file: Place | None
    journal: Place | None


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
        halt_file = self._place(("risk", "halt_file"))
        if halt_file is None:
            halt_file = Place(absolute(RiskLimits().halt_file, self._home), DEFAULT)
        return Places(None if self._is_off() else halt_file, self._journal(broker))

    def _is_off(self) -> bool:
        text = self._text(("risk", "halt_file"))
        return text is not None and text.strip().lower() in {"", "off"}

    def _journal(self, broker: str | None) -> Place | None:
        chosen = None
        if _BROKER in (self._text(("journal", "path")) or "") and (chosen := self._choice(broker)) is None:
            return None
        found = self._place(("journal", "path"), chosen)
        return found or Place(absolute(JournalSection().path, self._home), DEFAULT)

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
