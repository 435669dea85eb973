"""The check and the observer, alone and in an engine that was told of them by configuration."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
from v6_trading_hours_plugin.trading_hours import TradingHours

from v6core import Capabilities, Order, Stock, connect
from v6core.errors import OrderDenied, PluginError
from v6core.events import TradingState
from v6core.risk import CheckContext, RiskLimits

HOURS = TradingHours.parse("09:45-15:45")
CONFIGURATION = """
extensions = ["trading-hours", "fills-file"]
[brokers.dry]
plugin = "paper"
fills = "realistic"
speed = "max"
"""
SPY = Stock("SPY")


def at(hour: int, minute: int, *, reducing: bool = False) -> CheckContext:
    """Return what a check is told at a minute of a summer day in New York, four hours behind UTC."""
    return CheckContext(
        now=datetime(2026, 6, 1, hour + 4, minute, tzinfo=UTC),
        monotonic=0.0,
        limits=RiskLimits(),
        capabilities=Capabilities(simulated=True, orders=()),
        trading_state=TradingState.ACTIVE,
        reducing=reducing,
    )


@pytest.mark.parametrize(("hour", "minute", "denied"), [(9, 44, True), (9, 45, False), (15, 44, False), (15, 45, True)])
def test_the_hours_begin_with_their_first_minute_and_end_before_their_last(
    hour: int, minute: int, *, denied: bool
) -> None:
    assert (HOURS.v6_check_order(at(hour, minute)) is not None) is denied


def test_what_only_reduces_goes_out_at_any_hour() -> None:
    assert HOURS.v6_check_order(at(3, 0, reducing=True)) is None


@pytest.mark.parametrize("text", ["", "9", "09:45", "15:45-09:45", "09:45-09:45", "09:45-24:00", "nine-five"])
def test_a_text_that_names_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"trading hours|TRADING_HOURS"):
        TradingHours.parse(text)


@pytest.mark.usefixtures("_installed")
def test_the_configuration_alone_brings_both_into_an_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seeded day opens at 09:30, a quarter of an hour before the usual hours."""
    monkeypatch.chdir(tmp_path)
    Path("v6.toml").write_text(CONFIGURATION, encoding="utf-8")
    with connect() as v6:
        with pytest.raises(OrderDenied, match="OUTSIDE_TRADING_HOURS: it is 09:30"):
            v6.place_order(SPY, Order.market("BUY", 10))
        assert not Path("fills.csv").exists()
        next(quote for quote in v6.quotes([SPY]) if quote.time.minute == 45)
        order = v6.wait_for(v6.place_order(SPY, Order.market("BUY", 10)).order_id)
        fills = v6.fills()
    with Path("fills.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["execution_id"] for row in rows] == [fill.execution_id for fill in fills]
    assert {row["order_id"] for row in rows} == {str(order.order_id)}
    assert sum(int(row["quantity"]) for row in rows) == 10


def test_listed_but_not_installed_stops_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v6.toml").write_text(CONFIGURATION, encoding="utf-8")
    with pytest.raises(PluginError, match="no plugin provides 'trading-hours'"):
        connect()
