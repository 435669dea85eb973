"""A broker in one file, named by its path: from the configuration, on the command line, and where it is unsound."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from end_to_end.v6_calls import one_sentence, v6, v6_json
from v6core import Order, OrderStatus, Stock, connect
from v6core.errors import PluginError
from v6core.plugins import identity, load_broker

BROKER = Path(__file__).parents[1] / "contract" / "oldest_plugin_1_0.py"
CONFIGURATION = '[brokers.mine]\nplugin = "./my_broker.py"\nprice = 120\n\n[brokers.dry]\nplugin = "paper"\n'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with a broker of one's own that is not chosen."""
    monkeypatch.chdir(tmp_path)
    Path("v6.toml").write_text('broker = "dry"\n' + CONFIGURATION)
    Path("my_broker.py").write_text(BROKER.read_text())


def test_the_command_line_chooses_it(tmp_path: Path) -> None:
    placed = v6_json("--broker", "mine", "place", "GOOG", "buy", "10")
    assert (placed["status"], placed["avg_fill_price"]) == ("FILLED", "120")


def test_an_environment_variable_chooses_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_BROKER", "mine")
    assert v6_json("quote", "GOOG")["last"] == "120"


def test_a_program_trades_through_it() -> None:
    with connect(broker="mine") as engine:
        order = engine.place_order(Stock("GOOG"), Order.limit("BUY", 10, 40))
        assert order.status is OrderStatus.SUBMITTED
        assert engine.cancel_order(order.order_id)


def test_its_path_starts_at_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert v6_json("--config", tmp_path / "v6.toml", "--broker", "mine", "quote", "GOOG")["last"] == "120"


def test_it_is_listed_as_a_file() -> None:
    (row,) = [row for row in v6_json("brokers")["brokers"] if row["name"] == "mine"]
    assert (row["plugin"], row["from"]) == ("./my_broker.py", "a file")


def test_it_is_told_with_its_contract_and_what_its_file_hashes_to() -> None:
    told = v6_json("brokers", "mine")
    assert (told["plugin"], told["api"], told["from"]) == ("oldest", "1.0", identity("./my_broker.py"))
    assert "plugin oldest, the file ./my_broker.py " in v6("brokers", "mine").out


def test_the_same_file_is_run_once() -> None:
    assert load_broker("./my_broker.py").settings is load_broker("my_broker.py").settings


def test_a_changed_file_is_another() -> None:
    first = load_broker("./my_broker.py").settings
    Path("my_broker.py").write_text(BROKER.read_text() + "\n# changed\n")
    assert load_broker("./my_broker.py").settings is not first


def test_two_files_called_alike_do_not_meet() -> None:
    Path("other").mkdir()
    Path("other/my_broker.py").write_text(BROKER.read_text())
    assert load_broker("./my_broker.py").settings is not load_broker("./other/my_broker.py").settings


def test_a_file_that_fails_leaves_no_module_behind() -> None:
    Path("bad.py").write_text("raise ValueError('bad')")
    before = set(sys.modules)
    with pytest.raises(PluginError, match=r"the file \./bad\.py cannot be imported: ValueError: bad"):
        load_broker("./bad.py")
    assert {name for name in sys.modules if name.startswith("v6_broker_file")} <= before


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (None, "there is no file ./my_broker.py"),
        ("import nothing_like_it", "the file ./my_broker.py cannot be imported: ModuleNotFoundError"),
        ("x = 1", "the file ./my_broker.py announces no broker: it has no hook v6_brokers"),
    ],
    ids=["missing", "broken", "empty"],
)
def test_an_unsound_file_is_one_sentence_on_the_command_line(source: str | None, sentence: str) -> None:
    Path("my_broker.py").unlink()
    if source is not None:
        Path("my_broker.py").write_text(source)
    called = v6("--broker", "mine", "place", "GOOG", "buy", "10")
    assert called.status == 2
    assert one_sentence(called).startswith(sentence)


def test_a_setting_that_it_does_not_have_is_refused_with_its_line() -> None:
    Path("v6.toml").write_text(CONFIGURATION.replace("price", "prise"))
    called = v6("--broker", "mine", "quote", "GOOG")
    assert called.status == 2
    assert one_sentence(called).startswith('v6.toml line 3: [brokers.mine] has no key "prise"; did you mean "price"')


def test_a_folder_is_no_file() -> None:
    Path("folder.py").mkdir()
    with pytest.raises(PluginError, match=r"the file \./folder\.py .* cannot be read: Is a directory"):
        load_broker("./folder.py")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read_is_told() -> None:
    Path("my_broker.py").chmod(0)
    with pytest.raises(PluginError, match=r"cannot be read: Permission denied"):
        load_broker("./my_broker.py")


@pytest.mark.parametrize("path", ["./my_broker", "brokers/mine", "C:\\brokers\\mine"])
def test_a_path_without_its_ending_is_told_what_is_missing(path: str) -> None:
    with pytest.raises(PluginError) as caught:
        load_broker(path)
    assert str(caught.value) == f"{path!r} is no plugin's name and no Python file"
    assert caught.value.hint == "a broker's file ends with .py"


def test_the_one_on_the_page_passes_the_suite_with_the_driver_beside_it() -> None:
    page = (Path(__file__).parents[2] / "docs" / "plugins.md").read_text(encoding="utf-8")
    for name in ("my_broker.py", "my_driver.py"):
        (source,) = re.findall(rf"```python\n(# {name}\n.*?)```", page, re.DOTALL)
        Path(name).write_text(source)
    told = v6_json("conform", "./my_driver.py")
    assert (told["conforms"], len([case for case in told["cases"] if case["outcome"] == "PASSED"]) > 10) == (True, True)
