"""Where files of ours are to be, and the paper broker that is there without a section."""

from pathlib import Path

import pytest

from v6core.config import Configuration, load
from v6core.errors import ConfigurationError


def loaded(folder: Path, text: str | None = None, **variables: str) -> Configuration:
    if text is not None:
        (folder / "v6.toml").write_text(text, encoding="utf-8")
    return load(environment=variables, folder=folder)


@pytest.mark.parametrize("off", ["", " ", "off", "OFF"])
def test_the_halt_file_can_be_switched_off(tmp_path: Path, off: str) -> None:
    configuration = loaded(tmp_path, f'[risk]\nhalt_file = "{off}"')
    assert configuration.halt_file is None
    assert {setting.key: setting.value for setting in configuration.show()}["risk.halt_file"] == "off"


def test_the_halt_file_starts_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    assert loaded(tmp_path, '[risk]\nhalt_file = "STOP"').halt_file == tmp_path / "STOP"


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [("risk", "halt_file", "."), ("journal", "path", ""), ("journal", "path", "/"), ("journal", "path", "{broker}")],
)
def test_a_folder_is_no_place_for_a_file(tmp_path: Path, section: str, key: str, value: str) -> None:
    (tmp_path / "paper").mkdir()
    with pytest.raises(ConfigurationError, match=rf"v6.toml line 2: \[{section}\] {key} must name a file, .* a folder"):
        loaded(tmp_path, f'[{section}]\n{key} = "{value}"')


def test_a_device_is_no_place_for_a_file(tmp_path: Path) -> None:
    if not Path("/dev/null").exists():
        pytest.skip("there is no /dev/null here")
    with pytest.raises(ConfigurationError, match="/dev/null is no regular file"):
        loaded(tmp_path, V6_RISK__HALT_FILE="/dev/null")


def test_the_paper_broker_that_is_always_there_takes_settings_from_variables_alone(tmp_path: Path) -> None:
    chosen = loaded(tmp_path, V6_BROKERS__PAPER__CASH="500").chosen
    assert (chosen.name, chosen.plugin, chosen.settings["cash"]) == ("paper", "paper", 500)


def test_its_variables_leave_the_only_broker_of_the_file_chosen(tmp_path: Path) -> None:
    configuration = loaded(tmp_path, '[brokers.live]\nplugin = "ib"', V6_BROKERS__PAPER__CASH="500")
    assert (configuration.broker, configuration.brokers["paper"].settings["cash"]) == ("live", 500)


@pytest.mark.parametrize("variable", ["V6_BROKERS__OTHER__CASH", "V6_BROKERS__PAPER"])
def test_no_other_section_is_made_of_variables_alone(tmp_path: Path, variable: str) -> None:
    with pytest.raises(ConfigurationError):
        loaded(tmp_path, **{variable: "500"})


def test_a_section_of_the_file_names_its_plugin_also_where_it_is_called_paper(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r'\[brokers.paper\] has no "plugin"'):
        loaded(tmp_path, "[brokers.paper]\ncash = 5", V6_BROKERS__PAPER__CASH="500")
