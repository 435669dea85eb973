"""When silence is proof: the rules by which an order in doubt is proved never to have arrived.

A broker that does not show an order has not proved that it lacks it: the order may still lie in a queue between the
two. All five rules must hold, for several looks in a row:

* A1  The connection that is looked through was opened after the one that the order was sent through had closed, so
      that nothing sent through that one is still on its way out of this machine.
* A2  At least two complete looks, ``settle`` seconds apart, none of which shows the order.
* A3  The later one is at least ``grace`` seconds younger than the moment at which the connection became ready: longer
      than a broker takes to work off what had reached it.
* A4  The broker's lists of completed orders and of fills reach back to before the order was sent.
* A5  The positions of its contracts moved, since it was sent, by what is known of fills and adjustments, and no more.

A modify that nobody answered is settled by the same patience: looks that go on showing the old terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from v6core.capabilities import Capabilities, HistoryReach, SubmitIdentity
from v6core.reports import Snapshot

_NO_REFERENCES = frozenset({SubmitIdentity.NONE})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long silence must last, in seconds."""

    settle: float
    grace: float


@dataclass(frozen=True, slots=True)
class Asked:
    """What is in doubt: the reference, the number of the connection that it was sent through, and when."""

    order_ref: str
    connection: int
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Look:
    """One complete snapshot, as far as doubts need it.

    ``connection`` is the number of the connection that it came through, ``ready_at`` when that became ready, and
    ``taken_at`` when this look was asked for, both in monotonic seconds. ``shown`` are the references in any of its
    lists, ``unexplained`` those whose contracts' positions moved by more than what is known.
    """

    connection: int
    ready_at: float
    taken_at: float
    shown: frozenset[str]
    unexplained: frozenset[str]
    completed_since: datetime | None
    fills_since: datetime | None

    @classmethod
    def at(
        cls,
        snapshot: Snapshot,
        *,
        connection: int,
        ready_at: float,
        taken_at: float,
        about: frozenset[str],
        unexplained: frozenset[str],
    ) -> Look:
        """Return a look at a snapshot that keeps of its lists only what it is about."""
        lists = (snapshot.open_orders, snapshot.completed_orders, snapshot.rejections, snapshot.fills)
        references = (row.order_ref for rows in lists for row in rows if row.order_ref is not None)
        return cls(
            connection=connection,
            ready_at=ready_at,
            taken_at=taken_at,
            shown=about.intersection(references),
            unexplained=unexplained,
            completed_since=snapshot.completed_since,
            fills_since=snapshot.fills_since,
        )

    def covers(self, moment: datetime) -> bool:
        """Whether the lists reach back to a moment."""
        return all(since is None or since <= moment for since in (self.completed_since, self.fills_since))


def absent(asked: Asked, looks: Sequence[Look], patience: Patience, capabilities: Capabilities) -> str | None:
    """Return by what an order is proved never to have arrived, or None where it is not; the last look comes last."""
    if capabilities.submit_identity in _NO_REFERENCES:
        return None  # whatever it shows carries no reference, so it cannot show that this one is not among it
    if HistoryReach.NONE in {capabilities.completed_reach, capabilities.fills_reach}:
        return None
    silent = _run(asked, looks, shown=False)
    return _told(silent, patience, "none of its lists shows the order")


def unchanged(asked: Asked, looks: Sequence[Look], patience: Patience) -> str | None:
    """Return by what a modify is proved to have had no effect, or None: looks that go on showing the order as it was.

    Looks that show it changed have settled the doubt before.
    """
    return _told(_run(asked, looks, shown=True), patience, "its lists go on showing the old terms")


def _run(asked: Asked, looks: Sequence[Look], *, shown: bool) -> list[Look]:
    """Return the latest looks in a row, newest first, that fit: all of one younger connection (A1, A4, A5)."""
    run: list[Look] = []
    for look in reversed(looks):
        fits = (asked.order_ref in look.shown) is shown and look.connection > asked.connection
        same = not run or look.connection == run[0].connection
        silent = shown or (look.covers(asked.sent_at) and asked.order_ref not in look.unexplained)
        if not (fits and same and silent):
            break
        run.append(look)
    return run


def _told(run: Sequence[Look], patience: Patience, what: str) -> str | None:
    if len(run) < 2:
        return None
    lasted, age = run[0].taken_at - run[-1].taken_at, run[0].taken_at - run[0].ready_at
    if lasted < patience.settle or age < patience.grace:
        return None
    younger = f"the last {age:.0f} s into a connection younger than it"
    return f"{what}: {len(run)} complete looks in {lasted:.0f} s, {younger}"
