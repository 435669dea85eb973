"""The three ways into the suite: a class of tests, an option of pytest, a command; and what they leave to look at."""

from __future__ import annotations

import io
import json
import socket
import subprocess
import sys
import warnings
import xml.etree.ElementTree as ET
from datetime import UTC, datetime
from pathlib import Path

import pytest

from v6core import __version__
from v6core.cli import main
from v6core.cli.proving.progress import Progress
from v6core.cli.proving.words import lines
from v6core.config import BrokerSection, Configuration
from v6core.errors import ConfigurationError, PluginError
from v6core.testing import BrokerConformance
from v6core.testing.conformance import CASES, Conformance, Outcome, Result, badge_of, driver_named, page_of
from v6core.testing.conformance.account import account_driver
from v6core.testing.conformance.finding import driver_names, origin_of
from v6core.testing.conformance.histories import script_of
from v6core.testing.conformance.histories.steps import Place
from v6core.testing.conformance.runner import UnknownCase

ONE = CASES["LMT-01"]
FILE = """
from v6_paper_plugin.conformance import PaperDriver

class MyDriver(PaperDriver):
    name = "mine"
"""


def proved(*outcomes: Outcome) -> Conformance:
    results = (Result(case=ONE, outcome=outcome, reason="a < b", about=ONE.id) for outcome in outcomes)
    return Conformance(name="mine & yours", results=tuple(results))


# A class of tests.


def test_a_class_of_tests_needs_one_fixture(tmp_path: Path) -> None:
    text = f"""
import pytest
from v6core.testing import BrokerConformance, Driver
{FILE}
class TestMine(BrokerConformance):
    @pytest.fixture
    def driver(self) -> Driver:
        return MyDriver()
"""
    (tmp_path / "test_mine.py").write_text(text)
    done = run_pytest(tmp_path, "test_mine.py", "-k", "LMT-01")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_class_cannot_take_the_cases_away() -> None:
    with pytest.raises(TypeError, match="name known failures"):
        type("TestMine", (BrokerConformance,), {"test_case": None})


def test_a_class_says_why_a_case_fails() -> None:
    with pytest.raises(TypeError, match="say why LMT-01"):
        type("TestMine", (BrokerConformance,), {"known_failures": {"LMT-01": ""}})


def test_a_class_that_names_no_case_warns() -> None:
    with pytest.warns(UnknownCase, match="'LMT-1'"):
        type("TestMine", (BrokerConformance,), {"known_failures": {"LMT-1": "mistyped"}})


def test_a_class_that_names_a_case_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        type("TestMine", (BrokerConformance,), {"known_failures": {"LMT-01": "it does"}})


# An option of pytest.


def test_an_option_of_pytest_runs_an_installed_driver(tmp_path: Path) -> None:
    done = run_pytest(tmp_path, "--v6-broker", "paper", "-k", "LMT-01")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_option_takes_the_place_of_the_tests_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_of_the_folder(): assert False")
    done = run_pytest(tmp_path, "--v6-broker", "paper", "-k", "LMT-01")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--v6-broker", "nobody"], "no plugin provides 'nobody'"),
        (["--v6-broker", ""], "no plugin provides ''"),
        (["--v6-broker", "paper", "test_own.py"], "runs the suite and no other tests: leave out"),
    ],
)
def test_the_option_says_once_what_is_wrong(tmp_path: Path, words: list[str], sentence: str) -> None:
    (tmp_path / "test_own.py").write_text("def test_of_the_folder(): pass")
    done = run_pytest(tmp_path, *words)
    assert (done.returncode, done.stdout) == (pytest.ExitCode.USAGE_ERROR, "")
    assert done.stderr.count(sentence) == 1


# A command.


def test_a_command_tells_each_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "paper", "--case", "LMT-01", "--json"]) == 0
    (case,) = json.loads(capsys.readouterr().out)["cases"]
    assert (case["id"], case["outcome"]) == ("LMT-01", "PASSED")


def test_a_command_runs_a_family(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "paper", "--case", "lmt", "--json"]) == 0
    cases = json.loads(capsys.readouterr().out)["cases"]
    assert {case["id"][:3] for case in cases} == {"LMT"}


