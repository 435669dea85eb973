"""Whether anything left this machine: what ``sent`` says in an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from end_to_end.v6_calls import v6, v6_json
from v6core.cli.failures import CommandFailed
from v6core.cli.telling import judge_result, result_lines
from v6core.fills import ActionTaken, ExecutionResult
from v6core.orders import Order, OrderStatus

NEVER = '[brokers.dry]\nplugin = "paper"\nfills = "never"\nspeed = "max"\n'
ORDER_ID = "abcd0000-0000-4000-8000-000000000001"
# A broker at which the user presses Ctrl-C a second of market time after an order was accepted, or before it is.
INTERRUPTING_BROKER = """
import asyncio
import signal
from v6_paper_plugin.broker import PaperBroker
from v6_paper_plugin.capabilities import CAPABILITIES
from v6_paper_plugin.settings import PaperSettings
from v6core import BrokerSpec, hookimpl
from v6core.clock import SimulatedLoop


class Interrupting(PaperBroker):
    async def place(self, orders):
        asyncio.get_running_loop().call_later(1, signal.raise_signal, signal.SIGINT)
        if ACCEPTS:
            return await super().place(orders)
        await asyncio.sleep(3)


@hookimpl
def v6_brokers():
    return [BrokerSpec("interrupting", PaperSettings, CAPABILITIES, Interrupting, event_loop=lambda _: SimulatedLoop)]
"""


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("v6.toml").write_text(NEVER)


@pytest.mark.parametrize(
    "changes", [("--tif", "gtd"), ("--stop", "4"), ("--limit", "7", "--good-till", "2030-01-01T00:00:00Z")]
)
def test_terms_that_make_no_order_are_not_sent(changes: tuple[str, ...]) -> None:
    order_id = v6_json("place", "GOOG", "buy", "1", "--limit", "7")["order_id"]
    called = v6("modify", order_id, *changes, "--json")
    assert (called.status, called.error["sent"]) == (2, False)


def test_a_change_of_an_order_that_has_ended_is_not_sent() -> None:
    order_id = v6_json("place", "GOOG", "buy", "1", "--limit", "7")["order_id"]
    v6_json("cancel", order_id)
    called = v6("modify", order_id, "--limit", "8", "--json")
    assert (called.status, called.error["code"], called.error["sent"]) == (1, "MODIFY_REJECTED", False)
    assert called.error["order_id"] == order_id


@pytest.mark.parametrize(("accepts", "sent"), [(True, True), (False, "unknown")])
def test_an_interrupt_tells_the_order_and_whether_the_broker_has_it(accepts: bool, sent: bool | str) -> None:
    Path("interrupting.py").write_text(f"ACCEPTS = {accepts}\n{INTERRUPTING_BROKER}")
    Path("v6.toml").write_text('[brokers.x]\nplugin = "interrupting.py"\nfills = "never"\n')
    called = v6("place", "GOOG", "buy", "1", "--limit", "7", "--order-id", ORDER_ID, "--wait", "60", "--json")
    assert (called.status, called.error["code"]) == (130, "INTERRUPTED")
    assert (called.error["sent"], called.error["order_id"]) == (sent, ORDER_ID)


@pytest.mark.parametrize(
    ("statuses", "sent"),
    [((), False), ((OrderStatus.LOST,), False), ((OrderStatus.LOST, OrderStatus.CANCELLED), True)],
)
def test_a_failure_with_an_order_that_left_was_sent(statuses: tuple[OrderStatus, ...], sent: bool) -> None:
    orders = tuple(Order.limit("BUY", 1, 7, status=status) for status in statuses)
    with pytest.raises(CommandFailed) as caught:
        judge_result(ExecutionResult.of(ActionTaken.FAILED, orders, error_message="nothing is held"))
    assert caught.value.failure.sent is sent


def test_a_failure_is_told_once() -> None:
    result = ExecutionResult.of(ActionTaken.FAILED, error_message="nothing is held")
    assert list(result_lines(result)) == ["FAILED"]


def test_a_note_is_told_with_the_result() -> None:
    result = ExecutionResult(success=True, action_taken=ActionTaken.WORKING, note="a close at 0.01 works already")
    assert list(result_lines(result)) == ["WORKING", "note: a close at 0.01 works already"]
