"""Which plugins a v6core runs: an older one of its major, and no other; and what the refused ones are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from v6core import PLUGIN_API, __version__
from v6core.errors import PluginError
from v6core.plugins import load_broker

BROKER = """
from pydantic import BaseModel
from v6core import BrokerSpec, Capabilities, hookimpl
{imports}

@hookimpl
def v6_brokers():
    return BrokerSpec("acme", BaseModel, Capabilities(simulated=True, orders=()), lambda settings, context: None{more})
"""


@pytest.fixture(autouse=True)
def _newer_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a core with contract 2.3."""
    monkeypatch.setattr("v6core.plugins.contract.PLUGIN_API", "2.3")


def load(folder: Path, more: str = "", imports: str = "") -> str:
    (folder / "acme.py").write_text(BROKER.format(more=more, imports=imports))
    return load_broker("./acme.py", folder).api


def refused(folder: Path, more: str = "", imports: str = "") -> PluginError:
    with pytest.raises(PluginError) as caught:
        load(folder, more, imports)
    return caught.value


@pytest.mark.parametrize("api", ["2.0", "2.1", "2.3"])
def test_a_plugin_of_the_same_major_and_no_newer_minor_runs(tmp_path: Path, api: str) -> None:
    assert load(tmp_path, f", api='{api}'") == api


@pytest.mark.parametrize("api", ["2.4", "2.10", "3.0"])
def test_a_newer_plugin_is_refused_with_both_versions_and_the_way_out(tmp_path: Path, api: str) -> None:
    error = refused(tmp_path, f", api='{api}'")
    assert str(error) == (
        f"broker 'acme' of the file ./acme.py was made for plugin contract {api}; v6core {__version__} has 2.3"
    )
    assert error.hint == "pip install --upgrade v6core"


@pytest.mark.parametrize("api", ["1.0", "1.9", "0.9"])
def test_a_plugin_of_an_older_major_is_refused(tmp_path: Path, api: str) -> None:
    error = refused(tmp_path, f", api='{api}'")
    assert f"was made for plugin contract {api}; v6core {__version__} has 2.3" in str(error)
    assert error.hint == "update the plugin, or install the v6core that it was made for"


def test_what_says_nothing_was_made_for_the_first_contract(tmp_path: Path) -> None:
    assert "was made for plugin contract 1.0" in str(refused(tmp_path))


@pytest.mark.parametrize("api", ["2", "2.3.1", "v2.3", " 2.3", "2.03", "", 2.3, None, "2.x", "2.9999999"])
def test_an_api_that_is_no_version_is_refused(tmp_path: Path, api: object) -> None:
    error = refused(tmp_path, f", api={api!r}")
    assert "has an unfit api" in str(error)
    assert error.hint is not None
    assert 'api="2.3"' in error.hint


def test_the_contract_is_judged_before_anything_else_of_the_specification(tmp_path: Path) -> None:
    (tmp_path / "acme.py").write_text(BROKER.format(more=", api='3.0'", imports="").replace("BaseModel, Cap", "7, Cap"))
    with pytest.raises(PluginError, match=r"plugin contract 3\.0"):
        load_broker("./acme.py", tmp_path)


@pytest.mark.parametrize(
    ("more", "imports"),
    [
        ("", "from v6core.reports import NotYetReport"),
        ("", "import v6core.not_yet"),
        ("", "from v6core import NotYet"),
        ("", "from v6core import orders; orders.NotYet"),
        ("", "from v6core import OrderType; OrderType.NOT_YET"),
        ("", "Capabilities(simulated=True, orders=(), not_yet=True)"),
        (", not_yet=1", ""),
    ],
    ids=["a name", "a module", "a name at the top", "a part", "a word", "a capability", "a field"],
)
def test_what_asks_for_a_part_of_v6_that_is_not_there_is_told_of_its_age(
    tmp_path: Path, more: str, imports: str
) -> None:
    error = refused(tmp_path, more, imports)
    assert error.hint == (
        f"it may have been made for another v6core; this is v6core {__version__} with plugin contract 2.3: "
        "pip install --upgrade v6core"
    )


@pytest.mark.parametrize(
    "source",
    ["import not_there_at_all", "import json; json.not_there", "raise TypeError('a bug')", "int('x')", "BaseModel().x"],
)
def test_what_fails_for_reasons_of_its_own_is_not_told_of_its_age(tmp_path: Path, source: str) -> None:
    assert refused(tmp_path, imports=source).hint is None


def test_a_contract_is_a_major_and_a_minor() -> None:
    major, minor = PLUGIN_API.split(".")
    assert (int(major), int(minor)) >= (1, 0)
