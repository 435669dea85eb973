"""The state file: an account goes on where it was left, or says why it cannot."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from paper.paper_bench import GOOG, Desk, simulated
from v6_paper_plugin import state_file
from v6_paper_plugin.state_file import StateFile
from v6core.contracts import Stock
from v6core.errors import BrokerError
from v6core.orders import BracketOrder, Order
from v6core.reports import Report, Snapshot

BRACKET = BracketOrder(Order.market("BUY", 10), Order.limit("SELL", 10, 500), Order.stop("SELL", 10, 1))


async def traded(folder: Path, **settings: Any) -> Snapshot:
    async with Desk(folder, **settings) as desk:
        await desk.broker.place(desk.bracket(BRACKET))
        await asyncio.sleep(1)
        return await desk.broker.snapshot()


def without_time(snapshot: Snapshot) -> dict[str, Any]:
    data = snapshot.model_dump(mode="json")
    del data["time"]
    for row in data["open_orders"]:
        del row["time"]
    return data


@pytest.mark.parametrize("settings", [{}, {"fills": "realistic", "speed": "max"}], ids=["immediate", "realistic"])
def test_orders_positions_cash_and_fills_go_on(settings: dict[str, Any], tmp_path: Path) -> None:
    before = simulated(traded(tmp_path, **settings))

    async def main() -> None:
        async with Desk(tmp_path, **settings) as desk:
            assert without_time(await desk.broker.snapshot()) == without_time(before)

    simulated(main())


def test_ids_go_on_counting(tmp_path: Path) -> None:
    simulated(traded(tmp_path))

    async def main() -> None:
        async with Desk(tmp_path, seed=2) as desk:
            (receipt,) = await desk.broker.place([desk.bind(Order.market("BUY", 1))])
            assert (receipt.broker_order_id, desk.fills()[0].fill.execution_id) == ("P000004", "X000002")

    simulated(main())


def test_a_reference_is_known_after_a_restart(tmp_path: Path) -> None:
    simulated(traded(tmp_path))

    async def main() -> None:
        async with Desk(tmp_path) as desk:
            await desk.broker.place(desk.bracket(BRACKET))
            assert len((await desk.broker.snapshot()).fills) == 1

    simulated(main())


def test_the_tapes_time_goes_on_where_it_was(tmp_path: Path) -> None:
    async def main() -> list[float]:
        async with Desk(tmp_path, fills="realistic", speed="max") as desk:
            start = desk.broker.now()
            await asyncio.sleep(100)
            return [start.timestamp(), desk.broker.now().timestamp()]

    first, second = simulated(main()), simulated(main())
    assert second[0] == pytest.approx(first[1], abs=1e-3)


def test_given_prices_are_kept(tmp_path: Path) -> None:
    async def first() -> None:
        async with Desk(tmp_path) as desk:
            desk.broker.set_price(GOOG, 42)

    async def second() -> None:
        async with Desk(tmp_path) as desk:
            assert (await desk.broker.quote(GOOG)).bid == 42

    simulated(first())
    simulated(second())


def test_what_expired_meanwhile_is_told_after_the_restart(tmp_path: Path) -> None:
    async def first() -> Order:
        async with Desk(tmp_path, fills="never") as desk:
            return await desk.place(Order.limit("BUY", 1, 90))

    async def second(order: Order) -> None:
        desk = Desk(tmp_path, fills="never")
        desk.clock.advance(2 * 86_400)
        async with desk:
            assert desk.told(order) == ["EXPIRED"]

    simulated(second(simulated(first())))


def test_the_state_is_written_before_anybody_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        seen: list[int] = []
        path = tmp_path / "paper-dry.db"

        def look(_: Report) -> None:
            copy = tmp_path / "copy.db"
            copy.write_bytes(path.read_bytes())
            seen.append(sum(part == "executions" for part, _ in StateFile(copy).read() or ()))

        async with Desk(tmp_path, sink=look) as desk:
            await desk.place(Order.market("BUY", 1))
        assert seen == [0, 1, 1, 1]

    simulated(main())


def test_only_the_owner_may_read_the_state(tmp_path: Path) -> None:
    simulated(traded(tmp_path))
    assert stat.S_IMODE((tmp_path / "paper-dry.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("off", ["off", "", "OFF"])
def test_no_file_is_kept_where_none_is_wanted(off: str, tmp_path: Path) -> None:
    simulated(traded(tmp_path, state=off))
    assert not list(tmp_path.iterdir())


def test_two_brokers_of_two_names_keep_two_files(tmp_path: Path) -> None:
    simulated(traded(tmp_path, state="a.db"))
    simulated(traded(tmp_path, state="deeper/b.db"))
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")) == ["a.db", "deeper/b.db"]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def _garbled(path: Path) -> None:
    content = path.read_bytes()
    assert b'"cash":"99000' in content
    path.write_bytes(content.replace(b'"cash":"99000', b'"cash":"99900'))


def _sql(path: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def _newer(path: Path) -> None:
    _sql(path, f"PRAGMA user_version = {state_file.VERSION + 1}")


def _foreign(path: Path) -> None:
    path.unlink()
    _sql(path, "CREATE TABLE state (part, key, text, checksum)")


def _json(path: Path) -> None:
    path.write_text('{"format": "v6-paper", "version": 1}')


def _binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _without_rows(path: Path) -> None:
    _sql(path, "DELETE FROM state")


def _without_an_execution(path: Path) -> None:
    _sql(path, "DELETE FROM state WHERE part = 'executions'")


def _with_ledger(path: Path, ledger: str) -> None:
    sealed = crc32(f"{('exchange', 'ledger')!r}{ledger}".encode())
    _sql(path, "UPDATE state SET text = ?, checksum = ? WHERE key = 'ledger'", ledger, sealed)


def _inside(path: Path) -> None:
    _with_ledger(path, "{}")


def _not_json(path: Path) -> None:
    _with_ledger(path, "{")


def _not_a_number(path: Path) -> None:
    names = ("cash_start", "cash", "settlements", "commissions", "realized", "equity_at_open")
    _with_ledger(path, json.dumps(dict.fromkeys(names, "NaN money") | {"holdings": []}))


HARMS: dict[Callable[[Path], None], str] = {
    _cut: "is cut short",
    _garbled: "is damaged: exchange ledger is not what was written",
    _newer: "has version 3",
    _foreign: "was not written by the paper broker",
    _json: "is damaged",
    _binary: "is damaged",
    _empty: "is empty",
    _without_rows: "does not fit together",
    _without_an_execution: "does not fit together",
    _inside: "does not fit together",
    _not_json: "does not fit together",
    _not_a_number: "does not fit together",
}


@pytest.mark.parametrize(("harm", "words"), HARMS.items())
def test_a_state_that_cannot_be_trusted_stops_the_broker(
    harm: Callable[[Path], None], words: str, tmp_path: Path
) -> None:
    simulated(traded(tmp_path))
    path = tmp_path / "paper-dry.db"
    harm(path)
    content = path.read_bytes()

    async def main() -> None:
        with pytest.raises(BrokerError, match=rf"paper-dry\.db {words}") as caught:
            await Desk(tmp_path).broker.connect()
        assert caught.value.hint

    simulated(main())
    assert path.read_bytes() == content


def test_a_state_from_before_quotes_could_be_given_is_taken(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path) as desk:
            desk.broker.set_price(GOOG, 42)
        _sql(tmp_path / "paper-dry.db", "DELETE FROM state WHERE part = 'broker' AND key = 'quotes'")
        async with Desk(tmp_path) as desk:
            assert (await desk.broker.quote(GOOG)).bid == 42

    simulated(main())


def test_of_two_brokers_on_one_file_the_first_stops_when_it_writes(tmp_path: Path) -> None:
    async def main() -> None:
        first, second = Desk(tmp_path), Desk(tmp_path, seed=2)
        await first.broker.connect()
        async with second:
            with pytest.raises(BrokerError, match=r"paper-dry\.db was written by another broker") as caught:
                await first.place(Order.market("BUY", 1))
            assert caught.value.code == "STATE_TAKEN"
            assert first.fills() == []
            await second.place(Order.market("BUY", 1))

    simulated(main())


def test_what_could_not_be_written_is_written_and_told_with_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_file, "_BUSY_SECONDS", 0.0)

    async def main() -> None:
        async with Desk(tmp_path) as desk:
            with closing(sqlite3.connect(tmp_path / "paper-dry.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(BrokerError, match=r"cannot be written: database is locked"):
                    await desk.place(Order.market("BUY", 1))
                assert desk.fills() == []
            await desk.place(Order.market("BUY", 1))
            assert len(desk.fills()) == 2
        async with Desk(tmp_path) as desk:
            assert len((await desk.broker.snapshot()).fills) == 2

    simulated(main())


def test_a_dropped_broker_leaves_the_whole_account_in_one_file(tmp_path: Path) -> None:
    async def main() -> None:
        dropped = Desk(tmp_path)
        await dropped.broker.connect()
        await dropped.place(Order.market("BUY", 1))
        (tmp_path / "moved").mkdir()
        (tmp_path / "paper-dry.db").rename(tmp_path / "moved" / "paper-dry.db")
        async with Desk(tmp_path / "moved") as desk:
            assert len((await desk.broker.snapshot()).fills) == 1

    simulated(main())


def test_another_accounts_state_is_not_taken(tmp_path: Path) -> None:
    simulated(traded(tmp_path))

    async def main() -> None:
        with pytest.raises(BrokerError, match="it holds account PAPER-1"):
            await Desk(tmp_path, account="PAPER-2").broker.connect()

    simulated(main())


def test_another_currencys_state_is_not_taken(tmp_path: Path) -> None:
    simulated(traded(tmp_path))

    async def main() -> None:
        with pytest.raises(BrokerError, match="it holds USD, the settings name EUR"):
            await Desk(tmp_path, currency="EUR").broker.connect()

    simulated(main())


def test_an_account_trades_and_is_told_in_its_own_currency(tmp_path: Path) -> None:
    async def main() -> None:
        async with Desk(tmp_path, currency="EUR") as desk:
            await desk.place(Order.market("BUY", 1), Stock("SAP", exchange="IBIS", currency="EUR"))
            snapshot = await desk.broker.snapshot()
            assert (snapshot.account.currency, snapshot.fills[0].fill.currency) == ("EUR", "EUR")

    simulated(main())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "in the way").write_text("a file where a folder should be")
        folder, broken = tmp_path, "in the way/state.db"
    else:
        tmp_path.chmod(0o500)
        folder, broken = tmp_path, "state.db"

    async def main() -> None:
        with pytest.raises(BrokerError, match=r"state\.db cannot be") as caught:
            async with Desk(folder, state=broken) as desk:
                await desk.place(Order.market("BUY", 1))
        assert "state" in (caught.value.hint or "")

    simulated(main())


def test_time_away_is_not_traded_on_a_tape(tmp_path: Path) -> None:
    async def main() -> timedelta:
        async with Desk(tmp_path, fills="realistic", speed="max") as desk:
            before = desk.broker.now()
            await desk.broker.disconnect()
            await asyncio.sleep(3600)
            await desk.broker.connect()
            return desk.broker.now() - before

    assert simulated(main()) < timedelta(seconds=1)
