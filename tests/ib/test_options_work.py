"""Order types of IB that options alone have a word for: what each may say, with which orders, and how it is read."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from ib.works import AT_ATS, AT_BOX, BENCHMARK, BTC, ES, SAMPLES, SPREAD
from v6_ib_plugin.capabilities import CAPABILITIES
from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.options.work import WORKS, work_of
from v6_ib_plugin.translation.orders import ib_order, own_order_of, terms_of
from v6_ib_plugin.translation.works import is_worked, unworked
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Contract, Forex, Option, Stock
from v6core.orders import Order

GOOG = Stock("GOOG")
CALL = Option("GOOG", "2026-01-16", 100, "CALL")
NOTHING = Decimal("1.7976931348623157E308")


@pytest.mark.parametrize("name", SAMPLES)
def test_an_order_comes_back_as_it_was_sent_with_its_options(name: str) -> None:
    sample = SAMPLES[name]
    sent = sample.order.replace(contract=sample.contract, order_ref="r")
    assert own_order_of(ib_order(sent), sample.contract, order_id=sent.order_id) == sent.replace(
        options=IbOrderOptions.model_validate(dict(sent.options)).said()
    )


@pytest.mark.parametrize("name", SAMPLES)
def test_an_order_of_somebody_else_has_no_word_for_its_type_or_time(name: str) -> None:
    sample = SAMPLES[name]
    shown = terms_of(ib_order(sample.order))
    assert None in {shown.order_type, shown.tif}
    assert is_worked(ib_order(sample.order))


@pytest.mark.parametrize("name", SAMPLES)
def test_the_order_is_taken_for_its_contract(name: str) -> None:
    sample = SAMPLES[name]
    assert CAPABILITIES.why_not(sample.order.replace(contract=sample.contract)) is None


@pytest.mark.parametrize("name", SAMPLES)
def test_what_tws_writes_to_say_nothing_does_not_change_what_is_read(name: str) -> None:
    ib = ib_order(SAMPLES[name].order)
    silent = {field: NOTHING for field in _DECIMALS if getattr(ib, field) is None}
    assert IbOrderOptions.of(ib.replace(**silent)) == IbOrderOptions.of(ib)


_DECIMALS = frozenset(
    {
        *("lmt_price", "aux_price", "trail_stop_price", "trailing_percent", "lmt_price_offset", "percent_offset"),
        *("starting_price", "stock_ref_price", "delta", "stock_range_lower", "stock_range_upper", "volatility"),
        *("mid_offset_at_whole", "mid_offset_at_half", "compete_against_best_offset"),
    }
)


@pytest.mark.parametrize(("spelt", "word"), [("PEGBENCH", "PEG BENCH"), ("peg mid", "PEG MID"), ("VOLAT", "VOL")])
def test_a_type_is_known_as_tws_spells_it(spelt: str, word: str) -> None:
    sample = next(one for name, one in SAMPLES.items() if name == word)
    work = work_of(replace(ib_order(sample.order), order_type=spelt))
    assert work is not None
    assert work.type == word


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"type": "PEG"}, "expected tags"),
        ({"type": "REL"}, "an offset or a percent_offset"),
        ({"type": "REL", "offset": 0, "percent_offset": 1}, "takes one of them"),
        ({"type": "REL", "offset": -1}, "must not be negative"),
        ({"type": "MIDPRICE", "offset": 1}, "Extra inputs"),
        ({"type": "PEG MID"}, "needs an offset, or offset_at_whole and offset_at_half"),
        ({"type": "PEG MID", "offset_at_whole": 1}, "needs an offset, or offset_at_whole and offset_at_half"),
        ({"type": "PEG MID", "offset": 1, "offset_at_half": 1}, "needs an offset, or offset_at_whole"),
        ({"type": "PEG MID", "offset": 1, "offset_at_whole": 1, "offset_at_half": 1}, "needs an offset, or"),
        ({"type": "PEG BEST"}, "a PEG BEST needs an offset"),
        ({"type": "PEG BEST", "offset": 1, "offset_at_whole": 1, "offset_at_half": 1}, "a PEG BEST needs an offset"),
        ({"type": "PEG BEST", "offset": 1, "min_compete_size": 0}, "greater than 0"),
        ({"type": "PEG STK", "delta": 1}, "Field required"),
        ({"type": "PEG STK", "delta": 1, "starting_price": 5, "range_low": 9, "range_high": 9}, "must be below"),
        ({**BENCHMARK, "reference_conid": 0}, "greater than 0"),
        ({**BENCHMARK, "reference_exchange": "C\x00"}, "printable ASCII"),
        ({"type": "VOL", "volatility": 40}, "Field required"),
        ({"type": "VOL", "volatility": 40, "period": "WEEKLY"}, "'DAILY' or 'ANNUAL'"),
        ({"type": "TRAIL MIT"}, "a TRAIL MIT needs a trail_amount or a trail_percent"),
        ({"type": "TRAIL LIT", "trail_percent": 100}, "less than 100"),
    ],
)
def test_what_ib_has_no_such_type_for_is_refused_in_words(said: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        IbOrderOptions.model_validate({"work_as": said})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"work_as": {"type": "MIDPRICE"}, "algo": {"strategy": "Adaptive"}}, "by an algo or by its work_as"),
        ({"work_as": {"type": "AUCTION"}, "time_in_force": "DTC"}, "leave time_in_force out"),
        ({"time_in_force": "GTX"}, "must be|Input should be"),
        ({"min_trade_quantity": 0}, "greater than 0"),
        ({"auction_strategy": "WIN"}, "MATCH"),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        IbOrderOptions.model_validate(options)


def order(options: dict[str, Any], contract: Contract, order_type: str = "LIMIT", **fields: Any) -> Order:
    """Return an order of a type, with the prices that it needs."""
    prices: dict[str, Any] = {"limit_price": 90} if "LIMIT" in order_type and order_type != "MARKET_TO_LIMIT" else {}
    prices |= {"stop_price": 95} if order_type.startswith("STOP") else {}
    terms = {"action": "BUY", "quantity": 1, "order_type": order_type, "contract": contract, **prices, **fields}
    return Order.model_validate({**terms, "options": options})


def worked(kind: str, contract: Contract, order_type: str = "LIMIT", **fields: Any) -> Order:
    """Return an order that is worked as the sample of a name."""
    return order(dict(SAMPLES[kind].options), contract, order_type, **fields)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (worked("REL", GOOG, "STOP"), "it goes with LIMIT (limit_price caps it) or MARKET, not with STOP"),
        (worked("VOL", CALL), "it goes with MARKET, not with LIMIT"),
        (worked("STP PRT", ES, "STOP_LIMIT"), "it goes with STOP, not with STOP_LIMIT"),
        (worked("PEG BEST", AT_ATS, "MARKET"), "it goes with LIMIT (limit_price caps it), not with MARKET"),
        (worked("PEG BEST", GOOG), 'only IBKRATS takes it: give the contract exchange="IBKRATS"'),
        (worked("PEG MID", AT_ATS), "offset is not for the exchange IBKRATS"),
        (worked("PEG MID, IBKRATS", GOOG), "offset_at_whole and offset_at_half belong to the exchange IBKRATS"),
        (worked("PEG MID, IBKRATS", AT_ATS, "MARKET"), "IBKRATS takes it with a LIMIT"),
        (worked("PEG STK", GOOG, "MARKET"), "IB has it for OPTION contracts, not STOCK"),
        (worked("PEG MKT", CALL), "IB has it for STOCK contracts, not OPTION"),
        (worked("MKT PRT", GOOG, "MARKET"), "IB has it for FUTURE, FUTURE_OPTION contracts, not STOCK"),
        (worked("MIDPRICE", GOOG, outside_rth=True), "in regular hours alone (321): leave outside_rth out"),
        (worked("MIDPRICE", Stock("SAP", currency="EUR")), "IB has it for US stocks, not for one in EUR"),
        (worked("MIDPRICE", Stock("GOOG", exchange="NASDAQ")), "only SMART takes it"),
        (worked("BOX TOP", CALL, "MARKET_TO_LIMIT"), "only BOX takes it"),
        (worked("REL + MKT", GOOG, "MARKET"), "IB has it for COMBO contracts, not STOCK"),
        (worked("AUCTION", GOOG, "MARKET_TO_LIMIT", tif="GTC"), "leave tif at DAY"),
        (worked("DTC", GOOG), "it goes with tif GTC, not with DAY"),
        (worked("MINUTES", GOOG), "IB has it for CRYPTO contracts, not STOCK"),
        (worked("MINUTES", Forex("EUR/USD"), "MARKET"), "IB has it for LIMIT orders, not for MARKET"),
        (order({"min_trade_quantity": 5}, GOOG), 'give the contract exchange="IBKRATS", or say min_quantity'),
        (order({"auction_strategy": "MATCH"}, CALL), 'give the option exchange="BOX"'),
    ],
)
def test_an_order_that_cannot_be_worked_so_is_refused_in_words(wrong: Order, why: str) -> None:
    assert why in str(CAPABILITIES.why_not(wrong))
    with pytest.raises(Untranslatable) as refused:
        ib_order(wrong)
    assert refused.value.field in wrong.options
    assert why in str(refused.value)


def test_an_exit_waits_for_its_price() -> None:
    entry = worked("MIDPRICE", GOOG)
    taken = worked("REL", GOOG, parent_order_id=entry.order_id)
    assert "leave work_as out of what is an exit" in str(CAPABILITIES.why_not(taken))
    stopped = worked("STP PRT", ES, "STOP", parent_order_id=entry.order_id)
    assert CAPABILITIES.why_not(stopped) is None


def test_options_that_no_order_can_carry_are_left_to_their_model() -> None:
    assert CAPABILITIES.why_not(order({"work_as": {"type": "PEG"}}, GOOG)) is None


@pytest.mark.parametrize("word", WORKS)
def test_a_type_goes_with_types_that_are_declared_for_its_contracts(word: str) -> None:
    work = WORKS[word]
    rows = [row for row in CAPABILITIES.orders if row.kinds & work.kinds]
    assert set(work.goes_with()) <= {kind for row in rows for kind in row.order_types}


def test_the_price_that_tws_works_an_order_at_is_no_limit_of_one_sent_without() -> None:
    shown = replace(ib_order(SAMPLES["REL, uncapped"].order), lmt_price=Decimal("99.97"))
    sent_as = SAMPLES["REL, uncapped"].order.order_type
    assert (terms_of(shown, sent_as=sent_as).order_type, terms_of(shown, sent_as=sent_as).limit_price) == (
        sent_as,
        None,
    )
    assert unworked(shown).order_type == "LMT"


def test_what_is_not_held_by_its_type_says_no_more() -> None:
    ats = ib_order(SAMPLES["PEG BEST"].order)
    assert ats.not_held
    assert not IbOrderOptions.of(ats).not_held
    assert IbOrderOptions.of(replace(ats, order_type="LMT")).not_held


@pytest.mark.parametrize(
    "changes",
    [
        {"order_type": "PEG STK"},
        {"order_type": "VOL", "volatility": Decimal(40), "volatility_type": 7},
        {"order_type": "PEG BENCH", "starting_price": Decimal(1), "peg_bench_terms": ("1", "0", "x", "1", "CBOE")},
        {"order_type": "TRAIL MIT"},
        {"order_type": "LMT", "auction_strategy": 9},
    ],
)
def test_what_says_too_little_or_too_much_is_named(changes: dict[str, Any]) -> None:
    with pytest.raises(Untranslatable):
        IbOrderOptions.of(replace(ib_order(SAMPLES["MIDPRICE"].order), **changes))


@pytest.mark.parametrize(
    ("contract", "option"), [(AT_ATS, {"min_trade_quantity": 5}), (AT_BOX, {"auction_strategy": "MATCH"})]
)
def test_an_option_of_one_exchange_is_taken_there(contract: Contract, option: dict[str, Any]) -> None:
    assert CAPABILITIES.why_not(order(option, contract)) is None


@pytest.mark.parametrize(
    "options",
    [
        {"algo": {"strategy": "Jefferies", "params": {"b": "2"}}, "hidden": True},
        {"algo": {"strategy": "Twap", "end_time": "2026-01-02T15:30:00Z"}, "good_after": "2026-01-02T14:30:00Z"},
        {"conditions": [{"condition": "margin", "is_more": False, "percent": 30}], "leg_prices": []},
    ],
)
def test_options_can_be_said_again_as_an_order_carries_them(options: dict[str, Any]) -> None:
    said = IbOrderOptions.model_validate(options)
    assert IbOrderOptions.model_validate(said.said()) == said


def test_a_few_minutes_are_for_coins() -> None:
    assert CAPABILITIES.why_not(worked("MINUTES", BTC, quantity="0.5")) is None


def test_a_trailing_trigger_stands_where_trailing_ones_do() -> None:
    ib = ib_order(SAMPLES["TRAIL LIT"].order)
    assert (ib.trail_stop_price, ib.aux_price, ib.lmt_price_offset) == (Decimal(95), Decimal(2), Decimal("0.05"))
    assert SPREAD.kind in WORKS["REL + LMT"].kinds
