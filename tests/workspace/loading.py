"""The repository's scripts as modules, for the tests that hold what they write."""

from __future__ import annotations

import importlib.util
from types import ModuleType

from workspace.pages import ROOT


def script(name: str) -> ModuleType:
    """Return one of the scripts, imported."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
