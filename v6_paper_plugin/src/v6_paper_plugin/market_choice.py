"""The market that the settings name."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from v6_paper_plugin.market import Market
from v6_paper_plugin.settings import PaperSettings
from v6core.errors import ConfigurationError


def market_of(settings: PaperSettings, folder: Path, now: datetime) -> Market:
    """Return the market; ConfigurationError where it cannot be made.

    A relative file of a program's own settings is looked for in the working folder, then in ``folder``.
    """
    kind, name = settings.quotes_from
    match kind:
        case "given":
            return _given(settings, now)
        case "broker":
            return _borrowed(now)
        case "replay":
            return _replay(Path(name).expanduser(), folder)
        case _:
            return _synthetic(settings)


def first_moment(settings: PaperSettings, market: Market) -> datetime:
    """Return when a new account begins: at the open, on a recorded market at its first quote, so that there is one."""
    if settings.quotes_from[0] != "replay":
        return market.start
    from v6_paper_plugin.market.replay import ReplayMarket  # noqa: PLC0415 -- only what is used is loaded

    assert isinstance(market, ReplayMarket)
    before = market.start - timedelta(microseconds=1)
    return min(tick.time for contract in market.contracts() for tick in islice(market.ticks(contract, before), 1))


def _given(settings: PaperSettings, now: datetime) -> Market:
    from v6_paper_plugin.market.given import GivenMarket  # noqa: PLC0415 -- only what is used is loaded

    return GivenMarket(settings.prices, default_price=settings.default_price, start=now, hours=settings.hours or "all")


def _borrowed(now: datetime) -> Market:
    from v6_paper_plugin.borrowed import BorrowedMarket  # noqa: PLC0415 -- only what is used is loaded

    return BorrowedMarket(now)


def _replay(path: Path, folder: Path) -> Market:
    from v6_paper_plugin.market.replay import ReplayMarket  # noqa: PLC0415 -- only what is used is loaded

    choices = [path, folder / path]
    found = next((choice for choice in choices if choice.is_file()), None)
    if found is None:
        raise ConfigurationError(
            f"quotes: there is no file {path}", hint=f"looked for {' and '.join(str(choice) for choice in choices)}"
        )
    return ReplayMarket(found)


def _synthetic(settings: PaperSettings) -> Market:
    from v6_paper_plugin.market.synthetic import DEFAULT_START, SyntheticMarket  # noqa: PLC0415 -- likewise

    try:
        return SyntheticMarket(settings.seed, start=settings.start or DEFAULT_START, step=settings.step)
    except ValueError as error:
        raise ConfigurationError(f"the synthetic market cannot be made: {error}") from None
