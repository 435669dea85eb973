"""Keeps an account over restarts: its exchange, and what was given to its market, in the file of the settings."""

from __future__ import annotations

import json
from pathlib import Path

from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.state import Key, Rows, StateWriter, load
from v6_paper_plugin.market import Market
from v6_paper_plugin.market.given import GivenMarket
from v6_paper_plugin.settings import PaperSettings
from v6_paper_plugin.state_file import StateFile
from v6core.broker import BrokerContext

_ACCOUNT, _CURRENCY = ("broker", "account"), ("broker", "currency")
_PRICES, _QUOTES = ("broker", "prices"), ("broker", "quotes")


class Keeper:
    """One account's file; without one, nothing is kept."""

    def __init__(self, settings: PaperSettings, context: BrokerContext) -> None:
        self._account, self._currency = settings.account, settings.currency
        self._file = _file(settings, context)
        self._writer = StateWriter()

    def restore(self, exchange: Exchange) -> bool:
        """Fill an exchange in which nothing has happened yet, and tell whether there was anything to fill it with.

        BrokerError for a file that cannot be trusted, or is of another account.
        """
        self._writer = StateWriter()
        saved = None if self._file is None else self._file.read()
        if saved is None:
            return False
        assert self._file is not None
        try:
            self._check_account(saved)
            self._writer = load(exchange, saved)
            if isinstance(exchange.market, GivenMarket):
                exchange.market.load(_given(saved), exchange.now)
        except (ValueError, LookupError, TypeError, ArithmeticError) as error:
            raise self._file.broken(error) from error
        return True

    def _check_account(self, saved: Rows) -> None:
        account = json.loads(saved[_ACCOUNT])
        if account != self._account:
            raise ValueError(f"it holds account {account}, the settings name {self._account}")
        # Files from before there was a choice have none.
        currency = json.loads(saved.get(_CURRENCY, '"USD"'))
        if currency != self._currency:
            raise ValueError(f"it holds {currency}, the settings name {self._currency}")

    def save(self, exchange: Exchange) -> None:
        """Make durable what has changed; BrokerError where that cannot be."""
        if self._file is not None:
            own: dict[Key, str] = {
                _ACCOUNT: json.dumps(self._account),
                _CURRENCY: json.dumps(self._currency),
                **_rows(exchange.market),
            }
            self._file.write({**own, **self._writer.rows(exchange)})

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()


def _file(settings: PaperSettings, context: BrokerContext) -> StateFile | None:
    name = f"paper-{context.name}.db" if settings.state is None else settings.state.strip()
    if name.lower() in {"", "off"}:
        return None
    return StateFile(context.folder / Path(name).expanduser())


def _rows(market: Market) -> dict[Key, str]:
    given = market.save() if isinstance(market, GivenMarket) else {}
    return {_PRICES: json.dumps(given.get("prices", {})), _QUOTES: json.dumps(given.get("quotes", {}))}


def _given(saved: Rows) -> dict[str, dict[str, object]]:
    # Files from before quotes could be given have none.
    return {"prices": json.loads(saved[_PRICES]), "quotes": json.loads(saved.get(_QUOTES, "{}"))}
