"""Laws of the gateway's desk, over days that hypothesis makes up."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.desk_laws import PlayedBroker, family
from gateway.desk_wire import limit
from v6core.orders import OcaType

LAWS = settings(deadline=None, max_examples=50)
small = st.integers(0, 9)
placing = st.tuples(
    st.just("place"), st.sampled_from([1, 2]), st.integers(0, 3), st.booleans(), st.sampled_from("  gh")
)
asking = st.tuples(
    st.sampled_from([*["fill"] * 4, "cancel", "change", "end", "reject", "again", "settle", "all"]),
    small,
    st.integers(1, 10),
)
Event = tuple[object, ...]
Day = tuple[Event, list[Event]]
days = st.tuples(placing, st.lists(st.one_of(placing, asking, asking), max_size=30))


def live_through(day: Day, broker: PlayedBroker) -> None:
    for event in (day[0], *day[1]):
        match event:
            case ("place", int(client_id), int(children), bool(transmit), str(group)):
                first = broker.book.next_id(client_id)
                for order in family(first, children, transmit=transmit, group=group.strip()):
                    broker.place(client_id, order)
            case (str(kind), int(which), int(quantity)):
                act(broker, kind, which, quantity)
            case _:
                raise AssertionError(event)


def act(broker: PlayedBroker, kind: str, which: int, quantity: int) -> None:
    working = broker.open()
    chosen = working[which % len(working)] if working else None
    match kind:
        case "cancel":
            broker.cancel(1 + which % 2, quantity)
        case "change":
            broker.place(1 + which % 2, limit(quantity, 100 + which, 10 + which))
        case "again":
            broker.say_again(which)
        case "settle":
            broker.settle()
        case "all":
            broker.do(broker.book.cancel_all())
        case "fill" if chosen is not None:
            broker.fill(chosen, min(Decimal(quantity), chosen.terms.quantity - chosen.filled))
        case "end" if chosen is not None:
            broker.end(chosen)
        case "reject" if chosen is not None and not chosen.filled:
            broker.reject(chosen)
        case _:
            pass


@LAWS
@given(days)
def test_what_a_day_tells_holds_together(day: Day) -> None:
    broker = PlayedBroker()
    live_through(day, broker)
    broker.check()


@LAWS
@given(days)
def test_it_holds_together_where_the_broker_keeps_groups(day: Day) -> None:
    broker = PlayedBroker(oca_types=frozenset(OcaType))
    live_through(day, broker)
    broker.check()


@LAWS
@given(days)
def test_the_same_day_is_told_the_same_way(day: Day) -> None:
    first, second = PlayedBroker(), PlayedBroker()
    for broker in (first, second):
        live_through(day, broker)
    assert first.told == second.told


@LAWS
@given(days)
def test_what_is_listed_as_open_has_not_ended(day: Day) -> None:
    broker = PlayedBroker()
    live_through(day, broker)
    broker.settle()
    listed = {order.perm_id for order in broker.book.blotter.register.listed()}
    at_broker = {working.order.perm_id for working in broker.open()}
    assert at_broker <= listed
    assert not listed & {order.perm_id for order in broker.book.blotter.register.ended}
