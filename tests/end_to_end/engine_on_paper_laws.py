"""What must hold of the engine and the paper broker together, whatever was done. I1 and on are the requirements'."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from end_to_end.engine_on_paper import CASH, Desk
from order_laws import near, reckoned
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.orders import ExchangeOrder
from v6core.contracts import Combo
from v6core.engine.record import Record
from v6core.events import event_from_json
from v6core.fills import Fill
from v6core.lifecycle import OrderState
from v6core.lifecycle.ledger import fits
from v6core.money import ZERO
from v6core.orders import OcaType, Order, OrderStatus, OrderType
from v6core.positions import Position, fold_positions
from v6core.reports import Account

ROUNDING = Decimal("1E-7")
S = OrderStatus


@dataclass(frozen=True)
class Seen:
    """Everything at one moment: what the engine tells, what it knows, and the exchange itself."""

    desk: Desk
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    positions: tuple[Position, ...]
    account: Account
    states: dict[UUID, OrderState]
    exchange: Exchange

    @property
    def sent(self) -> Iterator[tuple[OrderState, ExchangeOrder]]:
        """The orders that the exchange has, each as both sides see it."""
        for state in self.states.values():
            there = self.exchange.orders.get(str(state.terms.order_ref))
            if there is not None:
                yield state, there

    def fills_of(self, order: Order) -> list[Fill]:
        """Return an order's fills."""
        return [fill for fill in self.fills if fill.order_id == order.order_id]

    def brackets(self) -> Iterator[tuple[Order, list[Order]]]:
        """Yield each entry that was sent with its exits."""
        by_id = {order.order_id: order for order in self.orders}
        found: defaultdict[UUID, list[Order]] = defaultdict(list)
        for order in self.orders:
            if order.parent_order_id is not None and order.status is not S.DENIED:
                found[order.parent_order_id].append(order)
        for entry, exits in found.items():
            yield by_id[entry], exits


async def look(desk: Desk) -> Seen:
    """Return everything as it is, once what is due has happened and is known."""
    engine = desk.engine
    await engine.account()
    await desk.parts.scribe.drain()
    return Seen(
        desk=desk,
        orders=await engine.orders(),
        fills=await engine.fills(),
        positions=await engine.positions(),
        account=await engine.account(),
        states=desk.record.states,
        exchange=desk.exchange,
    )


def nothing_was_out_of_order(seen: Seen) -> None:
    """I5, I12, I13, I15, I19, I21, I42 and I48, as they were watched while it happened."""
    wrong = [*seen.desk.witness.wrong, *seen.desk.wrong]
    assert not wrong, "; ".join(wrong)


def quantities_add_up(seen: Seen) -> None:
    """I1 to I4, I6, I8 to I10: what is filled is the sum of the fills, at their average."""
    for order in seen.orders:
        filled, average = reckoned(order, seen.fills_of(order))
        assert order.filled_quantity == filled, "I2"
        assert 0 <= order.filled_quantity <= order.quantity, "I1, I6"
        left = 0 if order.status.is_terminal else order.quantity - order.filled_quantity
        assert order.remaining_quantity == left, "I3, I4"
        assert near(order.avg_fill_price, average), "I8, I9"
        assert (order.status is S.FILLED) == (order.filled_quantity >= order.quantity), "I10"


def fills_are_the_orders_own(seen: Seen) -> None:
    """I7: each fill is of its order's contract, side and account; I47: it is there once."""
    for fill in seen.fills:
        assert fill.order_id is not None
        assert fits(seen.states[fill.order_id].terms, fill), "I7"
        assert fill.price.is_finite(), "I7"
        assert fill.quantity > 0, "I7"
    assert len({fill.execution_id for fill in seen.fills}) == len(seen.fills), "I47"


def nothing_is_odd(seen: Seen) -> None:
    """I18, I31: the paper broker does nothing that calls for a flag, also where groups shrink what they hold."""
    for order in seen.orders:
        assert order.anomalies == (), "I18: an order is flagged"


def what_is_denied_was_never_sent(seen: Seen) -> None:
    """I14."""
    for state in seen.states.values():
        if state.status is S.DENIED:
            assert seen.exchange.orders.get(str(state.terms.order_ref)) is None, "I14"
            assert not state.fills, "I14"


