"""How a program says which server it means, and what the broker behind it declares."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from v6core.capabilities import Capabilities, ExitRelease, HistoryReach
from v6core.testing.remote.messages import DEFAULT_FRAME_CAP
from v6core.testing.scripted.abilities import scripted_capabilities

REMOTE = scripted_capabilities(
    exit_release=ExitRelease.FULL_FILL,
    fills_reach=HistoryReach.SAME_DAY,
    completed_reach=HistoryReach.SAME_DAY,
    preview=False,
    option_chains=False,
)
"""What a server does unless it is told otherwise: references can be asked for and are not enforced, as at IB."""


def remote_capabilities(**changes: Any) -> Capabilities:
    """Return REMOTE with some sentences changed: ``remote_capabilities(submit_identity="ENFORCED")``."""
    if changes.get("bracket") is False:
        changes.setdefault("exit_release", None)
    return scripted_capabilities(**{**dict(REMOTE), **changes})


class RemoteSettings(BaseModel):
    """The section of a remote broker; times are in seconds.

    A link on which nothing was heard for ``heartbeat`` is asked whether it lives, and given up after as long again.
    Reconnecting waits ``reconnect_delay``, and twice as long after each failure, up to ``longest_reconnect_delay``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65_535)
    client_id: int = Field(default=1, ge=0)
    heartbeat: float = Field(default=5, gt=0)
    connect_timeout: float = Field(default=5, gt=0)
    reconnect_delay: float = Field(default=0.25, gt=0)
    longest_reconnect_delay: float = Field(default=8, gt=0)
    frame_cap: int = Field(default=DEFAULT_FRAME_CAP, ge=1024)
