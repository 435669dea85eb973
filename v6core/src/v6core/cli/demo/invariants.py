"""What must hold after any run, each a named check over the journal, the orders and the broker's own word.

A check yields a finding for each thing it looked at: None where it holds, else a sentence. What is counted is what was
looked at, so that the number says how much there was to check.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from v6core.cli.records import event_of
from v6core.contracts import Combo, Contract
from v6core.engine.record import Record
from v6core.events import OrderEvent, OrderIntended, ReportReceived
from v6core.fills import Fill
from v6core.journal import JournalReader, verify
from v6core.lifecycle import OrderState, apply
from v6core.money import ZERO
from v6core.orders import Order, OrderStatus
from v6core.positions import Position
from v6core.reports import FillReport

Finding = str | None
CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Everything that a run has left: what the engine knows, what its journal says, what the broker says.

    ``clocks_agree`` is by how much the broker's times may differ from ours: nothing where there is but one clock.
    """

    journal: JournalReader
    orders: tuple[Order, ...]
    fills: tuple[Fill, ...]
    positions: tuple[Position, ...]
    cash_start: Decimal
    cash_end: Decimal
    clocks_agree: timedelta = timedelta(0)

    @property
    def commissions(self) -> Decimal:
        """What all fills cost."""
        return sum((fill.commission or ZERO for fill in self.fills), ZERO)

    @property
    def flow(self) -> Decimal:
        """The signed sum of quantity × price × multiplier over the fills: what was paid, less what was received."""
        return sum((fill.signed_quantity * fill.price * fill.contract.multiplier for fill in self.fills), ZERO)

    def events(self) -> Mapping[UUID, list[OrderEvent]]:
        """Return the journal's events of each order, in their order."""
        found: defaultdict[UUID, list[OrderEvent]] = defaultdict(list)
        for row in self.journal.rows():
            event = event_of(row)
            if isinstance(event, OrderEvent):
                found[event.order_id].append(event)
        return found

    def fills_of(self, order: Order) -> tuple[Fill, ...]:
        """Return an order's fills."""
        return tuple(fill for fill in self.fills if fill.order_id == order.order_id)


def journal_is_whole(books: Books) -> Iterator[Finding]:
    """Every row of the journal follows from the one before it."""
    found = verify(books.journal)
    yield None if found.ok else found.problem


def replay_is_live(books: Books) -> Iterator[Finding]:
    """Replaying the journal gives each order as the engine has it, byte for byte."""
    record = Record(books.journal.engine_id)
    record.replay(event_of(row) for row in books.journal.rows())
    for order in books.orders:
        state = record.states.get(order.order_id)
        same = state is not None and state.order.model_dump_json() == order.model_dump_json()
        yield None if same else f"order {order.order_id} is another after a replay"


def intent_comes_first(books: Books) -> Iterator[Finding]:
    """Each order was sent once: it has one intent, durable before anything was heard of it."""
    events = books.events()
    for order in books.orders:
        mine = events.get(order.order_id, [])
        intents = [place for place, event in enumerate(mine) if isinstance(event, OrderIntended)]
        yield None if intents == [0] else f"order {order.order_id} has {len(intents)} intents, not one that is first"


def references_are_unique(books: Books) -> Iterator[Finding]:
    """No two orders share a reference, and none was known to the broker under two ids."""
    references = Counter(order.order_ref for order in books.orders)
    for order in books.orders:
        once = order.order_ref is not None and references[order.order_ref] == 1
        yield None if once else f"reference {order.order_ref} is there {references[order.order_ref]} times"


def orders_have_ended(books: Books) -> Iterator[Finding]:
    """Every order has ended, and nothing of it can still fill."""
    for order in books.orders:
        over = order.status.is_terminal and order.remaining_quantity == 0
        yield None if over else f"order {order.order_id} is {order.status}"


def ends_are_final(books: Books) -> Iterator[Finding]:
    """No order left a terminal status again."""
    events = books.events()
    for order in books.orders:
        state: OrderState | None = None
        ended: OrderStatus | None = None
        for event in events.get(order.order_id, []):
            state = apply(state, event)
            if ended is not None and state.status is not ended:
                break
            ended = state.status if state.status.is_terminal else None
        final = state is not None and state.status is order.status and ended is order.status
        yield None if final else f"order {order.order_id} went on after it had ended"


def nothing_is_odd(books: Books) -> Iterator[Finding]:
    """No order was overfilled, filled late, or came back."""
    for order in books.orders:
        yield f"order {order.order_id}: {', '.join(order.anomalies)}" if order.anomalies else None


def fills_add_up(books: Books) -> Iterator[Finding]:
    """Of each order, fills come to its filled quantity times each leg's ratio."""
    for order in books.orders:
        wanted: dict[str, Decimal] = {}
        for contract, ratio in _legs(order):
            wanted[contract.key] = order.action.sign * ratio * order.filled_quantity
        found: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
        for fill in books.fills_of(order):
            found[fill.contract.key] += fill.signed_quantity
        same = {key: amount for key, amount in wanted.items() if amount} == {k: a for k, a in found.items() if a}
        yield None if same else f"order {order.order_id} filled {dict(found)}, and says {dict(wanted)}"


def _legs(order: Order) -> tuple[tuple[Contract, int], ...]:
    contract = order.contract
    if contract is None:
        return ()
    return contract.signed_legs if isinstance(contract, Combo) else ((contract, 1),)


def never_more_than_ordered(books: Books) -> Iterator[Finding]:
    """No order filled more than its quantity."""
    for order in books.orders:
        yield None if order.filled_quantity <= order.quantity else f"order {order.order_id} filled too much"


