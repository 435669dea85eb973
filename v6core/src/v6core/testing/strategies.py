"""Hypothesis strategies that build only what is plausible: contracts, orders, brackets, fills, and whole histories.

A history is an order with two streams of reports about it, as a broker sends them: how it stands, and what was traded.
Each stream is in its own order, and nothing is promised about how the two interleave.

>>> from hypothesis import given
>>> @given(orders())
... def test_that_my_translation_comes_back(order): ...
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from v6core.contracts import (
    Combo,
    ComboLeg,
    Contract,
    Crypto,
    Forex,
    Future,
    FutureOption,
    Index,
    Option,
    OptionRight,
    OrderAction,
    Stock,
)
from v6core.events import OrderEvent, OrderIntended, ReportReceived
from v6core.fills import Commission, Fill
from v6core.identifiers import make_order_ref
from v6core.orders import NEEDS_LIMIT, NEEDS_STOP, TRAILING, BracketOrder, Order, OrderType, TimeInForce
from v6core.reports import (
    CommissionReport,
    FillCorrectionReport,
    FillReport,
    OrderReport,
    RejectionReport,
    Report,
    ReportedStatus,
)

START = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
ENGINE_ID = "testing2"
BROKER_ORDER_ID = "b-1"
_Part = tuple[Contract, OrderAction, int]

symbols = st.text("ABCXYZ", min_size=1, max_size=5)
currencies = st.sampled_from(["USD", "EUR", "GBP", "JPY"])
expirations = st.dates(date(2001, 1, 1), date(2099, 12, 31))
rights = st.sampled_from(OptionRight)
actions = st.sampled_from(OrderAction)
order_ids = st.uuids(version=4)
prices = st.integers(1, 100_000).map(lambda cents: Decimal(cents) / 100)
"""Prices of a single contract: above zero, in cents."""
net_prices = st.integers(-5_000, 5_000).map(lambda cents: Decimal(cents) / 100)
"""Prices of a combo: of either sign, or zero."""
quantities = st.integers(1, 100).map(Decimal)
strikes = st.integers(1, 4_000).map(lambda quarters: Decimal(quarters) / 4)
multipliers = st.sampled_from([Decimal(5), Decimal(50), Decimal(1000)])


def stocks() -> st.SearchStrategy[Stock]:
    """Return shares, most of them in dollars."""
    return st.builds(Stock, symbol=symbols, currency=currencies)


def options() -> st.SearchStrategy[Option]:
    """Return options on shares, some of them adjusted or of a class of their own."""
    return st.builds(
        Option,
        symbol=symbols,
        expiration=expirations,
        strike=strikes,
        right=rights,
        currency=currencies,
        multiplier=st.sampled_from([Decimal(100), Decimal(100), Decimal(10)]),
        trading_class=st.none() | symbols,
    )


def singles() -> st.SearchStrategy[Contract]:
    """Return contracts of every kind but combos."""
    return st.one_of(
        stocks(),
        options(),
        st.builds(Future, symbol=symbols, expiration=expirations, multiplier=multipliers, exchange=st.just("CME")),
        st.builds(
            FutureOption,
            symbol=symbols,
            expiration=expirations,
            strike=strikes,
            right=rights,
            multiplier=multipliers,
        ),
        st.builds(Index, symbol=symbols),
        st.builds(Forex, symbol=currencies, currency=st.just("CHF")),
        st.builds(Crypto, symbol=symbols),
    )


def _lowest_terms(ratios: list[int]) -> list[int]:
    """Make one ratio 1, which makes their greatest common divisor 1."""
    return [1, *ratios[1:]]


@st.composite
def combos(draw: st.DrawFn) -> Combo:
    """Draw a combo of two to four legs: options of one underlying, at times with the shares themselves."""
    symbol = draw(symbols)
    terms = draw(st.lists(st.tuples(expirations, strikes, rights), min_size=2, max_size=4, unique=True))
    ratios = _lowest_terms(draw(st.lists(st.integers(1, 3), min_size=len(terms), max_size=len(terms))))
    legs = [ComboLeg(Option(symbol, *term), draw(actions), ratio) for term, ratio in zip(terms, ratios, strict=True)]
    if draw(st.booleans()):
        legs = [*legs[:3], ComboLeg(Stock(symbol), draw(actions), 100)]
    return Combo(symbol, legs)


def contracts() -> st.SearchStrategy[Contract]:
    """Return contracts of every kind."""
    return st.one_of(singles(), combos())


def tradable_contracts() -> st.SearchStrategy[Contract]:
    """Return contracts that an order can name: every kind but an index."""
    return contracts().filter(lambda contract: not isinstance(contract, Index))


@st.composite
def orders(
    draw: st.DrawFn,
    contract: st.SearchStrategy[Contract] | None = None,
    order_type: st.SearchStrategy[OrderType] | None = None,
) -> Order:
    """Draw a bound order of any type and time in force, in a contract of any kind unless told otherwise."""
    traded = draw(contract if contract is not None else tradable_contracts())
    kind = draw(order_type if order_type is not None else st.sampled_from(OrderType))
    order_id = draw(order_ids)
    return Order(
        order_id=order_id,
        order_ref=make_order_ref(ENGINE_ID, order_id),
        contract=traded,
        action=draw(actions),
        quantity=draw(quantities),
        order_type=kind,
        **draw(_prices(kind, net_prices if isinstance(traded, Combo) else prices)),
        **draw(_lifetimes()),
        strategy_id=draw(st.none() | st.just("strategy")),
        account=draw(st.none() | st.just("DU1")),
        created_at=START,
    )


@st.composite
def _prices(draw: st.DrawFn, kind: OrderType, price: st.SearchStrategy[Decimal]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if kind in NEEDS_LIMIT:
        found["limit_price"] = draw(price)
    if kind in NEEDS_STOP or (kind in TRAILING and draw(st.booleans())):
        found["stop_price"] = draw(price)
    if kind in TRAILING:
        name, most = draw(st.sampled_from([("trail_amount", 100_000), ("trail_percent", 9_999)]))
        found[name] = Decimal(draw(st.integers(1, most))) / 100
    if kind is OrderType.TRAIL_LIMIT:
        found["limit_offset"] = Decimal(draw(st.integers(0, 100))) / 100
    return found


@st.composite
def _lifetimes(draw: st.DrawFn) -> dict[str, Any]:
    tif = draw(st.sampled_from(TimeInForce))
    if tif is not TimeInForce.GTD:
        return {"tif": tif}
    return {"tif": tif, "good_till": START + timedelta(minutes=draw(st.integers(1, 100_000)))}


@st.composite
def brackets(draw: st.DrawFn) -> BracketOrder:
    """Draw a bracket with one exit or two, on the right sides of a limit entry."""
    stock, action, quantity = draw(stocks()), draw(actions), draw(quantities)
    low, middle, high = sorted(draw(st.lists(prices, min_size=3, max_size=3, unique=True)))
    target, stop = (high, low) if action is OrderAction.BUY else (low, high)
    take_profit = Order.limit(action.opposite, quantity, target, contract=stock, order_id=draw(order_ids))
    stop_loss = Order.stop(action.opposite, quantity, stop, contract=stock, order_id=draw(order_ids))
    kept = draw(st.sampled_from(["both", "take_profit", "stop_loss"]))
    return BracketOrder(
        Order.limit(action, quantity, middle, contract=stock, order_id=draw(order_ids)),
        take_profit if kept != "stop_loss" else None,
        stop_loss if kept != "take_profit" else None,
        draw(st.none() | st.just("exits")),
    )


@dataclass(frozen=True, slots=True)
class History:
    """An order, and the two streams of what its broker said of it."""

    order: Order
    standing: tuple[OrderEvent, ...]
    trades: tuple[OrderEvent, ...]

    @property
    def intent(self) -> OrderEvent:
        """The event that binds the order."""
        return OrderIntended(time=START, order_id=self.order.order_id, order=self.order)

    @property
    def one_after_the_other(self) -> tuple[OrderEvent, ...]:
        """The intent, all about the standing, all trades."""
        return (self.intent, *self.standing, *self.trades)


def reported(order: Order, report: Report) -> ReportReceived:
    """Return the event of a report about an order."""
    return ReportReceived(time=START, order_id=order.order_id, report=report)


@st.composite
def fills(draw: st.DrawFn, order: Order, *, complete: bool | None = None) -> tuple[Fill, ...]:
    """Draw fills of an order, at most its quantity and exactly that when ``complete``; a combo's leg by leg."""
    whole = int(order.quantity)
    ends = draw(st.sets(st.integers(1, whole), max_size=4))
    if complete or (complete is None and draw(st.booleans())):
        ends = ends | {whole}
    found: list[Fill] = []
    filled = 0
    for end in sorted(ends):
        found += [_fill(draw, order, f"e{end}.{leg}", part) for leg, part in enumerate(_parts(order, end - filled))]
        filled = end
    return tuple(found)


