"""What the exchange tells, as v6's reports, kept until they may go out."""

from __future__ import annotations

from datetime import datetime

from v6_paper_plugin.exchange.listener import Adjustment
from v6_paper_plugin.exchange.orders import ExchangeOrder, Execution, Refusal
from v6_paper_plugin.translation import (
    adjustment_report,
    cancel_refused_report,
    correction_report,
    fill_report,
    modify_refused_report,
    order_report,
    rejection_report,
)
from v6core.reports import Report


class Outbox:
    """The exchange's listener."""

    def __init__(self, account: str, currency: str) -> None:
        self._account = account
        self._currency = currency
        self._reports: list[Report] = []

    def put(self, *reports: Report) -> None:
        """Keep reports."""
        self._reports += reports

    def take(self) -> list[Report]:
        """Return what was kept, and keep it no longer."""
        reports, self._reports = self._reports, []
        return reports

    @property
    def kept(self) -> tuple[Report, ...]:
        """What is kept."""
        return tuple(self._reports)

    def __len__(self) -> int:
        return len(self._reports)

    def on_order(self, order: ExchangeOrder, now: datetime) -> None:
        """Report how an order stands."""
        self.put(order_report(order, now))

    def on_execution(self, order: ExchangeOrder, execution: Execution) -> None:
        """Report a fill."""
        self.put(fill_report(order, execution, self._currency))

    def on_correction(self, order: ExchangeOrder, execution: Execution, now: datetime) -> None:
        """Report a fill that takes the place of another."""
        self.put(correction_report(order, execution, self._currency, now))

    def on_rejection(self, order: ExchangeOrder, now: datetime) -> None:
        """Report a refused order."""
        self.put(rejection_report(order, now))

    def on_cancel_refused(self, ref: str, refusal: Refusal, now: datetime) -> None:
        """Report a refused cancel."""
        self.put(cancel_refused_report(ref, refusal, now))

    def on_change_refused(self, ref: str, refusal: Refusal, now: datetime) -> None:
        """Report a refused change."""
        self.put(modify_refused_report(ref, refusal, now))

    def on_adjustment(self, adjustment: Adjustment) -> None:
        """Report a position that changed without an order."""
        self.put(adjustment_report(adjustment, self._account))
