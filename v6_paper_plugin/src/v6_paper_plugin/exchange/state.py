"""An exchange as rows of JSON, and back: put down at any moment and taken up again, it goes on as if nothing had been.

A row has a key: the part that it belongs to and its name or number there. "orders", "executions" and "adjustments" have
numbers, "contracts" their text, and "exchange" names for the rest. What an order costs to write is its own row and
those of its fills, whatever the account has had before. Numbers in it are plain decimal text, times ISO 8601 in UTC,
contracts whole, once each.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from operator import attrgetter, is_
from typing import Any

from v6_paper_plugin.exchange.agenda import Due, Entry
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.ledger import Holding, Ledger
from v6_paper_plugin.exchange.listener import Adjustment
from v6_paper_plugin.exchange.orders import ExchangeOrder, Execution
from v6core.contracts import Combo, Contract, OrderAction, contract_from_json
from v6core.money import plain
from v6core.orders import OcaType, OrderStatus, OrderType, TimeInForce
from v6core.reports import AdjustmentReason

_DECIMALS = frozenset(
    {
        "quantity", "limit_price", "stop_price", "trail_amount", "trail_percent", "limit_offset", "workable", "filled",
        "trail_stop", "trail_limit", "turned_limit", "reserved", "commission", "commission_base", "price",
    }
)  # fmt: skip
_TIMES = frozenset({"good_till", "accepted_at", "ended_at", "expires_at", "time"})
_WORDS: dict[str, Any] = {
    "action": OrderAction,
    "order_type": OrderType,
    "tif": TimeInForce,
    "oca_type": OcaType,
    "status": OrderStatus,
}
Key = tuple[str, str | int]
Rows = Mapping[Key, str]
"""Texts by the part of the state that they belong to and their name or number in it."""
_MONEY = ("cash_start", "cash", "settlements", "commissions", "realized", "equity_at_open")


class StateWriter:
    """Puts one exchange into rows of JSON, again and again: each time those that have changed since."""

    def __init__(self) -> None:
        self._contracts = _Contracts()
        self._open: dict[int, _Standing] = {}
        self._moment: dict[str, str] = {}
        self._orders_known = 0
        self._executions_known = 0
        self._adjustments_known = 0

    def rows(self, exchange: Exchange) -> dict[Key, str]:
        """Return what has changed, all of it the first time; they count as kept from here on."""
        rows = {
            **self._orders(exchange),
            **self._grown("executions", exchange.executions, self._executions_known),
            **self._grown("adjustments", exchange.adjustments, self._adjustments_known),
            **self._changed_moment(exchange),
        }
        self._executions_known, self._adjustments_known = len(exchange.executions), len(exchange.adjustments)
        return {**rows, **self._contracts.rows()}

    def go_on(self, exchange: Exchange, contracts: Iterable[str]) -> None:
        """Count an exchange as it is, and some contracts by their text, as kept."""
        self._contracts.known.update(contracts)
        self._open = {order.number: _Standing(order) for order in exchange.orders.open()}
        self._orders_known = len(exchange.orders)
        self._executions_known, self._adjustments_known = len(exchange.executions), len(exchange.adjustments)

    def _orders(self, exchange: Exchange) -> dict[Key, str]:
        rows: dict[Key, str] = {}
        known = [standing.order for standing in self._open.values()]
        for order in (*known, *exchange.orders.since(self._orders_known)):
            exchange.venue.sync(order)
            before, standing = self._open.pop(order.number, None), _Standing(order)
            if before is None or standing.differs_from(before):
                rows["orders", order.number] = _text(_record(order, self._contracts))
            if order.is_open:
                self._open[order.number] = standing
        self._orders_known = len(exchange.orders)
        return {**rows, **self._corrected(exchange)}

    def _corrected(self, exchange: Exchange) -> dict[Key, str]:
        """Return the orders whose executions were corrected, which may have ended long before."""
        later = exchange.executions[self._executions_known :]
        orders = (exchange.orders.get(execution.ref) for execution in later if execution.replaces is not None)
        return {("orders", order.number): _text(_record(order, self._contracts)) for order in orders if order}

    def _grown(self, part: str, records: Sequence[Execution | Adjustment], known: int) -> dict[Key, str]:
        later = enumerate(records[known:], known + 1)
        return {(part, number): _text(_record(record, self._contracts)) for number, record in later}

    def _changed_moment(self, exchange: Exchange) -> dict[Key, str]:
        before, self._moment = self._moment, _moment(exchange, self._contracts)
        return {("exchange", name): text for name, text in self._moment.items() if before.get(name) != text}


class _Contracts:
    """The contracts that rows name, each of which is put into words once."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self._later: dict[str, Contract] = {}

    def key_of(self, contract: Contract) -> str:
        if contract.key not in self.known:
            self.known.add(contract.key)
            self._later[contract.key] = contract
            if isinstance(contract, Combo):
                for leg, _ in contract.signed_legs:
                    self.key_of(leg)
        return contract.key

    def rows(self) -> dict[Key, str]:
        later, self._later = self._later, {}
        return {("contracts", key): _text(contract.model_dump(mode="json")) for key, contract in later.items()}