def _parts(order: Order, units: int) -> list[_Part]:
    """Return what is traded for so many units: the contract, or each leg in its ratio and on its side."""
    contract = order.contract
    if contract is None:
        raise ValueError(f"order {order.order_id} has no contract, so nothing can fill it")
    if not isinstance(contract, Combo):
        return [(contract, order.action, units)]
    sides = (OrderAction.BUY, OrderAction.SELL)
    return [(leg.contract, sides[leg.action.sign != order.action.sign], units * leg.ratio) for leg in contract.legs]


def _fill(draw: st.DrawFn, order: Order, execution_id: str, part: _Part) -> Fill:
    contract, action, quantity = part
    return Fill.model_validate(
        {
            "execution_id": execution_id,
            "contract": contract,
            "action": action,
            "quantity": quantity,
            "price": draw(prices),
            "commission": draw(st.none() | prices),
            "time": START + timedelta(seconds=draw(st.integers(1, 20_000))),
            "account": order.account,
        }
    )


@st.composite
def standings(draw: st.DrawFn, order: Order) -> tuple[OrderEvent, ...]:
    """Draw what a broker says of an order's standing: accepted, held, revived, a strange word, an end, stale words."""
    middle = [
        ReportedStatus.SUBMITTED,
        ReportedStatus.PARTIALLY_FILLED,
        ReportedStatus.INACTIVE,
        ReportedStatus.UNKNOWN,
    ]
    words = draw(st.lists(st.sampled_from(middle), min_size=1, max_size=4))
    spoken: list[Report] = [_word(order, word, working=draw(st.booleans())) for word in words]
    ends = [ReportedStatus.CANCELLED, ReportedStatus.EXPIRED, ReportedStatus.FILLED]
    end = draw(st.sampled_from([None, None, _no(order), *(_word(order, word, working=False) for word in ends)]))
    if end is not None:
        stale = [*spoken, end]
        spoken += [end, *draw(st.lists(st.sampled_from(stale), max_size=2))]
    return tuple(reported(order, report) for report in spoken)


