"""The section of the configuration: where TWS or IB Gateway listens, and which account may be traded."""

from __future__ import annotations

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from v6core.identifiers import printable


class IbSettings(BaseModel):
    """How to reach TWS or IB Gateway.

    TWS listens on 7496 (live) or 7497 (paper), IB Gateway on 4001 or 4002; which of them is a habit and proves nothing,
    so ``live`` must be said in words. Orders can be changed only by the ``client_id`` that placed them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    host: str = "127.0.0.1"
    port: int = Field(default=7497, ge=1, le=65_535)
    client_id: int = Field(default=6, ge=0, le=2**31 - 1)
    account: str | None = None
    live: bool = False

    @field_validator("host", "account")
    @classmethod
    def _check_text(cls, value: str | None) -> str | None:
        return None if value is None else printable(value, "host and account").strip()

    @model_validator(mode="after")
    def _check_arming(self) -> Self:
        if self.live and self.account is None:
            raise ValueError(
                "live = true needs an account: real money is traded in the account that is named, in no other"
            )
        if self.account is None:
            return self
        if self.live and self.is_paper(self.account):
            raise ValueError(f"account {self.account} is a paper account, and live = true says that it is not")
        if not self.live and not self.is_paper(self.account):
            raise ValueError(f"account {self.account} is not a paper account: trading real money needs live = true")
        return self

    @staticmethod
    def is_paper(account: str) -> bool:
        """Tell whether an account is a paper account: those of Interactive Brokers begin with D."""
        return account.upper().startswith("D")
