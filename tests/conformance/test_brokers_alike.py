"""Every case at every broker of this repository, each as its users have it, against what docs/conformance.md says."""

from __future__ import annotations

import pytest

from v6core.testing.conformance import CASES, Case, driver_named, run_case
from workspace.loading import script

write_conformance = script("write_conformance")
CELLS = write_conformance.cells_of(write_conformance.PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES.values()])
@pytest.mark.parametrize("name", write_conformance.BROKERS)
def test_a_broker_does_what_the_page_says(name: str, case: Case) -> None:
    result = run_case(case, driver_named(name)())
    assert result.outcome.is_good, f"{result}\n{case.why}\n{case.pitfall}\n{result.detail}"
    assert CELLS[name, case.id] == write_conformance.MARKS[result.outcome]


def test_the_page_knows_every_case_and_no_other() -> None:
    assert CELLS.keys() == {(name, case_id) for name in write_conformance.BROKERS for case_id in CASES}
