"""Whether a report can be, by itself and beside the order that it refers to."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, cast, get_args

from v6core.contracts import Combo
from v6core.engine.soundness.models import Nonsense, sound_model, unlike
from v6core.fills import Fill
from v6core.lifecycle import OrderState
from v6core.lifecycle.ledger import fits
from v6core.money import ZERO
from v6core.orders import Order
from v6core.reports import FillCorrectionReport, FillReport, OrderReport, Report

REPORTS: frozenset[type] = frozenset(get_args(get_args(Report)[0]))
AHEAD = timedelta(days=1, minutes=5)
"""How far a time may lie ahead of the broker's clock: a time zone taken for another, and clocks that differ."""


def sound_report(report: Any, now: datetime) -> Report:
    """Return a report as it may be taken in; Nonsense where it is none. ``now`` is the time at the broker."""
    if type(report) not in REPORTS:
        raise unlike(report, "a model of v6core.reports")
    sound = sound_model(cast("Report", report))
    check_time(sound.time, now, "time")
    if isinstance(sound, FillReport | FillCorrectionReport) and sound.fill is not None:
        check_time(sound.fill.time, now, "fill.time")
    return sound


def check_time(time: datetime, now: datetime, what: str) -> None:
    """Raise Nonsense where a time lies too far ahead of the broker's."""
    if time - now > AHEAD:
        raise Nonsense(f"{what} {time:%Y-%m-%dT%H:%M:%SZ} lies ahead of the broker's clock, {now:%Y-%m-%dT%H:%M:%SZ}")


def check_of_order(report: Report, state: OrderState) -> None:
    """Raise Nonsense where a report under the reference of an order tells of another contract, side or account.

    What is named by the broker's id alone is not judged: brokers give ids out again, and ``lifecycle`` flags those.
    """
    terms = state.terms
    match report:
        case FillReport(order_ref=str(), fill=fill) | FillCorrectionReport(order_ref=str(), fill=Fill() as fill):
            if not fits(terms, fill):
                told = f"{fill.action} {fill.contract}{at_account(fill.account)}"
                raise Nonsense(f"a fill of {told} under the reference of {_named(terms)}")
        case OrderReport(order_ref=str()):
            _check_standing(report, terms)
        case _:
            pass


def _check_standing(report: OrderReport, order: Order) -> None:
    shown, account = report.terms, report.account
    if account and order.account and account != order.account:
        raise Nonsense(f"account {account} under the reference of {_named(order)}")
    if shown is None:
        return
    if shown.action is not None and shown.action is not order.action:
        raise Nonsense(f"{shown.action} under the reference of {_named(order)}")
    # How a broker writes a combo's legs is its own affair; the legs' fills are compared one by one.
    if shown.contract is None or order.contract is None or isinstance(order.contract, Combo):
        return
    if shown.contract.key != order.contract.key:
        raise Nonsense(f"contract {shown.contract} under the reference of {_named(order)}")


def claims_too_much(report: Report, state: OrderState) -> bool:
    """Tell whether an order is said to have filled beyond its quantity, and beyond the fills that bear it out.

    The quantity is the order's, one that was asked for, or one that the same report shows: people change orders by
    hand. Executions beyond it are evidence, and flagged by ``lifecycle``; a claim without them is none.
    """
    if not isinstance(report, OrderReport) or report.filled_quantity is None:
        return False
    most = state.terms.quantity
    if report.filled_quantity <= most:
        return False
    shown = report.terms.quantity if report.terms is not None else None
    asked = state.requested.get("quantity")
    borne_out = (shown or ZERO, Decimal(asked or 0), state.totals.most, state.totals.quantity)
    return report.filled_quantity > max(most, *borne_out)


def _named(order: Order) -> str:
    return f"an order to {order.action} {order.contract}{at_account(order.account)}"


def at_account(account: str | None) -> str:
    """Return an account as it stands in a message."""
    return f" in account {account}" if account else ""
