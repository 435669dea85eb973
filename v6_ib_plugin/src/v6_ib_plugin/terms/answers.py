"""What TWS answers about an order and about a contract."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from v6_ib_plugin.terms.contract import IbContract
from v6_ib_plugin.terms.order import TagValue


@dataclass(frozen=True, slots=True, kw_only=True)
class IbOrderState:
    """How an order stands, and what a what-if order would cost."""

    status: str = ""
    init_margin_before: Decimal | None = None
    maint_margin_before: Decimal | None = None
    equity_with_loan_before: Decimal | None = None
    init_margin_change: Decimal | None = None
    maint_margin_change: Decimal | None = None
    equity_with_loan_change: Decimal | None = None
    init_margin_after: Decimal | None = None
    maint_margin_after: Decimal | None = None
    equity_with_loan_after: Decimal | None = None
    commission: Decimal | None = None
    min_commission: Decimal | None = None
    max_commission: Decimal | None = None
    commission_currency: str = ""
    warning_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IbCompletion:
    """How an order ended: what a completedOrder message says beside the order itself."""

    status: str = ""
    auto_cancel_date: str = ""
    filled_quantity: Decimal | None = None
    ref_futures_con_id: int | None = None
    shareholder: str = ""
    imbalance_only: bool = False
    route_marketable_to_bbo: bool = False
    parent_perm_id: int | None = None
    completed_time: str = ""
    completed_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IbOrderStatus:
    """An orderStatus message. It names no reference: it is bound by ``perm_id``, or by order id and client id."""

    order_id: int
    status: str
    filled: Decimal = Decimal(0)
    remaining: Decimal = Decimal(0)
    avg_fill_price: Decimal = Decimal(0)
    perm_id: int = 0
    parent_id: int = 0
    last_fill_price: Decimal = Decimal(0)
    client_id: int = 0
    why_held: str = ""
    mkt_cap_price: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class IbExecution:
    """One execution. ``side`` is BOT or SLD; ``cum_qty`` and ``avg_price`` are of the order so far."""

    order_id: int = 0
    exec_id: str = ""
    time: str = ""
    acct_number: str = ""
    exchange: str = ""
    side: str = ""
    shares: Decimal = Decimal(0)
    price: Decimal = Decimal(0)
    perm_id: int = 0
    client_id: int = 0
    liquidation: int = 0
    cum_qty: Decimal = Decimal(0)
    avg_price: Decimal = Decimal(0)
    order_ref: str = ""
    ev_rule: str = ""
    ev_multiplier: Decimal | None = None
    model_code: str = ""
    last_liquidity: int = 0
    pending_price_revision: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IbCommission:
    """What an execution cost; ``realized_pnl`` is None where nothing was closed."""

    exec_id: str
    commission: Decimal | None = None
    currency: str = ""
    realized_pnl: Decimal | None = None
    yield_: Decimal | None = None
    yield_redemption_date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IbAnswer:
    """An errMsg: an answer to the request or order ``req_id``, or to nobody where that is -1."""

    req_id: int
    code: int
    text: str
    advanced_reject_json: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IbContractDetails:
    """Everything about a contract. ``valid_exchanges`` and ``market_rule_ids`` are of one length, side by side."""

    contract: IbContract
    market_name: str = ""
    min_tick: Decimal = Decimal("0.01")
    order_types: str = ""
    valid_exchanges: str = ""
    price_magnifier: int = 1
    under_con_id: int = 0
    long_name: str = ""
    contract_month: str = ""
    industry: str = ""
    category: str = ""
    subcategory: str = ""
    time_zone_id: str = ""
    trading_hours: str = ""
    liquid_hours: str = ""
    ev_rule: str = ""
    ev_multiplier: Decimal | None = None
    sec_ids: tuple[TagValue, ...] = ()
    agg_group: int | None = None
    under_symbol: str = ""
    under_sec_type: str = ""
    market_rule_ids: str = ""
    real_expiration_date: str = ""
    stock_type: str = ""
    min_size: Decimal | None = None
    size_increment: Decimal | None = None
    suggested_size_increment: Decimal | None = None
