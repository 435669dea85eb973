"""Standard output for the answer alone, whatever strangers print, and no log lines of what is broken on purpose."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Generator

from v6core.cli.running import terminated_as_interrupted, warnings_in_one_line


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Send what is printed meanwhile to standard error, and take SIGTERM for Ctrl-C, so that all is undone."""
    with contextlib.redirect_stdout(sys.stderr), warnings_in_one_line(as_json=True), terminated_as_interrupted():
        yield
