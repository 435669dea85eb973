"""Which options are listed, of all that the market behind the server trades."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alpaca_story import CALL, Ask
from fake_alpaca.testing import AlpacaThread
from v6_paper_plugin.market.listing import is_monthly
from v6core.contracts import Option

ODD = "AAPL261218C00103500"


def listed(ask: Ask, **query: Any) -> list[str]:
    bounds = {"underlying_symbols": "AAPL", "expiration_date_lte": "2036-01-01", "limit": "10000", **query}
    answer = ask("GET", "/v2/options/contracts", params=bounds).json()
    assert answer["next_page_token"] is None
    return [row["symbol"] for row in answer["option_contracts"]]


def test_a_whole_chain_is_as_long_as_an_exchange_would_list(ask: Ask) -> None:
    assert 1000 < len(listed(ask)) < 3000


def test_strikes_lie_around_the_price(ask: Ask, alpaca: AlpacaThread) -> None:
    alpaca.set_price("AAPL", 400)
    strikes = {Option.from_occ(symbol).strike for symbol in listed(ask)}
    assert {strike for strike in strikes if 200 <= strike <= 600} == {200 + 10 * n for n in range(41)}


def test_strikes_stay_where_nobody_bids_any_more(ask: Ask, alpaca: AlpacaThread) -> None:
    before = listed(ask)
    alpaca.set_quote("AAPL", None, None)
    assert listed(ask) == before


def test_far_expirations_are_those_of_months(ask: Ask, alpaca: AlpacaThread) -> None:
    far = (alpaca.alpaca.now() + timedelta(weeks=10)).date()
    days = {Option.from_occ(symbol).expiration for symbol in listed(ask, expiration_date_gte=far.isoformat())}
    assert 8 < len(days) < 14
    assert all(map(is_monthly, days))


def test_what_an_exchange_would_not_list_is_not_listed(ask: Ask) -> None:
    assert ODD not in listed(ask)


@pytest.mark.parametrize("how", ["quoted", "asked for", "ordered"])
def test_what_somebody_has_named_is_listed(ask: Ask, alpaca: AlpacaThread, how: str) -> None:
    match how:
        case "quoted":
            alpaca.set_quote(ODD, 1, 2)
        case "asked for":
            assert ask("GET", f"/v2/options/contracts/{ODD}").status_code == 200
        case _:
            body = {"symbol": ODD, "qty": "1", "side": "buy", "type": "limit", "limit_price": "1"}
            assert ask("POST", "/v2/orders", json={**body, "time_in_force": "day"}).status_code == 200
    assert listed(ask).count(ODD) == 1


def test_what_was_named_is_listed_only_where_it_is_asked_for(ask: Ask) -> None:
    assert CALL in listed(ask, type="call")
    assert CALL not in listed(ask, type="put")
    assert CALL not in listed(ask, underlying_symbols="MSFT")
