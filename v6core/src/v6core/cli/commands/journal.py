"""``v6 journal``: the durable record, shown and verified beside a running engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click

from v6core.cli.failures import CommandFailed, Failure
from v6core.cli.invocation import Invocation, shared_options, subcommand
from v6core.cli.records import order_id_in, rows_of
from v6core.cli.telling import table
from v6core.events import EngineEvent, OrderEvent, event_from_json
from v6core.journal import Damage, Row, Verification, journal_exists, verify

_KINDS: list[str] = [event.model_fields["event"].default for event in get_args(OrderEvent | EngineEvent)]


@click.group("journal", no_args_is_help=False)
@shared_options
def command() -> None:
    """Show and verify the journal; it is read beside a running engine."""


@subcommand("show")
@click.option("--after", type=click.IntRange(min=0), default=0, help="Only rows after this number.")
@click.option("--last", type=click.IntRange(min=1), help="Only so many of the last rows.")
@click.option("--order", "order_id", metavar="ORDER_ID", help="Only rows of an order.")
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice(_KINDS, case_sensitive=False),
    help="Only rows of a kind, like INTENDED or REPORTED.",
)
def show(invocation: Invocation, after: int, last: int | None, order_id: str | None, kind: str | None) -> None:
    """Show the rows of the journal: what was intended, sent, reported, in the order in which it became durable."""
    rows = rows_of(invocation.configuration().journal.path)
    known = tuple({row.order_id: None for row in rows if row.order_id is not None})
    wanted = None if order_id is None else order_id_in(order_id, known)
    chosen = [
        row for row in rows if row.seq > after and wanted in {None, row.order_id} and (kind is None or row.kind == kind)
    ]
    chosen = chosen if last is None else chosen[-last:]
    invocation.tell([_document(row) for row in chosen], _lines(chosen))


def _document(row: Row) -> dict[str, Any]:
    order_id = None if row.order_id is None else str(row.order_id)
    event = json.loads(row.payload)
    time = row.time.isoformat().replace("+00:00", "Z")
    return {"seq": row.seq, "time": time, "kind": row.kind, "order_id": order_id, "event": event}


def _lines(rows: list[Row]) -> Iterator[str]:
    if not rows:
        yield "no rows"
        return
    told = [
        (row.seq, row.time, row.kind, "-" if row.order_id is None else row.order_id.hex[:8], _gist(row)) for row in rows
    ]
    yield from table(("ROW", "TIME (UTC)", "KIND", "ORDER", "WHAT"), told, "ROW")


def _gist(row: Row) -> str:
    """Return the telling part of an event in a few words."""
    event: dict[str, Any] = json.loads(row.payload)
    report: dict[str, Any] = event.get("report", {})
    order: dict[str, Any] = event.get("order", {})
    fill: dict[str, Any] = report.get("fill") or {}
    if fill:
        return f"FILL {fill['action']} {fill['quantity']} at {fill['price']}"
    words: tuple[Any, ...]
    if report:
        words = (report.get("report"), report.get("status"), report.get("reason") or report.get("state"))
    elif order:
        price = order.get("limit_price") or order.get("stop_price")
        words = (order["action"], order["quantity"], order["order_type"], price)
    else:
        words = (event.get("reason"), event.get("state"), event.get("evidence"), event.get("broker"))
    return " ".join(str(word) for word in words if word)


@subcommand("verify")
def verify_it(invocation: Invocation) -> None:
    """Check every row of the journal, every link of its chain, what each says, and the file that holds it."""
    path = invocation.configuration().journal.path
    if not journal_exists(path):
        invocation.tell({"path": str(path), "ok": True, "rows": 0}, [f"there is no journal at {path} yet"])
        return
    found = _judged(path, verify(path))
    document = {
        "path": str(path),
        "ok": found.ok,
        "rows": found.rows,
        "first_bad": found.first_bad,
        "damage": None if found.damage is None else str(found.damage),
        "problem": found.problem,
    }
    invocation.tell(document, [f"{path}: {found.rows} rows hold together"])
    if not found.ok:
        raise CommandFailed(
            Failure(
                error=found.problem or "the journal does not hold together",
                code="JOURNAL_CORRUPT",
                hint="keep the file, and restore a copy from before; v6 refuses to trade on this one",
            )
        )


def _judged(path: Path, found: Verification) -> Verification:
    """Judge what the rows say as live input is judged: a chain that holds was written by v6, or by whoever could."""
    for row in rows_of(path) if found.ok else ():
        try:
            event_from_json(row.payload)
        except ValueError as error:
            told = f"journal row {row.seq}: it is no event of v6: {str(error).splitlines()[0]}"
            return Verification(row.seq - 1, row.seq, Damage.UNREADABLE, told)
    return found


command.add_command(show)
command.add_command(verify_it)
