"""The transition table: what each kind of evidence makes of each status.

Two rules hold over all rows, and the laws in the tests check them:

* Evidence about an order and the fills of it travel on streams of their own, so whichever order they arrive in, they
  end the same. Where two rows meet, the one that wins is the one that wins in every order.
* A status that has ended stays ended, whatever stale word comes after. Only fills, corrections, and evidence of an
  order that had been proved lost, may change it, and then an anomaly says so.

``EvidenceKind`` is what ``v6core.lifecycle`` derives from an event together with the fills known by then: FILL_PART
says that some but not all is filled *after* the event. A fill proves that the broker has the order. What a correction
takes back (FILL_CUT, FILL_NONE) proves only that it once had it, so that settles no doubt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import auto
from types import MappingProxyType

from v6core.orders import Anomaly, OrderStatus
from v6core.words import Word

_S = OrderStatus
_A = Anomaly


class EvidenceKind(Word):
    """What an event says about an order's status."""

    INTENT = auto()
    """The order is durable and about to be sent."""
    DENIAL = auto()
    """v6 refused it."""
    DOUBT = auto()
    """An answer that should have come did not."""
    ABSENCE = auto()
    """It is proved never to have arrived."""
    RESENT = auto()
    """The same order goes out again, to a broker that refuses a second one."""
    ACCEPTED = auto()
    """The broker has it, and nothing of it is filled."""
    ACCEPTED_PART = auto()
    """The broker has it, and a part of it is filled."""
    HELD = auto()
    """The broker holds it back and may revive it."""
    CANCELLED = auto()
    """The broker ended it at somebody's request."""
    EXPIRED = auto()
    """The broker ended it because its time was over."""
    REJECTED = auto()
    """The broker refused it, and nothing of it is filled."""
    REJECTED_PART = auto()
    """The broker refused it, and some of it is filled."""
    FILL_LEG = auto()
    """A leg of a combo filled, and no whole unit of it yet."""
    FILL_PART = auto()
    """A fill came; some of it is filled, not all."""
    FILL_WHOLE = auto()
    """All of it is filled."""
    FILL_CUT = auto()
    """A correction came that added nothing; some of it is filled, not all."""
    FILL_NONE = auto()
    """A correction came; nothing of it is filled."""
    UNKNOWN_WORD = auto()
    """The broker used a word that says nothing."""


@dataclass(frozen=True, slots=True)
class Transition:
    """What becomes of a status, what is flagged, and why where the row surprises."""

    status: OrderStatus
    anomalies: frozenset[Anomaly] = frozenset()
    why: str = ""


_E = EvidenceKind
LIVE = frozenset({_E.ACCEPTED, _E.ACCEPTED_PART, _E.HELD})
"""Evidence that the broker has the order and it can still fill."""
ENDINGS = frozenset({_E.CANCELLED, _E.EXPIRED, _E.REJECTED, _E.REJECTED_PART})
"""Evidence that the broker has ended the order."""
Table = Mapping[tuple[OrderStatus, EvidenceKind], Transition]


def _to(status: OrderStatus, *anomalies: Anomaly, why: str = "") -> Transition:
    return Transition(status, frozenset(anomalies), why)


# Evidence that the broker has the order settles every doubt in the same way, wherever the doubt came from.
def _settled(status: OrderStatus) -> dict[tuple[OrderStatus, EvidenceKind], Transition]:
    return {
        (status, _E.ACCEPTED): _to(_S.SUBMITTED),
        (status, _E.ACCEPTED_PART): _to(_S.PARTIALLY_FILLED),
        (status, _E.HELD): _to(_S.INACTIVE),
        (status, _E.CANCELLED): _to(_S.CANCELLED),
        (status, _E.EXPIRED): _to(_S.EXPIRED),
        (status, _E.REJECTED): _to(_S.REJECTED),
        (status, _E.REJECTED_PART): _to(_S.REJECTED, _A.REJECTED_WITH_FILLS, why="what was filled is kept"),
        (status, _E.FILL_LEG): _to(_S.SUBMITTED),
        (status, _E.FILL_PART): _to(_S.PARTIALLY_FILLED),
        (status, _E.FILL_WHOLE): _to(_S.FILLED),
        (status, _E.FILL_CUT): _to(_S.PARTIALLY_FILLED),
        (status, _E.FILL_NONE): _to(_S.SUBMITTED, why="all of it was taken back; what had filled had arrived"),
        (status, _E.DOUBT): _to(_S.IN_DOUBT),
        (status, _E.RESENT): _to(status, why="only what is in doubt is sent again"),
        (status, _E.UNKNOWN_WORD): _to(status, _A.UNKNOWN_STATUS, why="a word that nobody knows proves nothing"),
    }


