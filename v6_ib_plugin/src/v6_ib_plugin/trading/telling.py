"""What is said of an order, as the report that tells it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from v6_ib_plugin.terms import IbAnswer
from v6_ib_plugin.trading.known import KnownOrder, Refusal, names_of
from v6_ib_plugin.translation.statuses import Standing
from v6core.identifiers import plainly
from v6core.reports import (
    CancelRefusedReport,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    ReportedStatus,
)

Refused = TypeVar("Refused", CancelRefusedReport, ModifyRefusedReport)


def standing_report(
    known: KnownOrder,
    standing: Standing,
    time: datetime,
    *,
    filled: Decimal | None = None,
    terms: OrderTerms | None = None,
    reason: str = "",
) -> OrderReport:
    """Return how an order stands; its terms are left out where they were told and nobody has asked for others."""
    names = names_of(known)
    if known.told is not None and terms is known.told.terms and not known.must_tell and known.wanted is None:
        terms = None
    return OrderReport(
        time=time,
        order_ref=names.order_ref,
        broker_order_id=names.broker_order_id,
        status=standing.status,
        working=standing.working,
        word=standing.word,
        filled_quantity=filled,
        terms=terms,
        replaces=known.replaces,
        reason=plainly(reason) if reason else None,
        account=(known.ib.account if known.ib is not None else "") or None,
    )


def said_last(known: KnownOrder, told: OrderReport, time: datetime, **changes: object) -> OrderReport:
    """Return what was last reported of an order, at this time; that it filled its executions may have told."""
    status = ReportedStatus.FILLED if known.standing is ReportedStatus.FILLED else told.status
    return told.model_copy(update={"time": time, "status": status, **changes})


def rejection(known: KnownOrder, refusal: Refusal, time: datetime) -> RejectionReport:
    """Return that TWS refused an order."""
    names = names_of(known)
    return RejectionReport(
        time=time,
        order_ref=names.order_ref,
        broker_order_id=names.broker_order_id,
        code=refusal.code or None,
        reason=refusal.reason,
    )


def request_refused(kind: type[Refused], known: KnownOrder, answer: IbAnswer, time: datetime) -> Refused:
    """Return that TWS refused a change or a cancel of an order."""
    names = names_of(known)
    return kind(
        time=time,
        order_ref=names.order_ref,
        broker_order_id=names.broker_order_id,
        code=str(answer.code),
        reason=plainly(answer.text),
    )
