"""What a server can be asked: everything, or what came under one reference, each as far back as its lists reach."""

from __future__ import annotations

from datetime import datetime

from v6core.capabilities import HistoryReach
from v6core.money import ZERO
from v6core.reports import Account, Evidence, FillReport, Report, Snapshot
from v6core.sessions import NEW_YORK
from v6core.testing.remote.book import Incarnation, ServerBook
from v6core.testing.remote.terms import DeskTerms


def since(reach: HistoryReach, now: datetime) -> datetime | None:
    """Return how far back a list reaches: to midnight in New York, to this moment, or for ever (None)."""
    if reach is HistoryReach.UNLIMITED:
        return None
    if reach is HistoryReach.NONE:
        return now
    return now.astimezone(NEW_YORK).replace(hour=0, minute=0, second=0, microsecond=0)


def snapshot(book: ServerBook, terms: DeskTerms, now: datetime) -> Snapshot:
    """Return everything, as far back as it reaches."""
    ended = _ended(book, terms, now)
    cash = sum((report.fill.cash_flow for report in book.executions.values()), ZERO)
    return Snapshot(
        time=now,
        open_orders=tuple(one.held.report(now) for one in book.live()),
        completed_orders=tuple(one.held.report(now) for one in ended if one.held.rejection is None),
        rejections=tuple(one.held.rejection for one in ended if one.held.rejection is not None),
        fills=tuple(_executed(book, terms, now)),
        positions=book.positions(),
        account=Account(account=terms.account, paper=True, cash=terms.cash + cash),
        completed_since=since(terms.completed_reach, now),
        fills_since=since(terms.fills_reach, now),
    )


def evidence(book: ServerBook, terms: DeskTerms, now: datetime, ref: str) -> Evidence:
    """Return what is known under a reference, as far back as it reaches."""
    ended = _ended(book, terms, now)
    shown = [one for one in book.under(ref) if one.is_live or one in ended]
    return Evidence(
        orders=tuple(one.held.report(now) for one in shown if one.held.rejection is None),
        rejections=tuple(one.held.rejection for one in shown if one.held.rejection is not None),
        fills=tuple(report for report in _executed(book, terms, now) if report.order_ref == ref),
    )


def amendments(book: ServerBook, terms: DeskTerms, now: datetime) -> list[Report]:
    """Return the corrections that were made since as far back as fills are told."""
    start = since(terms.fills_reach, now)
    return [report for report in book.corrections if start is None or report.time >= start]


def _ended(book: ServerBook, terms: DeskTerms, now: datetime) -> list[Incarnation]:
    start = since(terms.completed_reach, now)
    ended = (one for one in book.orders if not one.is_live)
    return [one for one in ended if start is None or (one.ended_at is not None and one.ended_at >= start)]


def _executed(book: ServerBook, terms: DeskTerms, now: datetime) -> list[FillReport]:
    start = since(terms.fills_reach, now)
    return [report for report in book.executions.values() if start is None or report.fill.time >= start]
