"""The cases, in the order in which they are run and listed; importing this package fills the registry."""

from __future__ import annotations

from v6core.testing.conformance.case import put_in_order
from v6core.testing.conformance.cases import (
    auctions,
    cancels,
    changes,
    combos,
    conditional_orders,
    configuration,
    contract,
    controls,
    corrections,
    crashes,
    groups,
    histories,
    holdings,
    identity,
    lifecycle,
    limit_orders,
    lists,
    market_orders,
    market_to_limit,
    paper,
    questions,
    recovery,
    strategies,
)

put_in_order()

__all__ = [
    "auctions",
    "cancels",
    "changes",
    "combos",
    "conditional_orders",
    "configuration",
    "contract",
    "controls",
    "corrections",
    "crashes",
    "groups",
    "histories",
    "holdings",
    "identity",
    "lifecycle",
    "limit_orders",
    "lists",
    "market_orders",
    "market_to_limit",
    "paper",
    "questions",
    "recovery",
    "strategies",
]
