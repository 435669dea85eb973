"""A slip of an author who has followed the guide: beside its case stands what was raised, and at which line."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from door.guide import follow, steps
from door.made_project import Made, make

MODIFY = 'terms = {translation.CHANGES[name]: f"{value:f}" for name, value in changes.items()}'
CANCEL = 'await self._link.tell({"do": "pull", "tag": order.order_ref})'
HEAR = "self._context.report(translation.order_report(order))"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Made:
    made = make("sandpit", tmp_path_factory.mktemp("slips"))
    follow(made.folder, steps())
    return made


@contextmanager
def slipped(made: Made, right: str, wrong: str) -> Generator[int]:
    """Write something wrong into the broker, and tell at which line."""
    broker = made.package / "broker.py"
    text = broker.read_text(encoding="utf-8")
    assert text.count(right) == 1
    broker.write_text(text.replace(right, wrong), encoding="utf-8")
    try:
        yield text[: text.index(right)].count("\n") + 1
    finally:
        broker.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("case_id", "right", "wrong", "sentence"),
    [
        ("MOD-01", MODIFY, 'terms = {"do": changes["oops"]}', "your broker raised KeyError: 'oops'"),
        ("CXL-01", CANCEL, "self._link.pull(order)", "your broker raised AttributeError: .*'pull'"),
        ("MKT-01", HEAR, "self._context.report(translation.order(order))", "your broker logged AttributeError: .*"),
    ],
    ids=["modify", "cancel", "hear"],
)
def test_a_slip_is_told_with_its_line(finished: Made, case_id: str, right: str, wrong: str, sentence: str) -> None:
    with slipped(finished, right, wrong) as line:
        row = finished.conform(case_id)[case_id]
    told = [f"{mishap['what']} at {mishap['at']}" for mishap in row["mishaps"]]
    assert [one for one in told if re.match(rf"{sentence} at .*/broker\.py:{line} in ", one)], told


def test_a_capability_that_is_not_built_is_told_by_its_method(finished: Made) -> None:
    capabilities = finished.package / "capabilities.py"
    text = capabilities.read_text(encoding="utf-8")
    assert text.count("    quotes=True,") == 1
    capabilities.write_text(text.replace("    quotes=True,", "    quotes=True,\n    preview=True,"), encoding="utf-8")
    try:
        row = finished.conform("CON-02")["CON-02"]
    finally:
        capabilities.write_text(text, encoding="utf-8")
    assert row["reason"] == "it declares preview, and SandpitBroker does not override preview()"
