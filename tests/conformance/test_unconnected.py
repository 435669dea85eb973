"""A broker that a case makes beside the engine's is made and judged the same way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from v6_paper_plugin.conformance import PaperDriver
from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.clock import run_simulated
from v6core.errors import PluginError
from v6core.testing.conformance.trial import trial_of


class MakesOneBroker(PaperDriver):
    """The paper broker's worlds; its plugin makes a broker once, and a number after that."""

    count = 0

    @property
    def spec(self) -> BrokerSpec[Any]:
        """What is announced."""
        whole = super().spec

        def create(settings: Any, context: BrokerContext) -> Broker:
            self.count += 1
            return whole.create(settings, context) if self.count == 1 else self.count  # type: ignore[return-value]  # pyright: ignore[reportReturnType]

        return dataclasses.replace(whole, create=create)


def test_a_plugin_that_makes_no_second_broker_is_told_as_the_plugins_fault(tmp_path: Path) -> None:
    async def run() -> None:
        async with trial_of(MakesOneBroker(), tmp_path) as trial:
            with pytest.raises(PluginError, match="plugin 'paper' made int where a Broker belongs"):
                trial.unconnected()

    run_simulated(run())
