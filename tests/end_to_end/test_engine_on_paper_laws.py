"""The engine on the paper broker, at random: every law holds after every step."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from end_to_end.engine_on_paper_machine import GivenMachine, PaperMachine, RealisticMachine

THOROUGH = os.environ.get("V6_THOROUGH") == "1"
PROFILE = settings(
    max_examples=600 if THOROUGH else 8,
    stateful_step_count=40 if THOROUGH else 20,
    deadline=None,
    derandomize=not THOROUGH,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    phases=[Phase.generate],  # a run costs too much to shrink one
    report_multiple_bugs=False,
    print_blob=False,
)


@pytest.mark.parametrize("machine", [RealisticMachine, GivenMachine], ids=lambda machine: machine.__name__)
def test_the_engine_and_the_paper_broker_keep_their_laws(machine: type[PaperMachine]) -> None:
    run_state_machine_as_test(machine, settings=PROFILE)
