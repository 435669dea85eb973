"""Whether an answer can be, for what was asked."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeVar, cast

from pydantic import BaseModel

from v6core.broker import Receipt
from v6core.contracts import Combo, Contract, ContractDetails
from v6core.engine.soundness.models import (
    Nonsense,
    check_kind,
    checked_name,
    guarded,
    guarding,
    remade,
    sound_model,
)
from v6core.engine.soundness.reports import at_account, check_time, sound_report
from v6core.fills import Fill, Preview
from v6core.identifiers import plainly
from v6core.orders import Order
from v6core.quotes import ChainExpiration, OptionChain, Quote
from v6core.reports import Evidence, FillReport, Report, ReportedStatus, Snapshot

_INSTRUMENT = ("kind", "symbol", "currency", "expiration", "strike", "right")
_WORKING = frozenset({ReportedStatus.SUBMITTED, ReportedStatus.PARTIALLY_FILLED})
M = TypeVar("M", bound=BaseModel)
A_PART: Final = 256
"""How many reports are judged before others have their turn."""


def sound_receipts(receipts: Any, orders: Sequence[Order]) -> tuple[Receipt, ...]:
    """Return the receipts of some orders; one that is missing proves nothing, one too many is nonsense."""
    if not isinstance(receipts, tuple | list):
        raise Nonsense(f"{plainly(type(receipts).__name__, 80)} where receipts belong")
    given = cast("Sequence[Any]", receipts)
    ids = {order.order_id for order in orders}
    for receipt in given:
        check_kind(receipt, Receipt)
        if receipt.order_id not in ids:
            raise Nonsense(f"a receipt for {plainly(str(receipt.order_id), 80)}, which was not placed, or a second one")
        ids.discard(receipt.order_id)
        _check_id(receipt.broker_order_id)
    return tuple(given)


def _check_id(broker_order_id: Any) -> None:
    if broker_order_id is None:
        return
    if type(broker_order_id) is not str:
        raise Nonsense(f"broker_order_id is {plainly(type(broker_order_id).__name__, 80)} in a receipt")
    checked_name(broker_order_id, "broker_order_id")


def sound_snapshot(snapshot: Any, now: datetime) -> Snapshot:
    """Return a snapshot; Nonsense where it is none or contradicts itself."""
    return _at_once(judging_snapshot(snapshot, now))


def judging_snapshot(snapshot: Any, now: datetime) -> Generator[None, None, Snapshot]:
    """Judge a snapshot as ``sound_snapshot`` does, part by part, so that others can have their turn between two."""
    check_kind(snapshot, Snapshot)
    lists = ("open_orders", "completed_orders", "rejections", "fills")
    sound = yield from _judging_rows_of(cast("Snapshot", snapshot), lists, now)
    check_time(sound.time, now, "time")
    _check_positions(sound)
    _check_executions(sound.fills)
    for row in sound.completed_orders:
        if row.status in _WORKING:
            raise Nonsense(f"{row.order_ref or row.broker_order_id} is {row.status} among the completed orders")
    return sound


def sound_evidence(evidence: Any, order_ref: str, now: datetime) -> Evidence:
    """Return what is known under a reference; Nonsense where it is about another one."""
    check_kind(evidence, Evidence)
    sound = _at_once(_judging_rows_of(cast("Evidence", evidence), ("orders", "rejections", "fills"), now))
    for row in (*sound.orders, *sound.rejections, *sound.fills):
        if row.order_ref not in {None, order_ref}:
            raise Nonsense(f"asked about {order_ref}, answered about {row.order_ref}")
    _check_executions(sound.fills)
    return sound


def _judging_rows_of(answer: M, lists: Sequence[str], now: datetime) -> Generator[None, None, M]:
    """Return an answer whose lists of reports are sound, and all else of it, too."""
    rows: dict[str, tuple[Report, ...]] = {}
    with guarding():
        for name in lists:
            rows[name] = yield from _judging_rows(getattr(answer, name), now)
        rest = remade(answer.model_copy(update=dict.fromkeys(lists, ())))
        return rest.model_copy(update=rows)


def _judging_rows(rows: Any, now: datetime) -> Generator[None, None, tuple[Report, ...]]:
    check_kind(rows, tuple)
    sound: list[Report] = []
    for first in range(0, len(rows), A_PART):
        if first:
            yield
        sound += map(sound_report, rows[first : first + A_PART], itertools.repeat(now))
    return tuple(sound)


def _at_once(judging: Generator[None, None, M]) -> M:
    """Return what judging in parts comes to, with nothing in between."""
    while True:
        try:
            next(judging)
        except StopIteration as end:
            sound: M = end.value
            return sound


def _check_positions(snapshot: Snapshot) -> None:
    seen: set[tuple[str, str | None]] = set()
    for row in snapshot.positions:
        key = row.contract.key, row.account
        if key in seen:
            raise Nonsense(f"two positions in {row.contract}{at_account(row.account)}")
        seen.add(key)


def _check_executions(reports: Iterable[FillReport]) -> None:
    seen: dict[str, Fill] = {}
    for report in reports:
        first = seen.setdefault(report.fill.execution_id, report.fill)
        if first is not report.fill and first != report.fill:
            raise Nonsense(f"two executions with the id {report.fill.execution_id}")


def sound_details(details: Any, contract: Contract) -> ContractDetails:
    """Return the details of a contract; Nonsense where they are another's: the order would be sent for that one."""
    check_kind(details, ContractDetails)
    sound = guarded(lambda: remade(cast("ContractDetails", details)))
    if not sound.ticks:
        raise Nonsense(f"no tick for {contract}")
    _check_same(sound.contract, contract)
    return sound


