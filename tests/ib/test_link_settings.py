"""What the link is told by the configuration, and what of it is refused."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from v6_ib_plugin.settings import IbSettings, MarketDataType


@pytest.mark.parametrize("text", ["live", "DELAYED", "Frozen", "delayed_frozen"])
def test_market_data_types_are_taken_in_any_case(text: str) -> None:
    assert IbSettings.model_validate({"market_data_type": text}).market_data_type is MarketDataType(text)


def test_market_data_types_have_the_numbers_of_tws() -> None:
    assert [kind.number for kind in MarketDataType] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("section", "sentence"),
    [
        ({"market_data_type": "realtime"}, 'market_data_type must be one of "live", "frozen", "delayed"'),
        ({"market_data_type": 3}, "market_data_type must be one of"),
        ({"messages_per_second": 51}, "less than or equal to 50"),
        ({"messages_per_second": -1}, "greater than or equal to 0"),
        ({"heartbeat": 0}, "greater than 0"),
        ({"connect_timeout": float("inf")}, "less than or equal to 600"),
        ({"request_timeout": float("nan")}, "less than or equal to 600"),
        ({"time_zone": "Utopia"}, "there is no time zone 'Utopia'"),
        ({"time_zone": "../etc"}, "there is no time zone"),
        ({"time_zone": ""}, "there is no time zone"),
    ],
)
def test_what_makes_no_sense_is_refused(section: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        IbSettings.model_validate(section)
