"""v6.toml, the variables laid over it and the option: what they come to, and where each value came from."""

from pathlib import Path

import pytest

from v6core.config import Configuration, Origin, Source, json_schema, load
from v6core.config.document import parse_document
from v6core.errors import ConfigurationError
from v6core.risk import RiskLimits

TWO_BROKERS = """\
broker = "dry"
[brokers.dry]
plugin = "paper"
cash = 100_000
[brokers.ib-live]
plugin = "ib"
port = 7496
[risk]
max_order_value = 25_000.10
"""


def loaded(folder: Path, text: str | None = None, broker: str | None = None, **variables: str) -> Configuration:
    if text is not None:
        (folder / "v6.toml").write_text(text, encoding="utf-8")
    return load(broker=broker, environment=variables, folder=folder)


def refused(folder: Path, text: str | None = None, broker: str | None = None, **variables: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        loaded(folder, text, broker, **variables)
    return str(caught.value)


def test_without_a_file_the_paper_broker_is_chosen(tmp_path: Path) -> None:
    configuration = loaded(tmp_path)
    assert configuration.chosen.plugin == "paper"
    assert configuration.risk == RiskLimits(halt_file=str(tmp_path / ".v6/HALT"))


def test_an_empty_file_is_as_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").chosen.plugin == "paper"


def test_the_file_chooses_the_broker_and_keeps_its_settings_raw(tmp_path: Path) -> None:
    chosen = loaded(tmp_path, TWO_BROKERS).chosen
    assert (chosen.name, chosen.plugin, dict(chosen.settings)) == ("dry", "paper", {"cash": 100_000})


def test_the_environment_goes_above_the_file_and_the_option_above_both(tmp_path: Path) -> None:
    assert loaded(tmp_path, TWO_BROKERS, V6_BROKER="ib-live").broker == "ib-live"
    assert loaded(tmp_path, TWO_BROKERS, broker="dry", V6_BROKER="ib-live").broker == "dry"


@pytest.mark.parametrize(
    "name", ["V6_BROKERS__IB_LIVE__PORT", "V6_BROKERS__ib-live__port", "V6_brokers__Ib_Live__Port"]
)
def test_a_variable_names_a_broker_in_any_case_and_with_underscores(tmp_path: Path, name: str) -> None:
    configuration = loaded(tmp_path, TWO_BROKERS, **{name: "4001"})
    assert configuration.brokers["ib-live"].settings["port"] == 4001


def test_variables_alone_make_a_broker(tmp_path: Path) -> None:
    variables = {"V6_BROKERS__IB_LIVE__PLUGIN": "ib", "V6_BROKER": "IB_LIVE"}
    assert loaded(tmp_path, **variables).chosen.plugin == "ib"


def test_a_lone_broker_needs_no_choice(tmp_path: Path) -> None:
    assert loaded(tmp_path, '[brokers.mine]\nplugin = "ib"').broker == "mine"


def test_several_brokers_without_a_choice_are_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, TWO_BROKERS.partition("\n")[2])
    assert "several brokers and no choice: set broker to one of dry, ib-live" in message


def test_the_paper_broker_can_always_be_chosen(tmp_path: Path) -> None:
    assert loaded(tmp_path, '[brokers.mine]\nplugin = "ib"', broker="paper").chosen.plugin == "paper"


def test_numbers_are_decimals(tmp_path: Path) -> None:
    assert str(loaded(tmp_path, TWO_BROKERS).risk.max_order_value) == "25000.10"
    assert str(loaded(tmp_path, V6_RISK__PRICE_COLLAR="0.1").risk.price_collar) == "0.1"


@pytest.mark.parametrize("off", ['"off"', "0", "0.0"])
def test_off_and_zero_switch_a_limit_off(tmp_path: Path, off: str) -> None:
    assert loaded(tmp_path, f"[risk]\nmax_contracts = {off}").risk.max_contracts is None


def test_a_limit_named_by_a_variable_holds_for_a_simulated_broker(tmp_path: Path) -> None:
    limits = loaded(tmp_path, V6_RISK__PRICE_COLLAR="0.2").risk.for_simulated()
    assert str(limits.price_collar) == "0.2"
    assert limits.duplicate_window is None


def test_a_list_comes_from_a_variable(tmp_path: Path) -> None:
    assert loaded(tmp_path, V6_RISK__ALLOW='["SPY", "QQQ"]').risk.allow == ("SPY", "QQQ")


def test_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/my.toml").write_text('[journal]\npath = "data/j.db"\n[risk]\nhalt_file = "../STOP"')
    configuration = load("etc/my.toml", environment={}, folder=tmp_path)
    assert configuration.journal.path == tmp_path / "etc/data/j.db"
    assert configuration.risk.halt_file == str(tmp_path / "STOP")
    assert configuration.folder == tmp_path / "etc"