_VALUES = attrgetter(*(field.name for field in fields(ExchangeOrder)))


class _Standing:
    """An order's values at one moment. They never change themselves, so that another one is another object."""

    __slots__ = ("order", "values")

    def __init__(self, order: ExchangeOrder) -> None:
        self.order = order
        self.values = _VALUES(order)

    def differs_from(self, other: _Standing) -> bool:
        return not all(map(is_, self.values, other.values))


def _moment(exchange: Exchange, contracts: _Contracts) -> dict[str, str]:
    values = {
        "time": exchange.now.isoformat(),
        "ledger": _ledger(exchange.ledger, contracts),
        "equity_at_close": plain(exchange.equity_at_close),
        "agenda": [_entry(entry) for entry in exchange.agenda],
        "entries": exchange.agenda.count,
        "venue": exchange.venue.save(),
        "counts": [len(exchange.orders), len(exchange.executions), len(exchange.adjustments)],
    }
    return {name: _text(value) for name, value in values.items()}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def load(exchange: Exchange, rows: Rows) -> StateWriter:
    """Fill an exchange in which nothing has happened yet, and return the writer that goes on from there.

    What makes no sense raises ValueError or LookupError.
    """
    state = _parts(rows)
    moment = state["exchange"]
    contracts = {str(key): contract_from_json(data) for key, data in state["contracts"].items()}
    orders, executions, adjustments = moment["counts"]
    exchange.set_time(_time(moment["time"]))
    _load_ledger(exchange.ledger, moment["ledger"], contracts)
    exchange.equity_at_close = Decimal(moment["equity_at_close"])
    for row in _numbered(state["orders"], orders):
        order = ExchangeOrder(**_fields(row, contracts))
        exchange.orders.add(order)
        if order.is_open:
            exchange.watch(leg for leg, _ in order.legs)
    exchange.executions.extend(
        Execution(**_fields(row, contracts)) for row in _numbered(state["executions"], executions)
    )
    exchange.adjustments.extend(_adjustment(row, contracts) for row in _numbered(state["adjustments"], adjustments))
    exchange.agenda.restore((_entry_from(row) for row in moment["agenda"]), moment["entries"])
    exchange.venue.load(moment["venue"], exchange.orders.open(), contracts)
    writer = StateWriter()
    writer.go_on(exchange, contracts)
    return writer


def _parts(rows: Rows) -> dict[str, dict[str | int, Any]]:
    parts: dict[str, dict[str | int, Any]] = defaultdict(dict)
    for (part, key), text in rows.items():
        parts[part][key] = json.loads(text)
    return parts


def _numbered(rows: Mapping[str | int, Any], count: int) -> list[Any]:
    """Return the rows 1 to ``count``: one that is missing raises LookupError, one too many ValueError."""
    if len(rows) != count:
        raise ValueError(f"{len(rows)} rows where {count} were written")
    return [rows[number] for number in range(1, count + 1)]


def _record(record: Any, contracts: _Contracts) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if value is not None:
            row[field.name] = _value(value, contracts)
    return row


def _value(value: Any, contracts: _Contracts) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return contracts.key_of(value) if hasattr(value, "model_dump") else value


def _fields(row: Mapping[str, Any], contracts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _field(name, value, contracts) for name, value in row.items()}


def _field(name: str, value: Any, contracts: Mapping[str, Any]) -> Any:
    if name == "contract":
        return contracts[value]
    if name in _DECIMALS:
        return Decimal(value)
    if name in _TIMES:
        return _time(value)
    return _WORDS[name](value) if name in _WORDS else value


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _adjustment(row: Mapping[str, Any], contracts: Mapping[str, Any]) -> Adjustment:
    known = _fields({name: value for name, value in row.items() if name != "reason"}, contracts)
    return Adjustment(**known, reason=AdjustmentReason(row["reason"]))


def _ledger(ledger: Ledger, contracts: _Contracts) -> dict[str, Any]:
    return {name: plain(getattr(ledger, name)) for name in _MONEY} | {
        "holdings": [
            [_value(holding.contract, contracts), plain(holding.quantity), plain(holding.basis)]
            for holding in ledger.holdings.values()
        ]
    }


def _load_ledger(ledger: Ledger, state: Mapping[str, Any], contracts: Mapping[str, Any]) -> None:
    for name in _MONEY:
        setattr(ledger, name, Decimal(state[name]))
    for key, quantity, basis in state["holdings"]:
        ledger.holdings[key] = Holding(contracts[key], Decimal(quantity), Decimal(basis))


def _entry(entry: Entry) -> list[Any]:
    changes = (
        None if entry.changes is None else {name: _value(value, _Contracts()) for name, value in entry.changes.items()}
    )
    return [entry.time.isoformat(), entry.number, entry.due, entry.ref, changes]


def _entry_from(row: list[Any]) -> Entry:
    time, number, word, ref, changes = row
    due = Due(word)
    return Entry(_time(time), due.phase, number, due, ref, None if changes is None else _fields(changes, {}))
