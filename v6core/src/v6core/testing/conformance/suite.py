"""The suite as a class of tests: one fixture, and every case is a test of its own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from v6core.testing.conformance.case import CASES, Case
from v6core.testing.conformance.driver import Driver
from v6core.testing.conformance.results import Outcome
from v6core.testing.conformance.runner import UnknownCase, run_case


class BrokerConformance:
    """All cases for one broker: derive from it, and give it a driver.

    ``known_failures`` holds the ids of cases that are to fail, each with its reason; one that does not fail is an
    error, and an id that there is not warns. Nothing else can be overridden.

    >>> class TestMine(BrokerConformance):
    ...     @pytest.fixture
    ...     def driver(self) -> Driver:
    ...         return MyDriver()
    """

    known_failures: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, **options: Any) -> None:
        """Refuse what would take a case away without a word."""
        super().__init_subclass__(**options)
        if "test_case" in vars(cls):
            raise TypeError(f"{cls.__name__} overrides test_case: name known failures in known_failures instead")
        for case_id, why in cls.known_failures.items():
            if not str(why).strip():
                raise TypeError(f"{cls.__name__}: say why {case_id} is known to fail")
            if case_id not in CASES:
                warnings.warn(f"{cls.__name__} knows of a failure of {case_id!r}, which is no case", UnknownCase, 2)

    @pytest.fixture
    def driver(self) -> Driver:
        """Return the driver of the broker under test, a fresh one for each case."""
        raise TypeError(f"{type(self).__name__} has no driver: override the fixture named driver")

    @pytest.mark.parametrize("case", [pytest.param(case, id=case.id) for case in CASES.values()])
    def test_case(self, case: Case, driver: Driver) -> None:
        """Run one case."""
        result = run_case(case, driver, self.known_failures)
        match result.outcome:
            case Outcome.FAILED:
                told = f"{result}\n{case.proves}\nwhy: {case.why}\nwhat usually goes wrong: {case.pitfall}"
                meanwhile = "".join(f"\nmeanwhile: {mishap}" for mishap in result.mishaps)
                at = f"\nat: {result.at}" if result.at else ""
                pytest.fail(f"{told}{at}{meanwhile}\n\n{result.detail}", pytrace=False)
            case Outcome.NOT_DRIVEN:
                pytest.skip(result.reason)
            case Outcome.KNOWN:
                pytest.xfail(result.reason)
            case Outcome.PASSED | Outcome.REFUSED:
                pass
