"""What every test leaves as it found it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from v6core import redaction


@pytest.fixture(autouse=True)
def _no_secret_outlives_its_test() -> Iterator[None]:
    yield
    redaction.forget_all()
