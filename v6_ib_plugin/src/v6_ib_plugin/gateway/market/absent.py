"""What TWS offers and a simulated market does not have: empty lists where it lists, a plain error otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from v6_ib_plugin.gateway.market.refusals import Refused
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.gateway.wire.messages import (
    FamilyCodes,
    Message,
    MktDepthExchanges,
    NewsProviders,
    SmartComponents,
    SoftDollarTiers,
    UserInfo,
)

EMPTY: dict[type[requests.Request], Callable[[Any], Message]] = {
    requests.ReqFamilyCodes: lambda _: FamilyCodes(()),
    requests.ReqNewsProviders: lambda _: NewsProviders(()),
    requests.ReqMktDepthExchanges: lambda _: MktDepthExchanges(()),
    requests.ReqSmartComponents: lambda request: SmartComponents(request.req_id, ()),
    requests.ReqSoftDollarTiers: lambda request: SoftDollarTiers(request.req_id, ()),
    requests.ReqUserInfo: lambda request: UserInfo(request.req_id, ""),
}
"""The lists that are empty here."""

REFUSED: dict[type[requests.Request], tuple[int, str]] = {
    requests.ReqMktDepth: (10092, "Deep market data is not supported for this combination of security type/exchange"),
    requests.ReqHistoricalTicks: (
        162,
        "Historical Market Data Service error message:HMDS query returned no data: ticks are not kept",
    ),
    requests.ReqNewsArticle: (10172, "Failed to request news article: there is no news here"),
    requests.ReqWshMetaData: (10276, "News feed is not allowed: there is no calendar of events here"),
    requests.ReqWshEventData: (10276, "News feed is not allowed: there is no calendar of events here"),
}
"""What cannot be answered, with TWS's code for it."""

WITHDRAWN: tuple[type[requests.Request], ...] = (
    requests.CancelHeadTimeStamp,
    requests.CancelMktDepth,
    requests.CancelWshMetaData,
    requests.CancelWshEventData,
)
"""What ends a question that has been answered, or refused, at once."""


def tell_nothing(session: Session, request: requests.Request) -> None:
    """Tell an empty list."""
    session.send(EMPTY[type(request)](request))


def refuse(_: Session, request: requests.Request) -> None:
    """Refuse."""
    code, text = REFUSED[type(request)]
    raise Refused(code, text)


def ignore(session: Session, request: requests.Request) -> None:
    """Let a client withdraw what has ended already."""
