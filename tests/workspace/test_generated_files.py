"""What a script writes is what is there."""

from __future__ import annotations

from workspace.loading import script
from workspace.pages import ROOT


def test_the_blocking_engine_is_the_asynchronous_one_without_await() -> None:
    blocking = ROOT / "v6core/src/v6core/blocking/engine.py"
    assert script("make_blocking").render() == blocking.read_text(encoding="utf-8")


def test_every_pin_names_one_version_and_no_host() -> None:
    pins = script("pin").FIELD.search((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert pins is not None
    rows = [row.strip().strip('",') for row in pins[0].splitlines()[1:-1]]
    assert rows
    assert all(row.count("==") == 1 and "/" not in row for row in rows)
