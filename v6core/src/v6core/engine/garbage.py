"""Python's cycle collector, kept out where it costs and finds nothing."""

from __future__ import annotations

import gc
from collections.abc import Generator
from contextlib import contextmanager

_MANY = 100_000
"""So many objects a collection of the young ones takes some ten milliseconds to look at."""


@contextmanager
def without_collections() -> Generator[None]:
    """Keep the cycle collector out: a replay makes millions of objects, all of which stay, and no cycle to find."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            if gc.get_count()[0] > _MANY:
                # Together these put all that was made among the old objects, without a look at any of them. They also
                # set the collector's counts to nothing, so that many small replays would put it off for ever.
                gc.freeze()
                gc.unfreeze()
            gc.enable()
