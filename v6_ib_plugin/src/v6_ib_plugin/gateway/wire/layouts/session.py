"""How a session begins, how TWS answers by number, and the news and calendars that go with a session."""

from __future__ import annotations

from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.gateway.wire.kinds import ESCAPED, FLAG, ID, INT, INT_OR_EMPTY, TEXT
from v6_ib_plugin.gateway.wire.layout import Field, Fixed, Layout, Several, fields
from v6_ib_plugin.gateway.wire.layouts.contracts import REQ_ID
from v6_ib_plugin.terms import IbAnswer

MESSAGES = (
    Layout(
        4,
        "errMsg",
        messages.ErrMsg,
        (
            Fixed("2"),
            *fields("answer", ID, "req_id", "code"),
            *fields("answer", ESCAPED, "text", "advanced_reject_json"),
        ),
        {"answer": IbAnswer},
    ),
    Layout(9, "nextValidId", messages.NextValidId, (Fixed("1"), Field("order_id", ID))),
    Layout(15, "managedAccounts", messages.ManagedAccounts, (Fixed("1"), Field("accounts", TEXT))),
    Layout(49, "currentTime", messages.CurrentTime, (Fixed("1"), Field("time", ID))),
    Layout(
        85,
        "newsProviders",
        messages.NewsProviders,
        (Several("providers", messages.NewsProvider, fields("", TEXT, "code", "name")),),
    ),
    Layout(107, "userInfo", messages.UserInfo, (REQ_ID, Field("white_branding_id", TEXT))),
)
"""The messages about a session."""

REQUESTS = (
    Layout(8, "reqIds", requests.ReqIds, (Fixed("1"), Field("num_ids", INT))),
    Layout(14, "setServerLogLevel", requests.SetServerLogLevel, (Fixed("1"), Field("level", INT))),
    Layout(17, "reqManagedAccts", requests.ReqManagedAccts, (Fixed("1"),)),
    Layout(49, "reqCurrentTime", requests.ReqCurrentTime, (Fixed("1"),)),
    Layout(
        71,
        "startApi",
        requests.StartApi,
        (Fixed("2"), Field("client_id", ID), Field("optional_capabilities", TEXT)),
    ),
    Layout(
        84,
        "reqNewsArticle",
        requests.ReqNewsArticle,
        (REQ_ID, *fields("", TEXT, "provider_code", "article_id", "options")),
    ),
    Layout(85, "reqNewsProviders", requests.ReqNewsProviders, ()),
    Layout(100, "reqWshMetaData", requests.ReqWshMetaData, (REQ_ID,)),
    Layout(101, "cancelWshMetaData", requests.CancelWshMetaData, (REQ_ID,)),
    Layout(
        102,
        "reqWshEventData",
        requests.ReqWshEventData,
        (
            *(REQ_ID, Field("con_id", INT_OR_EMPTY), Field("filter", TEXT)),
            *fields("", FLAG, "fill_watchlist", "fill_portfolio", "fill_competitors"),
            *(*fields("", TEXT, "start_date", "end_date"), Field("total_limit", INT_OR_EMPTY)),
        ),
    ),
    Layout(103, "cancelWshEventData", requests.CancelWshEventData, (REQ_ID,)),
    Layout(104, "reqUserInfo", requests.ReqUserInfo, (REQ_ID,)),
)
"""The requests about a session."""
