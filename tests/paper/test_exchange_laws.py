"""Laws of the exchange, on generated tapes and scripts of brackets, groups, combos, cancels and changes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paper.exchange_laws import LAWS, Law, Script, run, scripts


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts)
def test_law_holds(law: Law, script: Script) -> None:
    law(script, run(script))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts, place=st.integers(0, 10))
def test_a_restart_anywhere_is_no_restart(script: Script, place: int) -> None:
    assert run(script, restart_at=place % (len(script.steps) + 1)).log == run(script).log


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=scripts)
def test_the_same_script_is_told_the_same(script: Script) -> None:
    assert run(script).log == run(script).log
