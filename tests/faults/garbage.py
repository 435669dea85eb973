"""What a plugin out of its mind may pass: honest reports with one thing spoilt, and things of all kinds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from v6core.contracts import Contract, Stock
from v6core.fills import Commission, Fill
from v6core.orders import Order
from v6core.reports import (
    AdjustmentReason,
    AdjustmentReport,
    CancelRefusedReport,
    CommissionReport,
    FillCorrectionReport,
    FillReport,
    LinkReport,
    LinkState,
    OrderReport,
    OrderTerms,
    RejectionReport,
    ReportedStatus,
)

D = Decimal
REF = "v6-aaaaaaaa-" + "a" * 26


class Hostile:
    """An object that fails whatever is done with it."""

    def __repr__(self) -> str:
        raise RuntimeError("no")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("no")


class Rude:
    """An object that does not let itself be compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no")

    __hash__ = None  # type: ignore[assignment]


class CustomFill(FillReport):
    """A subclass of an honest report."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing that a plugin may pass, and what it is."""

    name: str
    value: object

    def __str__(self) -> str:
        return self.name


def honest(at: datetime, ref: str = REF, contract: Contract | None = None) -> tuple[BaseModel, ...]:
    """Return a sound report of each kind, about an order to buy ten at 100."""
    shares = contract or Stock("GOOG")
    fill = Fill.model_validate(
        {"execution_id": "e-1", "contract": shares, "action": "BUY", "quantity": 1, "price": 100, "time": at}
    )
    named: dict[str, Any] = {"time": at, "order_ref": ref, "broker_order_id": "b-1"}
    terms = OrderTerms.model_validate(
        {"contract": shares, "action": "BUY", "order_type": "LIMIT", "quantity": 10, "limit_price": 100, "tif": "DAY"}
    )
    return (
        OrderReport(**named, status=ReportedStatus.SUBMITTED, working=True, filled_quantity=D(0), terms=terms),
        FillReport(**named, fill=fill),
        FillCorrectionReport(**named, replaces="e-0", fill=fill),
        CommissionReport(time=at, commission=Commission(execution_id="e-1", amount=D(1))),
        RejectionReport(**named, reason="no"),
        CancelRefusedReport(**named, reason="too late", code="10147"),
        AdjustmentReport(
            time=at, adjustment_id="a-1", contract=shares, quantity=D(5), reason=AdjustmentReason.EXTERNAL
        ),
        LinkReport(time=at, state=LinkState.UP),
    )


def empty(kind: type[BaseModel]) -> Any:
    """Return a model with nothing in it, as model_construct makes one."""
    return kind.model_construct()


def things() -> Iterator[Shape]:
    """Yield what is no report at all."""
    values: tuple[object, ...] = (None, 0, 1.5, "", "FILL", b"FILL", [], {}, (), object(), FillReport, print, Hostile())
    for value in values:
        yield Shape(f"a {type(value).__name__}", value)
    for kind in (OrderReport, FillReport, CommissionReport, AdjustmentReport, LinkReport, Fill, Stock):
        yield Shape(f"an empty {kind.__name__}", empty(kind))


def spoilt(at: datetime) -> Iterator[Shape]:
    """Yield honest reports with one field spoilt, whatever that does to them."""
    for report in honest(at):
        for path in _paths(report):
            for number, value in enumerate(_junk(at)):
                name = f"{type(report).__name__}.{'.'.join(path)} {type(value).__name__} {number}"
                yield Shape(name, _with(report, path, value))


def _junk(at: datetime) -> tuple[object, ...]:
    return (
        object(),
        Rude(),
        D("NaN"),
        D("Infinity"),
        D(-1),
        D("1E+400"),
        float("nan"),
        -1,
        10**400,
        b"\x00",
        "a\x00b",
        "\x1b[2J",
        "x" * 10_000,
        ["e"],
        {"a": 1},
        at.replace(tzinfo=None),
        at + timedelta(days=2),
        at.timestamp(),
        empty(Stock),
    )


def _paths(model: BaseModel, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in type(model).model_fields:
        yield (*above, name)
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _paths(value, (*above, name))


def _with(model: BaseModel, path: tuple[str, ...], value: object) -> BaseModel:
    name, *rest = path
    inner = _with(getattr(model, name), tuple(rest), value) if rest else value
    return model.model_copy(update={name: inner})


def nonsense(order: Order, at: datetime) -> Iterator[Shape]:
    """Yield reports about an order that are well-formed and cannot be."""
    ref = str(order.order_ref)
    submitted, filled, *_ = honest(at, ref, order.contract)
    assert isinstance(submitted, OrderReport)
    assert isinstance(filled, FillReport)
    assert submitted.terms is not None
    late = at + timedelta(days=2)

    def fill(**changes: Any) -> FillReport:
        return filled.model_copy(update={"fill": filled.fill.model_copy(update=changes)})

    def terms(**changes: Any) -> OrderReport:
        assert submitted.terms is not None
        return submitted.model_copy(update={"terms": submitted.terms.model_copy(update=changes)})

    yield Shape("a subclass", CustomFill(**dict(filled)))
    yield Shape("a fill of another contract", fill(contract=Stock("MSFT")))
    yield Shape("a fill on the other side", fill(action=filled.fill.action.opposite))
    yield Shape("a fill in another account", fill(account="ELSEWHERE"))
    yield Shape("a fill of nothing", fill(quantity=D(0)))
    yield Shape("a fill of less than nothing", fill(quantity=D(-5)))
    yield Shape("a fill at no price", fill(price=D("NaN")))
    yield Shape("a fill in two days", fill(time=late))
    yield Shape("a fill at a naive time", fill(time=at.replace(tzinfo=None)))
    yield Shape("a fill without an id", fill(execution_id=""))
    yield Shape("a fill with a forged id", fill(execution_id="e-1\x00e-2"))
    yield Shape("a report in two days", submitted.model_copy(update={"time": late}))
    yield Shape("terms of another contract", terms(contract=Stock("MSFT")))
    yield Shape("terms of the other side", terms(action=filled.fill.action.opposite))
    yield Shape("a standing in another account", submitted.model_copy(update={"account": "ELSEWHERE"}))
    yield Shape("more filled than there is", submitted.model_copy(update={"filled_quantity": D(1000)}))
    yield Shape("less than nothing filled", submitted.model_copy(update={"filled_quantity": D(-1)}))
    yield Shape("an endless id", submitted.model_copy(update={"broker_order_id": "b" * 300}))
    yield Shape("an id with an escape", submitted.model_copy(update={"broker_order_id": "b\x1b[2J"}))
    yield Shape("no name", submitted.model_copy(update={"order_ref": None, "broker_order_id": None}))
    yield Shape(
        "a correction into itself",
        FillCorrectionReport.model_construct(
            time=at, order_ref=ref, broker_order_id="b", report="FILL_CORRECTION", replaces="e-1", fill=filled.fill
        ),
    )
