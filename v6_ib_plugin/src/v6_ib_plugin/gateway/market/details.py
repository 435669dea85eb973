"""Everything about a contract, as TWS tells it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from v6_ib_plugin.gateway.market.hours import TIME_ZONE, hours
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6_ib_plugin.gateway.market.rules import MarketRules
from v6_ib_plugin.gateway.market.venues import future_terms, venues
from v6_ib_plugin.terms import IbContract, IbContractDetails
from v6_ib_plugin.translation.details import ib_details
from v6core.contracts import ContractDetails
from v6core.sessions import trading_day

ORDER_TYPES = "ACTIVETIM,DAY,FOK,GTC,GTD,IOC,LIT,LMT,LOC,MIT,MKT,MOC,MTL,OCA,OPG,STP,STPLMT,TRAIL,TRAILLMT,WHATIF"
"""What can be ordered, in TWS's abbreviations."""
_UNDERLYING = {"OPT": "STK", "FOP": "FUT"}
_STOCK_TYPE = {"STK": "COMMON"}


class ContractTelling:
    """Makes rows of contract details: one rule of increments holds on every exchange."""

    def __init__(self, instruments: Instruments, rules: MarketRules) -> None:
        self._instruments = instruments
        self._rules = rules

    async def row(self, details: ContractDetails, wanted: IbContract, now: datetime) -> IbContractDetails:
        """Return what is told of a contract to who wanted it on an exchange."""
        underlying = await self._instruments.underlying(details.contract)
        contract = self._instruments.tell(details.contract)
        routes = venues(contract)
        if wanted.exchange:
            contract = replace(contract, exchange=wanted.exchange.upper())
        told_hours = hours(trading_day(now))
        told = ib_details(
            details,
            exchanges=routes,
            rule_id=self._rules.number(details.ticks),
            order_types=ORDER_TYPES,
            market_name=contract.trading_class,
            time_zone_id=TIME_ZONE,
            trading_hours=told_hours,
            liquid_hours=told_hours,
        )
        return replace(
            told,
            contract=contract,
            under_con_id=0 if underlying is None else self._instruments.conid(underlying),
            under_symbol=contract.symbol if contract.sec_type in {"OPT", "FOP", "FUT"} else "",
            under_sec_type=_underlying_type(contract),
            long_name=details.long_name or _long_name(contract),
            contract_month=contract.last_trade_date_or_contract_month[:6],
            stock_type=_STOCK_TYPE.get(contract.sec_type, ""),
        )


def _underlying_type(contract: IbContract) -> str:
    if contract.sec_type == "FUT":
        return future_terms(contract.symbol).underlying
    return _UNDERLYING.get(contract.sec_type, "")


def _long_name(contract: IbContract) -> str:
    if contract.sec_type in {"FUT", "FOP"}:
        return future_terms(contract.symbol).name or f"{contract.symbol} FUTURE"
    return f"{contract.symbol} (SIMULATED)"
