"""What a bracket or group that v6 keeps itself wants next."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.engine_desk import GOOG
from v6core.identifiers import following
from v6core.lifecycle import OrderState
from v6core.orders import OcaType, Order, OrderStatus, Pending
from v6core.planning.keeping import Cut, Member, Place, TakeBack, next_step, overfilled, wanted
from v6core.sagas import KeptBracket, KeptGroup

D = Decimal
ENTRY = Order.limit("BUY", 10, 100, contract=GOOG)
TAKE = Order.limit("SELL", 10, 110, contract=GOOG)
STOP = Order.stop("SELL", 10, 95, contract=GOOG)
BRACKET = KeptBracket(entry=ENTRY, exits=(TAKE, STOP))


def sent(number: int, status: OrderStatus, quantity: int = 10, *, pending: Pending | None = None) -> OrderState:
    terms = STOP.replace(order_id=following(STOP.order_id, number), quantity=quantity)
    return OrderState(terms=terms, status=status, pending_cancel=pending)


def stop(*states: OrderState, inherited: bool = False) -> Member:
    ids = frozenset(state.terms.order_id for state in states)
    return Member(STOP, states, inherited=ids if inherited else frozenset())


def test_what_has_filled_and_has_no_exit_gets_one() -> None:
    assert next_step(BRACKET, stop(), D(4), frozenset()) == Place(STOP.order_id, D(4))


def test_what_fills_later_gets_an_order_of_its_own() -> None:
    member = stop(sent(1, OrderStatus.SUBMITTED, 4))
    assert next_step(BRACKET, member, D(10), frozenset()) == Place(following(STOP.order_id, 2), D(6))


def test_an_order_in_doubt_counts_as_working() -> None:
    assert next_step(BRACKET, stop(sent(1, OrderStatus.IN_DOUBT)), D(10), frozenset()) is None
    assert stop(sent(1, OrderStatus.IN_DOUBT)).proven == 0


def test_what_is_too_much_is_changed_down_or_taken_back() -> None:
    member = stop(sent(1, OrderStatus.SUBMITTED))
    order_id = member.sent[0].terms.order_id
    assert next_step(BRACKET, member, D(7), frozenset()) == Cut(order_id, D(7))
    assert next_step(BRACKET, member, D(7), None) == TakeBack(order_id)
    assert next_step(BRACKET, member, D(7), frozenset({order_id})) == TakeBack(order_id)
    assert next_step(BRACKET, member, D(0), frozenset()) == TakeBack(order_id)


def test_nothing_is_asked_while_an_answer_is_on_its_way() -> None:
    asked = stop(sent(1, OrderStatus.SUBMITTED, pending=Pending.SENT))
    assert next_step(BRACKET, asked, D(0), frozenset()) is None
    assert next_step(BRACKET, stop(sent(1, OrderStatus.PENDING_SUBMIT)), D(0), frozenset()) is None


@pytest.mark.parametrize("status", [OrderStatus.REJECTED, OrderStatus.DENIED, OrderStatus.LOST])
def test_what_is_refused_is_sent_once_more(status: OrderStatus) -> None:
    once, twice = stop(sent(1, status)), stop(sent(1, status), sent(2, status))
    assert isinstance(next_step(BRACKET, once, D(10), frozenset()), Place)
    assert next_step(BRACKET, twice, D(10), frozenset()) is None


def test_what_earlier_runs_died_before_they_sent_is_sent_however_many_died() -> None:
    member = stop(*(sent(number, OrderStatus.LOST) for number in (1, 2, 3)), inherited=True)
    assert next_step(BRACKET, member, D(10), frozenset()) == Place(following(STOP.order_id, 4), D(10))


def test_what_the_broker_cancels_stays_away_and_what_v6_took_back_is_sent_for_the_rest() -> None:
    state = sent(1, OrderStatus.CANCELLED)
    theirs, ours = Member(STOP, (state,)), Member(STOP, (state,), our_cancels=frozenset({state.terms.order_id}))
    assert next_step(BRACKET, theirs, D(7), frozenset()) is None
    assert next_step(BRACKET, ours, D(7), frozenset()) == Place(following(STOP.order_id, 2), D(7))


def test_exits_are_wanted_for_what_has_been_entered_and_not_closed() -> None:
    assert wanted(BRACKET, D(6), (Member(TAKE, ()), stop())) == (D(6), D(6))
    assert overfilled(BRACKET, D(6), (Member(TAKE, ()), stop())) == 0


@pytest.mark.parametrize("oca_type", list(OcaType))
def test_a_group_of_which_nothing_has_filled_wants_all_of_it(oca_type: OcaType) -> None:
    group = KeptGroup(members=(TAKE, STOP), oca_type=oca_type)
    assert wanted(group, D(0), (Member(TAKE, ()), stop())) == (D(10), D(10))


def test_an_order_of_a_group_that_never_arrived_is_not_sent_again() -> None:
    group = KeptGroup(members=(TAKE, STOP), oca_type=OcaType.REDUCE)
    assert next_step(group, stop(sent(1, OrderStatus.LOST), inherited=True), D(10), frozenset()) is None
