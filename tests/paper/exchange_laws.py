"""Scripts for an exchange, and the laws that hold whatever they do. The numbers are those of the invariants' list."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from paper.exchange_bench import CLOSE, FAR, GOOG, NEAR, RATIO, SPREAD, Bench, held, minute, order, random_tape
from v6_paper_plugin.exchange.combos import net_price
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6_paper_plugin.exchange.rules import Rules
from v6core.contracts import Combo, Contract
from v6core.money import ZERO
from v6core.orders import ON_OPEN, OcaType, OrderStatus, OrderType, TimeInForce

LEVELS: dict[str, int] = {GOOG.key: 10_000, NEAR.key: 400, FAR.key: 300, SPREAD.key: 100, RATIO.key: -200}
CONTRACTS: list[Contract] = [GOOG, NEAR, FAR, SPREAD, RATIO]
LATENCY = 0.5
AUCTIONED = {
    "on open": OrderType.MARKET_ON_OPEN,
    "limit on open": OrderType.LIMIT_ON_OPEN,
    "on close": OrderType.MARKET_ON_CLOSE,
    "limit on close": OrderType.LIMIT_ON_CLOSE,
    "turning": OrderType.MARKET_TO_LIMIT,
}
"""Kinds with rules of their own; where a contract does not have them, they are refused."""


@dataclass(frozen=True)
class Step:
    """Something to do at a minute of a day: place a unit, or cancel or change the order with a number."""

    day: int
    at: float
    what: str
    unit: tuple[tuple[tuple[str, Any], ...], ...] = ()
    target: int = 0
    change: tuple[str, int] = ("quantity", 1)


@dataclass(frozen=True)
class Script:
    """A tape by its seed, the latency, and steps by time."""

    seed: int
    latency: float
    steps: tuple[Step, ...]


def _price(contract: Contract, offset: int) -> Decimal:
    return Decimal(LEVELS[contract.key] + offset) / 100


@st.composite
def _single(draw: st.DrawFn, contract: Contract | None = None, action: str | None = None) -> dict[str, Any]:
    contract = contract or draw(st.sampled_from(CONTRACTS))
    kind = draw(st.sampled_from(["market", "limit", "limit", "stop", "stop_limit", "trail", *AUCTIONED]))
    terms: dict[str, Any] = {
        "contract": contract,
        "action": action or draw(st.sampled_from(["BUY", "SELL"])),
        "quantity": draw(st.integers(1, 12)),
        "tif": draw(st.sampled_from([TimeInForce.DAY, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK])),
    }
    offset = st.integers(-50, 50)
    if "limit" in kind:
        terms["limit_price"] = _price(contract, draw(offset))
    if "stop" in kind:
        terms["stop_price"] = _price(contract, draw(offset))
    if kind in AUCTIONED:
        terms |= {"order_type": AUCTIONED[kind], "tif": TimeInForce.DAY}
    if kind == "trail":
        terms |= {"order_type": OrderType.TRAIL, "trail_amount": Decimal(draw(st.integers(5, 60))) / 100}
    return terms


@st.composite
def _bracket(draw: st.DrawFn) -> list[dict[str, Any]]:
    entry = draw(_single())
    contract, quantity = entry["contract"], entry["quantity"]
    opposite = "SELL" if entry["action"] == "BUY" else "BUY"
    named: dict[str, Any] = {}
    if draw(st.booleans()):
        named = {
            "oca_group": f"exits {draw(st.integers(0, 10**9))}",
            "oca_type": draw(st.sampled_from([None, *OcaType])),
        }
    shared = {"contract": contract, "action": opposite, "quantity": quantity, "parent": 0, **named}
    away = draw(st.integers(1, 40)) * (1 if opposite == "SELL" else -1)
    take = {**shared, "tif": TimeInForce.GTC, "limit_price": _price(contract, away)}
    stop = {**shared, "tif": TimeInForce.GTC, "stop_price": _price(contract, -away)}
    return [entry, *draw(st.sampled_from([[take, stop], [take], [stop]]))]


@st.composite
def _group(draw: st.DrawFn) -> list[dict[str, Any]]:
    name, kind = f"group {draw(st.integers(0, 10**9))}", draw(st.sampled_from(list(OcaType)))
    quantity = draw(st.integers(1, 12))
    action = draw(st.sampled_from(["BUY", "SELL"]))
    members = draw(st.lists(_single(action=action), min_size=2, max_size=3))
    return [{**member, "quantity": quantity, "oca_group": name, "oca_type": kind} for member in members]


_UNITS = st.one_of(_single().map(lambda terms: [terms]), _bracket(), _bracket(), _group())
_CHANGES = st.one_of(
    st.tuples(st.just("quantity"), st.integers(1, 15)), st.tuples(st.just("limit_price"), st.integers(-50, 50))
)


@st.composite
def _step(draw: st.DrawFn) -> Step:
    when = (draw(st.integers(0, 1)), draw(st.integers(0, 13)) + draw(st.sampled_from([0.0, 0.3])))
    what = draw(st.sampled_from(["place", "place", "place", "cancel", "change"]))
    if what == "place":
        unit = tuple(tuple(sorted(terms.items())) for terms in draw(_UNITS))
        return Step(*when, what, unit)
    return Step(*when, what, target=draw(st.integers(0, 12)), change=draw(_CHANGES))


scripts = st.builds(
    Script,
    seed=st.integers(0, 15),
    latency=st.sampled_from([0.0, LATENCY]),
    steps=st.lists(_step(), min_size=1, max_size=10).map(
        lambda steps: tuple(sorted(steps, key=lambda s: (s.day, s.at)))
    ),
)


def run(script: Script, *, restart_at: int | None = None) -> Bench:
    """Run a script to the end of its second day, perhaps with a restart before one of its steps.

    A restart goes on from what was kept after each step before it.
    """
    bench = Bench(random_tape(script.seed), rules=Rules(latency=script.latency, margin=False))
    for number, step in enumerate(script.steps):
        bench.exchange.advance(minute(step.at) + timedelta(days=step.day))
        if number == restart_at:
            bench.restart()
        _do(bench, step, number)
        if restart_at is not None:
            bench.keep()
    if restart_at is not None and restart_at >= len(script.steps):
        bench.restart()
    bench.exchange.advance(CLOSE + timedelta(days=1))
    return bench


def _do(bench: Bench, step: Step, number: int) -> None:
    if step.what == "place":
        unit = [dict(terms) for terms in step.unit]
        refs = [f"{number}.{place}" for place in range(len(unit))]
        for terms, ref in zip(unit, refs, strict=True):
            terms["ref"] = ref
            if terms.pop("parent", None) is not None:
                terms["parent_ref"] = refs[0]
        bench.place(*(order(**terms) for terms in unit))
        return
    orders = list(bench.exchange.orders)
    if not orders:
        return
    target = orders[step.target % len(orders)]
    if step.what == "cancel":
        bench.exchange.cancel(target.ref)
        return
    name, value = step.change
    if name == "limit_price" and target.limit_price is None:
        name, value = "quantity", abs(value) + 1
    change = Decimal(value) if name == "quantity" else _price(target.contract, value)
    bench.exchange.change(target.ref, {name: change})


Law = Callable[[Script, Bench], None]


def placed(script: Script, bench: Bench) -> dict[str, dict[str, Any]]:
    """Return the terms with which each order came."""
    return {
        f"{number}.{place}": dict(terms)
        for number, step in enumerate(script.steps)
        for place, terms in enumerate(step.unit)
        if f"{number}.{place}" in {each.ref for each in bench.exchange.orders}
    }


def statuses(_: Script, bench: Bench) -> None:
    """What filled never falls nor passes the quantity, and an ended order is told of no more (I1, I5, I6, I13)."""
    last: dict[str, ExchangeOrder] = {}
    for told in bench.log:
        now = told.order
        if now is None:
            continue
        before = last.get(now.ref)
        if before is not None:
            assert before.is_open or told.what == "execution" or before.status == now.status == OrderStatus.FILLED
            assert before.filled <= now.filled
        assert ZERO <= now.filled <= now.quantity
        assert now.leaves >= now.workable >= ZERO
        if now.is_open or told.what != "execution":
            last[now.ref] = now


def fills_make_filled(_: Script, bench: Bench) -> None:
    """What an order filled is the sum of its fills, and FILLED says that it is all (I2, I10)."""
    for each in bench.exchange.orders:
        for leg, ratio in each.legs:
            quantity = sum((fill.quantity for fill in bench.fills(each.ref) if fill.contract.key == leg.key), ZERO)
            assert quantity == abs(ratio) * each.filled
        assert (each.status is OrderStatus.FILLED) == (each.filled == each.quantity)


def exits_wait(_: Script, bench: Bench) -> None:
    """No exit works before its entry fills, nor for more than that filled and the exits left (I32, I33)."""
    filled: dict[str, Decimal] = defaultdict(Decimal)
    for told in bench.log:
        now = told.order
        if now is None:
            continue
        filled[now.ref] = now.filled
        if now.parent_ref is not None:
            exits = [each for each in bench.exchange.orders if each.parent_ref == now.parent_ref]
            assert sum((filled[each.ref] for each in exits), ZERO) + now.workable <= filled[now.parent_ref]
            assert not now.is_working or filled[now.parent_ref] > 0


def exits_die(_: Script, bench: Bench) -> None:
    """An entry that ended unfilled leaves no exit (I34), and no exit is left larger than what there is to protect."""
    for each in bench.exchange.orders:
        entry = bench.exchange.orders.entry(each)
        if entry is None or entry.is_open:
            continue
        assert entry.filled or (not each.is_open and not each.filled)
        exits = [other for other in bench.exchange.orders.exits(entry) if other.action is each.action]
        assert _left(bench, each) + sum((other.filled for other in exits), ZERO) <= entry.filled


def _left(bench: Bench, order: ExchangeOrder) -> Decimal:
    """Return what was left of an order, also of one that only the tape's end has ended."""
    lasted = order.status is OrderStatus.EXPIRED and order.ended_at == bench.market.end
    return order.quantity - order.filled if lasted else order.leaves


