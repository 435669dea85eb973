"""The clients that are connected, each under the client id that it gave itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from v6_ib_plugin.gateway.session import Session


class Clients(Mapping[int, Session]):
    """The sessions that have started the API, by client id, in the order in which they came."""

    def __init__(self) -> None:
        self._sessions: dict[int, Session] = {}

    def __getitem__(self, client_id: int) -> Session:
        return self._sessions[client_id]

    def __iter__(self) -> Iterator[int]:
        return iter(tuple(self._sessions))

    def __len__(self) -> int:
        return len(self._sessions)

    def sessions(self) -> tuple[Session, ...]:
        """Return the sessions, the first to come first."""
        return tuple(self._sessions.values())

    def add(self, session: Session) -> None:
        """Take a session in; its client id must be free."""
        assert session.client_id not in self._sessions, f"client id {session.client_id} is in use"
        self._sessions[session.client_id] = session

    def remove(self, session: Session) -> None:
        """Let a session go; another that has its client id stays."""
        if self._sessions.get(session.client_id) is session:
            del self._sessions[session.client_id]