def sound_quote(quote: Any, contracts: Sequence[Contract], now: datetime) -> Quote:
    """Return a quote of one of some contracts."""
    check_kind(quote, Quote)
    sound = sound_model(cast("Quote", quote))
    check_time(sound.time, now, "time")
    if all(sound.contract.key != contract.key for contract in contracts):
        _check_same_as_one(sound.contract, contracts)
    return sound


def sound_chain(chain: Any, contract: Contract) -> OptionChain:
    """Return the options listed on an underlying."""
    check_kind(chain, OptionChain)
    sound = guarded(lambda: _remade_chain(cast("OptionChain", chain)))
    if _spelt(sound.symbol) != _spelt(contract.symbol):
        raise Nonsense(f"asked for the options on {contract.symbol}, answered with those on {sound.symbol}")
    if (sound.kind == "FUTURE_OPTION") != (contract.kind == "FUTURE"):
        raise Nonsense(f"asked for the options on {contract.key}, answered with contracts of kind {sound.kind}")
    return sound


def _remade_chain(chain: OptionChain) -> OptionChain:
    """Return a chain made anew, each list of strikes judged once: a hundred expirations may share a long one."""
    rows = sorted(chain.expirations, key=lambda row: row.expiration)
    judged: dict[int, tuple[Decimal, ...]] = {}
    for row in rows:
        check_kind(row, ChainExpiration)
        if id(row.strikes) not in judged:
            judged[id(row.strikes)] = remade(row).strikes
    bare = tuple(row.model_copy(update={"strikes": ()}) for row in rows)
    sound = remade(chain.model_copy(update={"expirations": bare}))
    whole = (
        one.model_copy(update={"strikes": judged[id(row.strikes)]})
        for one, row in zip(sound.expirations, rows, strict=True)
    )
    return sound.model_copy(update={"expirations": tuple(whole)})


def sound_preview(preview: Any) -> Preview:
    """Return what orders would cost."""
    check_kind(preview, Preview)
    return guarded(lambda: remade(cast("Preview", preview)))


def _check_same_as_one(found: Contract, contracts: Sequence[Contract]) -> None:
    if not any(_is_same(found, contract) for contract in contracts):
        raise Nonsense(f"asked about {', '.join(map(str, contracts[:5]))}, answered about {found}")


def _check_same(found: Contract, contract: Contract) -> None:
    _check_same_as_one(found, (contract,))


def _is_same(found: Contract, contract: Contract) -> bool:
    """Tell whether two contracts name one instrument, one of them perhaps more fully."""
    if isinstance(contract, Combo) and isinstance(found, Combo):
        return len(contract.legs) == len(found.legs)
    return all(
        _spelt(getattr(found, name, None)) == _spelt(getattr(contract, name, None))
        for name in _INSTRUMENT
        if getattr(contract, name, None) is not None
    )


def _spelt(value: Any) -> Any:
    """Return a symbol without what brokers spell differently: BRK B, BRK.B, BRK/B."""
    return "".join(c for c in value if c.isalnum()) if type(value) is str else value
