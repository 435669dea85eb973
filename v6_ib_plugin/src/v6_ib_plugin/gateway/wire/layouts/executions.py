"""How executions and their commissions are asked for and told."""

from __future__ import annotations

from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.gateway.wire.kinds import DOUBLE, DOUBLE_OR_EMPTY, DOUBLE_OR_LARGEST, FLAG, INT, TEXT
from v6_ib_plugin.gateway.wire.layout import Field, Fixed, Layout, fields
from v6_ib_plugin.gateway.wire.layouts.contracts import REQ_ID, known_contract
from v6_ib_plugin.terms import IbCommission, IbContract, IbExecution

MESSAGES = (
    Layout(
        11,
        "execDetails",
        messages.ExecDetails,
        (
            *(REQ_ID, Field("execution.order_id", INT), *known_contract("contract")),
            *fields("execution", TEXT, "exec_id", "time", "acct_number", "exchange", "side"),
            *fields("execution", DOUBLE, "shares", "price"),
            *fields("execution", INT, "perm_id", "client_id", "liquidation"),
            *fields("execution", DOUBLE, "cum_qty", "avg_price"),
            *fields("execution", TEXT, "order_ref", "ev_rule"),
            Field("execution.ev_multiplier", DOUBLE_OR_EMPTY),
            *(Field("execution.model_code", TEXT), Field("execution.last_liquidity", INT)),
            Field("execution.pending_price_revision", FLAG),
        ),
        {"contract": IbContract, "execution": IbExecution},
    ),
    Layout(55, "execDetailsEnd", messages.ExecDetailsEnd, (Fixed("1"), REQ_ID)),
    Layout(
        59,
        "commissionReport",
        messages.CommissionReport,
        (
            *(Fixed("1"), Field("commission.exec_id", TEXT), Field("commission.commission", DOUBLE_OR_LARGEST)),
            Field("commission.currency", TEXT),
            *fields("commission", DOUBLE_OR_LARGEST, "realized_pnl", "yield_"),
            Field("commission.yield_redemption_date", TEXT),
        ),
        {"commission": IbCommission},
    ),
)
"""The messages about executions."""

REQUESTS = (
    Layout(
        7,
        "reqExecutions",
        requests.ReqExecutions,
        (
            *(Fixed("3"), REQ_ID, Field("client_id", INT)),
            *fields("", TEXT, "acct_code", "time", "symbol", "sec_type", "exchange", "side"),
        ),
    ),
)
"""The requests about executions."""
