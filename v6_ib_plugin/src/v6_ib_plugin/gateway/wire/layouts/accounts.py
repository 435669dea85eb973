"""How accounts, positions and profit are asked for and told."""

from __future__ import annotations

from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.gateway.wire.kinds import DOUBLE, DOUBLE_OR_LARGEST, FLAG, INT, TEXT
from v6_ib_plugin.gateway.wire.layout import Field, Fixed, Layout, Several, fields
from v6_ib_plugin.gateway.wire.layouts.contracts import REQ_ID, known_contract
from v6_ib_plugin.terms import IbContract

_CONTRACT = {"contract": IbContract}
_HELD = fields("", DOUBLE, "position", "avg_cost")
_PNL = fields("", DOUBLE_OR_LARGEST, "daily_pnl", "unrealized_pnl", "realized_pnl")

MESSAGES = (
    Layout(
        6,
        "updateAccountValue",
        messages.UpdateAccountValue,
        (Fixed("2"), *fields("", TEXT, "key", "value", "currency", "account")),
    ),
    Layout(
        7,
        "updatePortfolio",
        messages.UpdatePortfolio,
        (
            *(Fixed("8"), *known_contract("contract", exchange="primary_exchange")),
            *fields("", DOUBLE, "position", "market_price", "market_value", "avg_cost"),
            *fields("", DOUBLE, "unrealized_pnl", "realized_pnl"),
            Field("account", TEXT),
        ),
        _CONTRACT,
    ),
    Layout(8, "updateAccountTime", messages.UpdateAccountTime, (Fixed("1"), Field("time", TEXT))),
    Layout(54, "accountDownloadEnd", messages.AccountDownloadEnd, (Fixed("1"), Field("account", TEXT))),
    Layout(
        61,
        "position",
        messages.Position,
        (Fixed("3"), Field("account", TEXT), *known_contract("contract"), *_HELD),
        _CONTRACT,
    ),
    Layout(62, "positionEnd", messages.PositionEnd, (Fixed("1"),)),
    Layout(
        63,
        "accountSummary",
        messages.AccountSummary,
        (Fixed("1"), REQ_ID, *fields("", TEXT, "account", "tag", "value", "currency")),
    ),
    Layout(64, "accountSummaryEnd", messages.AccountSummaryEnd, (Fixed("1"), REQ_ID)),
    Layout(
        71,
        "positionMulti",
        messages.PositionMulti,
        (
            *(Fixed("1"), REQ_ID, Field("account", TEXT), *known_contract("contract")),
            *(*_HELD, Field("model", TEXT)),
        ),
        _CONTRACT,
    ),
    Layout(72, "positionMultiEnd", messages.PositionMultiEnd, (Fixed("1"), REQ_ID)),
    Layout(
        73,
        "accountUpdateMulti",
        messages.AccountUpdateMulti,
        (Fixed("1"), REQ_ID, *fields("", TEXT, "account", "model", "key", "value", "currency")),
    ),
    Layout(74, "accountUpdateMultiEnd", messages.AccountUpdateMultiEnd, (Fixed("1"), REQ_ID)),
    Layout(
        77,
        "softDollarTiers",
        messages.SoftDollarTiers,
        (REQ_ID, Several("tiers", messages.SoftDollarTier, fields("", TEXT, "name", "value", "display_name"))),
    ),
    Layout(
        78,
        "familyCodes",
        messages.FamilyCodes,
        (Several("codes", messages.FamilyCode, fields("", TEXT, "account", "code")),),
    ),
    Layout(94, "pnl", messages.PnL, (REQ_ID, *_PNL)),
    Layout(
        95,
        "pnlSingle",
        messages.PnLSingle,
        (REQ_ID, Field("position", DOUBLE), *_PNL, Field("value", DOUBLE_OR_LARGEST)),
    ),
)
"""The messages about accounts."""

REQUESTS = (
    Layout(
        6,
        "reqAccountUpdates",
        requests.ReqAccountUpdates,
        (Fixed("2"), Field("subscribe", FLAG), Field("acct_code", TEXT)),
    ),
    Layout(61, "reqPositions", requests.ReqPositions, (Fixed("1"),)),
    Layout(
        62,
        "reqAccountSummary",
        requests.ReqAccountSummary,
        (Fixed("1"), REQ_ID, *fields("", TEXT, "group", "tags")),
    ),
    Layout(63, "cancelAccountSummary", requests.CancelAccountSummary, (Fixed("1"), REQ_ID)),
    Layout(64, "cancelPositions", requests.CancelPositions, (Fixed("1"),)),
    Layout(
        74,
        "reqPositionsMulti",
        requests.ReqPositionsMulti,
        (Fixed("1"), REQ_ID, *fields("", TEXT, "account", "model")),
    ),
    Layout(75, "cancelPositionsMulti", requests.CancelPositionsMulti, (Fixed("1"), REQ_ID)),
    Layout(
        76,
        "reqAccountUpdatesMulti",
        requests.ReqAccountUpdatesMulti,
        (Fixed("1"), REQ_ID, *fields("", TEXT, "account", "model"), Field("ledger_and_nlv", FLAG)),
    ),
    Layout(77, "cancelAccountUpdatesMulti", requests.CancelAccountUpdatesMulti, (Fixed("1"), REQ_ID)),
    Layout(79, "reqSoftDollarTiers", requests.ReqSoftDollarTiers, (REQ_ID,)),
    Layout(80, "reqFamilyCodes", requests.ReqFamilyCodes, ()),
    Layout(92, "reqPnL", requests.ReqPnL, (REQ_ID, *fields("", TEXT, "account", "model"))),
    Layout(93, "cancelPnL", requests.CancelPnL, (REQ_ID,)),
    Layout(
        94,
        "reqPnLSingle",
        requests.ReqPnLSingle,
        (REQ_ID, *fields("", TEXT, "account", "model"), Field("con_id", INT)),
    ),
    Layout(95, "cancelPnLSingle", requests.CancelPnLSingle, (REQ_ID,)),
)
"""The requests about accounts."""
