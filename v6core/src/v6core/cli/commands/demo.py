"""``v6 demo``: a trading day on the configured broker, the paper broker by default."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import click

from v6core.cli.demo.charges import charged_fills
from v6core.cli.demo.invariants import Books, audit
from v6core.cli.demo.market import Pace
from v6core.cli.demo.report import Report
from v6core.cli.demo.stage import Stage, stage_of
from v6core.cli.demo.story import Story
from v6core.cli.demo.telling import step_lines
from v6core.cli.failures import CommandFailed, Failure
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.quote_listing import listing_of
from v6core.cli.running import run
from v6core.contracts import Stock
from v6core.engine import OrderExecutionEngine
from v6core.errors import OrderDenied, Unavailable, V6Error

_SYMBOL = "SPY"
# A broker may tell whole seconds, and its clock may go a little wrong as ours may.
_CLOCKS_AGREE = timedelta(seconds=3)


@subcommand("demo")
@click.option("--quotes", type=click.Path(path_type=Path), help="A file of recorded quotes, instead of a made-up day.")
@click.option("--symbol", help=f"What is traded; {_SYMBOL} unless said, and needed with --quotes.")
@click.option("--seed", type=int, help="What the made-up day is made from: the same seed, the same day.")
@click.option("--real-money", is_flag=True, help="Let it trade in an account that is not a paper account.")
def command(
    invocation: Invocation, quotes: Path | None, symbol: str | None, seed: int | None, *, real_money: bool
) -> None:
    """Run a trading day on the configured broker, and check the books.

    A bracket that ends by one exit cancelling the other, an iron condor opened as one combo, its tested side rolled
    to a later expiration, everything closed. On the paper broker the demo has an account and a journal of its own that
    are gone afterwards.
    """
    if quotes is not None and symbol is None:
        raise click.UsageError("--quotes needs --symbol; v6 replay FILE tells which symbols the file has")
    stock = Stock(_SYMBOL if symbol is None else symbol)
    with stage_of(invocation.configuration(), quotes, seed) as stage:

        async def play(engine: OrderExecutionEngine) -> Report:
            if not real_money:
                await _check_nothing_is_real(engine)
            invocation.sent = "unknown" if not stage.is_own else False
            return await _play(invocation, stage, stock)

        with _naming_what_is_listed(quotes, stock):
            report = run(stage.engine, play, stage.loop_factory, as_json=invocation.as_json)
    invocation.tell(report.document, report.lines())
    if not report.ended_flat:
        raise CommandFailed(Failure(error="the demo did not end flat and balanced", code="NOT_FLAT", sent=True))


@contextmanager
def _naming_what_is_listed(quotes: Path | None, stock: Stock) -> Generator[None]:
    try:
        yield
    except Unavailable as error:
        symbols = [] if quotes is None else sorted(listing_of(quotes).symbols)
        if quotes is None or stock.symbol in symbols:
            raise
        raise Unavailable(error.message, hint=f"{quotes} has quotes of {', '.join(symbols)}") from error


async def _check_nothing_is_real(engine: OrderExecutionEngine) -> None:
    """Refuse what is neither simulated nor, by the broker's own word, a paper account."""
    if engine.capabilities.simulated:
        return
    account = await engine.account()
    if account.paper is not True:
        raise OrderDenied(
            f"account {account.account} of {engine.name} is not a paper account: the demo would trade with real money; "
            "nothing was sent",
            code="REAL_MONEY",
            hint="--real-money lets it, --broker paper plays it on paper",
        )


async def _play(invocation: Invocation, stage: Stage, stock: Stock) -> Report:
    engine = stage.engine
    started = engine.now()
    account = await engine.account()
    tag = "" if stage.is_own else f"-{stage.ids.engine_id()}"
    story = Story(engine, stock, stage.ids, Pace.of_loop(), tag)
    try:
        await story.play()
    except V6Error:
        invocation.tell_people(step_lines(story.steps))
        raise
    wanted = set(await story.order_ids())
    fills = await charged_fills(engine, wanted)
    orders = tuple(order for order in await engine.orders() if order.order_id in wanted)
    positions = await engine.positions()
    books = Books(
        journal=engine.journal,
        orders=orders,
        fills=tuple(sorted(fills, key=lambda fill: fill.time)),
        positions=tuple(row for row in positions if stage.is_own or row.strategy_id in story.strategy_ids),
        cash_start=account.cash,
        cash_end=(await engine.account()).cash,
        clocks_agree=timedelta(0) if engine.capabilities.simulated else _CLOCKS_AGREE,
    )
    return Report(
        stage=stage,
        story=story,
        books=books,
        audit=audit(books),
        currency=account.currency,
        started=started,
        ended=engine.now(),
    )
