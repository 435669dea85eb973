"""What a client asks about accounts, positions and profit."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.requests.request import Request


@dataclass(frozen=True, slots=True)
class ReqAccountUpdates(Request):
    """Subscribe to the values and the portfolio of an account, or end that."""

    subscribe: bool
    acct_code: str


@dataclass(frozen=True, slots=True)
class ReqAccountSummary(Request):
    """Subscribe to the values named in ``tags``, separated by commas."""

    req_id: int
    group: str
    tags: str


@dataclass(frozen=True, slots=True)
class CancelAccountSummary(Request):
    """End a subscription to a summary."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqAccountUpdatesMulti(Request):
    """Subscribe to the values of an account or a model."""

    req_id: int
    account: str
    model: str
    ledger_and_nlv: bool


@dataclass(frozen=True, slots=True)
class CancelAccountUpdatesMulti(Request):
    """End a subscription to the values of an account or a model."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqPositions(Request):
    """Subscribe to the positions of all accounts."""


@dataclass(frozen=True, slots=True)
class CancelPositions(Request):
    """End the subscription to positions."""


@dataclass(frozen=True, slots=True)
class ReqPositionsMulti(Request):
    """Subscribe to the positions of an account or a model."""

    req_id: int
    account: str
    model: str


@dataclass(frozen=True, slots=True)
class CancelPositionsMulti(Request):
    """End a subscription to the positions of an account or a model."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqPnL(Request):
    """Subscribe to the profit and loss of an account."""

    req_id: int
    account: str
    model: str


@dataclass(frozen=True, slots=True)
class CancelPnL(Request):
    """End a subscription to the profit and loss of an account."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqPnLSingle(Request):
    """Subscribe to the profit and loss of one position."""

    req_id: int
    account: str
    model: str
    con_id: int


@dataclass(frozen=True, slots=True)
class CancelPnLSingle(Request):
    """End a subscription to the profit and loss of one position."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqFamilyCodes(Request):
    """Ask which accounts belong together."""


@dataclass(frozen=True, slots=True)
class ReqSoftDollarTiers(Request):
    """Ask for the soft dollar tiers."""

    req_id: int