def groups_hold(script: Script, bench: Bench) -> None:
    """Of a group that cancels one member fills; of one that reduces no more fills than the group is for (I35)."""
    groups: dict[str, list[ExchangeOrder]] = defaultdict(list)
    changed = {each.target for each in script.steps if each.what == "change"}
    for each in bench.exchange.orders:
        if each.oca_group is not None and each.status is not OrderStatus.REJECTED:
            groups[each.oca_group].append(each)
    for members in groups.values():
        filled = [member for member in members if member.filled]
        if members[0].parent_ref is None and members[0].oca_type is OcaType.CANCEL_WITH_BLOCK:
            assert len(filled) <= 1
            assert not filled or not [member for member in members if member.is_open and member not in filled]
        elif not changed:
            size = max(placed(script, bench)[member.ref]["quantity"] for member in members)
            total = sum((member.filled for member in members), ZERO)
            assert all(total + member.leaves <= size for member in members)


def combos_are_whole(_: Script, bench: Bench) -> None:
    """A combo fills its legs in ratio at once, at a net that its limit allows (I37, CMB-02, CMB-04)."""
    sets: dict[tuple[str, Decimal], list[tuple[ExchangeOrder, Any]]] = defaultdict(list)
    for told in bench.log:
        if told.what == "execution" and told.order is not None and isinstance(told.order.contract, Combo):
            sets[told.order.ref, told.order.filled].append((told.order, told.detail))
    for rows in sets.values():
        then, fills = rows[0][0], [fill for _, fill in rows]
        units = {fill.quantity / abs(ratio) for fill, (_leg, ratio) in zip(fills, then.legs, strict=True)}
        assert len(units) == 1
        net = net_price(then.legs, [fill.price for fill in fills])
        assert then.limit_price is None or net <= then.action.sign * then.limit_price


