"""The contracts whose quotes are wanted, counted, on the market's tape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from v6_paper_plugin.market import Market, Tape, Tick
from v6core.contracts import Contract


class Watches:
    """Quotes come for a contract from its first ``add`` to its last ``drop``."""

    def __init__(self, market: Market, after: datetime) -> None:
        self._market = market
        self._tape = Tape(market, after)
        self._wanted: Counter[str] = Counter()

    def add(self, contract: Contract) -> None:
        """Want the quotes of a contract once more."""
        self._wanted[contract.key] += 1
        if self._wanted[contract.key] == 1:
            self._tape.watch(contract)

    def drop(self, contract: Contract) -> None:
        """Want the quotes of a contract once less."""
        self._wanted[contract.key] -= 1
        if not self._wanted[contract.key]:
            del self._wanted[contract.key]
            self._tape.unwatch(contract)

    def next_time(self) -> datetime | None:
        """Return when the next quote comes, or None where none will."""
        return self._tape.next_time()

    def step(self, moment: datetime) -> Sequence[Tick]:
        """Take the quotes up to a moment off the tape."""
        return list(self._tape.take(moment))

    def catch_up(self, moment: datetime) -> None:
        """Move the tape to a moment at which no quote is left to take."""
        for _ in self._tape.take(moment):
            raise AssertionError(f"quotes up to {moment.isoformat()} were left on the tape")
