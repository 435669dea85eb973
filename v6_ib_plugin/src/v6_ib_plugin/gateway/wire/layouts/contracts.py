"""How contracts are told: the fields that many messages begin with, and the messages about contracts."""

from __future__ import annotations

from v6_ib_plugin.gateway.wire import messages, requests
from v6_ib_plugin.gateway.wire.kinds import (
    DOUBLE,
    DOUBLE_OR_EMPTY,
    ESCAPED,
    FLAG,
    ID,
    INT,
    INT_OR_LARGEST,
    TEXT,
)
from v6_ib_plugin.gateway.wire.layout import Field, Fixed, Item, Layout, Several, Values, When, fields
from v6_ib_plugin.terms import IbComboLeg, IbContract, IbContractDetails, TagValue

REQ_ID = Field("req_id", ID)


def known_contract(part: str, exchange: str = "exchange") -> tuple[Item, ...]:
    """Return the eleven fields in which TWS tells a contract."""
    return (
        Field(f"{part}.con_id", INT),
        *fields(part, TEXT, "symbol", "sec_type", "last_trade_date_or_contract_month"),
        Field(f"{part}.strike", DOUBLE),
        *fields(part, TEXT, "right", "multiplier", exchange, "currency", "local_symbol", "trading_class"),
    )


def asked_contract(part: str) -> tuple[Item, ...]:
    """Return the twelve fields in which a client names a contract."""
    return (
        Field(f"{part}.con_id", INT),
        *fields(part, TEXT, "symbol", "sec_type", "last_trade_date_or_contract_month"),
        Field(f"{part}.strike", DOUBLE),
        *fields(part, TEXT, "right", "multiplier", "exchange", "primary_exchange", "currency"),
        *fields(part, TEXT, "local_symbol", "trading_class"),
    )


def _is_bag(sec_type: str) -> bool:
    return sec_type == "BAG"


def where_bag(part: str, *items: Item) -> When:
    """Return items that a message has only for a combination."""
    return When(f"{part}.sec_type", _is_bag, items)


SHORT_LEGS = Several(
    "contract.combo_legs",
    IbComboLeg,
    (Field("con_id", INT), Field("ratio", INT), *fields("", TEXT, "action", "exchange")),
)
LEGS = Several(
    "contract.combo_legs",
    IbComboLeg,
    (
        *(Field("con_id", INT), Field("ratio", INT), *fields("", TEXT, "action", "exchange")),
        *fields("", INT, "open_close", "short_sale_slot"),
        *(Field("designated_location", TEXT), Field("exempt_code", INT)),
    ),
)


def tag_values(path: str) -> Several:
    """Return a list of named values."""
    return Several(path, TagValue, fields("", TEXT, "tag", "value"))


_SIZES = fields("details", DOUBLE_OR_EMPTY, "min_size", "size_increment", "suggested_size_increment")

