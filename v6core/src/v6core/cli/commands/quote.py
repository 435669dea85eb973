"""``v6 quote``: the present quote of a contract."""

from __future__ import annotations

from collections.abc import Iterator

from v6core.cli.arguments import takes_contract
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import table
from v6core.contracts import Contract
from v6core.engine import OrderExecutionEngine
from v6core.quotes import Quote


@subcommand("quote")
@takes_contract
def command(invocation: Invocation, contract: Contract) -> None:
    """Show the present quote of CONTRACT: GOOG, GOOG151231C00750000, EUR/USD, or with the options below."""

    async def ask(engine: OrderExecutionEngine) -> tuple[Quote, float]:
        quote = await engine.quote(contract)
        return quote, quote.age(engine.now())

    quote, age = run_engine(invocation, ask)
    document = {**quote.model_dump(mode="json"), "age": age}
    row = (quote.contract.key, quote.bid, quote.bid_size, quote.ask, quote.ask_size, quote.last, quote.time)
    headers = ("CONTRACT", "BID", "SIZE", "ASK", "SIZE ", "LAST", "TIME (UTC)")
    late = ["these quotes are delayed"] if quote.delayed else []
    invocation.tell(document, [*table(headers, [row], "BID|SIZE|ASK|SIZE |LAST"), *greek_lines(quote), *late])


def greek_lines(quote: Quote) -> Iterator[str]:
    """Yield what a model makes of an option's price, where the broker tells."""
    if quote.greeks is None:
        return
    row = [None if value is None else round(value, 4) for value in dict(quote.greeks).values()]
    headers = ("IMPLIED VOL", "DELTA", "GAMMA", "VEGA", "THETA", "UNDERLYING")
    yield from table(headers, [row], "|".join(headers))
