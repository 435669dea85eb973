"""The options on one future: of those on its symbol, the ones that deliver it."""

from __future__ import annotations

from v6_paper_plugin.market.tape import Market
from v6core.contracts import Future, FutureOption, OptionRight
from v6core.quotes import ChainExpiration, OptionChain


def chain_on(future: Future, listed: OptionChain, market: Market) -> OptionChain:
    """Return the options that deliver a future, where ``listed`` are all days and strikes of its symbol.

    They have its multiplier, its exchange and its currency.
    """
    rows = tuple(
        row.model_copy(update={"multiplier": future.multiplier})
        for row in listed.expirations
        if row.expiration <= future.expiration and _delivers(future, row, market)
    )
    return OptionChain(
        symbol=future.symbol,
        expirations=rows,
        exchange=future.exchange,
        currency=future.currency,
        kind="FUTURE_OPTION",
    )


def _delivers(future: Future, row: ChainExpiration, market: Market) -> bool:
    if not row.strikes:
        return False
    option = FutureOption(
        future.symbol,
        row.expiration,
        row.strikes[0],
        OptionRight.CALL,
        multiplier=future.multiplier,
        exchange=future.exchange,
        currency=future.currency,
    )
    behind = market.underlying(option)
    return behind is not None and behind.key == future.key
