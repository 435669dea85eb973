"""What clients ask about contracts: details, option parameters, rules of increments, symbols."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.details import ContractTelling
from v6_ib_plugin.gateway.market.instruments import Instruments
from v6_ib_plugin.gateway.market.refusals import Refused, invalid, no_definition
from v6_ib_plugin.gateway.market.rules import MarketRules
from v6_ib_plugin.gateway.market.venues import EXCHANGES, venues
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.gateway.wire.messages import (
    ContractDetails,
    ContractDetailsEnd,
    SecDefOptParams,
    SecDefOptParamsEnd,
    SymbolSample,
    SymbolSamples,
)
from v6_ib_plugin.terms import IbContract, OptionParameters
from v6_ib_plugin.translation.chains import option_parameters
from v6core.contracts import Contract, Future, Index, Stock

_AT_ONCE = 100


class ContractQuestions:
    """Answers about contracts."""

    def __init__(self, house: House, instruments: Instruments) -> None:
        self._house = house
        self._instruments = instruments
        self._rules = MarketRules()
        self._telling = ContractTelling(instruments, self._rules)

    async def details(self, session: Session, request: requests.ReqContractDetails) -> None:
        """Tell every contract that fits; Refused with 200 where none does. Like TWS, say nothing at all of a BAG."""
        wanted = request.contract
        if wanted.sec_type == "BAG":
            self._house.logger.info("%s asks for the details of a BAG, which TWS never answers", session.name)
            return
        if request.sec_id and not (wanted.symbol or wanted.con_id or wanted.local_symbol):
            raise no_definition()
        now, told = self._house.now(), 0
        async for details in self._instruments.matches(wanted):
            row = await self._telling.row(details, wanted, now)
            session.send(ContractDetails(request.req_id, row))
            told += 1
            if told % _AT_ONCE == 0:  # others have their turn
                await asyncio.sleep(0)
        if not told:
            raise no_definition()
        session.send(ContractDetailsEnd(request.req_id))

    async def option_parameters(self, session: Session, request: requests.ReqSecDefOptParams) -> None:
        """Tell the option chain: a row for each exchange and trading class, all strikes of all its expirations."""
        underlying = await self._underlying(request)
        chain = await self._instruments.chain(underlying)
        rows = () if chain is None else option_parameters(chain, underlying_con_id=self._instruments.conid(underlying))
        for row in rows:
            for exchange in self._exchanges(underlying, request.fut_fop_exchange):
                session.send(_told(request.req_id, replace(row, exchange=exchange)))
        session.send(SecDefOptParamsEnd(request.req_id))

    def _exchanges(self, underlying: Contract, wanted: str) -> tuple[str, ...]:
        """Return where the options on an underlying trade: those on a future where it does, or where one is wanted."""
        if not isinstance(underlying, Future):
            return EXCHANGES["OPT"]
        return tuple(each for each in venues(self._instruments.tell(underlying)) if wanted.upper() in {"", each})

    async def _underlying(self, request: requests.ReqSecDefOptParams) -> Contract:
        sec_type = request.underlying_sec_type
        if sec_type not in {"STK", "IND", "FUT"}:
            raise invalid(f"Invalid underlying security type {sec_type!r}")
        if request.underlying_con_id:
            terms = IbContract(con_id=request.underlying_con_id, symbol=request.underlying_symbol, sec_type=sec_type)
            return await self._instruments.resolve(terms)
        if sec_type == "FUT":
            raise invalid("Please enter the number of the underlying future")
        underlying = (Stock if sec_type == "STK" else Index)(request.underlying_symbol)
        if await self._instruments.details(underlying) is None:
            raise no_definition()
        return underlying

    def market_rule(self, session: Session, request: requests.ReqMarketRule) -> None:
        """Tell a rule of increments."""
        rule = self._rules.tell(request.rule_id)
        if rule is None:
            raise invalid(f"Invalid market rule id {request.rule_id}")
        session.send(rule)

    async def matching_symbols(self, session: Session, request: requests.ReqMatchingSymbols) -> None:
        """Tell the stock of that very symbol: the broker can be asked whether it lists one, not what it lists."""
        try:
            stock = await self._instruments.resolve(IbContract(symbol=request.pattern.strip(), sec_type="STK"))
        except Refused:
            session.send(SymbolSamples(request.req_id, ()))
            return
        chain = await self._instruments.chain(stock)
        derivatives = () if chain is None or not chain.expirations else ("OPT",)
        told = self._instruments.tell(stock)
        sample = SymbolSample(
            con_id=told.con_id,
            symbol=told.symbol,
            sec_type=told.sec_type,
            primary_exchange=told.primary_exchange,
            currency=told.currency,
            derivative_sec_types=derivatives,
            description=f"{told.symbol} (SIMULATED)",
        )
        session.send(SymbolSamples(request.req_id, (sample,)))


def _told(req_id: int, row: OptionParameters) -> SecDefOptParams:
    return SecDefOptParams(
        req_id=req_id,
        exchange=row.exchange,
        underlying_con_id=row.underlying_con_id,
        trading_class=row.trading_class,
        multiplier=row.multiplier,
        expirations=row.expirations,
        strikes=row.strikes,
    )
