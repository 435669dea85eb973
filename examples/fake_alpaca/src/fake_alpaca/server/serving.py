"""An application on a port of this machine, in the running event loop."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp
from uvicorn import Config
from uvicorn.server import ServerState

from fake_alpaca.server.lines import Lines, protocol_on


@asynccontextmanager
async def serving(app: ASGIApp, lines: Lines, host: str, port: int) -> AsyncGenerator[int]:
    """Serve on a port, 0 for any that is free, and yield which it is.

    Of uvicorn these are its protocols alone. Its ``Server`` would take over signals and the loop's end, which are the
    program's that this runs in.
    """
    config = Config(
        app, ws="websockets-sansio", lifespan="off", log_config=None, log_level="critical", access_log=False
    )
    config.load()
    state, protocol = ServerState(), protocol_on(lines)
    listening = socket.create_server((host, port))
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), sock=listening
    )
    try:
        yield listening.getsockname()[1]
    finally:
        server.close()
        await lines.cut_all()
        for task in tuple(state.tasks):
            task.cancel()
        await asyncio.gather(*state.tasks, return_exceptions=True)
        await server.wait_closed()
