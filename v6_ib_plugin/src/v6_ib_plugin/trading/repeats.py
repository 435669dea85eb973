"""What TWS says again: it says most things three times, and nobody needs to hear them more than once."""

from __future__ import annotations

from decimal import Decimal

from v6_ib_plugin.trading.known import KnownOrder
from v6_ib_plugin.translation.statuses import Standing
from v6core.reports import OrderReport, OrderTerms, ReportedStatus

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
