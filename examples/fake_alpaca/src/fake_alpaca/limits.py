"""How many requests a minute an account has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime


class RateLimit:
    """Counts requests by the minute of the clock; 0 a minute means as many as you like."""

    def __init__(self, per_minute: int, now: Callable[[], datetime]) -> None:
        self.per_minute = per_minute
        self._now = now
        self._minute = 0
        self._used = 0

    def take(self) -> bool:
        """Count one request, and tell whether it may pass."""
        minute = int(self._now().timestamp()) // 60
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += 1
        return not self.per_minute or self._used <= self.per_minute

    def headers(self) -> dict[str, str]:
        """Return the headers that tell how many are left, and when there will be more, in seconds of the epoch."""
        if not self.per_minute:
            return {}
        return {
            "X-RateLimit-Limit": str(self.per_minute),
            "X-RateLimit-Remaining": str(max(self.per_minute - self._used, 0)),
            "X-RateLimit-Reset": str((self._minute + 1) * 60),
        }