def both_know_the_same_orders(seen: Seen) -> None:
    """I20, I21: every order at the exchange is one of the journal's; what is not there is in doubt after a kill."""
    known = {str(state.terms.order_ref) for state in seen.states.values() if state.status is not S.DENIED}
    there = [order.ref for order in seen.exchange.orders]
    assert len(set(there)) == len(there), "I21"
    assert set(there) <= known, "I20"
    lost = known - set(there)
    assert not lost or seen.desk.was_killed, "I20: an order never reached the exchange"
    for state in seen.states.values():
        if state.terms.order_ref in lost:
            assert state.status in {S.IN_DOUBT, S.LOST}, "I17"
            assert not state.is_shown, "I20: the exchange forgot what it had answered for"


def both_see_the_same_standing(seen: Seen) -> None:
    """I11, I16, I24: status, fills and terms are those of the exchange."""
    for state, there in seen.sent:
        assert state.status is there.status, "I24: the exchange has it another way"
        assert state.totals.quantity == there.filled, "I2: the exchange filled another quantity"
        if there.is_open:
            for name in ("quantity", "limit_price", "stop_price", "tif"):
                assert getattr(state.terms, name) == getattr(there, name), f"I11: {name}"


def exits_wait_for_their_entry(seen: Seen) -> None:
    """I32, I33, I34, I36."""
    for entry, exits in seen.brackets():
        filled = sum((order.filled_quantity for order in exits), ZERO)
        assert filled <= entry.filled_quantity, "I33"
        for order in exits:
            assert order.action is not entry.action, "I36"
            assert order.account == entry.account, "I36"
            assert entry.filled_quantity or not order.working, "I32"
            if entry.status.is_terminal and not entry.filled_quantity:
                assert order.status.is_terminal, "I34"
            there = seen.exchange.orders.get(str(order.order_ref))
            if there is not None:
                assert there.workable + filled <= entry.filled_quantity, "I33"


def groups_hold(seen: Seen) -> None:
    """I35: where fills cancel, one member fills and the others end; where they reduce, all fill no more than one's."""
    for members in _groups(seen.orders):
        filled = [order for order in members if order.filled_quantity]
        if members[0].oca_type is OcaType.CANCEL_WITH_BLOCK and members[0].parent_order_id is None:
            assert len(filled) <= 1, "I35: two members filled"
            assert not filled or not [o for o in members if o.status.is_open and o not in filled], "I35: one is left"
        elif not seen.desk.modified.intersection(order.order_id for order in members):
            size = max(seen.desk.asked[order.order_id].quantity for order in members)
            total = sum((order.filled_quantity for order in members), ZERO)
            assert all(total + order.remaining_quantity <= size for order in members), "I35: more than the group"


def _groups(orders: Iterable[Order]) -> Iterable[list[Order]]:
    found: defaultdict[str, list[Order]] = defaultdict(list)
    for order in orders:
        if order.oca_group is not None and order.status not in {S.DENIED, S.REJECTED, S.IN_DOUBT, S.LOST}:
            found[order.oca_group].append(order)
    return found.values()


def combos_fill_in_ratio(seen: Seen) -> None:
    """I37: of each leg its ratio of what filled; positions are of legs alone; I48: no net past the limit."""
    for order in seen.orders:
        if not isinstance(order.contract, Combo):
            continue
        legs: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for fill in seen.fills_of(order):
            legs[fill.contract.key] += fill.signed_quantity
        for leg, ratio in order.contract.signed_legs:
            assert legs[leg.key] == order.action.sign * ratio * order.filled_quantity, "I37"
        kept = order.order_id not in seen.desk.modified
        if kept and order.limit_price is not None and order.avg_fill_price is not None:
            assert order.action.sign * (order.avg_fill_price - order.limit_price) <= 0, "I48"
    assert all(row.contract.kind != "COMBO" for row in seen.positions), "I37"


def stops_wait_for_their_price(seen: Seen) -> None:
    """I48: a stop that filled had been reached before, where the quotes are on a tape."""
    for state, there in seen.sent:
        stop = there.stop_price
        if not _is_checkable_stop(seen, state) or stop is None or not state.fills:
            continue
        assert there.accepted_at is not None
        before = seen.exchange.market.tick(there.contract, there.accepted_at)
        after = seen.exchange.market.ticks(there.contract, there.accepted_at)
        shown = [tick for tick in (before, *after) if tick is not None and tick.time <= state.fills[0].time]
        prices = [tick.ask if there.action.sign > 0 else tick.bid for tick in shown]
        reached = [price for price in prices if price is not None and there.action.sign * (price - stop) >= 0]
        assert reached, "I48: a stop was triggered before its price was reached"


