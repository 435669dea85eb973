"""Messages recorded from real servers, said over TCP, read by the plugin and translated.

What they come to is held against the recorded fields themselves, by their places in IB's layout: nothing that the
gateway was written from has a part in it. The recordings are of versions 169 and 176, of which the second names an
order's ``faProfile`` in front of most of its fields; one says its version by its length.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ib.scripted_tws import ScriptedTws
from ib.transport_desk import GOOG, NotingEar, heard, ours, tells_the_time
from v6_ib_plugin.options import IbOrderOptions
from v6_ib_plugin.terms import IbContractDetails
from v6_ib_plugin.translation.contracts import contract_of
from v6_ib_plugin.translation.details import details_of, rule_ids
from v6_ib_plugin.translation.executions import commission_of, execution_id_of, fill_of, realized_pnl_of
from v6_ib_plugin.translation.orders import order_of, terms_of
from v6_ib_plugin.translation.statuses import Ending, outcome_of, standing_of
from v6_ib_plugin.translation.wordless import fields_without_a_word
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Contract
from v6core.reports import ReportedStatus

DATA = Path(os.environ.get("V6_TEST_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "tws"
Fields = Sequence[str]
D = Decimal

_KINDS = {"STK": "STOCK", "OPT": "OPTION", "FUT": "FUTURE", "FOP": "FUTURE_OPTION"}
_TYPES = {"MKT": "MARKET", "LMT": "LIMIT"}
_SIDES = {"BOT": "BUY", "SLD": "SELL"}
_STANDINGS = {
    "PreSubmitted": (ReportedStatus.SUBMITTED, False),
    "Submitted": (ReportedStatus.SUBMITTED, True),
    "Filled": (ReportedStatus.FILLED, False),
    "Cancelled": (ReportedStatus.CANCELLED, False),
}
_OLD_ORDER, _ORDER = 131, 136
_WIDTHS = {3: {12}, 5: {_ORDER, _OLD_ORDER}, 10: {40, 42}, 11: {31}, 59: {8}, 61: {16}, 101: {101}}
"""How many fields a message of these versions has; others are cut short, too long, or templates with gaps."""
_NEW_YORK = ZoneInfo("America/New_York")


def recorded(message: int) -> list[Fields]:
    """Return the recorded messages of a kind that are whole."""
    path = DATA / "frames.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}: set V6_TEST_DATA to the folder that holds tws/")
    rows = [tuple(json.loads(line)["fields"]) for line in path.read_text().splitlines()]
    # Some collectors split behind the last NUL, too.
    sound = (row[:-1] if len(row) - 1 in _WIDTHS[message] else row for row in rows if row[0] == str(message))
    return [row for row in sound if len(row) in _WIDTHS[message] and not any("{" in field for field in row)]


def said(rows: Sequence[Fields]) -> NotingEar:
    """Return what the plugin hears where TWS says these messages, in their order."""

    async def run(version: int, rows: Sequence[Fields], told: NotingEar) -> None:
        async with ScriptedTws.running(version=version) as server, ours(server) as (transport, ear):
            tells_the_time(server)
            server.say(*rows)
            await heard(transport)
            assert ear.undecodable == []
            told.orders += ear.orders
            told.statuses += ear.statuses
            told.executions += ear.executions
            told.commissions += ear.commissions
            told.positions += ear.positions

    told = NotingEar()
    for row in rows:
        asyncio.run(run(169 if row[0] == "5" and len(row) == _OLD_ORDER else 176, [row], told))
    return told


def check_contract(contract: Contract, fields: Fields, *, at: int) -> None:
    """Hold a contract against the fields of its message that begin with its conid."""
    con_id, symbol, kind, expiry, strike, right, multiplier, exchange, currency, _, trading_class = fields[at : at + 11]
    assert (contract.conid, contract.symbol, contract.kind) == (int(con_id), symbol, _KINDS[kind])
    assert (contract.exchange, contract.currency) == (exchange, currency)
    assert contract.multiplier == D(multiplier or 1)
    dated: Any = contract
    if kind != "STK":
        assert f"{dated.expiration:%Y%m%d}" == expiry
        assert (dated.trading_class or dated.symbol) == trading_class
    if kind in {"OPT", "FOP"}:
        assert (dated.strike, dated.right[0]) == (D(strike), right)


def test_orders_are_those_that_the_fields_say() -> None:
    rows = recorded(5)
    told = said(rows).orders
    assert len(rows) == len(told) > 10
    for fields, (contract, order, _) in zip(rows, told, strict=True):
        check_contract(contract_of(contract), fields, at=2)
        terms = terms_of(order, contract)
        assert terms.contract == contract_of(contract)
        assert (terms.action, terms.quantity, terms.tif) == (fields[13], D(fields[14]), fields[18])
        assert terms.order_type == _TYPES.get(fields[15])
        assert terms.limit_price == (D(fields[16]) if fields[15] == "LMT" else None)
        assert terms.stop_price is None
        assert (order.order_id, order.client_id, order.perm_id) == (int(fields[1]), int(fields[24]), int(fields[25]))
        assert (order.account, order.order_ref, terms.oca_group) == (fields[20], fields[23], fields[19] or None)


def test_orders_stand_as_the_fields_say() -> None:
    rows = recorded(5)
    for fields, (_, _, state) in zip(rows, said(rows).orders, strict=True):
        standing = standing_of(state.status)
        assert standing is not None
        assert (standing.status, standing.working) == _STANDINGS[fields[94]]
        assert state.warning_text == fields[108]


def test_what_tws_writes_into_a_plain_order_is_nothing_that_it_does() -> None:
    rows = recorded(5)
    for fields, (contract, order, _) in zip(rows, said(rows).orders, strict=True):
        assert fields_without_a_word(order) == ()
        assert IbOrderOptions.of(order) == IbOrderOptions()
        if fields[15] in _TYPES:
            assert order_of(order, contract).quantity == D(fields[14])


def test_statuses_are_those_that_the_fields_say() -> None:
    rows = recorded(3)
    told = said(rows).statuses
    assert len(rows) == len(told) > 10
    for fields, status in zip(rows, told, strict=True):
        standing = standing_of(status.status, status.filled)
        assert standing is not None
        assert (standing.status, standing.working) == _STANDINGS[fields[2]]
        assert (status.order_id, status.perm_id, status.client_id) == (int(fields[1]), int(fields[6]), int(fields[9]))
        assert (status.filled, status.remaining, status.avg_fill_price) == tuple(map(D, fields[3:6]))


def test_fills_are_those_that_the_fields_say() -> None:
    rows = recorded(11)
    told = said(rows).executions
    assert len(rows) == len(told) > 4
    for fields, (_, contract, execution) in zip(rows, told, strict=True):
        fill = fill_of(contract, execution, zone=_NEW_YORK)
        assert fill is not None
        check_contract(fill.contract, fields, at=3)
        assert (fill.execution_id, fill.account, fill.action) == (fields[14], fields[16], _SIDES[fields[18]])
        assert (fill.quantity, fill.price, fill.currency) == (D(fields[19]), D(fields[20]), fields[11])
        day, time, *zone = fields[15].split()
        when = datetime.strptime(f"{day} {time}", "%Y%m%d %H:%M:%S")  # noqa: DTZ007 -- the zone stands behind it
        assert fill.time == when.replace(tzinfo=ZoneInfo(zone[0]) if zone else _NEW_YORK)
        assert (execution.order_id, execution.perm_id, execution.client_id) == tuple(
            int(fields[place]) for place in (2, 21, 22)
        )
        assert (execution.cum_qty, execution.avg_price) == (D(fields[24]), D(fields[25]))
        group, row, revision = fields[14].rsplit(".", 2)
        parts = execution_id_of(fields[14])
        assert (parts.group, parts.stem, parts.revision) == (group, f"{group}.{row}", int(revision))


def test_commissions_are_those_that_the_fields_say() -> None:
    rows = recorded(59)
    told = said(rows).commissions
    assert len(rows) == len(told) > 0
    for fields, report in zip(rows, told, strict=True):
        commission = commission_of(report)
        assert commission is not None
        assert (commission.execution_id, commission.amount, commission.currency) == (fields[2], D(fields[3]), fields[4])
        assert realized_pnl_of(report) == D(fields[5])


def test_positions_are_those_that_the_fields_say() -> None:
    rows = recorded(61)
    told = said(rows).positions
    assert len(rows) == len(told) > 0
    for fields, (account, contract, quantity, cost) in zip(rows, told, strict=True):
        check_contract(contract_of(contract), fields, at=3)
        assert (account, quantity, cost) == (fields[2], D(fields[14]), D(fields[15]))


def completed(fields: Fields) -> Any:
    async def run() -> Any:
        async with ScriptedTws.running(version=176) as server, ours(server) as (transport, _):
            server.answers[99] = lambda _: [fields, (102,)]
            (row,) = await transport.completed_orders()
            return row

    return asyncio.run(run())


def test_completed_orders_ended_as_the_fields_say() -> None:
    rows = recorded(101)
    assert len(rows) > 1
    for fields in rows:
        contract, order, completion = completed(fields)
        check_contract(contract_of(contract), fields, at=1)
        terms = terms_of(order, contract)
        assert (terms.action, terms.quantity, terms.tif) == (fields[12], D(fields[13]), fields[17])
        assert terms.order_type == _TYPES[fields[14]]
        assert terms.limit_price == (D(fields[15]) if fields[14] == "LMT" else None)
        assert (order.account, order.order_ref, order.perm_id) == (fields[19], fields[22], int(fields[23]))
        outcome = outcome_of(completion)
        assert outcome.ending is {"Filled": Ending.FILLED, "Cancelled": Ending.CANCELLED}[fields[77]]
        assert (outcome.filled, outcome.reason) == (D(fields[87]), fields[95])
        assert completion.completed_time == fields[94]
        assert completion.parent_perm_id is None


def details(fields: Fields) -> IbContractDetails:
    async def run() -> IbContractDetails:
        async with ScriptedTws.running(version=176) as server, ours(server) as (transport, _):
            server.answers[9] = lambda asked: [("10", asked[2], *fields[2:]), (52, 1, asked[2])]
            (found,) = await transport.contract_details(GOOG)
            return found

    return asyncio.run(run())


def test_contracts_are_described_as_the_fields_say() -> None:
    rows = recorded(10)
    assert len(rows) > 5
    for fields in rows:
        read = details(fields)
        _, _, symbol, kind, expiry, _, _, exchange, currency, *_ = fields
        found: Any = details_of(read)
        assert (found.contract.symbol, found.contract.kind) == (symbol, _KINDS[kind])
        assert (found.contract.exchange, found.contract.currency) == (exchange, currency)
        assert (found.contract.conid, found.contract.primary_exchange) == (int(fields[12]), fields[20] or None)
        assert (found.contract.multiplier, found.ticks[0].tick) == (D(fields[14] or 1), D(fields[13]))
        assert found.long_name == fields[19]
        assert kind != "FUT" or f"{found.contract.expiration:%Y%m%d}" == expiry.split()[0]
        check_rules(read, fields)


def check_rules(read: IbContractDetails, fields: Fields) -> None:
    exchanges, rules = fields[16].split(","), fields[34 + 2 * int(fields[30])].split(",")
    if len(exchanges) == len(rules) and all(rule.isdigit() for rule in rules):
        assert rule_ids(read) == dict(zip(exchanges, map(int, rules), strict=True))
    else:
        with pytest.raises(Untranslatable):
            rule_ids(read)
