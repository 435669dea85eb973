"""What TWS tells of accounts, positions and profit. Money is in the currency of the account or the one named."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from v6_ib_plugin.gateway.wire.messages.message import Message
from v6_ib_plugin.terms import IbContract


@dataclass(frozen=True, slots=True)
class UpdateAccountValue(Message):
    """One value of an account; not all are numbers."""

    key: str
    value: str
    currency: str
    account: str


@dataclass(frozen=True, slots=True)
class UpdatePortfolio(Message):
    """One position and its worth. The contract's ``primary_exchange`` is told, its ``exchange`` is not."""

    contract: IbContract
    position: Decimal
    market_price: Decimal
    market_value: Decimal
    avg_cost: Decimal
    unrealized_pnl: Decimal
    realized_pnl: Decimal
    account: str


@dataclass(frozen=True, slots=True)
class UpdateAccountTime(Message):
    """When the values were computed, HH:MM."""

    time: str


@dataclass(frozen=True, slots=True)
class AccountDownloadEnd(Message):
    """All values and positions of an account were told once."""

    account: str


@dataclass(frozen=True, slots=True)
class AccountSummary(Message):
    """One value of a summary."""

    req_id: int
    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class AccountSummaryEnd(Message):
    """All values of a summary were told once."""

    req_id: int


@dataclass(frozen=True, slots=True)
class AccountUpdateMulti(Message):
    """One value of an account or a model."""

    req_id: int
    account: str
    model: str
    key: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class AccountUpdateMultiEnd(Message):
    """All values of an account or a model were told once."""

    req_id: int


@dataclass(frozen=True, slots=True)
class Position(Message):
    """One position; ``avg_cost`` is per unit times the multiplier."""

    account: str
    contract: IbContract
    position: Decimal
    avg_cost: Decimal


@dataclass(frozen=True, slots=True)
class PositionEnd(Message):
    """All positions were told once."""


@dataclass(frozen=True, slots=True)
class PositionMulti(Message):
    """One position of an account or a model; ``avg_cost`` is per unit times the multiplier."""

    req_id: int
    account: str
    contract: IbContract
    position: Decimal
    avg_cost: Decimal
    model: str


@dataclass(frozen=True, slots=True)
class PositionMultiEnd(Message):
    """All positions of an account or a model were told once."""

    req_id: int


@dataclass(frozen=True, slots=True)
class PnL(Message):
    """Profit and loss of an account; None where TWS does not know."""

    req_id: int
    daily_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal | None


@dataclass(frozen=True, slots=True)
class PnLSingle(Message):
    """Profit and loss of one position; None where TWS does not know."""

    req_id: int
    position: Decimal
    daily_pnl: Decimal | None
    unrealized_pnl: Decimal | None
    realized_pnl: Decimal | None
    value: Decimal | None


@dataclass(frozen=True, slots=True)
class FamilyCode:
    """An account and the family that it belongs to."""

    account: str
    code: str


@dataclass(frozen=True, slots=True)
class FamilyCodes(Message):
    """Which accounts belong together."""

    codes: tuple[FamilyCode, ...]


@dataclass(frozen=True, slots=True)
class SoftDollarTier:
    """One soft dollar tier."""

    name: str
    value: str
    display_name: str


@dataclass(frozen=True, slots=True)
class SoftDollarTiers(Message):
    """The soft dollar tiers."""

    req_id: int
    tiers: tuple[SoftDollarTier, ...]
