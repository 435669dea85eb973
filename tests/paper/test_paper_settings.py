"""The paper broker's settings: defaults, and errors that help."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from paper.exchange_bench import facts
from v6_paper_plugin.exchange_choice import commissions_of
from v6_paper_plugin.settings import Fills, PaperSettings


def test_the_simplest_dry_run_needs_no_settings() -> None:
    settings = PaperSettings()
    assert facts(settings.cash, settings.fills, settings.quotes_from) == (100_000, "IMMEDIATE", ("given", ""))


def test_realistic_fills_come_from_synthetic_quotes_unless_said() -> None:
    assert PaperSettings.model_validate({"fills": "Realistic"}).quotes_from == ("synthetic", "")


@pytest.mark.parametrize(
    ("quotes", "origin"), [("replay:a:b.csv", ("replay", "a:b.csv")), ("BROKER:ib", ("broker", "ib"))]
)
def test_quotes_name_their_origin(quotes: str, origin: tuple[str, str]) -> None:
    assert PaperSettings(quotes=quotes).quotes_from == origin


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fills": "sometimes"}, '"immediate", "realistic", "delayed"'),
        ({"quotes": "yesterday"}, 'must be "synthetic", "replay:FILE"'),
        ({"quotes": "replay:"}, 'must be "synthetic", "replay:FILE"'),
        ({"speed": 0}, 'above zero .* or "max"'),
        ({"speed": "fast"}, 'above zero .* or "max"'),
        ({"prices": {"GOOG": -1}}, "must be positive"),
        ({"prices": {"G?": 1}}, "symbol must be"),
        ({"latency": -1}, "greater than or equal to 0"),
        ({"cash": "plenty"}, "cash must be a number"),
        ({"currency": "EURO"}, "currency must be a code like USD, not 'EURO'"),
        ({"currency": "eur", "quotes": "synthetic"}, 'currency = "EUR" needs quotes = "given"'),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_a_value_that_cannot_be_names_what_can(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        PaperSettings(**settings)


def test_a_file_of_quotes_is_seen_from_the_folder_of_the_configuration(tmp_path: Path) -> None:
    context = {"folder": tmp_path}
    files = {name: PaperSettings.model_validate({"quotes": f"replay:{name}"}, context=context) for name in ("a", "/b")}
    assert [each.quotes_from[1] for each in files.values()] == [str(tmp_path / "a"), "/b"]


def test_a_dry_run_is_free_and_realistic_fills_cost_what_they_cost() -> None:
    assert commissions_of(PaperSettings()).total(Decimal(5)) == 5
    assert commissions_of(PaperSettings()).per_share == 0
    assert commissions_of(PaperSettings(fills=Fills.REALISTIC)).per_contract == Decimal("0.65")


def test_rates_that_are_given_hold_with_any_fills() -> None:
    assert commissions_of(PaperSettings(commission_per_share=Decimal("0.01"))).per_share == Decimal("0.01")
