"""How far a run is: one line on standard error that writes over itself, and nothing where that is no terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from v6core.cli.wrapping import columns
from v6core.testing.conformance import Case, Outcome, Result

_CLEAR = "\r\x1b[K"


class Progress:
    """Counts cases; leave it as a context, so that what comes next begins on an empty line."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._failed = 0
        self._stream = sys.stderr
        self._is_shown = self._stream.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the line away."""
        self._write("")

    def begins(self, case: Case) -> None:
        """Say which case runs."""
        failed = f", {self._failed} failed" if self._failed else ""
        self._write(f"{self._done + 1}/{self._total}{failed}  {case}")

    def ended(self, result: Result) -> None:
        """Count a case."""
        self._done += 1
        self._failed += result.outcome is Outcome.FAILED

    def _write(self, text: str) -> None:
        if self._is_shown:
            self._stream.write(_CLEAR + text[: columns() - 1])
            self._stream.flush()
