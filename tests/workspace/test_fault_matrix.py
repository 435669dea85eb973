"""Each row of the fault matrix has a test named after it, and the page says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspace.loading import script

ROOT = Path(__file__).resolve().parents[2]
MATRIX = script("write_fault_matrix")


@pytest.mark.parametrize("row", MATRIX.ROWS)
def test_a_row_has_a_test_named_after_it(row: str) -> None:
    assert MATRIX.tests()[row]


def test_no_test_is_named_after_a_row_that_is_not_there() -> None:
    assert set(MATRIX.tests()) <= set(MATRIX.ROWS)


def test_the_page_is_what_the_script_writes() -> None:
    assert (ROOT / "docs/fault-matrix.md").read_text(encoding="utf-8") == MATRIX.render()