def _word(order: Order, status: ReportedStatus, *, working: bool) -> OrderReport:
    word = "Perplexed" if status is ReportedStatus.UNKNOWN else None
    return OrderReport(
        time=START,
        order_ref=order.order_ref,
        broker_order_id=BROKER_ORDER_ID,
        status=status,
        word=word,
        working=working and status is not ReportedStatus.INACTIVE,
    )


def _no(order: Order) -> RejectionReport:
    return RejectionReport(time=START, order_ref=order.order_ref, code="201", reason="no margin")


@st.composite
def trades(draw: st.DrawFn, order: Order, *, corrected: bool = True) -> tuple[OrderEvent, ...]:
    """Draw what a broker says of an order's fills: each fill, its commission early or late, repeats, corrections."""
    executions = draw(fills(order))
    spoken: list[Report] = [_told(order, fill) for fill in executions]
    spoken += [_charged(fill, draw(prices)) for fill in executions if draw(st.booleans())]
    if corrected and executions:
        for fill in draw(st.lists(st.sampled_from(executions), max_size=2, unique_by=lambda one: one.execution_id)):
            spoken += draw(_corrections(order, fill))
    if spoken:
        spoken += draw(st.lists(st.sampled_from(spoken), max_size=3))
    return tuple(reported(order, report) for report in draw(st.permutations(spoken)))


def _told(order: Order, fill: Fill) -> FillReport:
    return FillReport(time=START, order_ref=order.order_ref, broker_order_id=BROKER_ORDER_ID, fill=fill)


def _charged(fill: Fill, amount: Decimal) -> CommissionReport:
    return CommissionReport(time=START, commission=Commission(execution_id=fill.execution_id, amount=amount))


@st.composite
def _corrections(draw: st.DrawFn, order: Order, fill: Fill) -> list[Report]:
    """Draw a correction of a fill, and at times one of the correction; each may lower it, or take it back."""
    found: list[Report] = []
    for revision in range(draw(st.integers(1, 2))):
        by = None
        if draw(st.booleans()):
            by = fill.replace(
                execution_id=f"{fill.execution_id}r{revision}",
                price=draw(prices),
                quantity=draw(st.integers(1, int(fill.quantity))),
            )
        found.append(FillCorrectionReport(time=START, order_ref=order.order_ref, replaces=fill.execution_id, fill=by))
        if by is None:
            break
        fill = by
    return found


@st.composite
def histories(draw: st.DrawFn, order: st.SearchStrategy[Order] | None = None, *, corrected: bool = True) -> History:
    """Draw an order, of any kind unless told otherwise, and what its broker says of it."""
    sent = draw(order if order is not None else orders())
    return History(sent, draw(standings(sent)), draw(trades(sent, corrected=corrected)))


@st.composite
def interleavings(draw: st.DrawFn, history: History) -> tuple[OrderEvent, ...]:
    """Draw one way in which the two streams of a history arrive, each in its own order, after the intent."""
    sides = draw(st.permutations([True] * len(history.standing) + [False] * len(history.trades)))
    standing, traded = iter(history.standing), iter(history.trades)
    return (history.intent, *(next(standing if side else traded) for side in sides))


def other_ids(order_id: UUID) -> st.SearchStrategy[UUID]:
    """Return ids that are another order's."""
    return order_ids.filter(lambda drawn: drawn != order_id)
