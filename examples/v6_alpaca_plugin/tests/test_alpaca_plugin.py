"""The distribution: what it announces, what it declares, what its section takes, and what it leans on."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from alpaca_floor import AAPL, CALL, CONDOR, VERTICAL
from v6_alpaca_plugin import CAPABILITIES, AlpacaSettings, v6_brokers
from v6_alpaca_plugin.readme import table
from v6core.contracts import Combo, ComboLeg, Stock
from v6core.orders import Order

HOME = Path(__file__).resolve().parents[1]
SOURCES = [path for path in sorted((HOME / "src").rglob("*.py")) if path.name != "conformance.py"]
COVERED = Combo("AAPL", [ComboLeg(AAPL, "BUY", 100), ComboLeg(CALL, "SELL")])


def _settings(**changes: Any) -> AlpacaSettings:
    return AlpacaSettings.model_validate({"key": "env:ALPACA_KEY", "secret": "env:ALPACA_SECRET", **changes})


def test_the_entry_point_and_the_specification_have_one_name() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["v6.brokers"] == {"alpaca": "v6_alpaca_plugin"}
    assert [spec.name for spec in v6_brokers()] == ["alpaca"]


def test_announcing_it_imports_no_sdk() -> None:
    script = "import sys, v6_alpaca_plugin as p; list(p.v6_brokers()); print('alpaca' in sys.modules)"
    paths = os.pathsep.join([str(HOME / "src"), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_module_knows_v6core_alone_and_one_knows_the_sdk(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    roots = {name.partition(".")[0] for name in names}
    assert not roots & {"v6_ib_plugin", "v6_paper_plugin", "fake_alpaca"}
    assert ("alpaca" in roots) == (path.name == "transport.py")


def test_the_readme_tells_what_is_declared() -> None:
    assert table(CAPABILITIES) in (HOME / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("contract", "order", "why"),
    [
        (AAPL, Order.market("BUY", "1.5"), "whole quantities"),
        (AAPL, Order.market("BUY", 1, tif="OPG"), "tif OPG"),
        (AAPL, Order.stop("SELL", 1, 90, tif="IOC"), "tif IOC"),
        (CALL, Order.trailing_stop("SELL", 1, trail_amount=1), "no TRAIL"),
        (VERTICAL, Order.limit("BUY", 1, 1, tif="GTC"), "tif GTC"),
        (VERTICAL, Order.stop("BUY", 1, 1), "no STOP"),
        (
            Combo("AAPL", [ComboLeg(AAPL, "BUY", 100), ComboLeg(CALL, "SELL")]),
            Order.market("BUY", 1),
            "no STOCK as a leg",
        ),
    ],
)
def test_what_alpaca_does_not_take_is_not_declared(contract: Any, order: Order, why: str) -> None:
    assert why in str(CAPABILITIES.why_not(order.replace(contract=contract)))


def test_a_condor_is_declared() -> None:
    assert CAPABILITIES.why_not(Order.limit("BUY", 1, 1, contract=CONDOR)) is None


@pytest.mark.parametrize(
    ("contract", "entry", "stop_loss", "taken"),
    [
        (AAPL, Order.limit("BUY", 1, 100), Order.stop("SELL", 1, 90), True),
        (AAPL, Order.limit("BUY", 1, 100), Order.stop("SELL", 1, 90, tif="GTC"), False),
        (AAPL, Order.limit("BUY", 1, 100, tif="IOC"), Order.stop("SELL", 1, 90, tif="IOC"), False),
        (AAPL, Order.limit("BUY", 1, 100), Order.trailing_stop("SELL", 1, trail_amount=1), False),
        (CALL, Order.limit("BUY", 1, 100), Order.stop("SELL", 1, 90), False),
    ],
)
def test_brackets_are_of_shares_and_of_one_time_in_force(
    contract: Any, entry: Order, stop_loss: Order, *, taken: bool
) -> None:
    orders = [order.replace(contract=contract) for order in (entry, stop_loss)]
    assert CAPABILITIES.takes_bracket(orders[0], orders[1:]) is taken


def test_an_exit_on_another_contract_is_no_bracket() -> None:
    entry = Order.limit("BUY", 1, 100, contract=AAPL)
    assert not CAPABILITIES.takes_bracket(entry, [Order.stop("SELL", 1, 90, contract=Stock("MSFT"))])


def test_it_is_paper_trading_unless_it_is_said_to_be_real() -> None:
    assert _settings().trading_url == "https://paper-api.alpaca.markets"
    assert _settings().stream_url == "wss://paper-api.alpaca.markets/stream"
    assert _settings(live=True, account="123456789").trading_url == "https://api.alpaca.markets"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"live": True}, "needs an account"),
        ({"live": True, "account": "PA123"}, "a paper account"),
        ({"account": "123456789"}, "not a paper account"),
        ({"key": "PKABCDEF"}, "a secret is a reference"),
        ({"trading_url": "http://api.alpaca.markets"}, "in the open"),
        ({"data_url": "ftp://127.0.0.1"}, "no address"),
        ({"history_days": 0}, "greater than or equal to 1"),
        ({"polling": True}, "Extra inputs"),
    ],
)
def test_a_section_that_cannot_be_meant_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        _settings(**changes)


def test_a_secret_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALPACA_SECRET", "hush-hush")
    assert "hush" not in repr(_settings()) + _settings().model_dump_json()
