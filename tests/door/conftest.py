"""What the tests of the door share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def mypy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache for all projects: what they import is the same."""
    return tmp_path_factory.mktemp("mypy")
