"""What every message is."""

from __future__ import annotations


class Message:
    """One message from TWS to a client."""

    __slots__ = ()
