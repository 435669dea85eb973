"""The gateway: a broker behind it, clients in front of it, and the parts between them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from v6_ib_plugin.gateway.clients import Clients
from v6_ib_plugin.gateway.connection import Connection
from v6_ib_plugin.gateway.desk.desk import Desk
from v6_ib_plugin.gateway.dispatch import Dispatch
from v6_ib_plugin.gateway.faults import Fault, Faults
from v6_ib_plugin.gateway.faults.connectivity import DATA_LOST, notice_of
from v6_ib_plugin.gateway.faults.control_file import ControlFile
from v6_ib_plugin.gateway.house import ACCOUNT, House, simulated_account
from v6_ib_plugin.gateway.housekeeping import Housekeeping
from v6_ib_plugin.gateway.manners import Manners
from v6_ib_plugin.gateway.market.market import Market
from v6_ib_plugin.gateway.part import Forgetful, MakePart, Numbering, Part, Starting, Subscribed
from v6_ib_plugin.gateway.server import Server
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.terms import IbAnswer
from v6core.broker import Broker, ReportSink
from v6core.errors import ConfigurationError
from v6core.reports import LinkReport, LinkState, Report

MakeBroker = Callable[[ReportSink], Broker]
"""Makes the broker behind the gateway, which reports into the sink."""

STANDARD_PARTS: tuple[MakePart, ...] = (Desk, Market)

_FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)


class Gateway:
    """A TWS without a TWS. An async context manager: within, it listens on ``host`` and ``port``.

    ``port`` 0 finds a free one. What TWS does in some settings alone is said by ``manners``. What is to go wrong is
    armed through ``faults``, or by a control file. The orders that
    only the gateway has, exits that wait for their entry, outlive it in the file ``memory``.
    ConfigurationError where the broker is not simulated or has no quotes, where the account's name is not that of a
    paper account, where the address is not of this machine alone, or the port is taken.
    """

    def __init__(
        self,
        make_broker: MakeBroker,
        *,
        name: str = "paper",
        host: str = "127.0.0.1",
        port: int = 0,
        account: str = ACCOUNT,
        read_only: bool = False,
        manners: Manners | None = None,
        faults: Iterable[Fault] = (),
        control_file: Path | None = None,
        memory: Path | None = None,
        parts: Sequence[MakePart] = STANDARD_PARTS,
        logger: logging.Logger | None = None,
    ) -> None:
        self.broker = _fitting(make_broker(self._on_report), name)
        self.faults = Faults()
        self.faults.serve(self)
        self._first_faults = tuple(faults)
        self._house = House(
            broker=self.broker,
            faults=self.faults,
            clients=Clients(),
            account=simulated_account(account),
            read_only=read_only,
            manners=manners or Manners(),
            memory=memory,
            logger=logger or logging.getLogger("v6.gateway"),
        )
        self._parts = self._make_parts(parts)
        self._dispatch = Dispatch(self._parts, self._house.logger, read_only=self._house.read_only)
        self._server = Server(host, port, self._connection)
        self._control = None if control_file is None else ControlFile(control_file, self.faults)
        self._has_lost_broker = False
        self._restarting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def _make_parts(self, parts: Sequence[MakePart]) -> tuple[Part, ...]:
        return (Housekeeping(self._house), *(make(self._house) for make in parts))

    def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Connection:
        return Connection(reader, writer, self._house, self)

    # Where it is, and who is there

    @property
    def host(self) -> str:
        """The address on which it listens."""
        return self._server.host

    @property
    def port(self) -> int:
        """The port on which it listens."""
        return self._server.port

    @property
    def is_listening(self) -> bool:
        """Whether clients are accepted, which a restart suspends."""
        return self._server.is_listening

    @property
    def account(self) -> str:
        """The account that clients see."""
        return self._house.account

    @property
    def clients(self) -> Clients:
        """The clients that are connected."""
        return self._house.clients

    # From start to end

    async def start(self) -> None:
        """Connect the broker and listen; a second call changes nothing."""
        if self.is_listening:
            return
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        if self._control is not None:
            self._control.look()
            self._watching = asyncio.get_running_loop().create_task(self._control.watch())
        for fault in self._first_faults:
            self.faults.add(fault)
        await self.broker.connect()
        for part in self._parts:
            if isinstance(part, Starting):
                await part.start()
        await self._server.listen()

    async def stop(self) -> None:
        """Cut all clients, end all parts, and disconnect the broker; its orders stay as they are."""
        for task in (self._restarting, self._watching):
            if task is not None:
                task.cancel()
        await self._server.close()
        for part in self._parts:
            await part.stop()
        await self.broker.disconnect()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # Clients

    def welcome(self, session: Session) -> None:
        """Take a client in: its accounts, its next order id, and how the data farms are."""
        self._house.logger.info("%s has started the API", session.name)
        self.clients.add(session)
        for part in self._parts:
            part.on_connect(session)
        lost = self.faults.uplink.notice or (_LOST if self._has_lost_broker else None)
        session.send(*(_FARM_NOTICES if lost is None else (lost,)))

    def part_with(self, session: Session) -> None:
        """Let a client go."""
        self._house.logger.info("%s has gone", session.name)
        self.clients.remove(session)
        for part in self._parts:
            part.on_disconnect(session)

    async def take(self, session: Session, request: requests.Request) -> None:
        """Answer a request."""
        await self._dispatch.take(session, request)

    def _on_report(self, report: Report) -> None:
        if isinstance(report, LinkReport):
            self._on_link(report.state)
        for part in self._parts:
            try:
                part.on_report(report)
            except Exception:
                self._house.logger.exception("%s failed on %s", type(part).__name__, report.report)

    def _on_link(self, state: LinkState) -> None:
        """Tell all clients that the broker is lost, or back: to them it is what IB's servers are to a TWS."""
        is_lost = state is not LinkState.UP
        if is_lost == self._has_lost_broker:
            return
        self._has_lost_broker = is_lost
        for session in self.clients.sessions():
            session.send(_LOST if is_lost else _BACK)
        if not is_lost:
            self.lose_data()

    # What faults do to it

    def restart(self, seconds: float) -> None:
        """Restart as a TWS does each night: clients and untransmitted orders go; nothing listens for a while."""
        self._server.deafen()
        if self._restarting is None or self._restarting.done():
            self._restarting = asyncio.get_running_loop().create_task(self._come_back(seconds))

    async def _come_back(self, seconds: float) -> None:
        await self._server.expel()
        self.faults.uplink.mend()
        for part in self._parts:
            if isinstance(part, Forgetful):
                part.on_restart()
        await asyncio.sleep(seconds)
        await self._server.listen()
        self._house.logger.info("the gateway is back after its restart")

    def lose_data(self) -> None:
        """End every subscription to data."""
        for part in self._parts:
            if isinstance(part, Subscribed):
                part.lose_data()

    def roll_back_ids(self, next_id: int) -> None:
        """Begin the sequence of order ids again."""
        for part in self._parts:
            if isinstance(part, Numbering):
                part.roll_back_ids(next_id)


_LOST, _BACK = notice_of(1100), notice_of(DATA_LOST)
_FARM_NOTICES = tuple(messages.ErrMsg(IbAnswer(req_id=-1, code=code, text=text)) for code, text in _FARMS)


def _fitting(broker: Broker, name: str) -> Broker:
    """Return a broker that may stand behind a gateway: no real money moves, and there are prices."""
    missing = [
        what
        for what, has in (
            ("is not simulated", broker.capabilities.simulated),
            ("has no quotes", broker.capabilities.quotes),
        )
        if not has
    ]
    if missing:
        raise ConfigurationError(
            f"broker {name!r} cannot stand behind the gateway: it {' and '.join(missing)}",
            hint="choose one that is simulated and has quotes, such as one of plugin paper, with --broker NAME",
        )
    return broker
