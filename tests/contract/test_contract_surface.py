"""What plugins may count on is recorded name by name: nothing of it goes unseen, and nothing comes unrecorded."""

from __future__ import annotations

import pytest

from contract.contract_surface import NEEDED, change, recorded, surface
from v6core import PLUGIN_API

BASE = [
    "v6core.broker.Broker: class(ABC)",
    "v6core.broker.Broker.place: async (self, orders: Sequence[Order]) -> tuple[Receipt, ...] NEEDED",
]


def test_the_contract_is_as_it_is_recorded() -> None:
    told = change(recorded(), surface()).told
    assert not told, told


def test_no_name_came_in_a_later_contract_than_the_present_one() -> None:
    def number(api: str) -> list[int]:
        return [int(part) for part in api.split(".")]

    assert max(map(number, recorded().values())) <= number(PLUGIN_API)


def test_the_record_has_what_plugins_are_made_of() -> None:
    lines = set(recorded())
    for name in ("broker.Broker.place", "broker.BrokerSpec.api", "broker.BrokerContext.report", "hookspecs.v6_brokers"):
        assert any(line.startswith(f"v6core.{name}: ") for line in lines), name
    for model in ("capabilities.Capabilities.bracket", "reports.Snapshot.fills", "reports.FillReport.fill"):
        assert any(line.startswith(f"v6core.{model}: ") for line in lines), model


def test_what_is_gone_asks_to_be_restored_or_for_a_new_major() -> None:
    told = change(BASE, BASE[:1]).told
    assert "restore it, give it a default, or raise the major (PLUGIN_API = 2.0)" in told
    assert BASE[1] in told


def test_a_changed_signature_is_gone() -> None:
    assert change(BASE, [BASE[0], BASE[1].replace("Sequence", "list")]).gone == (BASE[1],)


def test_what_is_added_asks_to_be_recorded_under_a_new_minor() -> None:
    added = "v6core.broker.Broker.bars: async (self) -> Bars"
    told = change(BASE, [*BASE, added]).told
    assert "raise the minor (PLUGIN_API = 1.1)" in told
    assert "raise the major" not in told
    assert added in told


@pytest.mark.parametrize("line", ["Broker.bars: async (self) -> Bars NEEDED", "Broker.name: str NEEDED"])
def test_what_every_plugin_would_have_to_give_asks_for_a_new_major(line: str) -> None:
    told = change(BASE, [*BASE, f"v6core.broker.{line}"]).told
    assert "raise the major" in told
    assert "raise the minor" not in told


def test_a_new_class_may_need_what_it_likes() -> None:
    added = ["v6core.reports.BarReport: class()", f"v6core.reports.BarReport.bar: Bar {NEEDED}"]
    assert change(BASE, [*BASE, *added]).added == tuple(added)
