"""``v6 kill`` and ``v6 halt`` with a configuration that cannot be used: all is done that needs no broker, and told."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from end_to_end.v6_calls import Called, one_sentence, v6, v6_json
from faults.engine_process import CONFIGURATION, running
from v6core.config import Places, readable_places

HALT_FILE, JOURNAL = Path(".v6/HALT"), Path(".v6/journal.db")
BROKEN = {
    "a misspelt key": ("on_exit", "on_exitt"),
    "no TOML": ("[engine]", "nonsense\n[engine]"),
    "an unclosed quote": ('"never"', '"never'),
    "an unknown broker": ("[brokers.dry]", 'broker = "dyr"\n[brokers.dry]'),
    "a wrong type": ("settle = 0.1", 'settle = "soon"'),
    "no text": ("[engine]", "\0"),
}
ELSEWHERE = CONFIGURATION + 'halt_file = "STOP"\n[journal]\npath = "mine/j.db"\n'
"""A configuration that names places of its own, at its end."""
MISSPELT = (("halt_file", "halt_fle"), ("path", "pth"))


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def break_it(how: str = "a misspelt key") -> None:
    """Break the configuration with which an engine runs."""
    Path("v6.toml").write_text(Path("v6.toml").read_text().replace(*BROKEN[how]))


def misspell() -> None:
    """Misspell the keys that say where the halt file and the journal are."""
    text = Path("v6.toml").read_text()
    for right, wrong in MISSPELT:
        text = text.replace(right, wrong)
    Path("v6.toml").write_text(text)


def killed(*options: str) -> Called:
    """Kill, which cannot be proved."""
    called = v6("kill", *options, "--json")
    assert (called.status, called.error["code"], called.error["sent"]) == (4, "KILL_UNPROVED", False)
    return called


def places(text: str | bytes, **environment: str) -> Places:
    """Return the places that can be read of a text and an environment."""
    Path("v6.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    return readable_places(environment=environment)


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("how", ["a misspelt key", "no TOML"])
def test_a_kill_latches_and_ends_the_engine_whatever_is_wrong_with_the_configuration(how: str) -> None:
    with running("blocked") as process:
        break_it(how)
        told = killed("--reason", "too wild").document
        assert process.wait(timeout=10) == -signal.SIGTERM
    assert (told["halt_file"], told["process"]["pid"]) == (str(HALT_FILE.absolute()), process.pid)
    assert HALT_FILE.read_text() == "KILLED: too wild\n"


@pytest.mark.parametrize("how", BROKEN)
def test_a_kill_finds_the_journal_whatever_is_wrong_with_the_configuration(how: str) -> None:
    _placed()
    break_it(how)
    told = killed().document
    assert (told["halt_file"], told["in_journal"]) == (str(HALT_FILE.absolute()), True)


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_kill_takes_the_misspelt_places_beside_the_defaults_and_says_so() -> None:
    with running("blocked", configuration=ELSEWHERE) as process:
        misspell()
        told = killed("--reason", "too wild").document
        assert process.wait(timeout=10) == -signal.SIGTERM
    assert (HALT_FILE.read_text(), Path("STOP").read_text()) == ("KILLED: too wild\n", "KILLED: too wild\n")
    assert (told["process"]["pid"], told["journal"]) == (process.pid, str(Path("mine/j.db").absolute()))
    assert told["in_journal"]
    stop = f"{Path('STOP').absolute()} (read from v6.toml line 14, where [risk] halt_fle may mean [risk] halt_file)"
    assert f"the halt file may be {stop}; both were tried" in told["notes"]


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_kill_again_with_the_configuration_mended_cancels_and_proves() -> None:
    with running("blocked"):
        whole = Path("v6.toml").read_text()
        break_it()
        killed()
        Path("v6.toml").write_text(whole)
        told = v6_json("kill")
    assert [order["outcome"] for order in told["stopped"]] == ["CANCELLED"] * 3


def test_a_kill_without_a_configuration_tells_why_what_was_done_and_what_not() -> None:
    _placed()
    break_it()
    called = v6("kill")
    lines = called.out.splitlines()
    assert lines[:2] == [
        f"halted by the halt file {HALT_FILE.absolute()} and the journal",
        f"no engine held the journal {JOURNAL.absolute()}",
    ]
    assert "NOT PROVED: that no order of ours works" in lines
    assert f"note: the halt file is {HALT_FILE.absolute()} (the default)" in " ".join(lines).replace("    ", "")
    assert 'v6.toml line 9: [engine] has no key "on_exitt"' in " ".join(called.err.split())
    assert "hint: mend the configuration" in called.err


def test_a_kill_without_a_configuration_is_kept_in_the_journal_and_cancels_nothing() -> None:
    _placed()
    whole = Path("v6.toml").read_text()
    break_it()
    assert killed("--reason", "enough").document["in_journal"]
    Path("v6.toml").write_text(whole)
    (row,) = v6_json("journal", "show", "--kind", "trading_state")
    assert (row["event"]["state"], row["event"]["reason"]) == ("HALTED", "KILLED: enough")
    assert [order["status"] for order in v6_json("orders")] == ["SUBMITTED"]


def test_a_kill_without_a_configuration_begins_no_journal() -> None:
    Path("v6.toml").write_text("nonsense")
    assert not killed().document["in_journal"]
    assert not JOURNAL.exists()


def test_a_kill_without_a_configuration_says_that_nothing_was_flattened() -> None:
    Path("v6.toml").write_text("nonsense")
    assert killed("--flatten", "--global").document["flat"] is False


def test_a_plugins_own_key_that_is_misspelt_is_told_once_all_else_is_done() -> None:
    _placed()
    Path("v6.toml").write_text(CONFIGURATION.format(on_exit="keep").replace("fills", "filsl"))
    called = v6("kill", "--json")
    assert (called.status, called.document["in_journal"], HALT_FILE.exists()) == (4, True, True)
    assert '[brokers.dry] has no key "filsl"' in called.error["error"]


def test_a_kill_of_an_unknown_broker_ends_no_engine_where_each_has_a_journal_of_its_own() -> None:
    Path("v6.toml").write_text('[brokers.a]\nplugin = "paper"\n[journal]\npath = "{broker}.db"\n')
    told = killed("--broker", "b").document
    assert (told["process"]["ending"], told["journal"], HALT_FILE.exists()) == ("UNKNOWN", None, True)
    assert any("give --broker NAME" in problem for problem in told["problems"])


def test_a_halt_file_that_cannot_be_written_does_not_keep_the_engine_from_being_ended() -> None:
    HALT_FILE.mkdir(parents=True)
    told = killed().document
    assert (told["halt_file"], told["process"]["ending"]) == (None, "NONE")
    assert any(problem.startswith("the halt file") for problem in told["problems"])


def test_a_kill_without_a_journal_does_not_advise_to_ask_it() -> None:
    Path("v6.toml").write_text(CONFIGURATION.format(on_exit="keep"))
    called = v6("kill")
    assert "--in-doubt" not in called.err
    assert "only the broker itself tells what is open" in " ".join(called.err.split())


@pytest.mark.parametrize("how", BROKEN)
def test_a_halt_is_latched_whatever_is_wrong_with_the_configuration(how: str) -> None:
    _placed()
    break_it(how)
    called = v6("halt", "lunch", "--json")
    assert (called.status, called.error["code"], called.document["by"]) == (4, "HALT_UNPROVED", "halt_file")
    assert HALT_FILE.read_text() == "lunch\n"


def test_a_halt_takes_the_misspelt_places_beside_the_defaults_and_says_so() -> None:
    Path("v6.toml").write_text(ELSEWHERE.format(on_exit="keep"))
    v6_json("place", "GOOG", "buy", "1", "--limit", "99")
    misspell()
    called = v6("halt", "lunch")
    assert (called.status, HALT_FILE.read_text(), Path("STOP").read_text()) == (4, "lunch\n", "lunch\n")
    stop, journal = Path("STOP").absolute(), Path("mine/j.db").absolute()
    told = " ".join(called.out.split())
    assert f"halted by the halt file {HALT_FILE.absolute()} (the default)" in told
    assert f"halted by the halt file {stop} (read from v6.toml line 14, where [risk] halt_fle may mean" in told
    assert f"halted in the journal {journal} (read from v6.toml line 16, where [journal] pth may mean" in told


def test_a_halt_lists_every_halt_file_that_was_set() -> None:
    Path("v6.toml").write_text('[risk]\nhalt_fle = "STOP"\n')
    told = v6("halt", "lunch", "--json").document
    assert (told["halt_file"], told["halt_files"]) == (
        str(HALT_FILE.absolute()),
        [str(HALT_FILE.absolute()), str(Path("STOP").absolute())],
    )


def test_a_halt_without_a_configuration_is_kept_in_the_journal() -> None:
    _placed()
    whole = Path("v6.toml").read_text()
    break_it()
    v6("halt", "lunch")
    Path("v6.toml").write_text(whole)
    (row,) = v6_json("journal", "show", "--kind", "trading_state")
    assert (row["event"]["state"], row["event"]["reason"]) == ("HALTED", "lunch")


def test_a_halt_without_a_configuration_begins_no_journal() -> None:
    Path("v6.toml").write_text("nonsense")
    assert "not halted in the journal" in v6("halt", "lunch").out
    assert not JOURNAL.exists()


def test_whatever_else_is_called_refuses_such_a_configuration() -> None:
    Path("v6.toml").write_text("nonsense")
    called = v6("resume", "ok")
    assert (called.status, HALT_FILE.exists()) == (2, False)
    assert one_sentence(called).startswith("v6.toml line 1: this is not TOML")


# Where the halt file and the journal are.


@pytest.mark.parametrize(
    "text",
    [
        'bogus = 1\n[risk]\nhalt_file = "h"\n[journal]\npath = "j"\n',
        'nonsense\n[risk]\nhalt_file = "h"  # here\n[journal]\npath = "j"\n',
        'nonsense\nrisk = { halt_file = "h" }\njournal.path = "j"\n',
        '[risk\nhalt_file = "h"\n  [journal]]\n  path = "j"\nnonsense',
        '[risk]\nhalt_file = "h"\n[journal]\npath = "j"\n[journal]\npath = "k"\n',
        b'# \xff\n[risk]\nhalt_file = "h"\n[journal]\npath = "j"\n',
    ],
)
def test_the_places_are_read_from_what_is_readable(text: str | bytes) -> None:
    found = places(text)
    assert (_told(found.halt_file), _told(found.journal)) == ("h", "j")


@pytest.mark.parametrize(
    "text", ["", "nonsense", "risk = 1\njournal = [2]", "[risk]\nhalt_file = 1\n[journal]\npath = {}"]
)
def test_the_places_are_the_defaults_where_none_is_readable(text: str) -> None:
    found = places(text)
    assert (_told(found.halt_file), _told(found.journal)) == (str(HALT_FILE), str(JOURNAL))
    assert str(found.journal).endswith("(the default)")


def test_the_line_from_which_a_place_was_read_is_told() -> None:
    assert str(places('nonsense\n[journal]\npath = "j"\n').journal).endswith("j (read from v6.toml line 3)")


def test_the_environment_says_where_the_places_are_too() -> None:
    found = places("nonsense", V6_RISK__HALT_FILE="h", V6_JOURNAL__PATH="7")
    assert (_told(found.halt_file), _told(found.journal)) == ("h", "7")
    assert str(found.halt_file).endswith("(read from environment V6_RISK__HALT_FILE)")


@pytest.mark.parametrize(
    "text",
    [
        '[risk]\nhalt_fil = "h"\n[journal]\nPath = "j"\n',
        '[riks]\nhalt_file = "h"\n[journl]\npaht = "j"\n',
        'nonsense\n[risk]\nhaltfile = "h"\n[journal]\npaths = "j"\n',
        '[risk]\nhalt_files_ = "x"\nhalt_file_ = "h"\n[journal]\npth = "j"\n',
    ],
)
def test_a_key_that_nearly_is_ours_tells_a_likely_place_beside_the_default(text: str) -> None:
    found = places(text)
    assert (_told(found.halt_file), _told(found.journal)) == (str(HALT_FILE), str(JOURNAL))
    assert (_told(found.likely_halt_file), _told(found.likely_journal)) == ("h", "j")


def test_a_variable_that_nearly_is_ours_tells_a_likely_place_too() -> None:
    found = places("nonsense", V6_RISK__HALT_FIL="h")
    assert str(found.likely_halt_file).endswith(
        "(read from environment V6_RISK__HALT_FIL, where [risk] halt_fil may mean [risk] halt_file)"
    )


@pytest.mark.parametrize(
    "text",
    [
        '[risk]\nhalt_file = "h"\nhalt_fil = "x"\n[journal]\npath = "j"\npth = "x"\n',
        '[RISK]\nhalt_file = "x"\n[risk]\nhalt_file = "h"\n[journal]\nPATH = "x"\npath = "j"\n',
        '[risk]\nround_to_tik = "x"\n[journal]\nfolder = "x"\n',
        '[risk]\nhalt_fil = "off"\n[journal]\npth = 7\n',
        '[risk]\nhalt_fil = ".v6/HALT"\n[journal]\npth = ".v6/journal.db"\n',
    ],
)
def test_no_other_place_is_likely_where_the_key_is_there_or_says_no_other(text: str) -> None:
    found = places(text)
    assert (found.likely_halt_file, found.likely_journal) == (None, None)


@pytest.mark.parametrize("off", ["off", "Off ", ""])
def test_a_halt_file_that_is_off_stays_off(off: str) -> None:
    assert places(f'nonsense\n[risk]\nhalt_file = "{off}"\n').halt_file is None


@pytest.mark.parametrize(
    ("text", "broker", "journal"),
    [
        ('[brokers.a]\nplugin = "paper"\n', None, "a.db"),
        ('broker = "b"\n[brokers.a]\nplugin = "x"\n[brokers.b]\nplugin = "x"\n', None, "b.db"),
        ('[brokers.a]\nplugin = "x"\n[brokers.b]\nplugin = "x"\n', "b", "b.db"),
        ('[brokers.a]\nplugin = "x"\n[brokers.b]\nplugin = "x"\n', None, None),
        ('broker = "c"\n[brokers.a]\nplugin = "x"\n', None, None),
    ],
)
def test_the_journal_of_each_broker_is_that_of_the_one_that_is_chosen(
    text: str, broker: str | None, journal: str | None
) -> None:
    Path("v6.toml").write_text(f'{text}[journal]\npath = "{{broker}}.db"\nnonsense')
    assert _told(readable_places(broker=broker, environment={}).journal) == journal


def test_the_places_are_beside_a_file_that_is_not_there() -> None:
    assert _told(readable_places("sub/v6.toml", environment={}).journal) == "sub/.v6/journal.db"


def _told(place: Any) -> str | None:
    return None if place is None else str(place.path.relative_to(Path.cwd()))


def _placed() -> None:
    Path("v6.toml").write_text(CONFIGURATION.format(on_exit="keep"))
    v6_json("place", "GOOG", "buy", "1", "--limit", "99")
