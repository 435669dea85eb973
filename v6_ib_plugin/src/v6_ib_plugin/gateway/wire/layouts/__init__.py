"""What every message and every request looks like on the wire, each said once."""

from __future__ import annotations

from v6_ib_plugin.gateway.wire.layouts import accounts, contracts, executions, orders, quotes, session

MESSAGES = (
    *session.MESSAGES,
    *orders.MESSAGES,
    *executions.MESSAGES,
    *contracts.MESSAGES,
    *quotes.MESSAGES,
    *accounts.MESSAGES,
)
REQUESTS = (
    *session.REQUESTS,
    *orders.REQUESTS,
    *executions.REQUESTS,
    *contracts.REQUESTS,
    *quotes.REQUESTS,
    *accounts.REQUESTS,
)

__all__ = ["MESSAGES", "REQUESTS"]
