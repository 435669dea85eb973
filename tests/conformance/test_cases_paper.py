"""The cases of simulated brokers are asked of those alone."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from v6_paper_plugin.conformance import PaperDriver
from v6core.broker import BrokerSpec
from v6core.testing.conformance import CASES, Outcome, run_case


class WithRealMoney(PaperDriver):
    """A broker that says that real money moves."""

    @property
    def spec(self) -> BrokerSpec[Any]:
        whole = super().spec
        return dataclasses.replace(whole, capabilities=whole.capabilities.model_copy(update={"simulated": False}))


@pytest.mark.parametrize("case_id", [case.id for case in CASES.values() if case.family == "PAP"])
def test_a_broker_that_is_not_simulated_is_not_asked(case_id: str) -> None:
    result = run_case(CASES[case_id], WithRealMoney())
    assert (result.outcome, result.reason) == (Outcome.NOT_DRIVEN, "it is for simulated brokers")
