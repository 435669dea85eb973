"""The tape over a real market: whoever is watched, from whenever, the same ticks in the same order."""

from datetime import timedelta

import pytest

from v6_paper_plugin.market import Tape, Tick
from v6_paper_plugin.market.synthetic import SyntheticMarket
from v6core.contracts import Contract, Option, Stock

SPY, GOOG = Stock("SPY"), Stock("GOOG")
PUT = Option("SPY", "2026-06-12", 590, "PUT")


@pytest.fixture(scope="module")
def market() -> SyntheticMarket:
    return SyntheticMarket(step=60)


def taken(market: SyntheticMarket, *contracts: Contract, minutes: int = 30) -> list[Tick]:
    tape = Tape(market, market.start)
    for contract in contracts:
        tape.watch(contract)
    return list(tape.take(market.start + timedelta(minutes=minutes)))


def test_ticks_come_by_time_and_then_by_key(market: SyntheticMarket) -> None:
    ticks = taken(market, SPY, PUT, GOOG)
    places = [(tick.time, tick.contract.key) for tick in ticks]
    assert len(places) == 90
    assert places == sorted(places)


def test_the_order_of_watching_is_no_matter(market: SyntheticMarket) -> None:
    assert taken(market, SPY, PUT, GOOG) == taken(market, GOOG, SPY, PUT)


def test_a_contract_ticks_the_same_whoever_else_is_watched(market: SyntheticMarket) -> None:
    assert [tick for tick in taken(market, SPY, PUT, GOOG) if tick.contract == PUT] == taken(market, PUT)


def test_a_contract_watched_twice_ticks_once(market: SyntheticMarket) -> None:
    assert taken(market, SPY, SPY) == taken(market, SPY)


def test_a_contract_watched_in_the_middle_joins_from_there(market: SyntheticMarket) -> None:
    tape = Tape(market, market.start)
    tape.watch(SPY)
    joined: list[Tick] = []
    for tick in tape.take(market.start + timedelta(minutes=10)):
        if tick.time == market.start + timedelta(minutes=5):
            tape.watch(PUT)
        joined.append(tick)
    assert [tick.time.minute - 30 for tick in joined if tick.contract == PUT] == [6, 7, 8, 9, 10]


def test_an_unwatched_contract_ticks_no_more_and_can_be_watched_again(market: SyntheticMarket) -> None:
    tape = Tape(market, market.start)
    tape.watch(SPY)
    tape.unwatch(SPY)
    assert tape.next_time() is None
    tape.watch(SPY)
    assert len(list(tape.take(market.start + timedelta(minutes=5)))) == 5


def test_taking_moves_the_tape_even_where_nothing_ticks(market: SyntheticMarket) -> None:
    tape = Tape(market, market.start)
    assert list(tape.take(market.start + timedelta(minutes=5))) == []
    assert tape.time == market.start + timedelta(minutes=5)


def test_a_tape_resumed_goes_on_as_one_that_never_stopped(market: SyntheticMarket) -> None:
    stopped = market.start + timedelta(minutes=13, seconds=17)
    resumed = Tape(market, stopped)
    resumed.watch(SPY)
    rest = [tick for tick in taken(market, SPY) if tick.time > stopped]
    assert list(resumed.take(market.start + timedelta(minutes=30))) == rest
