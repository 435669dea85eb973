"""Faults from a file, which is read again whenever it changes: TOML, or JSON with one fault in each line."""

from __future__ import annotations

import asyncio
import json
import logging
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from v6_ib_plugin.gateway.faults.armed import Armed
from v6_ib_plugin.gateway.faults.fault import Fault
from v6_ib_plugin.gateway.faults.faults import Faults
from v6core.errors import ConfigurationError

_LOG = logging.getLogger("v6.gateway.faults")
_EVERY = 0.2


def read_faults(path: Path) -> tuple[Fault, ...]:
    """Return the faults of a file; ConfigurationError names the file, the fault and what is wrong with it.

    A file that ends in ``.toml`` holds tables ``[[fault]]``; any other holds a JSON object in each line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the control file {path} cannot be read: {error}") from error
    rows = _toml_rows(path, text) if path.suffix == ".toml" else _json_rows(path, text)
    return tuple(_fault(path, place, row) for place, row in rows)


def _toml_rows(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    other = sorted(document.keys() - {"fault"})
    rows: Any = document.get("fault", [])
    if other or not isinstance(rows, list):
        raise ConfigurationError(f"{path}: a control file holds tables [[fault]], not {', '.join(other) or 'a fault'}")
    for number, row in enumerate(rows, 1):  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        yield f"fault {number}", row


def _json_rows(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield f"line {number}", json.loads(line)
        except json.JSONDecodeError as error:
            raise ConfigurationError(f"{path}: line {number} is no JSON: {error.msg}") from error


def _fault(path: Path, place: str, row: Any) -> Fault:
    try:
        return Fault.model_validate(row)
    except ValidationError as error:
        problems = "; ".join(_problem(detail) for detail in error.errors(include_url=False))
        raise ConfigurationError(f"{path}: {place}: {problems}") from error


def _problem(detail: Any) -> str:
    where = ".".join(map(str, detail["loc"]))
    words = str(detail["msg"]).removeprefix("Value error, ").replace("Input should", "must")
    given = detail["input"]
    told = f", not {given!r}" if words.startswith("must") and isinstance(given, str | int | float) else ""
    return f"{where}: {words}{told}" if where else words


class ControlFile:
    """A file of faults, watched."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self._path = path
        self._faults = faults
        self._armed: list[Armed] = []
        self._seen: tuple[int, int] | None = None

    def look(self) -> None:
        """Read the file if it has changed: arm what is new in it, disarm what is gone, and leave the rest as it is.

        A fault that has struck as often as it should is armed again only when it was taken out and put in again.
        """
        seen = self._stamp()
        if seen == self._seen:
            return
        self._arm(read_faults(self._path) if seen is not None else ())
        self._seen = seen

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size

    def _arm(self, wanted: tuple[Fault, ...]) -> None:
        missing = Counter(fault.model_dump_json() for fault in wanted)
        kept: list[Armed] = []
        for armed in self._armed:
            text = armed.fault.model_dump_json()
            if missing[text]:
                missing[text] -= 1
                kept.append(armed)
            else:
                armed.disarm()
        self._armed = kept
        for fault in wanted:
            text = fault.model_dump_json()
            if missing[text]:
                missing[text] -= 1
                self._armed.append(self._faults.add(fault))

    async def watch(self) -> None:
        """Look again and again; a file that cannot be used is told once, and what it armed before stays."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                self.look()
            except ConfigurationError as error:
                _LOG.error("%s", error)  # noqa: TRY400 -- the sentence says it all
                self._seen = self._stamp()
