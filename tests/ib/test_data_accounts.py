"""Accounts: money by the account's values, profit and loss by their own subscription."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ib.data_tws import ACCOUNT, Floor, on_floor
from v6core.reports import Account

VALUES = {"TotalCashValue": "1000.50", "NetLiquidation": "1500", "BuyingPower": "4000", "RealizedPnL": "1"}


def answering(at: Floor, *pnl: object) -> None:
    rows = [(6, 2, key, value, "EUR", ACCOUNT) for key, value in VALUES.items()]
    at.tws.answers[6] = lambda asked: [*rows, (54, 1, ACCOUNT)] if asked[2] == "1" else []
    if pnl:
        at.tws.answers[92] = lambda asked: [(94, asked[1], *pnl)]


def told(*pnl: object) -> Account:
    async def work(at: Floor) -> Account:
        answering(at, *pnl)
        at.desk.connected(ACCOUNT)
        return await at.desk.accounts.account(ACCOUNT)

    return on_floor(work)


def test_money_is_told_in_the_accounts_own_currency() -> None:
    found = told("5", "6", "7")
    assert (found.currency, found.cash, found.equity) == ("EUR", Decimal("1000.50"), Decimal(1500))


def test_an_account_that_begins_with_d_is_of_paper() -> None:
    assert told("5", "6", "7").paper is True


def test_profit_and_loss_are_those_of_the_subscription() -> None:
    found = told("-12.5", "30", "2.25")
    assert (found.daily_pnl, found.unrealized_pnl, found.realized_pnl) == (
        Decimal("-12.5"),
        Decimal(30),
        Decimal("2.25"),
    )


def test_a_profit_that_tws_does_not_tell_is_none() -> None:
    found = told("1.7976931348623157E308", "30", "1.7976931348623157E308")
    assert (found.daily_pnl, found.unrealized_pnl, found.realized_pnl) == (None, Decimal(30), Decimal(1))


def test_without_any_figures_the_account_is_told_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6_ib_plugin.data.accounts._PATIENCE", 0.01)
    assert told().daily_pnl is None


def test_figures_are_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6_ib_plugin.data.accounts._PATIENCE", 0.01)

    async def work(at: Floor) -> None:
        answering(at)
        await at.desk.accounts.account(ACCOUNT)
        monkeypatch.setattr("v6_ib_plugin.data.accounts._PATIENCE", 60)
        await at.desk.accounts.account(ACCOUNT)
        assert at.asked(92) == 1

    on_floor(work)


def test_the_figures_are_those_told_last() -> None:
    async def work(at: Floor) -> Decimal | None:
        answering(at, "1", "2", "3")
        await at.desk.accounts.account(ACCOUNT)
        req_id = at.tws.sent(92)[0][1]
        heard = at.transport.messages_heard
        at.tws.say((94, req_id, "9", "2", "3"))
        await at.desk.accounts.account(ACCOUNT)
        assert at.transport.messages_heard > heard
        return (await at.desk.accounts.account(ACCOUNT)).daily_pnl

    assert on_floor(work) == 9


def test_disconnecting_ends_the_subscription() -> None:
    async def work(at: Floor) -> None:
        answering(at, "1", "2", "3")
        await at.desk.accounts.account(ACCOUNT)
        at.desk.accounts.stop()
        await at.tws.until_sent(93)

    on_floor(work)


def test_what_is_followed_is_followed_again_after_tws_lost_it() -> None:
    async def work(at: Floor) -> int:
        answering(at, "1", "2", "3")
        at.desk.connected(ACCOUNT)
        at.desk.data_lost()
        await at.tws.until_sent(93)
        return len(await at.tws.until_sent(92, 2))

    assert on_floor(work) == 2


def test_each_connection_has_one_subscription() -> None:
    async def work(at: Floor) -> int:
        answering(at, "1", "2", "3")
        for _ in range(3):
            at.desk.connected(ACCOUNT)
        await at.tws.until_sent(92, 3)
        return at.asked(92) - len(await at.tws.until_sent(93, 2))

    assert on_floor(work) == 1