def test_v6_config_names_the_file_and_a_path_goes_above_it(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[brokers.a]\nplugin = "x"')
    (tmp_path / "b.toml").write_text('[brokers.b]\nplugin = "x"')
    environment = {"V6_CONFIG": str(tmp_path / "a.toml")}
    assert load(environment=environment, folder=tmp_path).broker == "a"
    assert load(tmp_path / "b.toml", environment=environment, folder=tmp_path).broker == "b"


def test_every_value_tells_where_it_came_from(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, TWO_BROKERS, broker="dry", V6_RISK__MAX_CONTRACTS="7")
    assert str(configuration.origin("brokers", "ib-live", "port")) == "v6.toml line 7"
    assert str(configuration.origin("risk", "max_contracts")) == "environment V6_RISK__MAX_CONTRACTS"
    assert str(configuration.origin("risk", "max_position")) == "default"
    assert str(configuration.origin("broker")) == "option --broker"


def test_show_has_a_row_for_every_key(tmp_path: Path) -> None:
    rows = {row.key: row for row in loaded(tmp_path, TWO_BROKERS).show()}
    assert rows["brokers.dry.cash"].value == 100_000
    assert rows["risk.max_order_value"].value == "25000.10"
    assert rows["risk.max_position"].value == "off"
    assert rows["engine.ack_deadline"].origin == Origin(Source.DEFAULT)


def test_show_masks_what_is_called_like_a_secret_and_shows_references(tmp_path: Path) -> None:
    text = '[brokers.x]\nplugin = "p"\npassword = "hunter2"\ntoken = "env:TOKEN"\nlogin = {api_key = "hunter3"}'
    configuration = loaded(tmp_path, text)
    rows = {row.key: row.value for row in configuration.show()}
    assert (rows["brokers.x.password"], rows["brokers.x.token"]) == ("***", "env:TOKEN")
    assert "hunter" not in f"{rows}{configuration!r}"


def test_no_variable_of_others_is_touched(tmp_path: Path) -> None:
    assert loaded(tmp_path, V6_TEST_DATA="/data", V6="1", PATH="/bin", V6_BROKER="").broker == "paper"


LINES = """\
a.b = 1
"quoted.key" = '''
[not.a.table]
c = 2 '''   # comment ]
[t."x.y".'z']
list = [ # ]
  "]", [1, 2],
]
inline = { one = 1, two = { three = "}" } }
text = \"\"\"a \\\"\"\" = ["\"\"\"
[[many]]
k = 1
[[many]]
k = 2
[many.inner]
k = 3
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("a", "b"), 1),
        (("quoted.key",), 2),
        (("t", "x.y", "z"), 5),
        (("t", "x.y", "z", "list"), 6),
        (("t", "x.y", "z", "inline", "two", "three"), 9),
        (("t", "x.y", "z", "text"), 10),
        (("many", 0, "k"), 12),
        (("many", 1, "k"), 14),
        (("many", 1, "inner", "k"), 16),
    ],
)
def test_each_key_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    assert parse_document(LINES, "x").lines[path] == line
    assert parse_document(LINES.replace("\n", "\r\n"), "x").lines[path] == line


def test_the_schema_knows_every_key_and_no_null() -> None:
    schema = json_schema({"risky": RiskLimits})
    assert set(schema["properties"]) == {"broker", "extensions", "brokers", "risk", "journal", "engine"}
    assert set(schema["$defs"]["RiskLimits"]["properties"]) == set(RiskLimits.model_fields)
    assert schema["$defs"]["RiskLimits"]["properties"]["price_collar"]["default"] == 0.05
    assert "null" not in str(schema)
    assert "None" not in str(schema)


def test_the_schema_takes_for_a_plugin_its_settings_alone() -> None:
    (rule,) = json_schema({"risky": RiskLimits})["properties"]["brokers"]["additionalProperties"]["allOf"]
    assert rule["if"]["properties"]["plugin"] == {"const": "risky"}
    assert rule["then"]["additionalProperties"] is False
    assert {"plugin", "max_contracts"} <= set(rule["then"]["properties"])


def test_the_sections_of_the_documentation_are_taken(tmp_path: Path) -> None:
    keys = "max_order_quantity = 500\nmax_position = 0\nallow = []\nhalt_file = '.v6/HALT'\nprice_collar = 0.05"
    deadlines = "ack_deadline = 2.5\nquestion_deadline = 60"
    configuration = loaded(tmp_path, f"{TWO_BROKERS}{keys}\n[journal]\npath = '.v6/j.db'\n[engine]\n{deadlines}")
    assert (configuration.engine.ack_deadline, configuration.engine.cancel_deadline) == (2.5, 5)


def test_the_journals_path_can_name_the_broker(tmp_path: Path) -> None:
    text = f"{TWO_BROKERS}[journal]\npath = '.v6/{{broker}}/j.db'"
    assert loaded(tmp_path, text, broker="ib-live").journal.path == tmp_path / ".v6/ib-live/j.db"
