"""What halts beside the journal: a file that anybody can make, and what the watchdog latched where there is none."""

from __future__ import annotations

import logging
from pathlib import Path

from v6core.engine.halt_file import set_halt_file
from v6core.identifiers import plainly

_LOG = logging.getLogger("v6")


class Latch:
    """Halts from any thread, at once, and until it is opened: the gate looks here before anything leaves."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._reason: str | None = None

    @property
    def halted_by(self) -> str | None:
        """What halts, in words; None where nothing does."""
        if self._file is not None and self._file.exists():
            return f"the halt file {self._file} is there{_said_in(self._file)}"
        return self._reason

    def close(self, reason: str) -> None:
        """Halt; the halt file is made where there is to be one, so that it holds for every engine and after a crash."""
        self._reason = reason
        if self._file is None or self._file.exists():
            return
        try:
            set_halt_file(self._file, reason)
        except OSError as error:
            _LOG.error("the halt file %s cannot be made: %s", self._file, error)  # noqa: TRY400 -- the cause is told

    def open(self) -> None:
        """Halt no more; the file is removed."""
        self._reason = None
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _said_in(file: Path) -> str:
    """Return what whoever halted wrote into the file, as far as it is text."""
    try:
        text = plainly(file.read_text("utf-8", "replace").strip()[:200])
    except OSError:
        return ""
    return f": {text}" if text else ""
