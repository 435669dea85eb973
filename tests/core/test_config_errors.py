"""What is said of a configuration that cannot be used: the place, the thing, the way out, all problems at once."""

import os
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field

from v6core.config import load, settings_for
from v6core.errors import ConfigurationError

NINE_LINES = '[brokers.ib-live]\nplugin = "ib"\n\n\n\n\n\n# the port of TWS\nprot = 7496\n'


class Nested(BaseModel):
    model_config = ConfigDict(extra="forbid")

    speed: float = 1


class PluginSettings(BaseModel):
    host: str = "127.0.0.1"
    port: int = Field(default=7497, ge=1, le=65_535)
    account: str | None = None
    cash: Decimal = Decimal(0)
    inner: Nested = Nested()


def refused(folder: Path, text: str = "", broker: str | None = None, **variables: str) -> list[str]:
    (folder / "v6.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load(broker=broker, environment=variables, folder=folder)
    return str(caught.value).splitlines()


def settings_refused(folder: Path, text: str, **variables: str) -> list[str]:
    (folder / "v6.toml").write_text(text, encoding="utf-8")
    chosen = load(environment=variables, folder=folder).chosen
    with pytest.raises(ConfigurationError) as caught:
        settings_for(chosen, PluginSettings)
    return str(caught.value).splitlines()


def test_an_unknown_key_of_a_plugin_is_told_with_line_and_suggestion(tmp_path: Path) -> None:
    assert settings_refused(tmp_path, NINE_LINES) == [
        'v6.toml line 9: [brokers.ib-live] has no key "prot"; did you mean "port"?'
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('brokr = "x"', 'v6.toml line 1: there is no key "brokr"; did you mean "broker"?'),
        ("\n[rsik]\nx = 1", 'v6.toml line 2: there is no section [rsik]; did you mean "risk"?'),
        ("[risk]\nmax_contract = 5", 'v6.toml line 2: [risk] has no key "max_contract"; did you mean "max_contracts"?'),
        ("[risk]\nmax_contracts = -1", 'v6.toml line 2: [risk] max_contracts must be 0, "off" or above zero, not -1'),
        ("[risk]\nmax_contracts = nan", "v6.toml line 2: [risk] max_contracts must be finite, not NaN"),
        ("[risk]\nmax_contracts = inf", "v6.toml line 2: [risk] max_contracts must be finite, not Infinity"),
        ("[risk]\nmax_contracts = true", "v6.toml line 2: [risk] max_contracts must be a number, not True"),
        ("[risk]\nmax_contracts = []", "v6.toml line 2: [risk] max_contracts must be a number, not list"),
        ('[risk]\nallow = "SPY"', 'v6.toml line 2: [risk] allow must be a list like ["a", "b"], not "SPY"'),
        ("[risk]\nread_only = 7", "v6.toml line 2: [risk] read_only must be true or false, not 7"),
        ("risk = 5", "v6.toml line 1: risk must be a table, not 5"),
        ("[engine]\nack_deadline = 0", "v6.toml line 2: [engine] ack_deadline must be above 0, not 0"),
        ("[engine]\nack_deadline = inf", "v6.toml line 2: [engine] ack_deadline must be a finite number, not Infinity"),
        ("[journal]\npath = 5", "v6.toml line 2: [journal] path must be a path in quotes, not 5"),
        ("brokers = []", "v6.toml line 1: brokers must be a table, not []"),
        (
            '[brokers.x]\nplugn = "ib"',
            'v6.toml line 1: [brokers.x] has no "plugin", but "plugn": did you mean "plugin"?',
        ),
        ('[brokers."../x"]\nplugin = "p"', "a broker's name is letters, digits, - and _, at most 64"),
        ('[brokers.a-b]\nplugin = "p"\n[brokers.a_b]\nplugin = "p"\n', "cannot be told apart: rename one"),
        ('broker = "dyr"\n[brokers.dry]\nplugin = "p"', 'no section [brokers.dyr]; did you mean "dry"?'),
        ("x = [", "v6.toml line 1: this is not TOML: invalid value"),
        ("a = 1\nb 2\n", "v6.toml line 2: this is not TOML: expected '=' after a key in a key/value pair"),
        ("[risk]\n[risk]", "v6.toml line 2: this is not TOML: a key or a table is there twice"),
        ("a = " + "9" * 5000, "v6.toml holds a value that is too long or nested too deeply"),
        ("a = " + "[" * 100_000, "v6.toml holds a value that is too long or nested too deeply"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    lines = refused(tmp_path, text)
    assert any(sentence in line for line in lines), lines


def test_all_problems_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    lines = refused(tmp_path, "x = 1\n[risk]\nread_only = 9\ny = 2\n[engine]\nz = 3", V6_RISK__ALLOW="5")
    assert lines[0] == "the configuration has 5 problems:"
    places = [line.partition(":")[0] for line in lines[1:]]
    assert places == [f"v6.toml line {n}" for n in (1, 3, 4, 6)] + ["environment V6_RISK__ALLOW"]


def test_a_broken_value_from_the_environment_names_the_variable(tmp_path: Path) -> None:
    assert refused(tmp_path, V6_RISK__MAX_ORDER_VALUE="lots") == [
        "environment V6_RISK__MAX_ORDER_VALUE: [risk] max_order_value must be a number, not 'lots'"
    ]


def test_a_variable_that_is_nearly_one_of_ours_is_refused(tmp_path: Path) -> None:
    assert "did you mean V6_BROKER?" in refused(tmp_path, V6_BROKR="dry")[0]


def test_a_variable_for_an_unknown_section_is_refused(tmp_path: Path) -> None:
    assert 'no section [rsk]; did you mean "risk"?' in refused(tmp_path, V6_RSK__READ_ONLY="true")[0]


def test_two_variables_for_one_key_are_refused(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, V6_RISK__READ_ONLY="true", V6_RISK__read_only="false")
    assert "it sets the same key as" in line


def test_a_variable_cannot_smuggle_a_second_key(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, V6_RISK__MAX_CONTRACTS="5\nread_only = false")
    assert "max_contracts must be a number" in line


def test_an_unknown_option_names_the_option(tmp_path: Path) -> None:
    (line,) = refused(tmp_path, broker="ib")
    assert line == "option --broker: there is no broker 'ib': no section [brokers.ib] (there is: paper)"


def test_the_sentences_of_a_plugins_settings_are_the_same(tmp_path: Path) -> None:
    text = '[brokers.x]\nplugin = "p"\nport = 99999\nhost = 5\n[brokers.x.inner]\nspeeed = 2\n'
    assert settings_refused(tmp_path, text, V6_BROKERS__X__CASH="lots")[1:] == [
        "v6.toml line 3: [brokers.x] port must be at most 65535, not 99999",
        "v6.toml line 4: [brokers.x] host must be text in quotes, not 5",
        'v6.toml line 6: [brokers.x.inner] has no key "speeed"; did you mean "speed"?',
        'environment V6_BROKERS__X__CASH: [brokers.x] cash must be a number, not "lots"',
    ]


def test_a_number_in_a_variable_is_text_where_the_key_takes_text(tmp_path: Path) -> None:
    variables = {"V6_BROKERS__X__PLUGIN": "p", "V6_BROKERS__X__ACCOUNT": "0012345", "V6_BROKERS__X__PORT": "5"}
    settings = settings_for(load(environment=variables, folder=tmp_path).chosen, PluginSettings)
    assert (settings.account, settings.port) == ("0012345", 5)
    variables["V6_BROKERS__X__ACCOUNT"] = "1e5"
    assert settings_for(load(environment=variables, folder=tmp_path).chosen, PluginSettings).account == "1e5"


def test_settings_that_crash_name_the_plugin(tmp_path: Path) -> None:
    class Crashing(BaseModel):
        def __init__(self, **_: object) -> None:
            raise ZeroDivisionError

    chosen = load(environment={}, folder=tmp_path).chosen
    with pytest.raises(ConfigurationError, match="the settings of plugin 'paper' failed with ZeroDivisionError"):
        settings_for(chosen, Crashing)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"there is no configuration file .*none\.toml"):
        load("none.toml", environment={}, folder=tmp_path)
    with pytest.raises(ConfigurationError, match="environment V6_CONFIG: there is no configuration file gone"):
        load(environment={"V6_CONFIG": "gone"}, folder=tmp_path)


def test_a_link_that_leads_nowhere_is_not_taken_for_no_file(tmp_path: Path) -> None:
    (tmp_path / "v6.toml").symlink_to(tmp_path / "gone")
    with pytest.raises(ConfigurationError, match=r"there is no configuration file v6\.toml"):
        load(environment={}, folder=tmp_path)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "v6.toml").mkdir()
    with pytest.raises(ConfigurationError, match="is a folder"):
        load(environment={}, folder=tmp_path)


@pytest.mark.parametrize("raw", [b"\x00\x01\x02", b"\xff\xfe[\x00", bytes(range(256)), b"a" * 1_000_001])
def test_a_binary_or_endless_file_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "v6.toml").write_bytes(raw)
    with pytest.raises(ConfigurationError, match=r"^v6\.toml"):
        load(environment={}, folder=tmp_path)


def test_a_byte_order_mark_is_taken(tmp_path: Path) -> None:
    (tmp_path / "v6.toml").write_bytes(b'\xef\xbb\xbf[brokers.x]\r\nplugin = "p"\r\n')
    assert load(environment={}, folder=tmp_path).broker == "x"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "v6.toml").touch(0)
    with pytest.raises(ConfigurationError, match=r"v6\.toml cannot be read: Permission denied"):
        load(environment={}, folder=tmp_path)


@pytest.mark.parametrize("path", ["a\x00b", "~nobody-of-that-name/v6.toml", "x" * 5000])
def test_an_impossible_path_is_told(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigurationError):
        load(path, environment={}, folder=tmp_path)
