"""The laws of the translation: what is declared comes back as it was, and whatever is sent is told or named."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ib.translation_laws import (
    CONTRACTS,
    at_the_open,
    declared_orders,
    numbered,
    numbers,
    records,
    spoiled,
    texts,
    worked_orders,
)
from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.terms import (
    IbCommission,
    IbCompletion,
    IbContract,
    IbContractDetails,
    IbExecution,
    IbOrder,
    IbOrderState,
    OptionParameters,
)
from v6_ib_plugin.times import moment_of, utc_text, zoned_text
from v6_ib_plugin.translation.accounts import account_of, account_values, ib_avg_cost, position_of
from v6_ib_plugin.translation.chains import chain_of, option_parameters
from v6_ib_plugin.translation.contracts import contract_of, ib_contract
from v6_ib_plugin.translation.details import details_of, ib_rule, tick_bands
from v6_ib_plugin.translation.executions import commission_of, execution_id_of, fill_of, ib_commission, ib_execution
from v6_ib_plugin.translation.orders import ib_order, order_of, own_order_of, terms_of
from v6_ib_plugin.translation.previews import preview_of
from v6_ib_plugin.translation.statuses import outcome_of, standing_of
from v6_ib_plugin.translation.ticks import shown_price
from v6_ib_plugin.translation.wordless import fields_without_a_word
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Combo, Contract
from v6core.fills import Fill
from v6core.orders import Order, OrderType, TimeInForce
from v6core.reports import Account
from v6core.testing import order_strategies

QUICK = settings(deadline=None, max_examples=40)
THOROUGH = settings(deadline=None, max_examples=80)
singles = st.one_of(*(drawn for kind, drawn in CONTRACTS.items() if kind != "COMBO"))


def legs_of(contract: Contract | None) -> Callable[[int], Contract | None]:
    legs = {leg.contract.conid: leg.contract for leg in contract.legs} if isinstance(contract, Combo) else {}
    return legs.get


@THOROUGH
@given(st.one_of(*CONTRACTS.values()).map(numbered))
def test_a_contract_comes_back_as_it_was(contract: Contract) -> None:
    assert contract_of(ib_contract(contract), legs_of(contract)) == contract


@THOROUGH
@given(declared_orders())
def test_every_declared_order_comes_back_as_it_was(order: Order) -> None:
    assert order.contract is not None
    terms = ib_order(order)
    said = order_of(terms, ib_contract(order.contract), order_id=order.order_id, known=legs_of(order.contract))
    asked = order.replace(tif=TimeInForce.OPG) if at_the_open(order.order_type) else order
    assert said == asked.replace(strategy_id=None, created_at=None)


@THOROUGH
@given(worked_orders())
def test_an_order_that_ib_works_in_its_own_way_comes_back_with_its_options(order: Order) -> None:
    assert order.contract is not None
    sent = ib_order(order)
    said = own_order_of(sent, ib_contract(order.contract), order_id=order.order_id, known=legs_of(order.contract))
    assert ib_order(said) == sent
    asked = IbOrderOptions.model_validate(dict(order.options)).said()
    assert said == order.replace(strategy_id=None, created_at=None, options=asked)


@QUICK
@given(worked_orders())
def test_the_terms_of_an_order_that_ib_works_in_its_own_way_are_those_that_were_sent(order: Order) -> None:
    shown = terms_of(ib_order(order), sent_as=order.order_type)
    told = {name: value for name, value in shown.__dict__.items() if value is not None}
    assert told == {name: getattr(order, name) for name in told}
    assert {"order_type", "tif", "quantity"} <= told.keys()


@QUICK
@given(declared_orders())
def test_the_terms_that_are_shown_are_those_of_the_order(order: Order) -> None:
    assert order.contract is not None
    shown = terms_of(ib_order(order), ib_contract(order.contract), known=legs_of(order.contract))
    told = {name: value for name, value in shown.__dict__.items() if value is not None}
    assert told == {name: getattr(order, name) for name in told}
    assert shown.tif is not None or at_the_open(order.order_type)


@QUICK
@given(declared_orders())
def test_a_declared_order_has_a_word_for_everything(order: Order) -> None:
    assert fields_without_a_word(ib_order(order)) == ()


@QUICK
@given(order_strategies.orders(singles.map(numbered)), st.data())
def test_a_fill_comes_back_as_it_was(order: Order, data: st.DataObject) -> None:
    for fill in data.draw(order_strategies.fills(order)):
        plain = fill.replace(commission=None, currency=fill.contract.currency)
        assert fill_of(ib_contract(fill.contract), ib_execution(plain)) == plain


@QUICK
@given(order_strategies.prices, st.sampled_from(["USD", "EUR"]))
def test_a_commission_comes_back_as_it_was(amount: Decimal, currency: str) -> None:
    told = commission_of(IbCommission(exec_id="e", commission=amount, currency=currency))
    assert told is not None
    assert (told.amount, told.currency) == (amount, currency)


@QUICK
@given(st.datetimes().map(lambda drawn: drawn.replace(microsecond=0)), st.sampled_from(["UTC", "Asia/Tokyo"]))
def test_a_moment_comes_back_as_it_was(naive: Any, zone: str) -> None:
    try:
        moment = moment_of(f"{naive.year:04d}{naive:%m%d-%H:%M:%S}")
        told = zoned_text(moment, zone)
    except OverflowError:
        return
    assert moment_of(utc_text(moment)) == moment
    assert moment_of(told) == moment


@QUICK
@given(st.lists(st.tuples(order_strategies.prices, order_strategies.prices), min_size=1, unique_by=lambda row: row[0]))
def test_a_market_rule_comes_back_in_order(rule: list[tuple[Decimal, Decimal]]) -> None:
    assert ib_rule(tick_bands(rule)) == tuple(sorted(rule))


figures = st.integers(-(10**9), 10**9).map(lambda cents: Decimal(cents) / 100)


@QUICK
@given(figures, st.none() | figures, st.none() | figures, st.sampled_from(["USD", "CHF"]))
def test_an_account_comes_back_as_it_was(
    cash: Decimal, equity: Decimal | None, pnl: Decimal | None, currency: str
) -> None:
    account = Account(account="DU1", paper=True, currency=currency, cash=cash, equity=equity, realized_pnl=pnl)
    assert account_of("DU1", account_values(account)) == account


@QUICK
@given(singles, order_strategies.quantities, order_strategies.prices)
def test_a_position_comes_back_as_it_was(contract: Contract, quantity: Decimal, cost: Decimal) -> None:
    ib = ib_contract(contract)
    position = position_of("DU1", ib, quantity, cost * contract.multiplier)
    assert (position.contract, position.quantity, position.avg_cost) == (contract, quantity, cost)
    assert ib_avg_cost(position) == cost * contract.multiplier


sound_contracts = singles.map(numbered).map(ib_contract)
sound_orders = declared_orders().map(ib_order)
sound_works = worked_orders().map(ib_order)
RICH = {
    "algo": {"strategy": "Vwap", "max_rate": "0.1", "start_time": "2026-01-02T15:30:00Z"},
    "conditions": [
        {"condition": "price", "is_more": True, "price": "5", "conid": 3},
        {"condition": "time", "time": "2026-01-02T15:30:00Z", "conjunction": "OR"},
    ],
    "scale": {"first_size": 5, "price_increment": "0.05", "interval": 9},
    "adjusted_stop": {"order_type": "TRAIL", "trigger_price": 5, "stop_price": 4, "trailing_amount": 1},
    "hedge": {"kind": "PAIR", "ratio": "0.5"},
    "short_sale_slot": 2,
    "designated_location": "X",
}
rich_orders = sound_orders.map(IbOrderOptions.model_validate(RICH).onto)
sound_executions = st.builds(
    IbExecution,
    exec_id=st.just("0000e0d5.6578.01.01"),
    time=st.sampled_from(["20260102-15:30:00", "20260102 10:30:00"]),
    side=st.sampled_from(["BOT", "SLD"]),
    shares=order_strategies.quantities,
    price=order_strategies.prices,
)
sound_details = st.builds(IbContractDetails, contract=sound_contracts, min_size=numbers, size_increment=numbers)

ASKS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], object]]] = {
    "contract": (records(IbContract), contract_of),
    "contract, spoiled": (spoiled(sound_contracts), contract_of),
    "options": (records(IbOrder), IbOrderOptions.of),
    "options, spoiled": (spoiled(rich_orders), IbOrderOptions.of),
    "details, spoiled": (spoiled(sound_details), details_of),
    "fill, spoiled": (
        st.tuples(spoiled(sound_contracts), spoiled(sound_executions)),
        lambda pair: fill_of(pair[0], pair[1], zone="US/Eastern"),
    ),
    "own order": (
        st.tuples(records(IbOrder), records(IbContract)),
        lambda pair: own_order_of(pair[0], pair[1], zone="US/Eastern"),
    ),
    "own order, spoiled": (
        st.tuples(spoiled(sound_works), spoiled(sound_contracts)),
        lambda pair: own_order_of(pair[0], pair[1], zone="US/Eastern"),
    ),
    "order, spoiled": (
        st.tuples(spoiled(sound_orders), spoiled(sound_contracts)),
        lambda pair: order_of(pair[0], pair[1], zone="US/Eastern"),
    ),
    "position, spoiled": (st.tuples(spoiled(sound_contracts), numbers, numbers), lambda row: position_of("D", *row)),
    "commission": (records(IbCommission), commission_of),
    "completion": (records(IbCompletion), outcome_of),
    "what-if": (records(IbOrderState), preview_of),
    "details": (records(IbContractDetails), details_of),
    "execution id": (texts, execution_id_of),
    "moment": (texts, lambda text: moment_of(text, "US/Eastern")),
    "moment without a zone": (texts, moment_of),
    "status": (texts, standing_of),
    "chain": (
        st.lists(records(OptionParameters), max_size=2),
        lambda rows: chain_of("GOOG", rows, exchange=rows[0].exchange if rows else "SMART"),
    ),
    "account": (
        st.dictionaries(st.tuples(st.sampled_from(["NetLiquidation", "TotalCashValue"]) | texts, texts), texts),
        lambda values: account_of("DU1", values),
    ),
    "fill": (
        st.tuples(records(IbContract), records(IbExecution)),
        lambda pair: fill_of(pair[0], pair[1], zone="US/Eastern"),
    ),
    "order": (
        st.tuples(records(IbOrder), records(IbContract)),
        lambda pair: order_of(pair[0], pair[1], zone="US/Eastern"),
    ),
    "position": (st.tuples(records(IbContract), numbers, numbers), lambda row: position_of("DU1", *row)),
    "rule": (st.lists(st.tuples(numbers, numbers), max_size=3), tick_bands),
    "price": (st.tuples(numbers, numbers), lambda pair: shown_price(*pair)),
}


@pytest.mark.parametrize("name", ASKS)
@QUICK
@given(st.data())
def test_whatever_is_sent_is_told_or_named(name: str, data: st.DataObject) -> None:
    strategy, ask = ASKS[name]
    try:
        ask(data.draw(strategy))
    except Untranslatable as error:
        assert error.field  # noqa: PT017 -- either outcome is right


@QUICK
@given(
    records(IbOrder) | spoiled(sound_orders) | spoiled(sound_works),
    st.none() | records(IbContract) | spoiled(sound_contracts),
    st.none() | st.sampled_from(OrderType),
)
def test_the_terms_of_any_order_are_told_without_an_error(
    order: IbOrder, contract: IbContract | None, sent_as: OrderType | None
) -> None:
    assert terms_of(order, contract, sent_as=sent_as) is not None
    assert set(fields_without_a_word(order)) <= set(IbOrder.__dataclass_fields__)


@QUICK
@given(st.lists(records(OptionParameters), max_size=2))
def test_what_was_told_of_a_chain_is_told_again(rows: list[OptionParameters]) -> None:
    try:
        chain = chain_of("GOOG", rows)
    except Untranslatable:
        return
    assert chain_of("GOOG", option_parameters(chain)).expirations is not None


def test_a_commission_goes_back_to_the_fill_that_it_is_of() -> None:
    fill = Fill.model_validate(
        {
            "execution_id": "a.01.01",
            "contract": {"kind": "STOCK", "symbol": "GOOG"},
            "action": "BUY",
            "quantity": 1,
            "price": 1,
            "commission": "0.35",
            "time": "2026-01-02T15:30:00Z",
        }
    )
    assert ib_commission(fill) == IbCommission(exec_id="a.01.01", commission=Decimal("0.35"), currency="USD")
