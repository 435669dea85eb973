"""The state file: an account goes on where it was left, or says why it cannot."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from paper.paper_bench import GOOG, Desk, simulated
from v6_paper_plugin import state_file
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
        path = tmp_path / "paper-dry.json"

        def look(_: Report) -> None:
            seen.append(len(json.loads(path.read_text())["exchange"]["executions"]))

        async with Desk(tmp_path, sink=look) as desk:
            await desk.place(Order.market("BUY", 1))
        assert seen == [0, 1, 1, 1]

    simulated(main())


def test_only_the_owner_may_read_the_state(tmp_path: Path) -> None:
    simulated(traded(tmp_path))
    assert stat.S_IMODE((tmp_path / "paper-dry.json").stat().st_mode) == 0o600


@pytest.mark.parametrize("off", ["off", "", "OFF"])
def test_no_file_is_kept_where_none_is_wanted(off: str, tmp_path: Path) -> None:
    simulated(traded(tmp_path, state=off))
    assert not list(tmp_path.iterdir())


def test_two_brokers_of_two_names_keep_two_files(tmp_path: Path) -> None:
    simulated(traded(tmp_path, state="a.json"))
    simulated(traded(tmp_path, state="deeper/b.json"))
    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.json")) == ["a.json", "deeper/b.json"]


def _cut(path: Path) -> None:
    path.write_text(path.read_text()[:-20])


def _newer(path: Path) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": state_file.VERSION + 1}))


def _foreign(path: Path) -> None:
    path.write_text("[1, 2]")


def _binary(path: Path) -> None:
    path.write_bytes(b"\xff\xfe\x00")


def _empty(path: Path) -> None:
    path.write_text("")


def _inside(path: Path) -> None:
    data = json.loads(path.read_text())
    del data["exchange"]["ledger"]["cash"]
    path.write_text(json.dumps(data))


def _not_a_number(path: Path) -> None:
    data = json.loads(path.read_text())
    data["exchange"]["ledger"]["cash"] = "NaN money"
    path.write_text(json.dumps(data))


@pytest.mark.parametrize("harm", [_cut, _newer, _foreign, _binary, _empty, _inside, _not_a_number])
def test_a_state_that_cannot_be_trusted_stops_the_broker(harm: Any, tmp_path: Path) -> None:
    simulated(traded(tmp_path))
    path = tmp_path / "paper-dry.json"
    harm(path)
    content = path.read_bytes()

    async def main() -> None:
        with pytest.raises(BrokerError, match=r"paper-dry\.json") as caught:
            await Desk(tmp_path).broker.connect()
        assert caught.value.hint

    simulated(main())
    assert path.read_bytes() == content


def test_another_accounts_state_is_not_taken(tmp_path: Path) -> None:
    simulated(traded(tmp_path))

    async def main() -> None:
        with pytest.raises(BrokerError, match="it holds account PAPER-1"):
            await Desk(tmp_path, account="PAPER-2").broker.connect()

    simulated(main())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "in the way").write_text("a file where a folder should be")
        folder, broken = tmp_path, "in the way/state.json"
    else:
        tmp_path.chmod(0o500)
        folder, broken = tmp_path, "state.json"

    async def main() -> None:
        with pytest.raises(BrokerError, match=r"state\.json cannot be") as caught:
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
