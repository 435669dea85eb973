"""Plugins as strangers install them: real distributions' metadata on the path, sound ones and broken ones."""

import importlib
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from v6core.broker import BrokerSpec
from v6core.capabilities import Capabilities
from v6core.errors import PluginError
from v6core.events import EngineEvent, EngineStarted, OrderEvent, TradingState
from v6core.hookspecs import hookimpl
from v6core.orders import Order
from v6core.plugins import (
    BROKERS,
    COMMANDS,
    EXTENSIONS,
    installed,
    load_broker,
    load_command,
    load_extensions,
    settings_models,
)
from v6core.risk import CheckContext, Denial, RiskLimits

HEAD = """
from pydantic import BaseModel
from v6core.broker import BrokerSpec
from v6core.capabilities import Capabilities
from v6core.hookspecs import hookimpl

class Settings(BaseModel):
    depth: int = 1

def spec(name):
    return BrokerSpec(name, Settings, Capabilities(simulated=True, orders=()), lambda settings, context: None)
"""
SOUND = HEAD + "\n@hookimpl\ndef v6_brokers():\n    return [spec('acme')]\n"

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Put a distribution on the path: its metadata, its entry points and one module, each under names of its own."""

    def put(
        distribution: str, module: str, source: str, *, name: str = "acme", group: str = BROKERS, version: str = "1.0"
    ) -> None:
        folder = tmp_path / distribution
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}\n")
        (folder / f"{module.partition(':')[0]}.py").write_text(source)
        monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
        importlib.invalidate_caches()
        monkeypatch.delitem(sys.modules, module.partition(":")[0], raising=False)

    return put


def refused(name: str = "acme") -> PluginError:
    with pytest.raises(PluginError) as caught:
        load_broker(name)
    return caught.value


def order() -> Order:
    return Order.market("BUY", 1)


def context(**changes: object) -> CheckContext:
    fields: dict[str, object] = {
        "now": datetime(2026, 1, 2, 15, tzinfo=UTC),
        "monotonic": 0.0,
        "limits": RiskLimits(),
        "capabilities": Capabilities(simulated=True, orders=()),
        "trading_state": TradingState.ACTIVE,
        "reducing": False,
    }
    return CheckContext(**(fields | changes))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_stack_at_its_end_is_no_fault_of_the_metadata(monkeypatch: pytest.MonkeyPatch) -> None:
    class Deep(metadata.PathDistribution):
        @property
        def entry_points(self) -> metadata.EntryPoints:
            raise RecursionError

    monkeypatch.setattr("importlib.metadata.distributions", lambda: [Deep(Path())])
    with pytest.raises(RecursionError):
        load_broker("paper")


def test_listing_imports_nothing(install: Install) -> None:
    install("v6-acme", "acme_listed", "raise RuntimeError('imported')")
    listed = {entry.name: entry for entry in installed()}
    assert (listed["acme"].distribution, listed["acme"].version) == ("v6-acme", "1.0")
    assert "acme_listed" not in sys.modules


def test_a_broker_is_loaded_by_its_name(install: Install) -> None:
    install("v6-acme", "acme_sound", SOUND)
    assert load_broker("acme").name == "acme"


def test_a_broken_plugin_harms_nobody_else(install: Install) -> None:
    install("v6-acme", "acme_well", SOUND)
    install("v6-broken", "acme_ill", "import not_there", name="broken")
    assert load_broker("acme").name == "acme"
    assert "broken" not in settings_models()
    assert "depth" in settings_models()["acme"].model_fields


def test_a_strangers_broken_metadata_harms_nobody(install: Install, tmp_path: Path) -> None:
    install("v6-acme", "acme_among", SOUND)
    for name, text in (
        ("a", "[v6.brokers]\nno equals sign\n"),
        ("b", "\x00[[["),
        ("c", "[v6.brokers]\nnameless = x\n"),
    ):
        (tmp_path / "v6-acme" / f"{name}-1.dist-info").mkdir()
        (tmp_path / "v6-acme" / f"{name}-1.dist-info" / "entry_points.txt").write_text(text)
    assert load_broker("acme").name == "acme"


def test_an_unknown_name_tells_what_is_installed(install: Install) -> None:
    install("v6-acme", "acme_near", SOUND)
    message = str(refused("acmee"))
    assert message.startswith("no plugin provides 'acmee' in v6.brokers (installed: acme, ")
    assert message.endswith("did you mean 'acme'?")


def test_a_name_claimed_twice_is_refused_naming_both(install: Install) -> None:
    install("v6-acme", "acme_one", SOUND)
    install("evil-acme", "acme_two", SOUND, version="6.6")
    assert str(refused()) == "'acme' in v6.brokers is claimed by 2 distributions: evil-acme 6.6 and v6-acme 1.0"


def test_one_distribution_twice_on_the_path_is_one(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("v6-acme", "acme_same", SOUND)
    monkeypatch.setattr(sys, "path", [sys.path[0], *sys.path])
    assert load_broker("acme").name == "acme"


def test_a_failing_import_tells_distribution_version_cause_and_way_out(install: Install) -> None:
    install("v6-acme", "acme_lacks", "import not_installed_here")
    error = refused()
    assert str(error) == (
        "plugin 'acme' of v6-acme 1.0 cannot be imported: "
        "ModuleNotFoundError: No module named 'not_installed_here' at acme_lacks.py:1"
    )
    assert error.hint == "a package that it needs is missing (not_installed_here): pip install --upgrade v6-acme"
    assert isinstance(error.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize(
    "source", ["raise SystemExit(0)", "def (", "raise ValueError", "from v6core.orders import Nothing"]
)
def test_whatever_an_import_raises_is_a_plugin_error(install: Install, source: str) -> None:
    install("v6-acme", "acme_raises", source)
    assert "plugin 'acme' of v6-acme 1.0 cannot be imported" in str(refused())


@pytest.mark.parametrize("target", ["acme_target:missing", "acme_target.sub:x", "!!", ""])
def test_an_entry_that_points_nowhere_is_a_plugin_error(install: Install, target: str) -> None:
    install("v6-acme", "acme_target", SOUND)
    install("v6-bad", target or "acme_none", SOUND if target else "", name="bad")
    assert "v6-bad 1.0" in str(refused("bad"))


BODIES = [
    (
        "@hookimpl\ndef v6_brokrs(): return []",
        "v6-acme 1.0 implements v6_brokrs, a hook that v6 does not have; did you mean v6_brokers?",
    ),
    (
        "@hookimpl(specname='v6_brokerz')\ndef f(): return []",
        "v6_brokerz, a hook that v6 does not have; did you mean v6_brokers?",
    ),
    ("def v6_brokers(): return [spec('acme')]", "v6_brokers of v6-acme 1.0 is not marked as a hook"),
    (
        "@hookimpl\ndef v6_brokers(config): return []",
        "v6_brokers of v6-acme 1.0 asks for 'config', which v6core does not give",
    ),
    ("@hookimpl\nasync def v6_brokers(): return []", "v6_brokers of v6-acme 1.0 is a coroutine"),
    ("@hookimpl(wrapper=True)\ndef v6_brokers(): return (yield)", "is a wrapper"),
    ("@hookimpl\ndef v6_brokers(*args): return []", "takes *args"),
    ("", "v6-acme 1.0 announces no broker: it has no hook v6_brokers"),
    ("@hookimpl\ndef v6_brokers(): return []", "v6-acme 1.0 announces no broker, not 'acme'"),
    ("@hookimpl\ndef v6_brokers(): return None", "v6-acme 1.0 announces no broker, not 'acme'"),
    ("@hookimpl\ndef v6_brokers(): return [spec('other')]", "v6-acme 1.0 announces 'other', not 'acme'"),
    ("@hookimpl\ndef v6_brokers(): return [spec('acme')] * 2", "v6-acme 1.0 announces 'acme' 2 times"),
    ("@hookimpl\ndef v6_brokers(): return ['acme']", "v6_brokers of v6-acme 1.0 returned str 'acme', not a BrokerSpec"),
    ("@hookimpl\ndef v6_brokers(): return 5", "v6_brokers of v6-acme 1.0 failed: TypeError"),
    (
        "@hookimpl\ndef v6_brokers(): raise ZeroDivisionError('x')",
        "v6_brokers of v6-acme 1.0 failed: ZeroDivisionError: x",
    ),
    (
        "@hookimpl\ndef v6_brokers(): return [BrokerSpec('acme', dict, None, None)]",
        "broker 'acme' of v6-acme 1.0 has an unfit settings: the class dict",
    ),
    ("@hookimpl\ndef v6_brokers(): return [BrokerSpec(7, Settings, None, None)]", "has an unfit name: int '7'"),
    (
        "@hookimpl\ndef v6_brokers(): return [BrokerSpec('acme', Settings, {}, None)]",
        "has an unfit capabilities: dict '{}'",
    ),
]


@pytest.mark.parametrize(("body", "sentence"), BODIES)
def test_an_unsound_plugin_is_refused_by_name(install: Install, body: str, sentence: str) -> None:
    install("v6-acme", "acme_unsound", f"{HEAD}\n{body}\n")
    assert sentence in str(refused())


def test_a_plugin_may_announce_several_brokers_by_different_names(install: Install) -> None:
    install(
        "v6-acme", "acme_many", HEAD + "\n@hookimpl\ndef v6_brokers():\n    yield spec('acme')\n    yield spec('two')\n"
    )
    assert load_broker("acme").name == "acme"


def test_a_lone_spec_is_taken_as_one(install: Install) -> None:
    install("v6-acme", "acme_lone", HEAD + "\n@hookimpl\ndef v6_brokers():\n    return spec('acme')\n")
    assert isinstance(load_broker("acme"), BrokerSpec)


def test_a_file_is_a_broker(tmp_path: Path) -> None:
    (tmp_path / "my_broker.py").write_text("from __future__ import annotations\n" + SOUND)
    assert load_broker("./my_broker.py", tmp_path).name == "acme"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (HEAD, "the file ./mine.py announces no broker"),
        (SOUND.replace("[spec('acme')]", "[]"), "the file ./mine.py must announce one broker, not 0: none"),
        ("import not_there", "the file ./mine.py cannot be imported: ModuleNotFoundError"),
        ("\x00", "the file ./mine.py cannot be imported"),
        (None, "there is no file ./mine.py"),
    ],
)
def test_an_unsound_file_is_refused(tmp_path: Path, source: str | None, sentence: str) -> None:
    if source is not None:
        (tmp_path / "mine.py").write_text(source)
    with pytest.raises(PluginError, match=sentence):
        load_broker("./mine.py", tmp_path)


def test_a_command_is_imported_when_it_is_called(install: Install) -> None:
    install("v6-cmd", "acme_command:command", "command = 42", name="hello", group=COMMANDS)
    assert "hello" in [entry.name for entry in installed(COMMANDS)]
    assert load_command("hello") == 42


class Never:
    @hookimpl
    def v6_check_order(self, order: Order) -> Denial | None:
        return Denial("NEVER", f"not {order.action}")


class Crashing:
    @hookimpl
    def v6_check_order(self, order: Order, context: CheckContext) -> Denial | None:
        raise ZeroDivisionError("bug")

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent) -> None:
        raise ZeroDivisionError("bug")


class Listening:
    def __init__(self) -> None:
        self.heard: list[str] = []

    @hookimpl
    def v6_order_event(self, event: OrderEvent | EngineEvent, order: Order | None) -> None:
        self.heard.append(event.event)


class Answering:
    def __init__(self, answer: object) -> None:
        self.answer = answer

    @hookimpl
    def v6_check_order(self) -> object:
        return self.answer


def test_our_own_checks_come_first_through_the_same_hook() -> None:
    checks = load_extensions((), [Never()]).checks
    assert checks.names == ("v6", "Never")
    denials = checks.ask(order(), context(limits=RiskLimits(read_only=True)))
    assert [(plugin, denial.code) for plugin, denial in denials] == [("v6", "READ_ONLY"), ("Never", "NEVER")]


def test_a_failing_check_denies_and_the_others_are_asked() -> None:
    denials = load_extensions((), [Crashing(), Never()]).checks.ask(order(), context())
    assert denials[0] == ("Crashing", Denial("CHECK_FAILED", "check Crashing failed: ZeroDivisionError: bug"))
    assert denials[1][0] == "Never"


@pytest.mark.parametrize("answer", [True, False, 0, "", "no", [], ("A", "b"), Denial("", "x"), Denial("A", 5)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
def test_an_answer_of_the_wrong_kind_denies(answer: object) -> None:
    ((plugin, denial),) = load_extensions((), [Answering(answer)]).checks.ask(order(), context())
    assert (plugin, denial.code) == ("Answering", "CHECK_FAILED")


def test_no_objection_is_no_denial() -> None:
    assert load_extensions((), [Answering(None)]).checks.ask(order(), context()) == []


def test_a_failing_observer_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    before, after = Listening(), Listening()
    observers = load_extensions((), [before, Crashing(), after]).observers
    with caplog.at_level(logging.ERROR):
        observers.notify(EngineStarted(time=datetime(2026, 1, 2, tzinfo=UTC), broker="x", version="0"), None)
    assert before.heard == after.heard == ["STARTED"]
    assert "observer Crashing failed on STARTED" in caplog.text


def test_two_objects_of_one_class_are_told_apart() -> None:
    assert load_extensions((), [Never(), Never()]).checks.names == ("v6", "Never", "Never-2")


def test_two_checks_in_one_plugin_are_both_asked() -> None:
    class Two:
        @hookimpl(specname="v6_check_order")
        def first(self) -> Denial:
            return Denial("ONE", "x")

        @hookimpl(specname="v6_check_order")
        def second(self) -> Denial:
            return Denial("TWO", "x")

    denials = load_extensions((), [Two()]).checks.ask(order(), context())
    assert {denial.code for _, denial in denials} == {"ONE", "TWO"}


def test_a_listed_extension_that_is_missing_is_refused() -> None:
    with pytest.raises(PluginError, match=r"no plugin provides 'limits' in v6\.extensions \(installed: none\)"):
        load_extensions(["limits"])


def test_a_listed_extension_is_loaded(install: Install) -> None:
    source = "from v6core.hookspecs import hookimpl\n@hookimpl\ndef v6_check_order(order): return None\n"
    install("v6-limits", "acme_limits", source, name="limits", group=EXTENSIONS)
    assert load_extensions(["limits"]).checks.names == ("v6", "limits")
    with pytest.raises(PluginError, match=r"'limits' of v6-limits 1\.0 is there twice"):
        load_extensions(["limits", "limits"])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (Never, r"'type' of the program is a class: give an object of it, Never\(\)"),
        (object(), "'object' has neither v6_check_order nor v6_order_event"),
        ("risk", "'str' has neither"),
    ],
)
def test_what_could_not_protect_is_refused(given: object, sentence: str) -> None:
    with pytest.raises(PluginError, match=sentence):
        load_extensions((), [given])
