"""A program with an engine on the paper broker, in a process of its own, that behaves badly in one of two ways.

``python engine_process.py WAY``: it prints a line once some orders work. Then it blocks its event loop for ever, or,
``spinning``, places one order after the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path

from v6core import Order, OrderExecutionEngine, Stock

CONFIGURATION = """
[brokers.dry]
plugin = "paper"
fills = "never"

[engine]
settle = 0.1
grace = 0.5
on_exit = "{on_exit}"
block_limit = 600

[risk]
max_open_orders = 0
"""


@contextlib.contextmanager
def running(way: str, on_exit: str = "keep", configuration: str = CONFIGURATION) -> Generator[subprocess.Popen[str]]:
    """Run this program beside the test, in the working folder, until its orders work; it is gone in the end."""
    Path("v6.toml").write_text(configuration.format(on_exit=on_exit))
    command = [sys.executable, __file__, way]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "working\n", process.stderr and process.stderr.read()
            yield process
        finally:
            process.kill()


async def _place(engine: OrderExecutionEngine, count: int) -> None:
    for number in range(count):
        await engine.place_order(Stock("GOOG"), Order.limit("BUY", 1 + number, "99"))


async def main(way: str) -> None:
    """Start an engine and behave in one of the ways."""
    async with await OrderExecutionEngine.from_config() as engine:
        await _place(engine, 3)
        print("working", flush=True)
        while way == "spinning":
            await _place(engine, 1)
        time.sleep(600)  # noqa: ASYNC251 -- a handler that blocks is what this is about


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(sys.argv[1]))
