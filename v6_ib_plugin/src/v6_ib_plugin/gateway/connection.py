"""One TCP connection, from the handshake through START_API to its end."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime
from typing import Protocol

from v6_ib_plugin.gateway.faults import At, Faults
from v6_ib_plugin.gateway.faults.inlet import Inlet
from v6_ib_plugin.gateway.faults.outlet import Outlet
from v6_ib_plugin.gateway.faults.threshold import cross
from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.incoming import Incoming
from v6_ib_plugin.gateway.peer import Peer
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import WireError, frames, requests

_GREETING_WITHIN = 60.0
_GONE_WITHIN = 2.0
IN_USE = "Unable to connect as the client id is already in use. Retry with a unique client id."


class Reception(Protocol):
    """Where sessions begin and end, and their requests go."""

    def welcome(self, session: Session) -> None:
        """Take a session in: it has started the API."""
        ...

    def part_with(self, session: Session) -> None:
        """Let a session go."""
        ...

    async def take(self, session: Session, request: requests.Request) -> None:
        """Answer a request."""
        ...


class Connection:
    """A client on its way through."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, house: House, reception: Reception
    ) -> None:
        self._house = house
        self._reception = reception
        self._logger: logging.Logger = house.logger
        self._incoming = Incoming(reader)
        self.peer = Peer(writer, house.logger)

    @property
    def _faults(self) -> Faults:
        return self._house.faults

    async def run(self) -> None:
        """Serve the client until it goes; whatever it sends, nobody else is harmed."""
        try:
            await self._serve()
        except WireError as error:
            self._logger.warning("%s is closed: %s", self.peer.name, error)
        except OSError as error:
            self._logger.info("%s has gone: %s", self.peer.name, error)
        except Exception:
            self._logger.exception("%s is closed: serving it failed", self.peer.name)
        finally:
            self.peer.close()

    async def _serve(self) -> None:
        greeting = await self._greeting()
        if greeting is None:
            return
        frames.agreed_version(greeting)
        passage = await cross(self._faults, self.peer, At.CONNECTION)
        if not passage.is_answered:
            await self._read_to_the_end()
            return
        self.peer.write(_answer(passage.version, self._house.now()))
        first = await self._incoming.next()
        if isinstance(first, requests.StartApi):
            await self._start(first.client_id)
        elif first is not None:
            raise WireError(f"a client starts the API first, and this one begins with {type(first).__name__}")

    async def _greeting(self) -> frames.Greeting | None:
        try:
            async with asyncio.timeout(_GREETING_WITHIN):
                return await self._incoming.greeting()
        except TimeoutError:
            raise WireError(f"it has not greeted as a TWS client within {_GREETING_WITHIN:g} seconds") from None

    async def _start(self, client_id: int) -> None:
        passage = await cross(self._faults, self.peer, At.START, client_id)
        if not passage.is_answered:
            await self._read_to_the_end()
            return
        outlet = Outlet(client_id, self.peer, self._faults)
        session = Session(client_id, self.peer, outlet, self._logger)
        if client_id in self._house.clients:
            session.error(-1, 326, IN_USE)
            self._logger.warning("%s is closed: its client id is in use", session.name)
            self.peer.hang_up()
            await self._read_to_the_end()
            return
        await self._attend(session, outlet)

    async def _attend(self, session: Session, outlet: Outlet) -> None:
        async def take(request: requests.Request) -> None:
            await self._reception.take(session, request)

        inlet = Inlet(outlet, self._faults, take)
        self._faults.join(outlet)
        try:
            self._reception.welcome(session)
            while not self.peer.is_gone and (request := await self._incoming.next()) is not None:
                await inlet.receive(request)
                await asyncio.sleep(0)  # its answers leave, and others have their turn, before the next is taken
            await self._read_to_the_end()
        finally:
            self._faults.leave(outlet)
            self._reception.part_with(session)

    async def _read_to_the_end(self) -> None:
        """Read what nobody heeds: closing before that would take from the client what is on its way to it."""
        await self._incoming.read_to_the_end(_GONE_WITHIN if self.peer.is_gone else None)


def _answer(version: int | None, now: datetime) -> bytes:
    """Return the answer to a greeting, at another version where a fault says so."""
    time = f"{now:%Y%m%d %H:%M:%S} UTC"
    return frames.greeting_answer(time) if version is None else frames.framed(f"{version}\0{time}\0".encode())
