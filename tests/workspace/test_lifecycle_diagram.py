"""The page about the life of an order says what the table says."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from v6core.lifecycle import TRANSITIONS
from v6core.orders import OrderStatus

ROOT = Path(__file__).resolve().parents[2]
ARROW = re.compile(r"^ +(\w+) --> (\w+): (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_lifecycle", ROOT / "scripts" / "draw_lifecycle.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_table_gives(script: ModuleType) -> None:
    page = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    assert page == script.render(), "run scripts/draw_lifecycle.py"


def test_the_diagram_draws_every_move_and_no_other(script: ModuleType) -> None:
    """Read back from the drawing, with the box opened into its members."""
    members = {box: statuses for box, (_, statuses) in script.BOXES.items()}
    drawn = {
        (OrderStatus(source), kind, OrderStatus(target))
        for box, target, kinds in ARROW.findall(script.render())
        for source in members.get(box, (box,))
        for kind in kinds.split(", ")
    }
    assert drawn == {
        (status, kind, row.status) for (status, kind), row in TRANSITIONS.items() if row.status is not status
    }


def test_every_status_is_explained(script: ModuleType) -> None:
    assert set(script.MEANINGS) == set(OrderStatus)
