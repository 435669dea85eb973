"""What an installed plugin's contract is, and what it asks of v6core, as its users are told."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from end_to_end.v6_calls import one_sentence, v6, v6_json
from v6core import PLUGIN_API, __version__
from v6core.plugins import load_broker

BROKER = """
from pydantic import BaseModel
from v6core import BrokerSpec, Capabilities, hookimpl
{imports}

@hookimpl
def v6_brokers():
    return BrokerSpec("acme", BaseModel, Capabilities(simulated=True, orders=()), lambda *_: None, api="{api}")
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a distribution with a broker on the path, as pip would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def put(module: str, *, api: str = PLUGIN_API, imports: str = "") -> None:
        info = tmp_path / "v6_acme-3.1.dist-info"
        info.mkdir()
        head = "Metadata-Version: 2.1\nName: v6-acme\nVersion: 3.1\n"
        (info / "METADATA").write_text(f"{head}Requires-Dist: pydantic>=2\nRequires-Dist: v6core>=0.7\n")
        (info / "entry_points.txt").write_text(f"[v6.brokers]\nacme = {module}\n")
        (tmp_path / f"{module}.py").write_text(BROKER.format(api=api, imports=imports))

    return put


def test_a_refusal_names_plugin_distribution_both_versions_and_the_way_out(install: Install) -> None:
    install("contract_newer", api="1.999")
    called = v6("brokers", "acme")
    assert called.status == 2
    assert one_sentence(called) == (
        f"broker 'acme' of v6-acme 3.1 was made for plugin contract 1.999; v6core {__version__} has {PLUGIN_API}"
    )
    assert "hint: pip install --upgrade v6core" in called.err


def test_a_plugin_that_fails_by_its_age_is_told_what_it_asks_for(install: Install) -> None:
    install("contract_importing", imports="from v6core.reports import NotYetReport")
    called = v6("brokers", "acme", "--json")
    assert called.error["hint"] == (
        f"v6-acme asks for v6core>=0.7; this is v6core {__version__} with plugin contract {PLUGIN_API}: "
        "pip install --upgrade v6core v6-acme"
    )


def test_the_list_shows_the_contract_and_what_each_plugin_asks_for(install: Install) -> None:
    install("contract_listed")
    told = v6_json("brokers")
    assert told["api"] == PLUGIN_API
    assert {row["plugin"]: row["needs"] for row in told["installed"]}["acme"] == "v6core>=0.7"
    assert f"plugin contract {PLUGIN_API}" in v6("brokers").out
    assert "contract_listed" not in sys.modules


def test_a_broker_is_told_with_its_contract(install: Install) -> None:
    install("contract_told", api="1.0")
    assert v6_json("brokers", "acme")["api"] == "1.0"
    assert "acme (plugin acme, v6-acme 3.1, plugin contract 1.0)" in v6("brokers", "acme").out


@pytest.mark.parametrize("plugin", ["ib", "paper"])
def test_our_own_plugins_run_on_this_contract(plugin: str) -> None:
    assert load_broker(plugin).api.partition(".")[0] == PLUGIN_API.partition(".")[0]
