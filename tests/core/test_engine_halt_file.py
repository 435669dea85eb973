"""A halt file that comes and goes beside a running engine leaves its mark in the journal."""

from __future__ import annotations

from pathlib import Path

from core.engine_desk import GOOG, buy, engine_on, settle, simulated, told
from v6core.events import AlarmRaised
from v6core.testing import ScriptedBroker


@simulated
async def test_who_halted_by_the_file_and_that_it_is_gone_stand_in_the_journal(tmp_path: Path) -> None:
    broker, file = ScriptedBroker(), tmp_path / "HALT"
    async with engine_on(broker, halt_file=file) as engine:
        order = await engine.place_order(GOOG, buy())
        file.write_text("ann: the quotes look wrong\n")
        broker.fill(order, 1)
        file.unlink()
        broker.fill(order, 1)
        await settle()
        alarms = [event for event in told(engine) if isinstance(event, AlarmRaised)]
        assert [alarm.code for alarm in alarms] == ["HALT_FILE", "HALT_FILE_GONE"]
        assert "ann: the quotes look wrong" in alarms[0].message
