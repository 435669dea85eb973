"""The engine under random orders, silences, cuts and restarts: what must always hold, and bugs that it must catch."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from core.engine_machine import EngineMachine

THOROUGH = os.environ.get("V6_THOROUGH") == "1"
QUICK = settings(
    max_examples=1000 if THOROUGH else 60,
    stateful_step_count=40 if THOROUGH else 20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    derandomize=not THOROUGH,
    print_blob=False,
    phases=[Phase.generate],  # a run of the machine costs too much to shrink one
    report_multiple_bugs=False,
)


def test_the_engine_keeps_its_invariants() -> None:
    run_state_machine_as_test(EngineMachine, settings=QUICK)
