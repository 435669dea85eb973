"""The client's end of the wire: one connection that comes back by itself, and the questions asked over it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from v6core.errors import NotConnected, NotSent, Unavailable
from v6core.reports import LinkState, Report
from v6core.testing.remote.messages import (
    Answer,
    BadFrame,
    Hello,
    Ping,
    Pong,
    Reply,
    Request,
    Said,
    Welcome,
    encode,
    reply_in,
)
from v6core.testing.remote.settings import RemoteSettings

_PING = encode(Ping())


class Line:
    """Keeps a connection to a server up. Whatever breaks it, frames may have been lost: it says DOWN, and UP later."""

    def __init__(
        self,
        settings: RemoteSettings,
        report: Callable[[Report], None],
        on_link: Callable[[LinkState, str], None],
    ) -> None:
        self._settings = settings
        self._report = report
        self._on_link = on_link
        self._writer: asyncio.StreamWriter | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._questions: dict[int, asyncio.Future[Answer]] = {}
        self._asked = 0
        self.welcome: Welcome | None = None

    async def open(self) -> None:
        """Connect, and stay connected from then on; NotConnected where it does not succeed."""
        if self._keeper is not None:
            return
        reader = await self._connect()
        self._keeper = asyncio.get_running_loop().create_task(self._keep(reader))

    async def close(self) -> None:
        """Disconnect; a second call changes nothing."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            await asyncio.wait([keeper])
        self._drop("the client disconnected")

    async def send(self, request: Request) -> None:
        """Hand a message over. NotSent where nothing of it was written; any other exception proves nothing."""
        try:
            frame = encode(request, self._settings.frame_cap)
        except BadFrame as error:
            raise NotSent(str(error)) from error
        writer = self._writer
        if writer is None or writer.is_closing():
            raise NotSent(f"there is no connection to {self._where}")
        writer.write(frame)
        await writer.drain()

    async def ask(self, request: Callable[[int], Request]) -> Answer:
        """Ask a question and return its answer; Unavailable where the link is lost before it comes."""
        self._asked += 1
        number, answer = self._asked, asyncio.get_running_loop().create_future()
        self._questions[number] = answer
        try:
            await self.send(request(number))
            found: Answer = await answer
        finally:
            self._questions.pop(number, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # the link may be lost twice over: in sending, and as the answer; one is told
        if found.refused is not None:
            raise Unavailable(found.refused)
        return found

    @property
    def _where(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"

    async def _connect(self) -> asyncio.StreamReader:
        settings = self._settings
        writer: asyncio.StreamWriter | None = None
        try:
            async with asyncio.timeout(settings.connect_timeout):
                reader, writer = await asyncio.open_connection(settings.host, settings.port, limit=settings.frame_cap)
                writer.write(encode(Hello(client_id=settings.client_id)))
                welcome = reply_in(await reader.readuntil(b"\n"))
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, BadFrame) as error:
            if writer is not None:
                writer.close()
            raise NotConnected(f"{self._where} did not answer: {_told(error)}") from error
        if not isinstance(welcome, Welcome):
            writer.close()
            raise NotConnected(f"{self._where} answered with {welcome.say} and not with a welcome")
        self._writer, self.welcome = writer, welcome
        return reader

    async def _keep(self, reader: asyncio.StreamReader) -> None:
        while True:
            why = await self._listen(reader)
            self._drop(why)
            self._on_link(LinkState.DOWN, why)
            reader = await self._reconnect()
            self._on_link(LinkState.UP, "")

    async def _reconnect(self) -> asyncio.StreamReader:
        delay = self._settings.reconnect_delay
        while True:
            await asyncio.sleep(delay)
            try:
                return await self._connect()
            except NotConnected:
                delay = min(2 * delay, self._settings.longest_reconnect_delay)

    async def _listen(self, reader: asyncio.StreamReader) -> str:
        """Take in what comes until the link is no good any more, and return why."""
        is_asked = False
        while True:
            try:
                async with asyncio.timeout(self._settings.heartbeat):
                    frame = await reader.readuntil(b"\n")
                self._take(reply_in(frame))
                is_asked = False
            except TimeoutError:
                if is_asked or self._writer is None or self._writer.is_closing():
                    return "nothing was heard"
                self._writer.write(_PING)
                is_asked = True
            except (OSError, EOFError) as error:
                return f"the link was cut: {_told(error)}"
            except asyncio.LimitOverrunError:
                return f"a frame was longer than {self._settings.frame_cap} bytes"
            except BadFrame as error:
                return str(error)

    def _take(self, reply: Reply) -> None:
        match reply:
            case Said():
                self._report(reply.report)
            case Answer():
                asking = self._questions.get(reply.question)
                if asking is not None and not asking.done():
                    asking.set_result(reply)
            case Pong():
                pass
            case Welcome():
                raise BadFrame("a welcome in the midst of a session")

    def _drop(self, why: str) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(OSError):
                writer.close()
        for asking in self._questions.values():
            if not asking.done():
                asking.set_exception(Unavailable(f"the link was lost before the answer came: {why}"))


def _told(error: BaseException | Any) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
