"""The server's end of the wire: sessions, and the queue in which what they send waits its turn.

A message that has reached the server is treated whatever becomes of the link that it came over, perhaps long after: so
an order that nobody finds right after a reconnect may still come to be.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from v6core.reports import LinkReport, LinkState, Report
from v6core.testing.remote.desk import Desk
from v6core.testing.remote.messages import (
    DEFAULT_FRAME_CAP,
    Answer,
    AskFind,
    AskQuote,
    AskSnapshot,
    BadFrame,
    Cancel,
    CancelEverything,
    Control,
    Hello,
    Modify,
    Ping,
    Place,
    Pong,
    Reply,
    Request,
    Said,
    Welcome,
    encode,
    request_in,
)
from v6core.testing.remote.terms import Arrival, Verb

Treated = Place | Modify | Cancel | CancelEverything | AskSnapshot | AskFind | AskQuote
OnControl = Callable[["BrokerServer", Control], Answer]
_PONG = encode(Pong())
_GARBAGE = b'{"say":"REPORT","report":{"report":"FI\x00LL\xff"\n'


def _no_control(_server: BrokerServer, control: Control) -> Answer:
    return Answer(question=control.question, refused="this server takes no commands over the wire")


class Session(asyncio.Protocol):
    """One connection of one client."""

    def __init__(self, server: BrokerServer, number: int) -> None:
        self.number = number
        self.client_id: int | None = None
        self.free_at = 0.0
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.open_sessions[self] = None

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 -- asyncio's signature
        """End."""
        self._server.forget(self)

    def data_received(self, data: bytes) -> None:
        """Take in what came; a line that is no message, or does not end, ends the session."""
        *frames, self._buffer = (self._buffer + data).split(b"\n")
        try:
            for frame in frames:
                self._server.receive(self, request_in(frame))
            if len(self._buffer) > self._server.frame_cap:
                raise BadFrame(f"a line of more than {self._server.frame_cap} bytes")
        except BadFrame:
            self.drop()

    def send(self, reply: Reply) -> None:
        """Write a reply."""
        self.write(_PONG if isinstance(reply, Pong) else encode(reply))

    def write(self, frame: bytes) -> None:
        """Write bytes, unless the link is gone or the server has fallen silent."""
        if self._transport is not None and not self._server.is_mute:
            self._transport.write(frame)

    def drop(self) -> None:
        """Reset the link."""
        if self._transport is not None:
            self._transport.abort()
        self._server.forget(self)


class BrokerServer:
    """Serves any number of clients from one desk.

    While ``is_mute`` it hears and treats everything and says nothing; while ``is_down`` it takes no connection.
    """

    def __init__(self, desk: Desk, *, frame_cap: int = DEFAULT_FRAME_CAP, on_control: OnControl = _no_control) -> None:
        self.desk = desk
        self.frame_cap = frame_cap
        self.is_mute = False
        self.is_down = False
        self.is_degraded = False
        self.open_sessions: dict[Session, None] = {}
        self.on_arrival: Callable[[Arrival], None] = lambda _: None
        self._on_control = on_control
        self._clients: dict[int, Session] = {}
        self._sessions = 0
        self._server: asyncio.Server | None = None
        self._waiting: dict[asyncio.TimerHandle, Callable[[], None]] = {}
        self._held: list[Callable[[], None]] = []
        desk.tell = self._tell

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen, and return the port."""
        self._server = await asyncio.get_running_loop().create_server(self._session, host, port)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        """Listen no more, drop every link, treat nothing that waits."""
        if self._server is not None:
            self._server.close()
        for handle in self._waiting:
            handle.cancel()
        self._waiting.clear()
        self.drop_links()
        self.desk.close()

    def _session(self) -> Session:
        self._sessions += 1
        return Session(self, self._sessions)

    def forget(self, session: Session) -> None:
        """Let go of a session that has ended."""
        self.open_sessions.pop(session, None)
        if session.client_id is not None and self._clients.get(session.client_id) is session:
            del self._clients[session.client_id]

    # What a test lets happen to the links.

    def drop_links(self) -> None:
        """Reset every connection; what had arrived is treated all the same."""
        for session in tuple(self.open_sessions):
            session.drop()

    def restart(self, *, forget_numbers: bool = True) -> None:
        """Come back as another process: links dropped, session numbers and, if so told, broker ids from the start."""
        self.drop_links()
        self._sessions = 0
        if forget_numbers:
            self.desk.book.forget_numbers()

    def degrade(self) -> None:
        """Lose what is behind the server: what comes waits, and what happens is not told until it is restored."""
        self._say(self._link_report(LinkState.DEGRADED, "1100: connectivity is lost"), None)
        self.is_degraded = True

    def restore(self) -> None:
        """Have it back, and treat what waited."""
        self.is_degraded = False
        held, self._held = self._held, []
        for treat in held:
            treat()
        self._say(self._link_report(LinkState.UP, "1101: connectivity is restored, data was lost"), None)

    def treat_everything(self) -> None:
        """Treat at once whatever waits its turn."""
        waiting, self._waiting = self._waiting, {}
        for handle, treat in waiting.items():
            handle.cancel()
            treat()

    def _link_report(self, state: LinkState, detail: str) -> LinkReport:
        return LinkReport(time=self.desk.now(), state=state, detail=detail)

    # What comes in.

    def receive(self, session: Session, request: Request) -> None:
        """Treat a message, now or in its turn."""
        match request:
            case Hello():
                self._welcome(session, request)
            case Ping():
                session.send(Pong())
            case Control():
                session.send(self._on_control(self, request))
            case _ if session.client_id is None:
                raise BadFrame(f"a {request.do} before any HELLO")
            case _:
                self._queue(session, session.client_id, request)

    def _welcome(self, session: Session, hello: Hello) -> None:
        if self.is_down:
            session.drop()
            return
        before = self._clients.get(hello.client_id)
        if before is not None and before is not session:
            before.drop()
        session.client_id = hello.client_id
        self._clients[hello.client_id] = session
        session.send(Welcome(session=session.number, account=self.desk.terms.account, time=self.desk.now()))
        if self.is_degraded:
            session.send(Said(report=self._link_report(LinkState.DEGRADED, "1100: connectivity is lost")))

    def _queue(self, session: Session, client_id: int, request: Treated) -> None:
        arrivals = self._write_down(client_id, request)
        loop, behaviour = asyncio.get_running_loop(), self.desk.behaviour
        late = self.desk.within(behaviour.latest) if self.desk.chance(behaviour.late) else 0.0
        now = loop.time()
        due = max(now + late, session.free_at)
        if due <= now:
            self._treat(session, client_id, request, arrivals)
            return
        # A step later than what is before it: timers of one and the same time come in no certain order.
        session.free_at = math.nextafter(due, math.inf)

        def treat() -> None:
            self._waiting.pop(handle, None)
            self._treat(session, client_id, request, arrivals)

        handle = loop.call_at(due, treat)
        self._waiting[handle] = treat

    def _write_down(self, client_id: int, request: Treated) -> tuple[Arrival, ...]:
        match request:
            case Place():
                refs, verb = tuple(str(order.order_ref) for order in request.orders), Verb.PLACE
            case Cancel():
                refs, verb = (request.order_ref,), Verb.CANCEL
            case Modify():
                refs, verb = (request.order_ref,), Verb.MODIFY
            case _:
                return ()
        arrivals = self.desk.arrive(verb, refs, client_id)
        for arrival in arrivals:
            self.on_arrival(arrival)
        return arrivals

    def _treat(self, session: Session, client_id: int, request: Treated, arrivals: tuple[Arrival, ...]) -> None:
        if self.is_degraded:
            self._held.append(lambda: self._treat(session, client_id, request, arrivals))
            return
        match request:
            case Place():
                treated = self.desk.place(request.orders, client_id)
            case Cancel():
                treated = self.desk.cancel(request.order_ref, client_id)
            case Modify():
                treated = self.desk.modify(request.order_ref, request.changes, client_id)
            case CancelEverything():
                treated = self.desk.cancel_everything()
            case _:
                self._answer(session, request)
                return
        for arrival in arrivals if treated else ():
            arrival.treated_at = self.desk.now()

    def _answer(self, session: Session, request: AskSnapshot | AskFind | AskQuote) -> None:
        number = request.question
        if isinstance(request, AskQuote):
            session.send(Answer(question=number, quote=self.desk.quotes.get(request.contract.key)))
            return
        # A list of executions shows what counts; what was replaced must be told beside it, or both would count.
        for report in self.desk.amendments():
            session.send(Said(report=report))
        if isinstance(request, AskSnapshot):
            session.send(Answer(question=number, snapshot=self.desk.snapshot()))
        else:
            session.send(Answer(question=number, evidence=self.desk.evidence(request.order_ref)))

    # What goes out.

    def _tell(self, report: Report, client_id: int | None) -> None:
        """Say something to the client that it concerns, None: to all, as the behaviour has it."""
        desk, behaviour, loop = self.desk, self.desk.behaviour, asyncio.get_running_loop()
        if desk.chance(behaviour.delays):
            loop.call_later(desk.within(behaviour.jumble), self._say, report, client_id)
        else:
            self._say(report, client_id)
        if desk.chance(behaviour.repeats):
            loop.call_later(desk.within(behaviour.jumble), self._say, report, client_id)

    def _say(self, report: Report, client_id: int | None) -> None:
        if self.is_degraded:
            return
        desk, behaviour = self.desk, self.desk.behaviour
        sessions = [one for key, one in self._clients.items() if client_id in {None, key}]
        for session in sessions:
            if desk.chance(behaviour.garbles):
                session.write(_GARBAGE)
            elif desk.chance(behaviour.overlong):
                session.write(b"x" * (self.frame_cap + 1))
            else:
                session.send(Said(report=report))
