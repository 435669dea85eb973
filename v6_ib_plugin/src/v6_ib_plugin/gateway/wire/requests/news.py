"""What a client asks about news and calendars."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.requests.request import Request


@dataclass(frozen=True, slots=True)
class ReqNewsProviders(Request):
    """Ask who sells news to this user."""


@dataclass(frozen=True, slots=True)
class ReqNewsArticle(Request):
    """Ask for one article."""

    req_id: int
    provider_code: str
    article_id: str
    options: str = ""


@dataclass(frozen=True, slots=True)
class ReqWshMetaData(Request):
    """Ask what the Wall Street Horizon calendar knows."""

    req_id: int


@dataclass(frozen=True, slots=True)
class CancelWshMetaData(Request):
    """Withdraw that question."""

    req_id: int


@dataclass(frozen=True, slots=True)
class ReqWshEventData(Request):
    """Ask for the events of the calendar, by contract or by ``filter``."""

    req_id: int
    con_id: int | None
    filter: str = ""
    fill_watchlist: bool = False
    fill_portfolio: bool = False
    fill_competitors: bool = False
    start_date: str = ""
    end_date: str = ""
    total_limit: int | None = None


@dataclass(frozen=True, slots=True)
class CancelWshEventData(Request):
    """Withdraw that question."""

    req_id: int