def test_a_command_takes_a_driver_from_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "my_broker.py").write_text(FILE)
    assert v6(["conform", str(tmp_path / "my_broker.py"), "--case", "LMT-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["broker"] == "mine"


def test_a_broker_that_does_not_conform_ends_with_status_1(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "paper", "--case", "LMT-01", "--known", "LMT-01=it does not", "--json"]) == 1
    error = json.loads(capsys.readouterr().err)
    assert (error["code"], error["error"]) == ("NOT_CONFORMANT", "paper does not conform: LMT-01")


def test_a_case_is_named_as_a_failed_refusal_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "paper", "--case", "lmt-01/refuse", "--json"]) == 0
    assert [case["id"] for case in json.loads(capsys.readouterr().out)["cases"]] == ["LMT-01"]


def test_a_case_that_is_rightly_refused_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", without_stops(tmp_path), "--case", "STP-01"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "v6 in part: 0 of 1 proved, 1 refused as undeclared"
    assert told.err == ""


def test_a_case_that_cannot_be_brought_about_is_told_as_that(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "paper-immediate", "--case", "HYP-01"]) == 1
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == "v6 in part: nothing of this can be proved here"
    error = " ".join(told.err.split())
    assert error == "v6: nothing of this can be proved at paper-immediate: orders do not wait in this market"


def test_a_run_leaves_nothing_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_EXAMPLES", "10")
    code = "from v6core.cli import main; main(['conform', 'paper', '--case', 'HYP-01'])"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (0, []), done.stdout + done.stderr


def test_a_case_that_there_is_not_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "paper", "--case", "LMT-99"]) == 2
    assert "there is no case LMT-99" in capsys.readouterr().err


def test_a_known_failure_needs_its_reason_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "paper", "--known", "LMT-01"]) == 2
    assert "say ID=REASON" in capsys.readouterr().err


def test_without_a_name_the_installed_drivers_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "--json"]) == 0
    assert "paper" in json.loads(capsys.readouterr().out)["drivers"]


def test_a_page_and_a_badge_are_written(tmp_path: Path) -> None:
    page, badge = tmp_path / "page.html", tmp_path / "badge.svg"
    assert v6(["conform", "paper", "--case", "LMT-01", "--html", str(page), "--badge", str(badge), "--json"]) == 0
    assert "LMT-01" in page.read_text()
    assert ET.fromstring(badge.read_text()).tag.endswith("svg")


