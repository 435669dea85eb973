"""What runs for a client until it cancels it or goes."""

from __future__ import annotations

from collections.abc import Callable

from v6_ib_plugin.gateway.session import Session

Close = Callable[[], None]


class Subscriptions:
    """The subscriptions of one kind, by client and request id; ``unknown`` is TWS's code where an id has none."""

    def __init__(self, unknown: int = 300) -> None:
        self._unknown = unknown
        self._open: dict[tuple[int, int], tuple[Session, Close]] = {}

    def claim(self, session: Session, req_id: int) -> bool:
        """Tell whether a request id is free; one in use is answered with 322."""
        if (id(session), req_id) not in self._open:
            return True
        session.error(req_id, 322, "Error processing request.-'gateway' : cause - Duplicate ticker id")
        return False

    def open(self, session: Session, req_id: int, close: Close) -> None:
        """Keep what ends a subscription; one that the client has under this id already ends.

        A client that went while it was being answered has no use for one.
        """
        self._drop((id(session), req_id))
        if session.is_closed:
            close()
            return
        self._open[id(session), req_id] = (session, close)

    def close(self, session: Session, req_id: int) -> bool:
        """End a subscription, and tell whether there was one."""
        return self._drop((id(session), req_id))

    def cancel(self, session: Session, req_id: int) -> None:
        """End a subscription as its client asks; an id that has none is answered with ``unknown``."""
        if not self.close(session, req_id):
            session.error(req_id, self._unknown, f"Can't find EId with tickerId:{req_id}")

    def count(self, session: Session) -> int:
        """Return how many a client has."""
        return sum(1 for owner, _ in self._open if owner == id(session))

    def leave(self, session: Session) -> None:
        """End all of a client's."""
        for key in [key for key in self._open if key[0] == id(session)]:
            self._drop(key)

    def clear(self) -> None:
        """End all."""
        for key in list(self._open):
            self._drop(key)

    def _drop(self, key: tuple[int, int]) -> bool:
        found = self._open.pop(key, None)
        if found is None:
            return False
        found[1]()
        return True
