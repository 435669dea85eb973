"""What is held by the journal alone, for while an engine holds it: only that engine may ask the broker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from v6core.cli.records import event_of
from v6core.cli.wrapping import wrapped
from v6core.contracts import Contract
from v6core.engine.holdings import Holdings
from v6core.engine.record import Change, Record
from v6core.events import ForeignReported, OperatorDecided, PositionsTaken, ReportReceived
from v6core.journal import journal_exists, open_for_reading
from v6core.money import ZERO, plain
from v6core.positions import Position, split_by_strategy
from v6core.reports import AdjustmentReport, BrokerPosition, FillCorrectionReport, FillReport, Report


@dataclass(frozen=True, slots=True)
class Held:
    """A position; ``avg_cost`` is None where the journal does not tell at what the broker carries it."""

    position: Position
    avg_cost: Decimal | None

    @property
    def document(self) -> dict[str, Any]:
        """The position as ``--json`` shows it."""
        cost = None if self.avg_cost is None else plain(self.avg_cost)
        return {**self.position.model_dump(mode="json"), "avg_cost": cost}


@dataclass(frozen=True, slots=True)
class JournaledPositions:
    """What is held by the journal.

    ``as_of`` is when the broker was last heard. ``taken`` is when its own positions were last counted from, None where
    the fills alone count; ``in_doubt`` is of how many orders nobody knows whether they are in it.
    """

    held: tuple[Held, ...]
    as_of: datetime
    taken: datetime | None
    in_doubt: int

    @property
    def document(self) -> dict[str, Any]:
        """The positions with where they come from, and as of when."""
        return {
            "source": "JOURNAL",
            "as_of": _told(self.as_of),
            "taken": None if self.taken is None else _told(self.taken),
            "in_doubt": self.in_doubt,
            "positions": [one.document for one in self.held],
        }

    def lines(self, why: str) -> Iterator[str]:
        """Yield in words as of when they are, and ``why`` the broker was not asked."""
        yield from wrapped(f"by the journal: {why}")
        yield f"as of {self.as_of:%Y-%m-%d %H:%M:%S} UTC, when the broker was last heard"
        if self.taken is None:
            yield "counted from the fills in the journal alone"
        else:
            yield f"counted from the broker's positions of {self.taken:%Y-%m-%d %H:%M:%S} UTC and the fills since"
        if self.in_doubt:
            yield f"in doubt beside them: {self.in_doubt}; v6 orders --in-doubt tells what that comes to"


def _told(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


def journaled_positions(path: Path, broker: str) -> JournaledPositions | None:
    """Return what a broker holds by the journal; None where the journal has never heard of that broker."""
    if not journal_exists(path):
        return None
    with closing(open_for_reading(path)) as reader:
        record, account = Record(reader.engine_id, broker), _Account()
        record.replay(map(event_of, reader.rows()), account.learn)
    if account.as_of is None:
        return None
    held = tuple(account.held(record.positions()))
    return JournaledPositions(held, account.as_of, account.taken, len(record.doubtful_ids))


class _Account:
    """Follows a replay: what is held, in which contracts of which accounts, and at what the broker carries it."""

    def __init__(self) -> None:
        self._holdings = Holdings()
        self._contracts: dict[str, Contract] = {}
        self._accounts: dict[str, set[str]] = {}
        self._carried: dict[str, Decimal] = {}
        self.as_of: datetime | None = None
        self.taken: datetime | None = None

    def learn(self, change: Change) -> None:
        """Follow an event."""
        self._holdings.learn(change)
        event = change.event
        if isinstance(event, PositionsTaken):
            self.taken = event.time
            self._take(event)
        elif isinstance(event, ReportReceived | ForeignReported):
            self._hear(event.report)
        elif isinstance(event, OperatorDecided) and change.state is not None:
            for fill in change.state.ledger.live.values():
                self._move(fill.contract, fill.account)
        if isinstance(event, PositionsTaken | ReportReceived | ForeignReported):
            self.as_of = event.time if self.as_of is None else max(self.as_of, event.time)

    def _take(self, event: PositionsTaken) -> None:
        """Know at what the broker carries each position, unless it moved meanwhile or is told in parts."""
        keys = [row.contract.key for row in event.positions]
        for row in event.positions:
            self._see(row.contract, row.account)
        self._carried = {
            row.contract.key: row.avg_cost
            for row in event.positions
            if keys.count(row.contract.key) == 1 and row.contract.key not in event.meanwhile
        }

    def _hear(self, report: Report) -> None:
        if isinstance(report, AdjustmentReport):
            self._move(report.contract, report.account)
        elif isinstance(report, FillReport | FillCorrectionReport) and report.fill is not None:
            self._move(report.fill.contract, report.fill.account)

    def _move(self, contract: Contract, account: str | None) -> None:
        self._see(contract, account)
        self._carried.pop(contract.key, None)

    def _see(self, contract: Contract, account: str | None) -> None:
        self._contracts[contract.key] = contract
        self._accounts.setdefault(contract.key, set()).update(() if account is None else (account,))

    def held(self, claims: Sequence[Position]) -> Iterator[Held]:
        """Yield what is held, split by strategy; ``claims`` are what the fills of each come to."""
        named = [claim.model_copy(update={"account": self._account(claim.contract.key)}) for claim in claims]
        for position in split_by_strategy(self._rows(), named):
            yield Held(position, self._cost(position, named))

    def _rows(self) -> Iterator[BrokerPosition]:
        quantities = self._holdings.quantities()
        for key, contract in self._contracts.items():
            if key in quantities:
                yield BrokerPosition(
                    contract=contract, quantity=quantities[key], avg_cost=ZERO, account=self._account(key)
                )

    def _account(self, key: str) -> str | None:
        """Return whose a contract is; None where it is several accounts', whose positions are netted here."""
        accounts = self._accounts.get(key, set())
        return next(iter(accounts)) if len(accounts) == 1 else None

    def _cost(self, position: Position, claims: Iterable[Position]) -> Decimal | None:
        """Return a strategy's average cost; of what none claims the broker's, or that of just these fills of ours."""
        if position.strategy_id is not None:
            return position.avg_cost
        same = (claim.avg_cost for claim in claims if (claim.key, claim.quantity) == (position.key, position.quantity))
        return self._carried.get(position.contract.key, next(same, None))