def test_a_history_in_a_file_is_played_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "history").write_text(script_of((Place(),)))
    assert v6(["conform", "paper", "--replay", str(tmp_path / "history"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"broker": "paper", "holds": True}


@pytest.mark.parametrize("text", ["", "# nothing yet\n\n"])
def test_a_history_without_a_step_proves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    (tmp_path / "history").write_text(text)
    assert v6(["conform", "paper", "--replay", str(tmp_path / "history")]) == 2
    assert "history holds no step" in " ".join(capsys.readouterr().err.split())


def test_a_line_that_is_no_step_is_told_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("history").write_text('{"step": "RESTART"}\nagain\n')
    assert v6(["conform", "paper", "--replay", "history"]) == 2
    assert "line 2 of history is no step" in capsys.readouterr().err


# What is told of a run.


def test_a_failure_is_told_in_whole_below_the_table() -> None:
    told = list(lines(Conformance(name="mine", results=(failure("word " * 40 + "end"),))))
    assert told[1].endswith("...")
    assert told[3].startswith("LMT-01 failed: word word")
    assert any(line.endswith("word end") for line in told)


def test_a_failure_tells_why_it_matters_and_what_usually_goes_wrong() -> None:
    told = " ".join(" ".join(lines(Conformance(name="mine", results=(failure("bad"),)))).split())
    assert all(text in told for text in (ONE.proves, ONE.why, ONE.pitfall))


def test_a_failure_tells_where_in_the_plugin_it_happened() -> None:
    at = "/home/me/my_broker.py:7 in place"
    assert f"    at: {at}" in lines(Conformance(name="mine", results=(failure("bad", at),)))


def test_failures_for_one_reason_are_told_once() -> None:
    told = list(lines(Conformance(name="mine", results=(failure("port taken"), failure("port taken")))))
    assert told[4:] == ["LMT-01, LMT-01 failed: port taken", "", told[-1]]


def test_what_is_not_run_is_told_by_its_reason() -> None:
    told = list(lines(proved(Outcome.NOT_DRIVEN, Outcome.NOT_DRIVEN)))
    assert told[1] == "not run, a < b (2): LMT-01 LMT-01"


def test_no_line_is_wider_than_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    v6(["conform", "paper-immediate", "--case", "LMT", "--known", "LMT-03=" + "it does not " * 20])
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_a_run_is_counted_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(2) as progress:
        progress.ended(failure("bad"))
        progress.begins(ONE)
    assert f"2/2, 1 failed  {ONE}"[:79] in stream.getvalue()
    assert stream.getvalue().endswith("\r\x1b[K")


def test_a_run_is_not_counted_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", "paper", "--case", "LMT-01"]) == 0
    assert capsys.readouterr().err == ""


def test_what_a_broker_prints_stays_out_of_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = driver_file(tmp_path, "print('hello')")
    assert v6(["conform", path, "--case", "LMT-01", "--json"]) == 0
    told = capsys.readouterr()
    assert (json.loads(told.out)["badge"], told.err) == (proved(Outcome.PASSED).badge, "hello\n")


def test_an_interrupted_run_counts_what_was_asked_for() -> None:
    results = (Result(case=ONE, outcome=Outcome.PASSED),)
    assert Conformance(name="mine", results=results, asked=3).badge == "v6 in part: 1 of 3 proved"


def test_an_interrupt_leaves_what_is_known_by_then(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = driver_file(tmp_path, "begun.append(1); len(begun) > 1 and signal.raise_signal(signal.SIGINT)")
    assert v6(["conform", path, "--case", "LMT-01", "--case", "LMT-02", "--case", "LMT-03"]) == 130
    told = capsys.readouterr()
    assert "LMT-01  passed" in told.out
    assert told.err == "v6: interrupted after 1 of 3 cases\n"


def test_a_driver_that_ends_the_program_fails_its_case(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert v6(["conform", driver_file(tmp_path, "raise SystemExit(7)"), "--case", "LMT-01"]) == 1
    assert "LMT-01 failed: SystemExit: 7" in capsys.readouterr().out


# Wrong use.


@pytest.mark.parametrize("option", ["--html", "--badge"])
def test_a_file_that_cannot_be_written_is_refused_before_any_case_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    path = driver_file(tmp_path, "print('a case ran')")
    assert v6(["conform", path, option, str(tmp_path / "nowhere" / "page.html")]) == 2
    told = capsys.readouterr()
    assert "cannot be written: there is no folder" in " ".join(told.err.split())
    assert "a case ran" not in told.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--account"], "without NAME the drivers are listed: --account would have no effect"),
        (["--case", "LMT-01", "--html", "x"], "--case and --html would have no effect"),
        (["paper", "--replay", "x", "--account"], "--replay plays one history at a driver: --account would have no"),
        (["paper", "--known", "LMT-01=a", "--known", "lmt-01=b"], "--known lmt-01 is given twice"),
        (["paper", "--case", "LMT-99"], "there is no case LMT-99; did you mean LMT-09?"),
        (["paper", "--case", ""], "--case names no case: ''"),
        (["paper", "--known", "LMT-99=gone"], "--known: there is no case LMT-99; did you mean LMT-09?"),
        (["paper", "--html", "a.html", "--badge", "./a.html"], "--html and --badge both name a.html"),
        (["paper", "--html", "."], ". is a folder: name a file in it"),
        (["./nowhere.py"], "there is no file ./nowhere.py"),
        (["./nowhere"], "'./nowhere' is no driver's name and no Python file"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    assert v6(["conform", *words]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_a_number_of_histories_that_is_none_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("V6_EXAMPLES", "0")
    assert v6(["conform", "paper", "--case", "LMT-01"]) == 2
    assert "V6_EXAMPLES must be a number above zero" in capsys.readouterr().err


# Finding a driver.


def test_installed_drivers_are_named_without_importing_them() -> None:
    code = "import sys; from v6core.testing.conformance.finding import driver_names; driver_names(); "
    code += "sys.exit('v6_ib_plugin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_driver_that_is_not_installed_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PluginError, match="no plugin provides 'nobody'"):
        driver_named("nobody")


def test_a_file_without_a_driver_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(PluginError, match="holds no driver"):
        driver_named(str(tmp_path / "empty.py"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("def __init__(self): raise RuntimeError('no licence')", "cannot be used: RuntimeError: no licence"),
        ("spec = None", "has no BrokerSpec as its spec, but None"),
        ("can = frozenset({'FLYING'})", "says that it can do FLYING"),
        (
            "spec = property(lambda self: dataclasses.replace(PaperDriver().spec, api='9.4'))",
            "broker 'paper' of the driver mine was made for plugin contract 9.4",
        ),
    ],
    ids=["broken", "without a spec", "boasting", "from the future"],
)
def test_a_driver_that_cannot_be_used_is_told_before_the_first_case(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, sentence: str
) -> None:
    (tmp_path / "my_broker.py").write_text(f"import dataclasses\n{FILE}    {text}\n")
    assert v6(["conform", str(tmp_path / "my_broker.py"), "--case", "LMT-01"]) == 2
    assert sentence in " ".join(capsys.readouterr().err.split())


def test_a_file_with_two_drivers_says_which(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(FILE + "class Another(MyDriver): ...\n")
    with pytest.raises(PluginError, match="holds Another and MyDriver, and one driver is to run"):
        driver_named(str(tmp_path / "two.py"))


def test_a_driver_that_is_not_whole_says_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "half.py").write_text("from v6core.testing import Driver\nclass Half(Driver): ...\n")
    with pytest.raises(PluginError, match=r"Half in .* leaves out settings, spec, start, stop"):
        driver_named(str(tmp_path / "half.py"))


def test_the_plugins_of_this_repository_announce_their_drivers() -> None:
    assert {"paper", "paper-immediate", "ib"} <= set(driver_names())


@pytest.mark.parametrize("options", [(), ("--replay", "history")])
def test_a_name_of_the_configuration_says_how_that_broker_is_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v6.toml").write_text('[brokers.mine]\nplugin = "paper"\n')
    assert v6(["conform", "mine", *options]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "'mine' is a configured broker, and no driver has that name" in told
    assert "v6 conform mine --account" in told


@pytest.mark.parametrize("text", ["", "[brokers.mine\n"])
def test_another_name_points_at_the_list_of_drivers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v6.toml").write_text(text)
    assert v6(["conform", "papre"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "no plugin provides 'papre'" in told
    assert "did you mean 'paper'?" in told
    assert "hint: v6 conform lists the drivers" in told


# A real paper account.


def configured(**settings: object) -> Configuration:
    section = BrokerSection(name="mine", plugin="ib", settings=settings)
    return Configuration(broker="mine", brokers={"mine": section})


def test_an_account_with_real_money_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="paper accounts alone"):
        account_driver(configured(live=True, account="U1234567"), "mine")


def test_a_broker_that_is_not_configured_is_named() -> None:
    with pytest.raises(ConfigurationError, match=r"no \[brokers.yours\]") as caught:
        account_driver(configured(), "yours")
    assert "write [brokers.yours] into v6.toml" in str(caught.value.hint)


def test_a_broker_without_quotes_is_told_that_an_account_needs_them(tmp_path: Path) -> None:
    oldest = Path(__file__).parents[1] / "contract" / "oldest_plugin_1_0.py"
    text = oldest.read_text().replace("quotes=True", "quotes=False")
    (tmp_path / "quiet.py").write_text(text)
    section = BrokerSection(name="mine", plugin="./quiet.py", settings={})
    configuration = Configuration(broker="mine", brokers={"mine": section}, folder=tmp_path)
    with pytest.raises(ConfigurationError, match="it declares no quotes") as caught:
        account_driver(configuration, "mine")
    assert "declare quotes" in str(caught.value.hint)


def test_a_configured_broker_is_run_on_its_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "v6.toml").write_text('broker = "dry"\n[brokers.dry]\nplugin = "paper"\nfills = "realistic"\n')
    status = v6(["conform", "dry", "--account", "--case", "LMT-01", "--config", str(tmp_path / "v6.toml"), "--json"])
    (case,) = json.loads(capsys.readouterr().out)["cases"]
    assert (status, case["outcome"]) == (0, "PASSED")


def test_the_account_is_told_before_anything_is_sent(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "v6.toml").write_text('broker = "dry"\n[brokers.dry]\nplugin = "paper"\naccount = "MINE"\n')
    assert v6(["conform", "dry", "--account", "--case", "MKT-01", "--config", str(tmp_path / "v6.toml")]) == 0
    assert capsys.readouterr().err.startswith("v6: trading on account MINE of [brokers.dry]")


def test_a_broker_that_is_not_reached_is_told_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        section = f'[brokers.tws]\nplugin = "ib"\nport = {unused.getsockname()[1]}\naccount = "DU1"\n'
        (tmp_path / "v6.toml").write_text(section)
        assert v6(["conform", "tws", "--account", "--config", str(tmp_path / "v6.toml")]) == 1
    told = capsys.readouterr()
    assert (told.out, told.err.count("nothing listens on 127.0.0.1")) == ("", 1)


# What it leaves to look at.


def test_a_page_shows_every_case_with_what_came_of_it_and_why_it_matters() -> None:
    page = page_of(proved(Outcome.FAILED))
    assert all(text in page for text in (ONE.proves, ONE.why, ONE.pitfall, "a &lt; b", "mine &amp; yours"))


def test_a_page_and_a_badge_say_what_they_are_of(tmp_path: Path) -> None:
    page, badge = tmp_path / "page.html", tmp_path / "badge.svg"
    v6(["conform", "paper", "--case", "LMT-01", "--html", str(page), "--badge", str(badge), "--json"])
    today, origin = f"{datetime.now(UTC):%Y-%m-%d}", f"paper of {origin_of('paper')}"
    words = (today, origin, f"v6core {__version__}", "plugin contract 1.", "v6 conform paper --case LMT-01")
    for text in (page.read_text(), badge.read_text()):
        assert [word for word in words if word not in text] == []


def test_a_page_of_an_account_names_it(tmp_path: Path) -> None:
    (tmp_path / "v6.toml").write_text('broker = "dry"\n[brokers.dry]\nplugin = "paper"\naccount = "MINE"\n')
    words = ["--account", "--case", "MKT-01", "--config", str(tmp_path / "v6.toml"), "--html", str(tmp_path / "page")]
    assert v6(["conform", "dry", *words, "--json"]) == 0
    assert " · account MINE · v6 conform dry --case MKT-01 --account<" in (tmp_path / "page").read_text()


def test_a_page_calls_each_outcome_by_one_word() -> None:
    page = page_of(proved(Outcome.PASSED, Outcome.NOT_DRIVEN))
    assert "1 passed<" in page
    assert ">passed</span>" in page
    assert "1 not run: nothing is known<" in page
    assert ">not run</span>" in page


def test_a_page_needs_nothing_from_anywhere() -> None:
    assert "src=" not in page_of(proved(Outcome.PASSED))
    assert "http" not in page_of(proved(Outcome.PASSED)).replace("http://www.w3.org/2000/svg", "")


def test_a_badge_of_some_cases_does_not_say_that_the_broker_conforms() -> None:
    assert proved(Outcome.PASSED).badge.startswith("v6 in part: 1 of ")


def test_a_badge_tells_how_many_failed() -> None:
    assert "1 failed" in badge_of(proved(Outcome.PASSED, Outcome.FAILED))


def failure(reason: str, at: str = "") -> Result:
    return Result(case=ONE, outcome=Outcome.FAILED, reason=reason, about=ONE.id, at=at)


def without_stops(folder: Path) -> str:
    """Return the path of a driver whose broker declares no stops."""
    text = "from conformance.test_frame import WithoutStops\nclass Mine(WithoutStops): ...\n"
    (folder / "without_stops.py").write_text(text)
    return str(folder / "without_stops.py")


def driver_file(folder: Path, statement: str) -> str:
    """Return the path of a driver that does something at the start of each world."""
    start = f"    async def start(self, folder):\n        {statement}\n        await super().start(folder)\n"
    (folder / "my_broker.py").write_text(f"import signal\nbegun = []\n{FILE}{start}")
    return str(folder / "my_broker.py")


def v6(words: list[str]) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


def run_pytest(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
