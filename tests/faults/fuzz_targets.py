"""Where spoilt inputs are put in, what they may end in, and what must hold of whatever is made of one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter

from faults.fuzz_mutations import Mutator
from v6core.config import load
from v6core.contracts import Combo, ComboLeg, Contract, Forex, Future, FutureOption, Option, Stock, parse_contract
from v6core.engine.inbox import Inbox
from v6core.engine.record import Change, Record
from v6core.engine.soundness import Nonsense, claims_too_much, sound_report
from v6core.errors import ConfigurationError, JournalCorrupt
from v6core.events import (
    AlarmRaised,
    CancelRequested,
    DoubtRaised,
    EngineStarted,
    ExpiryInferred,
    ForeignReported,
    ModifyRequested,
    OperatorDecided,
    OrderEvent,
    OrderIntended,
    OrderWasDenied,
    ReportReceived,
    TradingState,
    TradingStateChanged,
    Verdict,
    event_from_json,
    event_to_json,
)
from v6core.fills import Commission, Fill
from v6core.identifiers import SeededIds, make_order_ref, parse_order_ref
from v6core.journal import Entry, MemoryJournal
from v6core.journal.chain import genesis, read_row
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
    ModifyRefusedReport,
    OrderReport,
    OrderTerms,
    RejectionReport,
    Report,
    ReportedStatus,
)

NOW = datetime(2026, 12, 1, 15, tzinfo=UTC)
ENGINE = "abcdefgh"
GOOG = Stock("GOOG")
CALL = Option("GOOG", "2026-12-18", 750, "CALL")
CONTRACTS: tuple[Contract, ...] = (
    GOOG,
    Stock("BRK B", currency="EUR", exchange="IBIS"),
    CALL,
    Option("SPX", "2026-12-18", "5000.5", "PUT", trading_class="SPXW"),
    Future("ES", "2026-12-18", multiplier=50, exchange="CME"),
    FutureOption("ES", "2026-12-18", 6000, "PUT", multiplier=50),
    Forex("EUR/USD"),
    Combo("GOOG", (ComboLeg(GOOG, "BUY", 100), ComboLeg(CALL, "SELL"))),
)
Run = Callable[[], Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Target:
    """An entry: ``prepare`` returns what makes one case, yields it, and then yields how it ended."""

    name: str
    share: int
    refusals: tuple[type[Exception], ...]
    prepare: Callable[[Mutator, Path], Run]


def _orders() -> tuple[Order, ...]:
    ids = [UUID(int=number, version=4) for number in range(1, 5)]
    orders = (
        Order.limit("BUY", 10, "740.5", contract=GOOG, order_id=ids[0], strategy_id="s1", tif="GTC"),
        Order.trailing_stop("SELL", 5, trail_percent="1.5", contract=CALL, order_id=ids[1], oca_group="g"),
        Order.limit("BUY", 2, "-1.25", contract=CONTRACTS[-1], order_id=ids[2], options={"hidden": True}),
        Order.market("SELL", 3, contract=GOOG, order_id=ids[3], account="U7", parent_order_id=ids[0]),
    )
    return tuple(order.replace(order_ref=make_order_ref(ENGINE, order.order_id), created_at=NOW) for order in orders)


ORDERS = _orders()


def _fill(order: Order, number: int) -> Fill:
    return Fill(
        execution_id=f"e{number}",
        contract=CALL if order.contract == CALL else GOOG,
        action=order.action,
        quantity=Decimal(1),
        price=Decimal("740.25"),
        time=NOW,
    )


def _reports() -> tuple[Report, ...]:
    reports: list[Report] = []
    for number, order in enumerate(ORDERS):
        named: dict[str, Any] = {"time": NOW, "order_ref": order.order_ref, "broker_order_id": f"b{number}"}
        terms = OrderTerms.model_validate({name: getattr(order, name) for name in OrderTerms.model_fields})
        reports += [
            OrderReport(
                **named, status=ReportedStatus.SUBMITTED, working=True, terms=terms, filled_quantity=Decimal(0)
            ),
            OrderReport(**named, status=ReportedStatus.CANCELLED, reason="202", replaces="b9"),
            FillReport(**named, fill=_fill(order, number)),
            FillCorrectionReport(**named, replaces=f"e{number}", fill=_fill(order, 50 + number)),
            RejectionReport(**named, code="201", reason="no margin"),
            CancelRefusedReport(**named, reason="too late"),
            ModifyRefusedReport(**named, reason="too late"),
            CommissionReport(time=NOW, commission=Commission(execution_id=f"e{number}", amount=Decimal("1.25"))),
        ]
    adjustment = AdjustmentReport(
        time=NOW,
        adjustment_id="a1",
        contract=GOOG,
        quantity=Decimal(-5),
        price=Decimal(1),
        reason=AdjustmentReason.ASSIGNMENT,
    )
    return (*reports, adjustment, LinkReport(time=NOW, state=LinkState.UP, detail="back"))


REPORTS = _reports()
_REPORT: TypeAdapter[Report] = TypeAdapter(Report)


def _events() -> tuple[Any, ...]:
    first = ORDERS[0]
    common: dict[str, Any] = {"time": NOW, "order_id": first.order_id}
    return (
        *(
            OrderIntended(time=NOW, order_id=order.order_id, order=order, worst_case={"GOOG": Decimal(1)})
            for order in ORDERS
        ),
        OrderWasDenied(**common, order=first, code="READ_ONLY", reason="[risk] read_only is on"),
        DoubtRaised(**common, reason="no answer"),
        ExpiryInferred(**common, evidence="gone"),
        OperatorDecided(
            **common, verdict=Verdict.FILLED, reason="seen", operator="me", quantity=Decimal(1), price=Decimal(1)
        ),
        CancelRequested(**common),
        ModifyRequested(**common, changes={"quantity": "5", "limit_price": "741"}),
        *(ReportReceived(**common, report=report) for report in REPORTS),
        ForeignReported(time=NOW, report=REPORTS[-1]),
        AlarmRaised(time=NOW, code="X", message="look"),
        TradingStateChanged(time=NOW, state=TradingState.HALTED, reason="lunch"),
        EngineStarted(time=NOW, broker="paper", version="6", fingerprint={"a": "b"}),
    )


EVENTS = _events()
CONFIGURATION = """\
broker = "dry"
extensions = ["a"]

