"""The command itself: what it imports, its lists, its options, and how it ends."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from end_to_end.v6_calls import one_sentence, v6
from v6core import __version__
from v6core.cli.catalogue import COMMANDS
from v6core.cli.program import program
from v6core.errors import PluginError

V6 = (sys.executable, "-c", "import sys; from v6core.cli import main; sys.exit(main())")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_help_imports_neither_pydantic_nor_the_engine_nor_a_command() -> None:
    code = (
        "import sys\nfrom v6core.cli.program import program\n"
        "try: program.main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m.split('.')[0] in {'pydantic', 'pydantic_core', 'pluggy'}"
        " or m.startswith(('v6core.engine', 'v6core.cli.commands'))])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_help_lists_every_command_and_none_that_is_not_there() -> None:
    text = v6("--help").out
    assert all(f"  {name} " in text for name in COMMANDS)
    assert not any(f"  {name} " in text for name in ("doctor", "watch", "report", "schema"))


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str) -> None:
    called = v6(name, "--help")
    assert called.status == 0
    assert called.out.startswith(f"Usage: v6 {name} ")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_bears_its_catalogued_name(name: str) -> None:
    command = program.get_command(click.Context(program), name)
    assert command is not None
    assert command.name == name


@pytest.mark.parametrize("args", [("config", "show"), ("config", "schema"), ("journal", "show"), ("journal", "verify")])
def test_members_of_groups_have_help(args: tuple[str, str]) -> None:
    assert v6(*args, "--help").status == 0


def test_without_a_command_there_is_help() -> None:
    assert v6().out == v6("--help").out


def test_a_group_without_its_member_is_wrong_usage() -> None:
    assert v6("journal").status == 2


def test_version() -> None:
    assert v6("--version").out == f"v6 {__version__}\n"


def test_an_unknown_command_is_wrong_usage() -> None:
    called = v6("plaec")
    assert called.status == 2
    assert one_sentence(called).startswith("No such command 'plaec'")


@pytest.mark.parametrize("args", [("--json", "orders"), ("orders", "--json")])
def test_json_stands_before_and_after_the_subcommand(args: tuple[str, ...]) -> None:
    assert v6(*args).document == []


@pytest.mark.parametrize("before", [True, False])
def test_broker_and_config_stand_before_and_after_the_subcommand(before: bool) -> None:
    Path("other.toml").write_text('[brokers.a]\nplugin = "paper"\n[brokers.b]\nplugin = "paper"\n')
    options = ("--config", "other.toml", "--broker", "b", "--json")
    called = v6(*options, "config", "show") if before else v6("config", "show", *options)
    assert called.document["broker"] == "b"


def test_with_json_wrong_usage_is_a_document() -> None:
    called = v6("orders", "--bogus", "--json")
    assert (called.status, called.out) == (2, "")
    assert called.error == {
        "error": "No such option '--bogus'",
        "code": "USAGE",
        "hint": "v6 orders --help",
        "order_id": None,
        "sent": False,
    }


@click.command("broken")
def _broken() -> None:
    raise RuntimeError("a\nbug")


def _always_broken(_ctx: click.Context, _name: str) -> click.Command:
    return _broken


def test_an_unforeseen_exception_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "get_command", _always_broken)
    called = v6("broken")
    assert called.status == 1
    assert one_sentence(called) == "unexpected RuntimeError: a bug"


def test_an_unforeseen_exception_is_a_traceback_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "get_command", _always_broken)
    monkeypatch.setenv("V6_DEBUG", "1")
    assert "Traceback" in v6("broken").err


def _install(folder: Path, target: str) -> None:
    info = folder / "their_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[v6.commands]\ntheirs = {target}\n")


def _put_on_path(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])


def test_a_plugin_s_command_is_listed_without_being_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path / "site", "no_such_module_at_all:command")
    _put_on_path(tmp_path / "site", monkeypatch)
    assert re.search("theirs +from their-plugin", v6("--help").out)


def test_a_plugin_s_command_is_imported_when_it_is_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path / "site", "their_v6_command:command")
    (tmp_path / "site" / "their_v6_command.py").write_text(
        "import click\n@click.command()\ndef command(): click.echo('hello')\n"
    )
    _put_on_path(tmp_path / "site", monkeypatch)
    assert v6("theirs").out == "hello\n"


def test_a_broken_plugin_command_names_its_distribution(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _install(tmp_path / "site", "no_such_module_at_all:command")
    _put_on_path(tmp_path / "site", monkeypatch)
    called = v6("theirs")
    assert called.status == PluginError.exit_status
    assert "their-plugin 1.0" in one_sentence(called)


def test_a_broken_pipe_is_quiet() -> None:
    with subprocess.Popen([*V6, "config", "schema"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_interrupt_stops_cleanly() -> None:
    Path("q.csv").write_text(
        "time,kind,symbol,expiration,strike,right,bid,bid_size,ask,ask_size\n"
        "2026-06-01T13:31:00Z,stock,SPY,,,,600,100,600.02,100\n"
        "2026-06-01T19:31:00Z,stock,SPY,,,,600,100,600.02,100\n"
    )
    replay = [*V6, "replay", "q.csv", "--symbol", "SPY", "--speed", "60", "--json"]
    text = [part for part in replay if part != "--json"]
    with subprocess.Popen(text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("q.csv: 2 rows")
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
        assert process.stderr.read() == "v6: interrupted\n"


def test_the_console_script_exits_with_the_status() -> None:
    ran = subprocess.run([*V6, "orders", "--json"], capture_output=True, text=True, check=False)
    assert (ran.returncode, json.loads(ran.stdout)) == (0, [])
