"""Events are read back from rows without being judged anew, and are what judging them makes of the same text."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, cast, get_args
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from v6core.contracts import Option, Stock
from v6core.events import (
    AbsenceProved,
    AlarmRaised,
    CancelRequested,
    ClockJumped,
    DoubtRaised,
    EngineEvent,
    EngineStarted,
    ExpiryInferred,
    ForeignReported,
    ModifyRequested,
    OperatorDecided,
    OrderEvent,
    OrderIntended,
    OrderResent,
    OrderWasDenied,
    PositionsTaken,
    Purpose,
    ReportReceived,
    ReportRefused,
    RequestUnsent,
    SagaEnded,
    SagaPlanned,
    StrategyRecorded,
    Subject,
    TradingState,
    TradingStateChanged,
    Verdict,
    event_from_json,
    event_from_row,
    event_to_json,
    received,
)
from v6core.fills import ActionTaken
from v6core.orders import Order, OrderType
from v6core.reports import (
    AdjustmentReason,
    AdjustmentReport,
    BrokerPosition,
    CancelRefusedReport,
    LinkReport,
    LinkState,
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    Report,
    ReportedStatus,
)
from v6core.sagas import CloseByLegs, KeptBracket
from v6core.strategies import iron_condor
from v6core.testing.strategies import contracts, histories, orders, tradable_contracts

AnyEvent = OrderEvent | EngineEvent
NOW = datetime(2026, 1, 5, 14, 30, 0, 123, tzinfo=UTC)
ID = UUID(int=6, version=4)
GIVEN = settings(deadline=None, max_examples=60)

CONDOR = iron_condor("GOOG", "2026-12-18", 90, 95, 105, "110.5")
POSITION = BrokerPosition(contract=Stock("GOOG"), quantity=Decimal(-3), avg_cost=Decimal("1.25"), account="DU1")
STEP = Order.limit("BUY", 1, "1.5", contract=Stock("GOOG"), order_id=ID, created_at=NOW)
HELD = ((Stock("GOOG"), Decimal(-1)),)
SAYS: tuple[Report, ...] = (
    CancelRefusedReport(time=NOW, broker_order_id="b-1", code="10147", reason="too late"),
    ModifyRefusedReport(time=NOW, order_ref="x", reason="no"),
    LinkReport(time=NOW, state=LinkState.DEGRADED, detail="1100"),
    AdjustmentReport(
        time=NOW,
        adjustment_id="a",
        contract=Option("GOOG", "2026-12-18", "100.5", "PUT"),
        quantity=Decimal("-1.5"),
        price=Decimal(0),
        reason=AdjustmentReason.ASSIGNMENT,
    ),
)
EXAMPLES: tuple[AnyEvent, ...] = (
    DoubtRaised(time=NOW, order_id=ID, subject=Subject.CANCEL, reason="silence"),
    AbsenceProved(time=NOW, order_id=ID, evidence="not sent"),
    OrderResent(time=NOW, order_id=ID),
    ExpiryInferred(time=NOW, order_id=ID, evidence="gone", unexplained={"GOOG": Decimal("-0.5")}),
    OperatorDecided(
        time=NOW,
        order_id=ID,
        verdict=Verdict.FILLED,
        reason="seen",
        operator="me",
        quantity=Decimal(1),
        price=Decimal(-2),
    ),
    CancelRequested(time=NOW, order_id=ID),
    ModifyRequested(time=NOW, order_id=ID, changes={"quantity": "5", "limit_price": None, "good_till": NOW}),
    RequestUnsent(time=NOW, order_id=ID, subject=Subject.MODIFY, reason="full"),
    *(ForeignReported(time=NOW, report=report) for report in SAYS),
    ReportRefused(time=NOW, problem="€", raw="{"),
    PositionsTaken(time=NOW, positions=(POSITION, POSITION), meanwhile={"GOOG": Decimal(1)}, fills_since=NOW),
    ClockJumped(time=NOW, seconds=-3.5),
    AlarmRaised(time=NOW, code="TWO", message="two", order_id=ID),
    StrategyRecorded(time=NOW, strategy=CONDOR),
    SagaPlanned(time=NOW, plan=CloseByLegs(strategy=CONDOR, held=HELD, steps=(STEP,), far_side=True)),
    SagaPlanned(time=NOW, plan=KeptBracket(entry=STEP, exits=(STEP, STEP))),
    SagaEnded(time=NOW, saga_id=ID, action_taken=ActionTaken.PARTIAL, message="x"),
    TradingStateChanged(time=NOW, state=TradingState.HALTED, reason="test", operator="me"),
    EngineStarted(time=NOW, broker="paper", version="1", fingerprint={"code": "abc"}),
)


def parts(value: Any) -> Any:
    """Return all that tells two values apart: their types, fields, which of them were given, in which order."""
    if isinstance(value, BaseModel):
        fields = {name: parts(part) for name, part in vars(value).items() if not name.startswith("_")}
        return type(value), fields, list(fields), value.model_fields_set, value.model_extra
    if isinstance(value, tuple):
        return [parts(part) for part in cast("Iterable[Any]", value)]
    return type(value), repr(value)


def check(event: AnyEvent) -> None:
    text = event_to_json(event)
    judged, read = event_from_json(text), event_from_row(text)
    assert read == judged
    assert repr(read) == repr(judged)
    assert parts(read) == parts(judged)
    assert event_to_json(read) == text


@GIVEN
@given(orders(), st.sampled_from([None, *Purpose]))
def test_an_intent_is_read_back_as_it_is_judged(order: Order, purpose: Purpose | None) -> None:
    check(OrderIntended(time=NOW, order_id=order.order_id, order=order, unit=(ID, order.order_id), purpose=purpose))


@GIVEN
@given(orders())
def test_a_denial_is_read_back_as_it_is_judged(order: Order) -> None:
    noted = order.replace(options={"algo": "VWAP", "depth": [1, {"a": None}]})
    check(OrderWasDenied(time=NOW, order_id=order.order_id, order=noted, code="X", reason="no"))


@GIVEN
@given(st.data())
def test_what_a_broker_said_is_read_back_as_it_is_judged(data: st.DataObject) -> None:
    history = data.draw(histories())
    for event in history.one_after_the_other:
        check(event)


@GIVEN
@given(st.data())
def test_the_event_of_a_sound_report_is_built_as_it_is_judged(data: st.DataObject) -> None:
    for event in data.draw(histories()).one_after_the_other:
        if isinstance(event, ReportReceived):
            time, order_id, report = event.report.time, event.order_id, event.report
            judged, built = ReportReceived(time=time, order_id=order_id, report=report), received(report, order_id)
            assert built == judged
            assert parts(built) == parts(judged)
            assert event_to_json(built) == event_to_json(judged)


@pytest.mark.parametrize("text", ["plain", "\x7f", 'quote " and \\', "€ \U0001f600", "\u2028"])
def test_an_event_is_told_in_ascii(text: str) -> None:
    event = ReportRefused(time=NOW, problem=text, raw="{}")
    assert event_to_json(event) == event.model_dump_json(exclude_none=True, ensure_ascii=True)


@GIVEN
@given(orders(contract=tradable_contracts(), order_type=st.sampled_from(OrderType)))
def test_the_terms_that_a_broker_shows_are_read_back_as_they_are_judged(order: Order) -> None:
    terms = OrderTerms.model_validate({name: getattr(order, name) for name in OrderTerms.model_fields})
    report = OrderReport(time=NOW, order_ref=order.order_ref, status=ReportedStatus.SUBMITTED, terms=terms)
    check(ReportReceived(time=NOW, order_id=order.order_id, report=report))


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
def test_every_other_event_is_read_back_as_it_is_judged(event: AnyEvent) -> None:
    check(event)


def test_every_kind_of_event_is_among_the_examples() -> None:
    drawn = {OrderIntended, OrderWasDenied, ReportReceived}
    assert {type(event) for event in EXAMPLES} | drawn == {*get_args(OrderEvent), *get_args(EngineEvent)}


@GIVEN
@given(contracts())
def test_equal_contracts_of_two_rows_are_one_object(contract: Any) -> None:
    position = BrokerPosition(contract=contract, quantity=Decimal(1), avg_cost=Decimal(1))
    text = event_to_json(PositionsTaken(time=NOW, positions=(position, position)))
    event = event_from_row(text)
    assert isinstance(event, PositionsTaken)
    first, second = event.positions
    assert first.contract == contract
    assert first.contract is second.contract or contract.kind == "COMBO"


def test_contracts_that_differ_in_how_a_number_is_written_stay_apart() -> None:
    told = [
        BrokerPosition(contract=Stock("GOOG", multiplier=Decimal(text)), quantity=Decimal(1), avg_cost=Decimal(1))
        for text in ("1", "1.0")
    ]
    check(PositionsTaken(time=NOW, positions=tuple(told)))


def test_a_field_that_an_order_does_not_have_is_refused() -> None:
    order = Order.market("BUY", 1, contract=Stock("GOOG"), order_id=ID)
    row = json.loads(event_to_json(OrderIntended(time=NOW, order_id=ID, order=order)))
    row["order"]["leverage"] = "3"
    with pytest.raises(ValueError, match="leverage"):
        event_from_row(json.dumps(row))


def test_a_field_that_an_event_does_not_have_is_refused() -> None:
    row = {**json.loads(event_to_json(CancelRequested(time=NOW, order_id=ID))), "later": 1}
    with pytest.raises(ValueError, match="later"):
        event_from_row(json.dumps(row))


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"event":"REPORTED"}', '{"event":"STARTED","time":5}', "{"])
def test_what_is_no_event_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="validation error"):
        event_from_row(text)


def test_text_in_another_form_than_v6_writes_is_judged() -> None:
    eastern = NOW.astimezone(timezone(timedelta(hours=-5))).isoformat()
    text = json.dumps({"event": "CANCEL_REQUESTED", "time": eastern, "order_id": str(ID)})
    assert event_from_row(text) == CancelRequested(time=NOW, order_id=ID)
