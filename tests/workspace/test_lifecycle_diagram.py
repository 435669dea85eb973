"""The page about the life of an order says what the table says."""

from __future__ import annotations

import re

from v6core.lifecycle import TRANSITIONS
from v6core.orders import OrderStatus
from workspace.loading import script
from workspace.pages import ROOT

SCRIPT = script("draw_lifecycle")
ARROW = re.compile(r"^ +(\w+) --> (\w+): (.+)$", re.MULTILINE)


def test_the_page_is_what_the_table_gives() -> None:
    page = (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8")
    assert page == SCRIPT.render(), "run scripts/draw_lifecycle.py"


def test_the_diagram_draws_every_move_and_no_other() -> None:
    """Read back from the drawing, with the box opened into its members."""
    members = {box: statuses for box, (_, statuses) in SCRIPT.BOXES.items()}
    drawn = {
        (OrderStatus(source), kind, OrderStatus(target))
        for box, target, kinds in ARROW.findall(SCRIPT.render())
        for source in members.get(box, (box,))
        for kind in kinds.split(", ")
    }
    assert drawn == {
        (status, kind, row.status) for (status, kind), row in TRANSITIONS.items() if row.status is not status
    }


def test_every_status_is_explained() -> None:
    assert set(SCRIPT.MEANINGS) == set(OrderStatus)
