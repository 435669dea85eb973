"""A plugin that cannot be imported or made says which line of the author's own did it, and what they may have meant."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from end_to_end.v6_calls import Called, one_sentence, v6
from v6core.errors import PluginError
from v6core.plugins import load_broker

HEAD = """\
import v6core
from pydantic import BaseModel, ConfigDict
from v6core import Broker, BrokerSpec, Capabilities, OrderType, hookimpl

class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

class Bad(Broker):
    def __init__(self, settings, context):
        super().__init__(Capabilities(simulated=True, orders=()), context)
    async def connect(self): pass
    async def disconnect(self): pass
    async def place(self, orders): pass
    async def cancel(self, order): pass
    async def snapshot(self): pass
    async def find(self, order_ref): pass
    async def qualify(self, contract): pass
"""
LINE = HEAD.count("\n") + 1
"""The line at which a test's own begins."""
END = """
@hookimpl
def v6_brokers(): return [BrokerSpec("bad", Settings, Capabilities(simulated=True, orders=()), Bad, api="1.0")]
"""


def called(own: str) -> Called:
    """Ask something of a broker whose file has a line or more of one's own in it."""
    Path("v6.toml").write_text('[brokers.bad]\nplugin = "./bad.py"\n')
    Path("bad.py").write_text(HEAD + own + END)
    return v6("--broker", "bad", "quote", "AAPL")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def hint_of(own: str) -> str | None:
    """Return the hint, on one line."""
    told = " ".join(called(own).err.split())
    _, mark, hint = told.partition("hint: ")
    return hint if mark else None


# Where.


@pytest.mark.parametrize(
    "own",
    [
        "1 / 0",
        "import nothing_like_it",
        "Capabilities(simulated=True, orders=(), nonsense=True)",
        "raise SystemExit(1)",
        "v6core.Stock('')",
    ],
)
def test_what_an_import_raises_is_told_with_its_line(own: str) -> None:
    told = called(own)
    assert told.status == 2
    assert re.match(rf"the file \./bad\.py cannot be imported: .* at bad\.py:{LINE}$", one_sentence(told))


def test_the_line_is_the_innermost_of_the_plugins_own() -> None:
    own = "import json\ndef read(text):\n    return json.loads(text)\nread('{')"
    assert one_sentence(called(own)).endswith(f" at bad.py:{LINE + 2}")


def test_what_the_making_of_a_broker_raises_is_told_with_its_line() -> None:
    told = one_sentence(called("Bad.__init__ = lambda self, settings, context: {}['host']"))
    assert told == f"broker 'bad' of plugin 'bad' cannot be made: KeyError: 'host' at bad.py:{LINE}"


def test_what_a_hook_raises_is_told_with_its_line(tmp_path: Path) -> None:
    Path("bad.py").write_text("from v6core import hookimpl\n@hookimpl\ndef v6_brokers(): return 1 / 0\n")
    with pytest.raises(
        PluginError, match=r"v6_brokers of the file bad\.py failed: ZeroDivisionError: .* at bad\.py:3$"
    ):
        load_broker("bad.py", tmp_path)


def test_the_line_of_a_package_is_told_with_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    (tmp_path / "door_package").mkdir()
    (tmp_path / "door_package" / "__init__.py").write_text("from door_package import broker\n")
    (tmp_path / "door_package" / "broker.py").write_text("\n1 / 0\n")
    info = tmp_path / "v6_door-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: v6-door\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[v6.brokers]\ndoor = door_package\n")
    with pytest.raises(PluginError, match=r"division by zero at door_package/broker\.py:2$"):
        load_broker("door")


def test_a_traceback_is_there_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_DEBUG", "1")
    told = called("1 / 0").err
    assert "Traceback" in told
    assert f'bad.py", line {LINE}, in <module>' in told


def test_a_file_that_is_not_there_needs_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_DEBUG", "1")
    Path("v6.toml").write_text('[brokers.bad]\nplugin = "./nowhere.py"\n')
    assert one_sentence(v6("--broker", "bad", "quote", "AAPL")).startswith("there is no file ./nowhere.py")


# What was meant.


@pytest.mark.parametrize(
    ("own", "hint"),
    [
        ("Capabilities(simulated=True, orders=(), quote=True)", "Capabilities has no quote; did you mean quotes?"),
        ("from v6core import Brokr", "v6core has no Brokr; did you mean Broker?"),
        ("v6core.Brokr", "v6core has no Brokr; did you mean Broker?"),
        ("import v6core.report", "v6core has no report; did you mean reports?"),
        ("OrderType.LIMT", "OrderType has no LIMT; did you mean LIMIT?"),
        ("BrokerSpec('bad', Settings, None, Bad, ap='1.0')", "BrokerSpec has no ap; did you mean api?"),
        ("from v6core.testing import Drive", "Drive is in v6core.testing.conformance"),
        ("from v6core import OrderSupport", "OrderSupport is in v6core.capabilities"),
    ],
)
def test_a_slip_is_told_what_may_have_been_meant(own: str, hint: str) -> None:
    assert hint_of(own) == hint


@pytest.mark.parametrize(
    "own",
    ["Settings(prot=1)", "def f(): pass\nf(x=1)", "Settings().nothing", "class Capabilities: pass\nCapabilities().x"],
)
def test_what_is_wrong_with_the_plugins_own_is_not_another_v6core(own: str) -> None:
    assert hint_of(own) is None


def test_a_refused_model_is_told_without_an_address() -> None:
    told = one_sentence(called("Capabilities(simulated=True, orders=(), quote=True)"))
    assert "ValidationError: Capabilities.quote: Extra inputs are not permitted at bad.py" in told


@pytest.mark.parametrize("body", ["pass", "self._context.logger"])
def test_a_broker_that_was_not_begun_as_one_is_told_as_the_plugins_fault(body: str) -> None:
    own = f"class Unbegun(Bad):\n    def __init__(self, settings, context): {body}\nBad = Unbegun"
    told = called(own)
    assert one_sentence(told).startswith("broker 'bad' of plugin 'bad' cannot ")
    assert "the first line of Unbegun.__init__ is super().__init__(capabilities, context)" in " ".join(told.err.split())


def test_a_method_without_its_async_is_named_with_its_line() -> None:
    told = called("def cancel(self, order): self._context.logger.info(order)\nBad.cancel = cancel")
    assert one_sentence(told).endswith(f": Bad.cancel is not async: write `async def cancel` at bad.py:{LINE}")


def test_capabilities_that_are_none_are_refused() -> None:
    told = one_sentence(called("Bad.capabilities = 7"))
    assert told == "broker 'bad' of plugin 'bad' has unfit capabilities: int"