MESSAGES = (
    Layout(
        10,
        "contractDetails",
        messages.ContractDetails,
        (
            REQ_ID,
            *fields("details.contract", TEXT, "symbol", "sec_type", "last_trade_date_or_contract_month"),
            Field("details.contract.strike", DOUBLE),
            *fields("details.contract", TEXT, "right", "exchange", "currency", "local_symbol"),
            Field("details.market_name", TEXT),
            Field("details.contract.trading_class", TEXT),
            Field("details.contract.con_id", INT),
            Field("details.min_tick", DOUBLE),
            Field("details.contract.multiplier", TEXT),
            *fields("details", TEXT, "order_types", "valid_exchanges"),
            *fields("details", INT, "price_magnifier", "under_con_id"),
            Field("details.long_name", ESCAPED),
            Field("details.contract.primary_exchange", TEXT),
            *fields("details", TEXT, "contract_month", "industry", "category", "subcategory"),
            *fields("details", TEXT, "time_zone_id", "trading_hours", "liquid_hours", "ev_rule"),
            Field("details.ev_multiplier", DOUBLE_OR_EMPTY),
            tag_values("details.sec_ids"),
            Field("details.agg_group", INT_OR_LARGEST),
            *fields("details", TEXT, "under_symbol", "under_sec_type", "market_rule_ids"),
            *fields("details", TEXT, "real_expiration_date", "stock_type"),
            *_SIZES,
        ),
        {"details": IbContractDetails, "details.contract": IbContract},
    ),
    Layout(
        18,
        "bondContractDetails",
        messages.BondContractDetails,
        (
            REQ_ID,
            *fields("details.contract", TEXT, "symbol", "sec_type"),
            Field("bond.cusip", TEXT),
            Field("bond.coupon", DOUBLE),
            *fields("bond", TEXT, "maturity", "issue_date", "ratings", "bond_type", "coupon_type"),
            *fields("bond", FLAG, "convertible", "callable", "putable"),
            Field("bond.desc_append", TEXT),
            *fields("details.contract", TEXT, "exchange", "currency"),
            Field("details.market_name", TEXT),
            Field("details.contract.trading_class", TEXT),
            Field("details.contract.con_id", INT),
            Field("details.min_tick", DOUBLE),
            *fields("details", TEXT, "order_types", "valid_exchanges"),
            *fields("bond", TEXT, "next_option_date", "next_option_type"),
            Field("bond.next_option_partial", FLAG),
            Field("bond.notes", TEXT),
            Field("details.long_name", TEXT),
            Field("details.ev_rule", TEXT),
            Field("details.ev_multiplier", DOUBLE_OR_EMPTY),
            tag_values("details.sec_ids"),
            Field("details.agg_group", INT_OR_LARGEST),
            Field("details.market_rule_ids", TEXT),
            *_SIZES,
        ),
        {"details": IbContractDetails, "details.contract": IbContract, "bond": messages.Bond},
    ),
    Layout(52, "contractDetailsEnd", messages.ContractDetailsEnd, (Fixed("1"), REQ_ID)),
    Layout(
        75,
        "securityDefinitionOptionParameter",
        messages.SecDefOptParams,
        (
            *(REQ_ID, Field("exchange", TEXT), Field("underlying_con_id", INT)),
            *fields("", TEXT, "trading_class", "multiplier"),
            *(Values("expirations", TEXT), Values("strikes", DOUBLE)),
        ),
    ),
    Layout(76, "securityDefinitionOptionParameterEnd", messages.SecDefOptParamsEnd, (REQ_ID,)),
    Layout(
        79,
        "symbolSamples",
        messages.SymbolSamples,
        (
            REQ_ID,
            Several(
                "samples",
                messages.SymbolSample,
                (
                    Field("con_id", INT),
                    *fields("", TEXT, "symbol", "sec_type", "primary_exchange", "currency"),
                    Values("derivative_sec_types", TEXT),
                    *fields("", TEXT, "description", "issuer_id"),
                ),
            ),
        ),
    ),
    Layout(
        80,
        "mktDepthExchanges",
        messages.MktDepthExchanges,
        (
            Several(
                "exchanges",
                messages.DepthExchange,
                (
                    *fields("", TEXT, "exchange", "sec_type", "listing_exch", "service_data_type"),
                    Field("agg_group", INT_OR_LARGEST),
                ),
            ),
        ),
    ),
    Layout(
        82,
        "smartComponents",
        messages.SmartComponents,
        (
            REQ_ID,
            Several(
                "components",
                messages.SmartComponent,
                (Field("bit_number", INT), *fields("", TEXT, "exchange", "exchange_letter")),
            ),
        ),
    ),
    Layout(
        93,
        "marketRule",
        messages.MarketRule,
        (
            Field("rule_id", ID),
            Several("increments", messages.PriceIncrement, fields("", DOUBLE, "low_edge", "increment")),
        ),
    ),
)
"""The messages about contracts."""

REQUESTS = (
    Layout(
        9,
        "reqContractDetails",
        requests.ReqContractDetails,
        (
            *(Fixed("8"), REQ_ID, *asked_contract("contract"), Field("include_expired", FLAG)),
            *fields("", TEXT, "sec_id_type", "sec_id", "issuer_id"),
        ),
        {"contract": IbContract},
    ),
    Layout(
        78,
        "reqSecDefOptParams",
        requests.ReqSecDefOptParams,
        (
            *(REQ_ID, *fields("", TEXT, "underlying_symbol", "fut_fop_exchange", "underlying_sec_type")),
            Field("underlying_con_id", INT),
        ),
    ),
    Layout(81, "reqMatchingSymbols", requests.ReqMatchingSymbols, (REQ_ID, Field("pattern", TEXT))),
    Layout(82, "reqMktDepthExchanges", requests.ReqMktDepthExchanges, ()),
    Layout(83, "reqSmartComponents", requests.ReqSmartComponents, (REQ_ID, Field("bbo_exchange", TEXT))),
    Layout(91, "reqMarketRule", requests.ReqMarketRule, (Field("rule_id", ID),)),
)
"""The requests about contracts."""
