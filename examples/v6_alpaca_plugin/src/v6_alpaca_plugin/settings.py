"""The section of the configuration: the keys, whether it is real money, and where Alpaca is."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from v6core.config import Secret
from v6core.identifiers import printable

_PAPER = "https://paper-api.alpaca.markets"
_LIVE = "https://api.alpaca.markets"
_DATA = "https://data.alpaca.markets"


def is_paper(account: str) -> bool:
    """Tell whether an account trades no real money: the numbers of those that do not begin with PA."""
    return account.strip().upper().startswith("PA")


class AlpacaSettings(BaseModel):
    """How to reach Alpaca.

    ``key`` and ``secret`` are references to secrets, as in ``env:APCA_API_KEY_ID``. Without ``live`` it is Alpaca's
    paper trading. The addresses are Alpaca's unless given; ``stream_url`` follows ``trading_url``. ``stock_feed`` and
    ``option_feed`` name the market data that the account has; DELAYED_SIP and INDICATIVE are 15 minutes late.

    All times are in seconds: ``request_timeout`` until a request is answered, ``heartbeat`` between two looks whether
    the stream lives, which is given up after as long again; ``reconnect_delay`` until it is opened anew, twice as long
    after each failure up to ``longest_reconnect_delay``; ``quote_interval`` between two looks at a streamed quote, for
    which Alpaca is asked again and again. ``history_days`` is how far back finished orders and fills are asked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: Secret
    secret: Secret
    live: bool = False
    account: str | None = None
    trading_url: str = ""
    stream_url: str = ""
    data_url: str = _DATA
    stock_feed: Literal["iex", "sip", "delayed_sip"] = "iex"
    option_feed: Literal["indicative", "opra"] = "indicative"
    request_timeout: float = Field(default=10.0, gt=0, le=600)
    heartbeat: float = Field(default=10.0, gt=0, le=600)
    reconnect_delay: float = Field(default=0.5, gt=0, le=600)
    longest_reconnect_delay: float = Field(default=30.0, gt=0, le=600)
    quote_interval: float = Field(default=1.0, gt=0, le=600)
    history_days: int = Field(default=7, ge=1, le=365)

    @field_validator("account")
    @classmethod
    def _check_account(cls, value: str | None) -> str | None:
        return None if value is None else printable(value, "account").strip()

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data  # pyright: ignore[reportUnknownVariableType]  # pydantic's to refuse
        given: dict[str, object] = {**data}
        trading = str(given.get("trading_url") or (_LIVE if given.get("live") else _PAPER)).rstrip("/")
        stream = "ws" + trading.removeprefix("http") + "/stream"
        return {**given, "trading_url": trading, "stream_url": given.get("stream_url") or stream}

    @field_validator("trading_url", "stream_url", "data_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        url = urlsplit(value)
        if url.scheme not in {"https", "http", "wss", "ws"} or not url.hostname:
            raise ValueError(f"{value!r} is no address like {_PAPER}")
        if url.scheme in {"http", "ws"} and not _is_here(url.hostname):
            raise ValueError(f"{value} would carry the keys in the open: use https or wss beyond this machine")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check_arming(self) -> Self:
        if self.live and self.account is None:
            raise ValueError(
                "live = true needs an account: real money is traded in the account that is named, in no other"
            )
        if self.account is not None and self.live is is_paper(self.account):
            kind, way_out = (
                ("a paper account", "live = true says that it is not")
                if self.live
                else ("not a paper account", "trading real money needs live = true")
            )
            raise ValueError(f"account {self.account} is {kind}: {way_out}")
        return self


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
