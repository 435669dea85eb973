"""Translation: what goes out comes back as it was, and nothing is guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alpaca_floor import AAPL, VERTICAL, bound, bracket
from v6_alpaca_plugin.book import Book
from v6_alpaca_plugin.capabilities import CAPABILITIES
from v6_alpaca_plugin.records import AlpacaOrder, FillActivity, MarketRow, Position, TradeUpdate, read
from v6_alpaca_plugin.references import MOST, References, client_order_id, read_client_order_id
from v6_alpaca_plugin.translation import words
from v6_alpaca_plugin.translation.accounts import position_of
from v6_alpaca_plugin.translation.contracts import contract_of, symbol_of
from v6_alpaca_plugin.translation.orders import order_body, replacement_body, terms_of
from v6_alpaca_plugin.translation.quotes import quote_of
from v6_alpaca_plugin.translation.reports import listed_fill, named, standing_report, streamed_fill
from v6core.contracts import Combo, ComboLeg, Contract, Option, OrderAction, Stock
from v6core.errors import BrokerError, NotSent
from v6core.identifiers import RandomIds, make_order_ref
from v6core.money import ZERO
from v6core.orders import Order, OrderType
from v6core.reports import RejectionReport, ReportedStatus

LAW = settings(deadline=None, max_examples=60)
NOW = datetime(2026, 6, 1, 14, 30, tzinfo=UTC)

prices = st.decimals("0.01", "99999", places=2)
quantities = st.integers(1, 10_000).map(Decimal)
symbols = st.from_regex(r"[A-Z]{1,5}(\.[AB])?", fullmatch=True)
shares = symbols.map(Stock)
options = st.builds(
    lambda *terms: Option(*terms),  # noqa: PLW0108 -- hypothesis would fill in its fields by name as well
    st.from_regex(r"[A-Z]{1,5}", fullmatch=True),
    st.dates(NOW.date(), NOW.date() + timedelta(days=900)),
    st.decimals("0.5", "9999", places=1).filter(lambda strike: strike > 0),
    st.sampled_from(["CALL", "PUT"]),
)
TERMS: dict[OrderType, st.SearchStrategy[dict[str, Any]]] = {
    OrderType.MARKET: st.just({}),
    OrderType.LIMIT: st.fixed_dictionaries({"limit_price": prices}),
    OrderType.STOP: st.fixed_dictionaries({"stop_price": prices}),
    OrderType.STOP_LIMIT: st.fixed_dictionaries({"limit_price": prices, "stop_price": prices}),
    OrderType.TRAIL: st.one_of(
        st.fixed_dictionaries({"trail_amount": prices}),
        st.fixed_dictionaries({"trail_percent": st.decimals("0.1", "99", places=1)}),
    ),
}


@st.composite
def combos(draw: st.DrawFn) -> Combo:
    """Combos of two to four options, in lowest terms."""
    legs = draw(st.lists(options, min_size=2, max_size=4, unique_by=lambda option: option.key))
    ratios = [1, *(draw(st.integers(1, 3)) for _ in legs[1:])]
    return Combo(
        "X", [ComboLeg(leg, draw(st.sampled_from(["BUY", "SELL"])), n) for leg, n in zip(legs, ratios, strict=True)]
    )


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """Orders that Alpaca takes, as an engine binds them."""
    row = draw(st.sampled_from(CAPABILITIES.orders))
    kind = draw(st.sampled_from(sorted(row.order_types)))
    of_kind: dict[str, st.SearchStrategy[Any]] = {"STOCK": shares, "OPTION": options, "COMBO": combos()}
    contract: Contract = draw(of_kind[next(iter(row.kinds))])
    terms: dict[str, Any] = dict(draw(TERMS[kind]))
    if isinstance(contract, Combo) and "limit_price" in terms:
        terms["limit_price"] *= draw(st.sampled_from([1, -1]))
    order = Order(
        contract=contract,
        action=draw(st.sampled_from(OrderAction)),
        quantity=draw(quantities),
        order_type=kind,
        tif=draw(st.sampled_from(sorted(row.tifs))),
        **terms,
    )
    return bound(contract, order)


def shown(body: dict[str, Any], **more: Any) -> AlpacaOrder:
    """Return what Alpaca shows of a request, after a journey through JSON."""
    legs = [
        {**leg, "id": f"leg-{n}", "client_order_id": f"theirs-{n}", "status": "new", "order_class": "mleg"}
        for n, leg in enumerate(body.get("legs", []))
    ]
    answer = {"id": "order-1", "status": "new", **body, **more, "legs": legs or None}
    return read(AlpacaOrder, json.loads(json.dumps(answer)), "an order")


@LAW
@given(order=orders())
def test_an_order_comes_back_with_the_terms_that_it_went_out_with(order: Order) -> None:
    terms = terms_of(shown(order_body(order)), ZERO, order.action)
    for name in ("order_type", "quantity", "limit_price", "stop_price", "trail_amount", "trail_percent", "tif"):
        assert getattr(terms, name) == getattr(order, name), name
    assert terms.contract is not None
    assert order.contract is not None
    if isinstance(order.contract, Combo) and isinstance(terms.contract, Combo):
        assert set(terms.contract.signed_legs) == set(order.contract.signed_legs)
    else:
        assert (terms.contract.key, terms.action) == (order.contract.key, order.action)


@LAW
@given(order=orders())
def test_every_number_of_a_request_is_plain_text(order: Order) -> None:
    found: list[object] = []
    json.loads(json.dumps(order_body(order)), object_pairs_hook=lambda pairs: found.extend(value for _, value in pairs))
    assert found
    assert all(value is None or isinstance(value, str | list) for value in found)


@LAW
@given(combo=combos(), quantity=quantities)
def test_to_sell_a_combo_is_to_buy_its_opposite(combo: Combo, quantity: Decimal) -> None:
    bought = order_body(bound(combo, Order.limit("BUY", quantity, "1.25")))
    sold = order_body(bound(combo, Order.limit("SELL", quantity, "1.25")))
    assert [leg["side"] for leg in bought["legs"]] != [leg["side"] for leg in sold["legs"]]
    assert Decimal(bought["limit_price"]) == -Decimal(sold["limit_price"])


@LAW
@given(contract=st.one_of(shares, options))
def test_a_symbol_names_one_contract(contract: Stock | Option) -> None:
    assert contract_of(symbol_of(contract)).key == contract.key


def test_a_share_is_spelt_with_a_dot() -> None:
    assert symbol_of(Stock("BRK B")) == "BRK.B"


references = st.builds(make_order_ref, st.just("abcdefgh"), st.uuids())


@LAW
@given(refs=st.lists(references, min_size=1, max_size=3), replacement=st.integers(0, 9999))
def test_references_come_back_from_a_client_order_id(refs: list[str], replacement: int) -> None:
    text = client_order_id(tuple(refs), replacement)
    assert len(text) <= MOST
    assert read_client_order_id(text) == References(tuple(refs), replacement)


@LAW
@given(text=st.text(min_size=1, max_size=128))
def test_whatever_somebody_else_calls_an_order_can_be_read(text: str) -> None:
    assert read_client_order_id(text).own
    assert named(text).isprintable()
    assert 0 < len(named(text)) <= 256


@pytest.mark.parametrize("reference", ["a+b", "a~1", "", "x" * 129])
def test_a_reference_that_would_be_read_as_another_is_not_sent(reference: str) -> None:
    with pytest.raises(NotSent):
        client_order_id((reference,))


def test_a_bracket_carries_the_references_of_its_exits() -> None:
    entry, take_profit, stop_loss = bracket(
        Order.limit("BUY", 1, 100), Order.limit("SELL", 1, 110, tif="DAY"), Order.stop("SELL", 1, 95, tif="DAY")
    )
    body = order_body(entry, (take_profit, stop_loss))
    assert body["order_class"] == "bracket"
    assert body["take_profit"] == {"limit_price": "110"}
    assert body["stop_loss"] == {"stop_price": "95"}
    refs = read_client_order_id(body["client_order_id"])
    assert refs.exits == (take_profit.order_ref, stop_loss.order_ref)


def test_a_replacement_asks_for_what_is_left() -> None:
    order = bound(AAPL, Order.limit("BUY", 10, 100))
    assert replacement_body(order, {"quantity": Decimal(12)}, "x~1", Decimal(4)) == {
        "client_order_id": "x~1",
        "qty": "8",
    }


def test_a_replacement_names_the_trail_by_one_word() -> None:
    order = bound(AAPL, Order.trailing_stop("SELL", 10, trail_percent=2))
    body = replacement_body(order, {"trail_percent": Decimal("1.5")}, "x~1", ZERO)
    assert body == {"client_order_id": "x~1", "trail": "1.5"}


STANDINGS = (
    "new partially_filled filled done_for_day canceled expired pending_cancel pending_replace accepted pending_new "
    "accepted_for_bidding stopped suspended calculated held pending_review"
)


@pytest.mark.parametrize("word", STANDINGS.split())
def test_every_standing_of_alpacas_has_a_word(word: str) -> None:
    assert words.standing(word) is not ReportedStatus.UNKNOWN


def test_a_standing_that_nobody_knows_is_said_to_be_unknown() -> None:
    report = standing_report(shown(order_body(bound(AAPL, Order.market("BUY", 1))), status="napping"), "ref", NOW)
    assert (report.status, report.word) == (ReportedStatus.UNKNOWN, "napping")  # type: ignore[union-attr]


def test_a_rejected_order_is_a_rejection() -> None:
    body = order_body(bound(AAPL, Order.market("BUY", 1)))
    assert isinstance(standing_report(shown(body, status="rejected"), "ref", NOW), RejectionReport)


def test_the_stream_and_the_history_give_an_execution_one_id() -> None:
    order = {"id": "o", "client_order_id": "c", "status": "partially_filled", "symbol": "AAPL", "side": "buy"}
    update = {"event": "partial_fill", "price": "100", "qty": "4", "order": {**order, "filled_qty": "7.0"}}
    streamed = streamed_fill(read(TradeUpdate, update, "it"), "ref", "PA1", NOW)
    activity = {"id": "a", "order_id": "o", "symbol": "AAPL", "side": "buy", "qty": "4", "price": "100", "cum_qty": "7"}
    listed = listed_fill(read(FillActivity, {**activity, "transaction_time": NOW}, "it"), "ref", "PA1")
    assert streamed.fill == listed.fill


def test_a_fill_without_a_price_is_no_fill() -> None:
    order = {"id": "o", "client_order_id": "c", "status": "filled", "symbol": "AAPL", "side": "buy"}
    with pytest.raises(BrokerError, match="without its quantity or price"):
        streamed_fill(read(TradeUpdate, {"event": "fill", "order": order}, "it"), "ref", None, NOW)


def test_an_answer_of_another_form_is_named() -> None:
    with pytest.raises(BrokerError, match="answer about order x cannot be read: id"):
        read(AlpacaOrder, {"client_order_id": "c", "status": "new"}, "order x")


def test_a_short_position_is_negative_whichever_way_it_is_signed() -> None:
    row = {"symbol": "AAPL", "asset_class": "us_equity", "side": "short", "avg_entry_price": "1.123456789012"}
    for qty in ("5", "-5"):
        position = position_of(read(Position, {**row, "qty": qty}, "it"), "PA1")
        assert (position.quantity, position.avg_cost) == (Decimal(-5), Decimal("1.123456789"))


def test_a_side_at_which_nobody_stands_is_none() -> None:
    row = {"latestQuote": {"t": NOW, "bp": 0, "bs": 0, "ap": 387.67, "as": 3}}
    quote = quote_of(AAPL, read(MarketRow, row, "it"), delayed=False)
    assert quote is not None
    assert (quote.bid, quote.bid_size, quote.ask, quote.ask_size) == (None, None, Decimal("387.67"), Decimal(3))


@LAW
@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=8), again=st.data())
def test_each_stretch_of_an_order_is_told_once(sizes: list[int], again: st.DataObject) -> None:
    stretches = [(sum(sizes[: n + 1]), size) for n, size in enumerate(sizes)]
    heard = again.draw(st.lists(st.sampled_from(stretches), max_size=20).map(lambda extra: [*stretches, *extra]))
    book, told = Book(), Decimal(0)
    for filled, size in again.draw(st.permutations(heard)):
        if book.is_fresh("order", Decimal(filled), Decimal(size)):
            told += size
    assert told == sum(sizes)


def test_a_new_id_fits_beside_those_of_two_exits_and_a_number() -> None:
    refs = tuple(make_order_ref(RandomIds().engine_id(), RandomIds().order_id()) for _ in range(3))
    assert len(client_order_id(refs, 9999)) <= MOST


def test_a_combo_of_ours_shows_its_limit_and_somebody_elses_none() -> None:
    body = shown(order_body(bound(VERTICAL, Order.limit("SELL", 1, "1.25"))))
    assert terms_of(body, ZERO, None).limit_price is None
