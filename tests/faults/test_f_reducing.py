"""What only reduces passes the limits, and nothing else: what docs/controls.md says of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from core.engine_desk import GOOG, engine_on, journal_in, sell, simulated
from faults.test_f_despite_doubt import closing_in_doubt
from v6core.errors import JournalError, OrderDenied
from v6core.journal import Entry, Row, SqliteJournal
from v6core.orders import OrderStatus
from v6core.risk import RiskLimits
from v6core.testing import ScriptedBroker


@simulated
async def test_what_only_reduces_beside_its_equal_in_doubt_is_no_duplicate() -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 20)
    async with engine_on(broker, limits=RiskLimits(duplicate_window=Decimal(2))) as engine:
        await closing_in_doubt(engine, broker)
        assert (await engine.place_order(GOOG, sell(10))).status is OrderStatus.SUBMITTED
        with pytest.raises(OrderDenied, match="DUPLICATE"):
            await engine.place_order(GOOG, sell(10))


@pytest.mark.parametrize("despite_doubt", [False, True])
@simulated
async def test_what_only_reduces_does_not_leave_where_the_journal_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, despite_doubt: bool
) -> None:
    def fail(_: SqliteJournal, __: list[Entry]) -> list[Row]:
        raise JournalError("the disk is full")

    broker = ScriptedBroker()
    broker.adjust(GOOG, 10)
    async with engine_on(broker, journal_in(tmp_path)) as engine:
        monkeypatch.setattr(SqliteJournal, "append", fail)
        for _ in range(2):
            with pytest.raises(OrderDenied, match="JOURNAL_FAILED"):
                await engine.place_order(GOOG, sell(10), despite_doubt=despite_doubt)
    assert broker.arrivals == []


@pytest.mark.parametrize("despite_doubt", [False, True])
@simulated
async def test_what_only_reduces_does_not_leave_without_a_link(despite_doubt: bool) -> None:
    broker = ScriptedBroker()
    broker.adjust(GOOG, 10)
    async with engine_on(broker) as engine:
        broker.drop_link()
        with pytest.raises(OrderDenied, match="LINK_DOWN"):
            await engine.place_order(GOOG, sell(10), despite_doubt=despite_doubt)
