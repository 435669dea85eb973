"""The section of the configuration: where TWS or IB Gateway listens, and which account may be traded."""

from __future__ import annotations

from enum import auto
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from v6core.identifiers import printable
from v6core.words import Word


class MarketDataType(Word):
    """Which market data to ask for."""

    LIVE = auto()
    """In real time; each exchange asks for a subscription."""
    FROZEN = auto()
    """As LIVE, and after the close the last quotes before it."""
    DELAYED = auto()
    """Some minutes late where there is no subscription; each quote says so."""
    DELAYED_FROZEN = auto()
    """As DELAYED, and after the close the last quotes before it."""

    @property
    def number(self) -> int:
        """Return TWS's number for it."""
        return list(MarketDataType).index(self) + 1


def is_paper(account: str) -> bool:
    """Tell whether an account trades no real money: the names of those that do not begin with D (DU, DF, DI)."""
    return account.strip().upper().startswith("D")


def _market_data_type(value: Any) -> Any:
    try:
        return MarketDataType(value)
    except ValueError:
        choices = ", ".join(f'"{kind.lower()}"' for kind in MarketDataType)
        raise ValueError(f"market_data_type must be one of {choices}, not {value!r}") from None


class IbSettings(BaseModel):
    """How to reach TWS or IB Gateway.

    TWS listens on 7496 (live) or 7497 (paper), IB Gateway on 4001 or 4002; which of them is a habit and proves nothing,
    so ``live`` must be said in words. Orders can be changed only by the ``client_id`` that placed them. All times are
    in seconds: ``connect_timeout`` until TWS has logged this client in, ``request_timeout`` until a question is
    answered whole, ``heartbeat`` between two looks whether TWS is still there. ``messages_per_second`` stays below the
    50 that TWS allows; 0 switches the pacing off. ``market_data_lines`` is how many contracts are quoted at the same
    time: a user of Interactive Brokers has 100 unless more were bought, what the screens of TWS show included.
    ``time_zone`` is the one that TWS is set to, as in ``America/New_York``, in which it tells times without a zone and
    begins its days; it is needed where TWS runs on a machine in another zone than this one's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    host: str = "127.0.0.1"
    port: int = Field(default=7497, ge=1, le=65_535)
    client_id: int = Field(default=6, ge=0, le=2**31 - 1)
    account: str | None = None
    live: bool = False
    market_data_type: Annotated[MarketDataType, BeforeValidator(_market_data_type)] = MarketDataType.LIVE
    market_data_lines: int = Field(default=100, ge=1, le=10_000)
    connect_timeout: float = Field(default=10.0, gt=0, le=600)
    request_timeout: float = Field(default=15.0, gt=0, le=600)
    heartbeat: float = Field(default=10.0, gt=0, le=600)
    messages_per_second: int = Field(default=45, ge=0, le=50)
    time_zone: str | None = None

    @field_validator("host", "account")
    @classmethod
    def _check_text(cls, value: str | None) -> str | None:
        return None if value is None else printable(value, "host and account").strip()

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, value: str | None) -> str | None:
        try:
            return value if value is None else ZoneInfo(value).key
        except (KeyError, ValueError, OSError):
            raise ValueError(f"there is no time zone {value!r}: give one by its name, as America/New_York") from None

    @model_validator(mode="after")
    def _check_arming(self) -> Self:
        if self.live and self.account is None:
            raise ValueError(
                "live = true needs an account: real money is traded in the account that is named, in no other"
            )
        if self.account is None:
            return self
        if self.live and is_paper(self.account):
            raise ValueError(f"account {self.account} is a paper account, and live = true says that it is not")
        if not self.live and not is_paper(self.account):
            raise ValueError(f"account {self.account} is not a paper account: trading real money needs live = true")
        return self
