"""An exchange as JSON, and back: put down at any moment and taken up again, it goes on as if nothing had been.

Numbers are plain decimal text, times ISO 8601 in UTC, contracts whole, once each, by their text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from itertools import takewhile
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
        "trail_stop", "trail_limit", "reserved", "commission", "commission_base", "price",
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
_MONEY = ("cash_start", "cash", "settlements", "commissions", "realized", "equity_at_open")


class _Rows:
    """Rows of JSON that are put into words once and never change."""

    def __init__(self) -> None:
        self._text = StringIO()
        self.count = 0

    def add(self, row: str) -> None:
        self._text.write(row if not self.count else f",{row}")
        self.count += 1

    def list(self, more: Sequence[str] = ()) -> str:
        """Return the rows, and some more that may yet change, as one list."""
        kept = [self._text.getvalue()] if self.count else []
        return f"[{','.join([*kept, *more])}]"


class StateWriter:
    """Writes one exchange as JSON, again and again; only what may have changed since is put into words again."""

    def __init__(self) -> None:
        self._contracts: dict[str, Contract] = {}
        self._contract_rows: dict[str, str] = {}
        self._ended = _Rows()
        self._executions = _Rows()
        self._adjustments = _Rows()

    def text(self, exchange: Exchange) -> str:
        """Return the exchange as it is at this moment."""
        rows = {
            "ledger": _text(_ledger(exchange.ledger, self._contracts)),
            "orders": self._orders(exchange),
            "executions": self._grown(self._executions, exchange.executions),
            "adjustments": self._grown(self._adjustments, exchange.adjustments),
        }
        return _object({"contracts": self._contracts_text(), **_moment(exchange), **rows})

    def _orders(self, exchange: Exchange) -> str:
        later = exchange.orders.since(self._ended.count)
        ended = list(takewhile(lambda order: not order.is_open, later))
        for order in ended:
            self._ended.add(_text(_record(order, self._contracts)))
        rest = later[len(ended) :]
        for order in rest:
            exchange.venue.sync(order)
        return self._ended.list([_text(_record(order, self._contracts)) for order in rest])

    def _grown(self, rows: _Rows, records: Sequence[Execution | Adjustment]) -> str:
        for record in records[rows.count :]:
            rows.add(_text(_record(record, self._contracts)))
        return rows.list()

    def _contracts_text(self) -> str:
        for key, contract in self._contracts.items():
            if key not in self._contract_rows:
                self._contract_rows[key] = _text(contract.model_dump(mode="json"))
        return _object(self._contract_rows)


def _moment(exchange: Exchange) -> dict[str, str]:
    values = {
        "time": exchange.now.isoformat(),
        "equity_at_close": plain(exchange.equity_at_close),
        "agenda": [_entry(entry) for entry in exchange.agenda if _matters(exchange, entry)],
        "entries": exchange.agenda.count,
        "venue": exchange.venue.save(),
    }
    return {name: _text(value) for name, value in values.items()}


def _matters(exchange: Exchange, entry: Entry) -> bool:
    """Tell whether an entry still does anything: what an ended order would have done by itself, it does no more."""
    order = exchange.orders.get(entry.ref)
    return order is None or order.is_open or entry.due in {Due.CANCEL, Due.CHANGE}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _object(members: Mapping[str, str]) -> str:
    return f"{{{','.join(f'{_text(name)}:{value}' for name, value in members.items())}}}"


def load(exchange: Exchange, state: Mapping[str, Any]) -> None:
    """Fill an exchange in which nothing has happened yet; what makes no sense raises ValueError or LookupError."""
    contracts = {key: contract_from_json(data) for key, data in state["contracts"].items()}
    exchange.set_time(_time(state["time"]))
    _load_ledger(exchange.ledger, state["ledger"], contracts)
    exchange.equity_at_close = Decimal(state["equity_at_close"])
    for row in state["orders"]:
        order = ExchangeOrder(**_fields(row, contracts))
        exchange.orders.add(order)
        if order.is_open:
            exchange.watch(leg for leg, _ in order.legs)
    exchange.executions.extend(Execution(**_fields(row, contracts)) for row in state["executions"])
    exchange.adjustments.extend(_adjustment(row, contracts) for row in state["adjustments"])
    exchange.agenda.restore((_entry_from(row) for row in state["agenda"]), state["entries"])
    exchange.venue.load(state["venue"], exchange.orders.open(), contracts)


def _record(record: Any, contracts: dict[str, Contract]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for field in fields(record):
        value = getattr(record, field.name)
        if value is not None:
            row[field.name] = _value(value, contracts)
    return row


def _value(value: Any, contracts: dict[str, Contract]) -> Any:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        contracts.setdefault(value.key, value)
        if isinstance(value, Combo):
            contracts.update((leg.key, leg) for leg, _ in value.signed_legs)
        return value.key
    return value


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


def _ledger(ledger: Ledger, contracts: dict[str, Contract]) -> dict[str, Any]:
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
    changes = None if entry.changes is None else {name: _value(value, {}) for name, value in entry.changes.items()}
    return [entry.time.isoformat(), entry.number, entry.due, entry.ref, changes]


def _entry_from(row: list[Any]) -> Entry:
    time, number, word, ref, changes = row
    due = Due(word)
    return Entry(_time(time), due.phase, number, due, ref, None if changes is None else _fields(changes, {}))
