"""A server as a process of its own: it prints its port on one line and serves until it is told to end.

With ``--state`` it knows what the file says, and writes what it knows there twice a second and at its end.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from v6core.capabilities import SubmitIdentity
from v6core.clock import SystemClock
from v6core.testing.remote.behaviour import Behaviour
from v6core.testing.remote.control import obey
from v6core.testing.remote.desk import Desk
from v6core.testing.remote.server import BrokerServer
from v6core.testing.remote.state import load, save
from v6core.testing.remote.terms import DeskTerms

_SAVE_EVERY = 0.5


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m v6core.testing.remote", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", choices=("127.0.0.1", "::1"), help="loopback only")
    parser.add_argument("--port", type=int, default=0, help="0: any that is free")
    parser.add_argument("--state", type=Path, help="where to keep what it knows")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--identity", type=SubmitIdentity, default=SubmitIdentity.QUERYABLE)
    parser.add_argument("--identity-window", type=float, help="seconds, for --identity window")
    parser.add_argument("--behaviour", default="{}", help="a JSON object, such as '{\"late\": 0.2}'")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    terms = DeskTerms(submit_identity=arguments.identity, identity_window=arguments.identity_window)
    desk = Desk(SystemClock(), terms, seed=arguments.seed)
    desk.behaviour = Behaviour.model_validate_json(arguments.behaviour)
    if arguments.state is not None:
        load(desk, arguments.state)
    server, over = BrokerServer(desk, on_control=obey), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    port = await server.start(arguments.host, arguments.port)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await _until(over, desk, arguments.state)
    await server.stop()


async def _until(over: asyncio.Event, desk: Desk, path: Path | None) -> None:
    while not over.is_set():
        try:
            async with asyncio.timeout(_SAVE_EVERY):
                await over.wait()
        except TimeoutError:
            pass
        if path is not None:
            save(desk, path)


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