def limits_are_kept(books: Books) -> Iterator[Finding]:
    """No order with a limit filled at a worse price, a combo at a worse net."""
    for order in books.orders:
        if order.limit_price is None or order.avg_fill_price is None:
            continue
        worse = order.action.sign * (order.avg_fill_price - order.limit_price) > 0
        yield f"order {order.order_id} filled at {order.avg_fill_price:f}, past its limit" if worse else None


def executions_count_once(books: Books) -> Iterator[Finding]:
    """No execution is there twice."""
    times = Counter(fill.execution_id for fill in books.fills)
    for execution_id, count in times.items():
        yield None if count == 1 else f"execution {execution_id} is there {count} times"


def fills_come_after_orders(books: Books) -> Iterator[Finding]:
    """Nothing filled before it was ordered."""
    made = {order.order_id: order.created_at for order in books.orders}
    for fill in books.fills:
        since = made.get(fill.order_id) if fill.order_id is not None else None
        after = since is not None and since - books.clocks_agree <= fill.time
        yield None if after else f"execution {fill.execution_id} is before its order"


def commissions_add_up(books: Books) -> Iterator[Finding]:
    """Each order's commission is that of its fills."""
    for order in books.orders:
        told = sum((fill.commission or ZERO for fill in books.fills_of(order)), ZERO)
        yield None if told == order.commission else f"order {order.order_id} costs {order.commission}, its fills {told}"


def exits_stay_within_entries(books: Books) -> Iterator[Finding]:
    """No exit of a bracket fills before its entry, nor all of them more than it."""
    for entry, exits in _brackets(books).items():
        filled = sum((order.filled_quantity for order in exits), ZERO)
        parent = next(order for order in books.orders if order.order_id == entry)
        yield None if filled <= parent.filled_quantity else f"the exits of {entry} filled {filled:f}"
        first = min((fill.time for fill in books.fills_of(parent)), default=None)
        for order in exits:
            early = any(first is None or fill.time < first for fill in books.fills_of(order))
            yield f"exit {order.order_id} filled before its entry" if early else None


def one_exit_ends_the_other(books: Books) -> Iterator[Finding]:
    """Of the exits in one group, one at most is filled whole, and then no other is open."""
    for entry, exits in _brackets(books).items():
        whole = [order for order in exits if order.status is OrderStatus.FILLED]
        still = [order for order in exits if order.status.is_open]
        yield None if len(whole) <= 1 and not (whole and still) else f"the exits of {entry} did not end each other"


def _brackets(books: Books) -> Mapping[UUID, list[Order]]:
    found: defaultdict[UUID, list[Order]] = defaultdict(list)
    for order in books.orders:
        if order.parent_order_id is not None:
            found[order.parent_order_id].append(order)
    return found


def reports_are_of_fills(books: Books) -> Iterator[Finding]:
    """Every fill that counts is in the journal as the broker reported it."""
    reported = {
        event.report.fill.execution_id: event.report.fill
        for events in books.events().values()
        for event in events
        if isinstance(event, ReportReceived) and isinstance(event.report, FillReport)
    }
    for fill in books.fills:
        told = reported.get(fill.execution_id)
        same = told is not None and (told.price, told.signed_quantity) == (fill.price, fill.signed_quantity)
        yield None if same else f"execution {fill.execution_id} is not in the journal as it counts"


def everything_is_flat(books: Books) -> Iterator[Finding]:
    """Nothing is left: all that was bought was sold, and the broker says the same."""
    left: defaultdict[str, Decimal] = defaultdict(lambda: ZERO)
    for fill in books.fills:
        left[fill.contract.key] += fill.signed_quantity
    for key, quantity in left.items():
        yield f"{quantity:+f} {key} is left over" if quantity else None
    held = ", ".join(f"{row.quantity:+f} {row.contract.key}" for row in books.positions)
    yield f"the broker holds {held}" if held else None


def cash_is_balanced(books: Books) -> Iterator[Finding]:
    """Cash at the end is cash at the start, less what the fills and their commissions took, to the cent."""
    expected = books.cash_start - books.flow - books.commissions
    same = abs(expected - books.cash_end) < CENT / 2
    yield None if same else f"cash is {books.cash_end:f}, and the fills make it {expected:f}"


INVARIANTS: tuple[Callable[[Books], Iterator[Finding]], ...] = (
    journal_is_whole,
    replay_is_live,
    intent_comes_first,
    references_are_unique,
    orders_have_ended,
    ends_are_final,
    nothing_is_odd,
    fills_add_up,
    never_more_than_ordered,
    limits_are_kept,
    executions_count_once,
    fills_come_after_orders,
    commissions_add_up,
    exits_stay_within_entries,
    one_exit_ends_the_other,
    reports_are_of_fills,
    everything_is_flat,
    cash_is_balanced,
)


@dataclass(frozen=True, slots=True)
class Audit:
    """How much was looked at, by the name of the check, and what did not hold."""

    checked: Mapping[str, int]
    broken: tuple[str, ...]

    @property
    def total(self) -> int:
        """How much was looked at."""
        return sum(self.checked.values())


def audit(books: Books) -> Audit:
    """Ask every check."""
    checked: dict[str, int] = {}
    broken: list[str] = []
    for check in INVARIANTS:
        findings = list(check(books))
        checked[check.__name__] = len(findings)
        broken += [f"{check.__name__}: {finding}" for finding in findings if finding is not None]
    return Audit(checked, tuple(broken))
