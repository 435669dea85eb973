"""What TWS says again: it says most things three times, and nobody needs to hear them more than once."""

from __future__ import annotations

from decimal import Decimal

from v6_ib_plugin.trading.known import KnownOrder
from v6_ib_plugin.translation.statuses import Standing
from v6core.reports import OrderReport, OrderTerms, ReportedStatus

_AT_WORK = frozenset({ReportedStatus.SUBMITTED, ReportedStatus.PARTIALLY_FILLED})
_REPEATED = frozenset({ReportedStatus.SUBMITTED, ReportedStatus.PARTIALLY_FILLED, ReportedStatus.FILLED})


def is_said_again(
    known: KnownOrder, standing: Standing, filled: Decimal | None, terms: OrderTerms | None, reason: str
) -> bool:
    """Tell whether a report would be the last one of its order once more, of an order that is over or working as then.

    What is dropped in the end need not be made first.
    """
    last = known.told
    return (
        last is not None
        and not (known.must_tell or reason or last.reason or known.withheld or known.refusal)
        and (last.status, last.working, last.word) == (standing.status, standing.working, standing.word)
        and standing.status in _REPEATED
        and known.is_over == (standing.status is ReportedStatus.FILLED)
        and _tells_no_more(filled, last.filled_quantity)
        and (terms is None or terms is last.terms)
        and last.broker_order_id == known.broker_order_id
    )


def is_borne_out(
    known: KnownOrder, standing: Standing, filled: Decimal | None, terms: OrderTerms | None, reason: str
) -> bool:
    """Tell whether a report would say of an order no more than the fills that were reported since the last one."""
    last = known.told
    return (
        last is not None
        and bool(known.executed)
        and not (known.must_tell or reason or last.reason or known.withheld or known.refusal or known.is_combo)
        and last.status in _AT_WORK
        and filled in {None, known.executed}
        and (terms is None or terms is last.terms)
        and last.broker_order_id == known.broker_order_id
        and _is_as_full(known, standing, last)
    )


def _is_as_full(known: KnownOrder, standing: Standing, last: OrderReport) -> bool:
    if standing.status is ReportedStatus.FILLED:
        return known.executed == known.quantity
    return standing.status is ReportedStatus.PARTIALLY_FILLED and standing.working == last.working and not known.is_over


def says_no_more(report: OrderReport, last: OrderReport) -> bool:
    """Tell whether a report says nothing that the last one of the same order did not."""
    return (
        (report.status, report.working) == (last.status, last.working)
        and report.reason in {None, last.reason}
        and (report.terms is None or report.terms == last.terms)
        and _tells_no_more(report.filled_quantity, last.filled_quantity)
    )


def _tells_no_more(filled: Decimal | None, before: Decimal | None) -> bool:
    """Tell whether a filled quantity is none, or was told; nothing filled is what an order begins with."""
    return filled is None or filled == before or (not filled and before is None)