def combos_are_in_ratio(_: Script, bench: Bench) -> None:
    """What a combo fills of a leg is the combo's ratio of what it fills (I37)."""
    for each in bench.exchange.orders:
        if isinstance(each.contract, Combo):
            for leg, ratio in each.contract.signed_legs:
                signed = [
                    fill.action.sign * fill.quantity for fill in bench.fills(each.ref) if fill.contract.key == leg.key
                ]
                assert sum(signed, ZERO) == each.action.sign * ratio * each.filled


def limits_hold(_: Script, bench: Bench) -> None:
    """No buy above its limit, no sell below it (I48)."""
    for told in bench.log:
        now, fill = told.order, told.detail
        if told.what != "execution" or now is None or now.limit_price is None or isinstance(now.contract, Combo):
            continue
        assert now.action.sign * (getattr(fill, "price") - now.limit_price) <= 0  # noqa: B009 -- a fill has a price


def fills_are_quoted(script: Script, bench: Bench) -> None:
    """Fills are at prices that were shown, no earlier than the latency allows, and take no lot twice (PAP-02, 03)."""
    taken: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    for fill in bench.fills():
        tick = bench.market.tick(fill.contract, fill.time)
        assert tick is not None
        if bench[fill.ref].waits_for_auction:
            continue
        price, size = (tick.ask, tick.ask_size) if fill.action.sign > 0 else (tick.bid, tick.bid_size)
        assert fill.price == price
        taken[fill.contract.key, fill.action, tick.time] += fill.quantity
        assert taken[fill.contract.key, fill.action, tick.time] <= size
        accepted = bench[fill.ref].accepted_at
        assert accepted is not None
        assert fill.time >= accepted + timedelta(seconds=script.latency)