def _is_checkable_stop(seen: Seen, state: OrderState) -> bool:
    on_tape = seen.desk.settings.quotes_from[0] == "replay"
    kept = state.terms.order_id not in seen.desk.modified and state.terms.order_type is OrderType.STOP
    return on_tape and kept and not isinstance(state.terms.contract, Combo)


def positions_are_fills(seen: Seen) -> None:
    """I40, I41: what the account holds is what filled and was settled, and strategies come to it together."""
    exact: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for fill in seen.fills:
        exact[fill.contract.key] += fill.signed_quantity
    for adjustment in seen.desk.record.adjustments.values():
        exact[adjustment.contract.key] += adjustment.quantity
    split: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in seen.positions:
        split[row.contract.key] += row.quantity
    folded: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for row in seen.desk.record.positions():
        folded[row.contract.key] += row.quantity
    held = {key: holding.quantity for key, holding in seen.exchange.ledger.holdings.items()}
    assert _not_zero(exact) == held, "I40"
    assert _not_zero(split) == held, "I41"
    assert _not_zero(folded) == held, "I41"


def _not_zero(quantities: dict[str, Decimal]) -> dict[str, Decimal]:
    return {key: quantity for key, quantity in quantities.items() if quantity}


def cash_is_exact(seen: Seen) -> None:
    """I43, I47: to the last digit, from nothing but what the engine was told."""
    flow = sum((fill.cash_flow for fill in seen.fills), ZERO)
    fees = sum((fill.commission or ZERO for fill in seen.fills), ZERO)
    settled = ZERO
    for each in seen.desk.record.adjustments.values():
        settled -= each.quantity * (each.price or ZERO) * each.contract.multiplier
    assert seen.account.cash == CASH + flow - fees + settled, "I43"
    assert seen.account.commissions == fees == sum((order.commission for order in seen.orders), ZERO), "I47"


def profit_adds_up(seen: Seen) -> None:
    """I44, I45: equity is cash and what is held at its marks; profit is what equity has grown by, costs apart."""
    mark = seen.exchange.prices().mark
    value = sum((row.quantity * (mark(row.contract) or ZERO) * row.contract.multiplier for row in seen.positions), ZERO)
    account = seen.account
    assert account.equity is not None
    assert account.realized_pnl is not None
    assert account.unrealized_pnl is not None
    assert abs(account.equity - (account.cash + value)) < ROUNDING, "I44"
    grown = account.equity + (account.commissions or ZERO) - CASH
    assert abs(account.realized_pnl + account.unrealized_pnl - grown) < ROUNDING, "I45"
    rows = fold_positions(seen.fills, seen.desk.record.adjustments.values()).values()
    own = sum((row.realized_pnl + row.unrealized_pnl(mark(row.contract) or ZERO) for row in rows), ZERO)
    assert abs(own - grown) < ROUNDING * 1000, "I45: by the engine's own positions"


LAWS: tuple[Callable[[Seen], None], ...] = (
    nothing_was_out_of_order,
    fills_are_the_orders_own,
    quantities_add_up,
    nothing_is_odd,
    what_is_denied_was_never_sent,
    both_know_the_same_orders,
    both_see_the_same_standing,
    exits_wait_for_their_entry,
    groups_hold,
    combos_fill_in_ratio,
    stops_wait_for_their_price,
    positions_are_fills,
    cash_is_exact,
    profit_adds_up,
)


class Shadow:
    """A second engine's knowledge, made from the journal alone, row by row behind the live one."""

    def __init__(self, desk: Desk) -> None:
        self._record = Record(desk.parts.journal.engine_id)
        self._seen = 0

    def follow(self, desk: Desk) -> None:
        """Read what is new, and be the same as the live engine, byte for byte (I25, I26, I28, I29)."""
        rows = list(desk.parts.journal.rows(after=self._seen))
        assert [row.seq for row in rows] == list(range(self._seen + 1, self._seen + len(rows) + 1)), "I28"
        heard = desk.witness.heard[self._seen :]
        assert desk.was_killed or heard == [row.payload for row in rows], "I29"
        self._seen += len(rows)
        self._record.replay(event_from_json(row.payload) for row in rows)
        same_record(self._record, desk.record)


def same_record(one: Record, other: Record) -> None:
    """I25: two records are the same, byte for byte in what users see."""
    assert one.states == other.states, "I25"
    texts = ["\n".join(state.order.model_dump_json() for state in record.states.values()) for record in (one, other)]
    assert texts[0] == texts[1], "I25"
    assert one.open == other.open, "I25"
    assert (one.strategies, one.adjustments) == (other.strategies, other.adjustments), "I25"
    assert one.positions() == other.positions(), "I25"
