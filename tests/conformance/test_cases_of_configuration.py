"""The cases of how a broker is found and loaded, at plugins that are files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from v6_paper_plugin.conformance import PaperDriver
from v6core.broker import BrokerSpec
from v6core.plugins import load_broker
from v6core.testing.conformance import CASES, Outcome, Result, run_case

PLUGIN = """
from pydantic import BaseModel, ConfigDict
from v6core import hookimpl
from v6core.broker import BrokerSpec
from v6core.capabilities import Capabilities
{line}

class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

@hookimpl
def v6_brokers():
    return [BrokerSpec("mine", Settings, Capabilities(simulated=True, orders=()), lambda settings, context: None)]
"""


class FileDriver(PaperDriver):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    @property
    def spec(self) -> BrokerSpec[Any]:
        return load_broker(str(self._path))


def result_of(case_id: str, folder: Path, line: str = "") -> Result:
    path = folder / "mine.py"
    path.write_text(PLUGIN.format(line=line), encoding="utf-8")
    return run_case(CASES[case_id], FileDriver(path))


@pytest.mark.parametrize("case_id", ["CON-03", "CON-04"])
def test_a_broker_that_is_a_file_is_loaded_by_its_path(case_id: str, tmp_path: Path) -> None:
    assert result_of(case_id, tmp_path).outcome is Outcome.PASSED


def test_a_plugin_that_imports_another_one_fails(tmp_path: Path) -> None:
    result = result_of("CON-04", tmp_path, "import v6_ib_plugin")
    assert (result.outcome, result.about) == (Outcome.FAILED, "CON-04"), result
    assert "v6_ib_plugin" in result.reason


def test_a_plugin_that_cannot_be_imported_by_itself_fails(tmp_path: Path) -> None:
    imported = "import sys\nassert 'v6core.testing' in sys.modules"
    result = result_of("CON-04", tmp_path, imported)
    assert (result.outcome, result.about) == (Outcome.FAILED, "CON-04"), result
