"""What the demo came to: one document, and at most forty lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from v6core.cli.demo.invariants import Audit, Books
from v6core.cli.demo.stage import Stage
from v6core.cli.demo.story import Story
from v6core.cli.demo.telling import step_lines
from v6core.cli.telling import money
from v6core.money import plain
from v6core.sessions import NEW_YORK


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One run."""

    stage: Stage
    story: Story
    books: Books
    audit: Audit
    currency: str
    started: datetime
    ended: datetime

    @property
    def ended_flat(self) -> bool:
        """Whether nothing is left and nothing is broken."""
        return not self.books.positions and not self.audit.broken

    @property
    def document(self) -> dict[str, Any]:
        """The document of ``v6 demo --json``."""
        books = self.books
        return {
            "broker": self.stage.engine.name,
            "symbol": self.story.stock.symbol,
            "quotes": self.stage.quotes.rpartition("/")[2] if self.stage.is_own else self.stage.quotes,
            "seed": self.stage.seed,
            "started": _iso(self.started),
            "ended": _iso(self.ended),
            "currency": self.currency,
            "orders": [order.model_dump(mode="json") for order in books.orders],
            "fills": [fill.model_dump(mode="json") for fill in books.fills],
            "positions": [row.model_dump(mode="json") for row in books.positions],
            "cash_start": plain(books.cash_start),
            "cash_end": plain(books.cash_end),
            "commissions": plain(books.commissions),
            "invariants_checked": self.audit.total,
            "invariants_broken": len(self.audit.broken),
            "checks": dict(self.audit.checked),
            "broken": list(self.audit.broken),
            "notes": list(self.story.notes),
            "steps": [step.document for step in self.story.steps],
        }

    def lines(self) -> Iterator[str]:
        """Yield the run as people read it."""
        books, day = self.books, self.started.astimezone(NEW_YORK)
        seed = "" if self.stage.seed is None or "replay:" in self.stage.quotes else f", seed {self.stage.seed}"
        quotes = self.stage.quotes.rpartition("/")[2] if self.stage.is_own else "its own"
        yield f"broker {self.stage.engine.name}, quotes {quotes}{seed}: {self.story.stock.symbol} on {day:%d %B %Y}"
        yield from step_lines(self.story.steps)
        told = {line.text for step in self.story.steps for line in step.lines}
        yield from (f"not possible here: {note}" for note in self.story.notes if note not in told)
        held = ", ".join(f"{row.quantity:+f} {row.contract.key}" for row in books.positions)
        yield f"position  {held or 'flat'}"
        cash, change = f"{money(books.cash_start)} -> {money(books.cash_end)}", books.cash_end - books.cash_start
        yield f"cash      {cash} {self.currency} ({change:+,.2f}, {money(books.commissions)} of it commissions)"
        yield f"orders    {len(books.orders)} sent once each, {len(books.fills)} fills; times are New York's"
        yield f"checked   {self.audit.total} invariants, {len(self.audit.broken)} broken"
        yield from (f"broken    {problem}" for problem in self.audit.broken)


def _iso(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")
