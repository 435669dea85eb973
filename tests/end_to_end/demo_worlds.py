"""The three brokers of the page for beginners, each over its wire: in process, TCP to a gateway, HTTP to an Alpaca.

What differs between two runs is one word of the configuration that the page shows. Where the servers happen to listen
comes from the environment, as does any key of a configuration.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from end_to_end.v6_calls import ROOT, v6
from fake_alpaca.testing import running_alpaca
from v6_ib_plugin.gateway.testing import running_gateway
from v6core.broker import Broker
from workspace.pages import blocks

T = TypeVar("T")
BROKERS = ("dry", "ib", "alpaca")
PAGE = ROOT / "docs" / "getting-started.md"
_MARKET = {"fills": "realistic", "quotes": "synthetic", "step": 60}
_MINUTE = 60.0
# A loaded machine may be late; how late is not what is looked at here.
_PATIENCE = {f"V6_ENGINE__{name}_DEADLINE": "60" for name in ("ACK", "CANCEL", "QUESTION")}
_CHOICE = re.compile(r'^broker = "(\w+)"', re.MULTILINE)


class Server(Protocol):
    """A server in a thread of its own."""

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run something asynchronous on the server's loop, and return what came of it."""
        ...


def configuration(word: str) -> str:
    """Return the page's configuration with one word in the place of another."""
    (text,) = [block.text for block in blocks(PAGE, "toml") if "[brokers.alpaca]" in block.text]
    chosen, times = _CHOICE.subn(f'broker = "{word}"', text)
    assert times == 1
    return chosen


def demo_on(word: str, folder: Path) -> dict[str, Any]:
    """Return the document of ``v6 demo`` where this broker is the chosen one."""
    folder.mkdir()
    (folder / "v6.toml").write_text(configuration(word), encoding="utf-8")
    with _world_of(word) as environment, pytest.MonkeyPatch.context() as patch:
        for name, value in {**_PATIENCE, **environment}.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        called = v6("demo", "--json")
    assert called.status == 0, (called.err, called.out)
    document: dict[str, Any] = called.document
    return document


@contextmanager
def _world_of(word: str) -> Generator[dict[str, str]]:
    """Open what the broker connects to; what a user would type in beside the word is the environment."""
    if word == "ib":
        with running_gateway(settings=_MARKET) as tws, _hurried(tws, tws.gateway.broker):
            yield {"V6_BROKERS__IB__PORT": str(tws.port)}
    elif word == "alpaca":
        with running_alpaca(settings=_MARKET) as alpaca, _hurried(alpaca, alpaca.alpaca.broker):
            yield {
                "V6_BROKERS__ALPACA__TRADING_URL": alpaca.url,
                "V6_BROKERS__ALPACA__DATA_URL": alpaca.url,
                "APCA_API_KEY_ID": alpaca.keys.key_id,
                "APCA_API_SECRET_KEY": alpaca.keys.secret_key,
            }
    else:
        yield {}


@contextmanager
def _hurried(server: Server, market: Broker) -> Generator[None]:
    """Let minutes pass for as long as there are two orders, which the exits of a bracket are, and at no other time.

    A market that ran fast all the time would leave a program on a loaded machine behind: what it was quoted would be
    gone by the time that its order arrives.
    """

    async def hurry() -> None:
        while True:
            if len((await market.snapshot()).open_orders) == 2:
                market.native.pass_time(_MINUTE)
            await asyncio.sleep(0.005)

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(hurry())

    async def end() -> None:
        hurrying.cancel()
        await asyncio.wait([hurrying])

    hurrying = server.run(begin)
    try:
        yield
    finally:
        server.run(end)
    assert hurrying.cancelled(), hurrying.exception()