def auctions_have_one_price(_: Script, bench: Bench) -> None:
    """An auction fills whole, at its moment, at a price within its quote that is one for all of its contract."""
    for fill in bench.fills():
        each, tick = bench[fill.ref], bench.market.tick(fill.contract, fill.time)
        if not each.waits_for_auction:
            continue
        assert tick is not None
        assert tick.bid is not None
        assert tick.ask is not None
        at_open = each.order_type in ON_OPEN
        assert fill.time == (tick.time if at_open else CLOSE + timedelta(days=fill.time.day - CLOSE.day))
        assert tick.bid <= fill.price <= tick.ask
        assert abs(fill.price - (tick.bid + tick.ask) / 2) <= Decimal("0.005")


def market_to_limit_is_no_worse_later(_: Script, bench: Bench) -> None:
    """No fill of a market-to-limit order is worse than its first."""
    first: dict[str, Decimal] = {}
    for fill in bench.fills():
        if bench[fill.ref].order_type is OrderType.MARKET_TO_LIMIT:
            limit = first.setdefault(fill.ref, fill.price)
            assert fill.action.sign * (fill.price - limit) <= 0


def positions_follow(_: Script, bench: Bench) -> None:
    """Positions are the sum of fills and adjustments (I40)."""
    ledger = bench.exchange.ledger
    assert {key: holding.quantity for key, holding in ledger.holdings.items()} == held(bench)


def cash_is_exact(_: Script, bench: Bench) -> None:
    """Cash is what there was, less what was paid and charged, and what was settled (I43); fees count once (I47)."""
    ledger, fills = bench.exchange.ledger, bench.fills()
    paid = sum((fill.action.sign * fill.quantity * fill.price * fill.contract.multiplier for fill in fills), ZERO)
    fees = sum((fill.commission for fill in fills), ZERO)
    settled = sum((-each.quantity * each.price * each.contract.multiplier for each in bench.exchange.adjustments), ZERO)
    assert ledger.cash == bench.cash - paid - fees + settled
    assert ledger.commissions == fees == sum((each.commission for each in bench.exchange.orders), ZERO)
    assert len({fill.execution_id for fill in fills}) == len(fills)


def profit_adds_up(_: Script, bench: Bench) -> None:
    """Equity is cash and positions at their marks (I44), and profit is what it has grown by (I45)."""
    ledger, prices = bench.exchange.ledger, bench.exchange.prices()
    value = sum(
        (
            holding.quantity * (prices.mark(holding.contract) or ZERO) * holding.contract.multiplier
            for holding in ledger.holdings.values()
        ),
        ZERO,
    )
    equity = ledger.equity(prices.mark)
    assert equity == ledger.cash + value
    assert ledger.realized + ledger.unrealized(prices.mark) == equity + ledger.commissions - bench.cash


def fees_follow_rates(_: Script, bench: Bench) -> None:
    """An order costs what its fills cost at the rates, to the cent and no less than the minimum (I46)."""
    rates = bench.commissions
    for each in bench.exchange.orders:
        base = sum((rates.base(f.contract, f.quantity, f.price) for f in bench.fills(each.ref)), ZERO)
        charged = sum((fill.commission for fill in bench.fills(each.ref)), ZERO)
        assert charged == rates.total(base)
        assert all(fill.commission >= 0 for fill in bench.fills(each.ref))


def days_end(_: Script, bench: Bench) -> None:
    """After the last close no order for the day is open, and nothing that has expired is held."""
    assert not [each for each in bench.exchange.orders.open() if each.tif is not TimeInForce.GTC]
    assert NEAR.key not in bench.exchange.ledger.holdings


LAWS: tuple[Law, ...] = (
    statuses,
    fills_make_filled,
    exits_wait,
    exits_die,
    groups_hold,
    combos_are_whole,
    combos_are_in_ratio,
    limits_hold,
    fills_are_quoted,
    auctions_have_one_price,
    market_to_limit_is_no_worse_later,
    positions_follow,
    cash_is_exact,
    profit_adds_up,
    fees_follow_rates,
    days_end,
)
