"""The engine for programs without an event loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from v6core.blocking import connect
from v6core.contracts import Stock
from v6core.errors import ConfigurationError, JournalLocked, NotConnected


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    file = tmp_path / "v6.toml"
    file.write_text('broker = "dry"\n[brokers.dry]\nplugin = "paper"\nfills = "immediate"\nstate = "off"\n')
    return file


def test_a_closed_engine_is_not_connected(configuration: Path) -> None:
    with connect(configuration) as engine:
        pass
    with pytest.raises(NotConnected, match="the engine is closed"):
        engine.orders()
    with pytest.raises(NotConnected):
        engine.quote(Stock("GOOG"))
    with pytest.raises(NotConnected):
        engine.now()


def test_a_second_engine_in_one_program_is_told_to_close_the_first(configuration: Path) -> None:
    with connect(configuration), pytest.raises(JournalLocked, match="this very process") as locked:
        connect(configuration)
    assert "close the earlier engine" in str(locked.value.hint)


@pytest.mark.parametrize(("first", "second", "chain"), [("a", "a", "a -> a"), ("b", "a", "a -> b -> a")])
def test_quotes_that_come_from_nowhere_are_refused(tmp_path: Path, first: str, second: str, chain: str) -> None:
    section = '[brokers.{}]\nplugin = "paper"\nfills = "realistic"\nstate = "off"\nquotes = "broker:{}"\n'
    file = tmp_path / "v6.toml"
    file.write_text('broker = "a"\n' + section.format("a", first) + section.format("b", second))
    with pytest.raises(ConfigurationError, match=f"in a circle and come from nowhere: {chain}"):
        connect(file)