def _ended(status: OrderStatus) -> dict[tuple[OrderStatus, EvidenceKind], Transition]:
    stale = {
        (status, kind): _to(status, why="a stale word never revives an order")
        for kind in (
            _E.DOUBT,
            _E.ABSENCE,
            _E.RESENT,
            _E.ACCEPTED,
            _E.ACCEPTED_PART,
            _E.HELD,
            _E.CANCELLED,
            _E.EXPIRED,
            _E.REJECTED,
            _E.REJECTED_PART,
        )
    }
    late = {
        (status, kind): _to(status, _A.LATE_FILL, why="what was filled counts, the end stands")
        for kind in (_E.FILL_LEG, _E.FILL_PART, _E.FILL_CUT, _E.FILL_NONE)
    }
    return {
        **stale,
        **late,
        (status, _E.UNKNOWN_WORD): _to(status, _A.UNKNOWN_STATUS, why="it revives nothing, and somebody should look"),
        (status, _E.FILL_WHOLE): _to(_S.FILLED, _A.LATE_FILL, why="fill and cancel crossed, and the fill was whole"),
    }


def _unsent(status: OrderStatus) -> dict[tuple[OrderStatus, EvidenceKind], Transition]:
    return {
        (status, kind): _to(status, _A.UNSENT_REPORT, why="nothing was sent, so nothing can have happened to it")
        for kind in EvidenceKind
    }


TRANSITIONS: Table = MappingProxyType(
    {
        **_unsent(_S.CREATED),
        (_S.CREATED, _E.INTENT): _to(_S.PENDING_SUBMIT),
        (_S.CREATED, _E.DENIAL): _to(_S.DENIED),
        **_unsent(_S.DENIED),
        **_settled(_S.PENDING_SUBMIT),
        (_S.PENDING_SUBMIT, _E.ABSENCE): _to(_S.LOST, why="the broker proved that no byte left"),
        **_settled(_S.IN_DOUBT),
        (_S.IN_DOUBT, _E.ABSENCE): _to(_S.LOST),
        (_S.IN_DOUBT, _E.RESENT): _to(_S.PENDING_SUBMIT),
        (_S.IN_DOUBT, _E.FILL_CUT): _to(_S.IN_DOUBT, why="a fill taken back proves no standing"),
        (_S.IN_DOUBT, _E.FILL_NONE): _to(_S.IN_DOUBT, why="a fill taken back proves no standing"),
        **_settled(_S.SUBMITTED),
        (_S.SUBMITTED, _E.ABSENCE): _to(_S.SUBMITTED, why="what the broker has shown cannot be absent"),
        **_settled(_S.PARTIALLY_FILLED),
        (_S.PARTIALLY_FILLED, _E.ABSENCE): _to(_S.PARTIALLY_FILLED, why="what has filled cannot be absent"),
        **_settled(_S.INACTIVE),
        (_S.INACTIVE, _E.ABSENCE): _to(_S.INACTIVE, why="what the broker has shown cannot be absent"),
        **{
            (_S.INACTIVE, kind): _to(_S.INACTIVE, why="only a status revives it, so that order does not matter")
            for kind in (_E.FILL_LEG, _E.FILL_PART, _E.FILL_CUT, _E.FILL_NONE)
        },
        **_ended(_S.FILLED),
        (_S.FILLED, _E.FILL_WHOLE): _to(_S.FILLED),
        **{
            (_S.FILLED, kind): _to(_S.IN_DOUBT, _A.FILL_BUSTED, why="a correction took it below its quantity")
            for kind in (_E.FILL_LEG, _E.FILL_PART, _E.FILL_CUT, _E.FILL_NONE)
        },
        (_S.FILLED, _E.REJECTED_PART): _to(_S.FILLED, _A.REJECTED_WITH_FILLS, why="all is filled, whatever is said"),
        **_ended(_S.CANCELLED),
        **_ended(_S.EXPIRED),
        **_ended(_S.REJECTED),
        **{
            (_S.REJECTED, kind): _to(_S.REJECTED, _A.LATE_FILL, _A.REJECTED_WITH_FILLS, why="what was filled is kept")
            for kind in (_E.FILL_LEG, _E.FILL_PART, _E.FILL_CUT)
        },
        (_S.REJECTED, _E.FILL_WHOLE): _to(
            _S.FILLED, _A.LATE_FILL, _A.REJECTED_WITH_FILLS, why="all is filled, whatever was said"
        ),
        (_S.REJECTED, _E.REJECTED_PART): _to(_S.REJECTED, _A.REJECTED_WITH_FILLS),
        **{
            (_S.LOST, kind): Transition(row.status, row.anomalies | {_A.RESURRECTED}, "late truth wins")
            for (_, kind), row in _settled(_S.LOST).items()
        },
        (_S.LOST, _E.DOUBT): _to(_S.LOST, why="it was in doubt, and that is settled"),
        (_S.LOST, _E.UNKNOWN_WORD): _to(
            _S.IN_DOUBT, _A.RESURRECTED, _A.UNKNOWN_STATUS, why="the broker has it after all; as what is not known"
        ),
        (_S.LOST, _E.ABSENCE): _to(_S.LOST),
        (_S.LOST, _E.RESENT): _to(_S.LOST, why="only what is in doubt is sent again"),
        # An intent or a denial is made once, for an order that is CREATED; the engine refuses a second.
        **{
            (status, kind): _to(status, why="an order is bound once")
            for status in OrderStatus
            if status is not _S.CREATED
            for kind in (_E.INTENT, _E.DENIAL)
        },
    }
)
