"""``v6 kill``: no order goes out, the engine ends, and nothing of ours works any more."""

from __future__ import annotations

from collections.abc import Iterator

import click

from v6core.cli.arguments import SECONDS
from v6core.cli.failures import FAILED, IN_DOUBT, CommandFailed, Failure
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.operator import operator
from v6core.cli.running import warnings_in_one_line
from v6core.cli.telling import order_lines
from v6core.cli.wrapping import wrapped
from v6core.engine.killing import Ending, KillReport, StoppedOrder, hold, kill
from v6core.identifiers import ENGINE_ID

_ENDED = {
    Ending.NONE: "no engine held the journal {journal}",
    Ending.TERMINATED: "the engine's process {pid} ended",
    Ending.KILLED: "the engine's process {pid} did not end by itself and was killed",
}


def _engine_id(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    if value is not None and ENGINE_ID.fullmatch(value) is None:
        raise click.BadParameter(f"an engine id is eight characters of a-z and 2-7, not {value!r}")
    return value


@subcommand("kill")
@click.option("--global", "account_wide", is_flag=True, help="Cancel all orders of the account, manual ones too.")
@click.option("--flatten", is_flag=True, help="Close all positions at the market, once the cancels are proved.")
@click.option("--reason", default="v6 kill was called", show_default=True, help="Why; it is kept.")
@click.option("--timeout", type=SECONDS, help="For how long to try at the broker; unless said, long enough to prove.")
@click.option("--engine-id", metavar="ID", callback=_engine_id, help="Whose orders are ours, without the journal.")
def command(
    invocation: Invocation,
    reason: str,
    timeout: float | None,  # noqa: ASYNC109 -- nothing here is asynchronous
    engine_id: str | None,
    *,
    account_wide: bool,
    flatten: bool,
) -> None:
    """Let no order out, end the engine's process, cancel all of its orders, and see that none is left.

    It needs no engine that answers: first the halt file is written, then the process that holds the journal is ended,
    then its orders are cancelled in its place, those of others untouched unless --global. Nothing opens afterwards
    until v6 resume. It ends with 0 once all is proved, and with 4 where an order may still work. Where the
    configuration cannot be used, all is done but the cancels.
    """
    if not reason.strip():
        raise click.UsageError("say why: the reason is kept in the journal")
    try:
        configuration = invocation.configuration()
    except Exception as broken:  # noqa: BLE001 -- whatever is wrong with it, an engine can be ended without it
        told = hold(
            invocation.places(),
            broken,
            reason=reason,
            operator=operator(),
            account_wide=account_wide,
            flatten=flatten,
        )
        _tell(invocation, told)
        return
    invocation.sent = "unknown"
    with warnings_in_one_line(as_json=invocation.as_json):
        told = kill(
            configuration,
            reason=reason,
            operator=operator(),
            account_wide=account_wide,
            flatten=flatten,
            seconds=timeout,
            engine_id=engine_id,
        )
    _tell(invocation, told)


def _tell(invocation: Invocation, told: KillReport) -> None:
    document = {**told.model_dump(mode="json"), "done": told.is_done}
    invocation.tell(document, _lines(told))
    _judge(told)


def _lines(told: KillReport) -> Iterator[str]:
    yield _latch(told)
    if told.process.is_gone:
        yield _ENDED[told.process.ending].format(pid=told.process.pid, journal=told.journal)
    yield from (f"cancelled: {_order(order)}" for order in told.stopped if order not in told.open)
    yield from (f"STILL OPEN: {_order(order)}" for order in told.open)
    whose = "no order of the account works" if told.account_wide else "no order of ours works"
    yield f"proved: {whose}" if told.verified else f"NOT PROVED: that {whose}"
    if told.account_wide and told.verified:
        yield "orders that were entered by hand are cancelled, too"
    for order in told.flattening:
        yield from order_lines(order)
    if told.flat is not None:
        yield "flat: the broker holds nothing any more" if told.flat else "NOT FLAT"
    for problem in told.problems:
        yield from wrapped(problem, "PROBLEM: ")
    for note in told.notes:
        yield from wrapped(note, "note: ")
    yield "v6 resume REASON lets orders out again" if told.is_latched else "NOTHING HOLDS NEW ORDERS BACK"


def _latch(told: KillReport) -> str:
    places = ([f"the halt file {told.halt_file}"] if told.halt_file else []) + (
        ["the journal"] if told.in_journal else []
    )
    return (
        f"halted by {' and '.join(places)}" if places else "NOT HALTED: neither halt file nor journal could be written"
    )


def _order(order: StoppedOrder) -> str:
    name = order.order_id or order.order_ref or f"the broker's {order.broker_order_id}"
    known = "" if order.in_journal or order.order_id is None else " (unknown to the journal)"
    return f"{name} {order.contract or '-'} {order.outcome or 'gone'}{known}"


def _judge(told: KillReport) -> None:
    if told.is_done:
        return
    why = f": {'; '.join(told.problems)}" if told.problems else ""
    if not told.verified:
        mended = "" if told.broker is not None else "mend the configuration, "
        raise CommandFailed(
            Failure(
                error=f"it is not proved that no order works any more{why}",
                code="KILL_UNPROVED",
                status=IN_DOUBT,
                hint=f"{mended}look at the broker's own pages, and call v6 kill again: it begins anew each time",
                sent=False if told.broker is None else "unknown",
                witness="v6 orders --in-doubt" if told.journal_read else "only the broker itself",
            )
        )
    raise CommandFailed(
        Failure(
            error=f"no order works any more, but not all was done{why}",
            code="KILL_INCOMPLETE",
            status=FAILED,
            sent=True,
        )
    )