[brokers.dry]
plugin = "paper"
cash = 100_000
symbols = ["GOOG"]

[brokers.live]
plugin = "ib"
live = true
account = "U1234567"

[risk]
max_order_value = 25_000.5
price_collar = "off"
allow = ["GOOG", "SPY"]
read_only = false

[journal]
path = ".v6/{broker}.db"

[engine]
ack_deadline = 5
on_exit = "KEEP"
"""
ENVIRONMENT = {
    "V6_BROKER": "dry",
    "V6_RISK__MAX_ORDER_VALUE": "10_000",
    "V6_RISK__ALLOW": '["GOOG"]',
    "V6_BROKERS__DRY__PLUGIN": "paper",
    "V6_ENGINE__ACK_DEADLINE": "2.5",
    "V6_JOURNAL__PATH": "j.db",
}


def _check_configuration(made: Any) -> str:
    for value in made.risk.model_dump().values():
        assert not isinstance(value, Decimal) or (value.is_finite() and value > 0), value
    for name in ("ack_deadline", "cancel_deadline", "grace", "settle", "watchdog"):
        assert 0 < getattr(made.engine, name) <= 86_400
    assert made.broker in made.brokers
    assert made.journal.path.is_absolute()
    assert [setting.key for setting in made.show()]
    return "taken"


def _configuration(mutator: Mutator, folder: Path) -> Run:
    path = folder / "v6.toml"

    def run() -> Iterator[Any]:
        text = mutator.text(CONFIGURATION)
        yield text
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        yield _check_configuration(load(path, environment={}))

    return run


def _environment(mutator: Mutator, folder: Path) -> Run:
    def run() -> Iterator[Any]:
        given = dict(ENVIRONMENT)
        for _ in range(mutator.random.choice((1, 1, 2, 4))):
            name = mutator.random.choice(list(given))
            value = given[name]
            if mutator.random.random() < 0.3:
                del given[name]
                name = mutator.text(name).replace("\0", "").replace("=", "")
            given[name] = mutator.text(value).replace("\0", "")
        yield given
        yield _check_configuration(load(environment=given, folder=folder))

    return run


def _same(value: Any, again: Any) -> None:
    assert again == value, f"{again!r} is not {value!r}"


def _payloads(mutator: Mutator, _: Path) -> Run:
    trees = [json.loads(event_to_json(event)) for event in EVENTS]

    def run() -> Iterator[Any]:
        text = mutator.json(mutator.random.choice(trees))
        yield text
        event = event_from_json(text)
        written = event_to_json(event)
        assert written.isascii()
        assert "\n" not in written
        _same(event, event_from_json(written))
        _same(written, event_to_json(event_from_json(written)))
        yield "taken"

    return run


def _rows(mutator: Mutator, _: Path) -> Run:
    entries = [
        Entry(event.event, event.time, event_to_json(event), event.order_id if isinstance(event, OrderEvent) else None)
        for event in EVENTS
    ]
    journal = MemoryJournal(ids=SeededIds(1))
    rows = journal.append(entries)
    before = [genesis(journal.engine_id), *(row.chain for row in rows)]

    def stored(row: Any) -> list[Any]:
        order_id = None if row.order_id is None else str(row.order_id)
        texts = (row.kind, row.time.isoformat(timespec="microseconds"), order_id, row.payload, row.chain)
        return [row.seq, *(None if text is None else text.encode() for text in texts)]

    def run() -> Iterator[Any]:
        number = mutator.random.randrange(len(rows))
        fields = stored(rows[number])
        for _ in range(mutator.random.choice((1, 1, 2))):
            place = mutator.random.randrange(len(fields))
            fields[place] = _spoilt(mutator, fields[place])
        case: Any = tuple(fields)
        yield case
        _same(rows[number], read_row(case, before[number]))
        yield "taken"

    return run


def _spoilt(mutator: Mutator, value: Any) -> Any:
    chance = mutator.random
    if isinstance(value, bytes) and chance.random() < 0.8:
        if chance.random() < 0.5 and value:
            place = chance.randrange(len(value))
            return value[:place] + bytes([value[place] ^ (1 << chance.randrange(8))]) + value[place + 1 :]
        return mutator.text(value.decode("latin-1")).encode("utf-8", "replace")
    if isinstance(value, int):
        return chance.choice((value + 1, -value, 0, 2**63 - 1, None, b"1"))
    return chance.choice((None, b"", b"\xff", b"\0", 7, 1.5, b"\n"))


def _record() -> Record:
    record = Record(ENGINE, "fuzzed")
    for order in ORDERS:
        _absorb(record, OrderIntended(time=NOW, order_id=order.order_id, order=order))
    return record


def _absorb(record: Record, *events: Any) -> list[Change]:
    changes = record.work_out(events, {})
    for change in changes:
        record.absorb(change)
    return changes


def _broker_reports(mutator: Mutator, _: Path) -> Run:
    trees = [json.loads(report.model_dump_json()) for report in REPORTS]
    record, inbox, heard = _record(), Inbox(), 0

    def run() -> Iterator[Any]:
        nonlocal record, inbox, heard
        heard += 1
        if heard % 40 == 0:
            record, inbox = _record(), Inbox()
        chance = mutator.random
        case = _built(mutator) if chance.random() < 0.3 else mutator.json(chance.choice(trees))
        yield case
        report = _REPORT.validate_json(case) if isinstance(case, str) else case
        yield _heard(inbox, record, sound_report(report, NOW + timedelta(minutes=1)))

    return run


def _built(mutator: Mutator) -> Any:
    """Return a report that nobody validated, as a plugin may build one."""
    report = mutator.random.choice(REPORTS)
    fields = {name: getattr(report, name) for name in type(report).model_fields}
    name = mutator.random.choice(list(fields))
    fields[name] = mutator.tree(mutator.random.choice((fields[name], str(fields[name]), None)))
    return type(report).model_construct(**fields)


def _heard(inbox: Inbox, record: Record, report: Report) -> str:
    order_id = record.named_by(report)
    if isinstance(report, OrderReport) and order_id is not None and claims_too_much(report, record.states[order_id]):
        return "refused"
    ended = "foreign"
    for change in _absorb(record, *inbox.events_of(report, record)):
        _same(change.event, event_from_json(event_to_json(change.event)))
        if change.state is not None:
            order = change.state.order
            _same(order, Order.model_validate_json(order.model_dump_json()))
            assert order.filled_quantity >= 0
            assert _is_printable(order), order
            ended = "taken"
    return ended


def _is_printable(order: Order) -> bool:
    return all(
        getattr(order, name) is None or getattr(order, name).isprintable() for name in ("broker_order_id", "reason")
    )


def _references(mutator: Mutator, _: Path) -> Run:
    references = [make_order_ref(ENGINE, order.order_id) for order in ORDERS]

    def run() -> Iterator[Any]:
        text = mutator.text(mutator.random.choice(references))
        yield text
        parsed = parse_order_ref(text)
        if parsed is None:
            yield "refused"
            return
        _same(text, make_order_ref(*parsed))
        yield "taken"

    return run


def _contract_texts(mutator: Mutator, _: Path) -> Run:
    texts = [*(str(contract) for contract in CONTRACTS), "GOOG  151231C00750000", "EUR/USD", "STOCK:GOOG"]

    def run() -> Iterator[Any]:
        text = mutator.text(mutator.random.choice(texts))
        yield text
        contract = parse_contract(text)
        assert str(contract).isascii()
        assert str(contract).isprintable()
        # The text is the instrument's: how it is routed is not part of it.
        _same(contract.key, parse_contract(str(contract)).key)
        if isinstance(contract, Option) and len(contract.key) >= 16 and ":" not in contract.key:
            _same(contract.key, Option.from_occ(contract.key).key)
        yield "taken"

    return run


TARGETS = (
    Target("configuration", 4, (ConfigurationError,), _configuration),
    Target("environment", 4, (ConfigurationError,), _environment),
    Target("journal payloads", 26, (ValueError,), _payloads),
    Target("journal rows", 20, (JournalCorrupt,), _rows),
    Target("broker reports", 26, (ValueError, Nonsense), _broker_reports),
    Target("references", 10, (), _references),
    Target("contract texts", 10, (ValueError,), _contract_texts),
)
