"""Contracts as TWS knows them: looked up once, completed, with their ticks and hours."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from v6_ib_plugin.data.asking import Remembered, SharedQuestions, together
from v6_ib_plugin.data.hours import TradingHours
from v6_ib_plugin.data.matching import chosen, month_of, named_by, question_of, route_of, unknown
from v6_ib_plugin.data.rules import MarketRules
from v6_ib_plugin.terms import IbContract, IbContractDetails
from v6_ib_plugin.translation.contracts import contract_of, ib_contract
from v6_ib_plugin.translation.details import details_of
from v6_ib_plugin.transport import Answered, Transport
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.contracts import Combo, ComboLeg, Contract, ContractDetails, Single, TickBand
from v6core.errors import Unavailable

_NO_SUCH_CONTRACT = 200
_CENT = Decimal("0.01")
_MOST_INSTRUMENTS = 5_000
_MOST_CONTRACTS = 20_000
# Hours are told for about a week, and listings change overnight.
_FRESH_FOR = 12 * 3600.0
Key = tuple[str, str, str | None, int | None]


@dataclass(frozen=True, slots=True)
class Instrument:
    """A contract that TWS knows: as an order names it, as v6 completes it, and of a combo the legs in its order.

    ``finest_tick`` is the smallest step that its price takes anywhere.
    """

    contract: IbContract
    details: ContractDetails
    finest_tick: Decimal
    hours: TradingHours
    legs: tuple[Instrument, ...] = ()


class Instruments:
    """Contracts looked up at TWS. What was found is remembered over connections: a conid keeps its meaning."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._rules = MarketRules(transport.market_rule)
        self._known: Remembered[Key, tuple[float, Instrument]] = Remembered(_MOST_INSTRUMENTS)
        self._contracts: Remembered[int, Single] = Remembered(_MOST_CONTRACTS)
        self._asked: SharedQuestions[Key, Instrument] = SharedQuestions()

    async def qualify(self, contract: Contract) -> Instrument:
        """Return a contract as TWS knows it; a combo is put together from its legs, which alone are asked for.

        Unavailable, with the way out, where TWS knows none or several by these terms.
        """
        if isinstance(contract, Combo):
            return await self._combo(contract)
        key = _key_of(contract)
        known = self._known.get(key)
        if known is not None and asyncio.get_running_loop().time() - known[0] < _FRESH_FOR:
            return known[1]
        return await self._asked.ask(key, lambda: self._look_up(key, contract))

    def contract_of(self, told: IbContract) -> Contract | None:
        """Return the contract that TWS names in a position, an order or an execution; from its conid where known.

        None where v6 has no word for it: bonds and warrants, and combos with a leg that was never looked up.
        """
        try:
            found = contract_of(told, self._contracts.get)
        except Untranslatable:
            return None
        if not told.exchange or found.exchange == told.exchange:
            return found
        return found.model_copy(update={"exchange": told.exchange})

    def known(self, con_id: int) -> Single | None:
        """Return the contract with a conid, None where it was never looked up."""
        return self._contracts.get(con_id)

    async def learn(self, con_ids: Sequence[int]) -> None:
        """Look up contracts by their conids alone, so that ``contract_of`` knows them; what TWS does not know is left.

        Raises NotConnected and Unavailable where TWS did not answer.
        """
        unknown_ones = {con_id for con_id in con_ids if con_id and self._contracts.get(con_id) is None}
        await together(self._learn(con_id) for con_id in unknown_ones)

    async def _learn(self, con_id: int) -> None:
        for row in await self._rows(IbContract(con_id=con_id)):
            self._remember(con_id, named_by(row.contract))

    async def _look_up(self, key: Key, contract: Single) -> Instrument:
        asked = question_of(contract)
        rows = await self._rows(asked)
        if not rows:
            raise await self._unknown(contract, asked)
        row = chosen(contract, rows)
        instrument = await self._instrument(row, route_of(contract, row))
        found = asyncio.get_running_loop().time(), instrument
        self._known.put(key, found)
        # What is placed is the completed contract, which names the same instrument by its conid.
        self._known.put(_key_of(instrument.details.contract), found)
        return instrument

    async def _rows(self, asked: IbContract) -> tuple[IbContractDetails, ...]:
        try:
            return await self._transport.contract_details(asked)
        except Answered as error:
            if error.answer.code == _NO_SUCH_CONTRACT:
                return ()
            raise

    async def _unknown(self, contract: Single, asked: IbContract) -> Unavailable:
        month = month_of(asked)
        try:
            return unknown(contract, () if month is None else await self._rows(month))
        except Unavailable:  # what would have been the way out; that the contract is not known has been answered
            return unknown(contract)

    async def _instrument(self, row: IbContractDetails, exchange: str) -> Instrument:
        found = replace(row.contract, exchange=exchange)
        details = details_of(replace(row, contract=found), await self._rules.rule_at(row, exchange))
        self._remember(found.con_id, details.contract)
        finest = row.min_tick if row.min_tick > 0 else min(band.tick for band in details.ticks)
        return Instrument(found, details, finest, TradingHours.of(row))

    def _remember(self, con_id: int, contract: Contract | None) -> None:
        if contract is not None and not isinstance(contract, Combo):
            self._contracts.put(con_id, contract)

    async def _combo(self, combo: Combo) -> Instrument:
        legs = await together(self.qualify(leg.contract) for leg in combo.legs)
        completed = _completed(combo, legs)
        finest = net_tick(legs)
        hours = legs[0].hours if all(leg.hours == legs[0].hours for leg in legs) else TradingHours()
        details = ContractDetails(contract=completed, ticks=(TickBand(tick=finest),))
        return Instrument(ib_contract(completed), details, finest, hours, tuple(legs))


def net_tick(legs: Sequence[Instrument]) -> Decimal:
    """Return by what the net price of a combo moves: the finest step of its legs, wherever their own prices are.

    Of shares it is a cent: their finer steps are for prices below a dollar.
    """
    return min(max(leg.finest_tick, _CENT) if leg.contract.sec_type == "STK" else leg.finest_tick for leg in legs)


def _key_of(contract: Contract) -> Key:
    return contract.key, contract.exchange, contract.primary_exchange, contract.conid


def _completed(combo: Combo, legs: Sequence[Instrument]) -> Combo:
    """Return a combo with its legs completed, routed where all of them are."""
    homes = {leg.contract.exchange for leg in legs}
    parts = [
        ComboLeg(found.details.contract, leg.action, leg.ratio) for leg, found in zip(combo.legs, legs, strict=True)
    ]
    return Combo(combo.symbol, parts, exchange=homes.pop() if len(homes) == 1 else combo.exchange)
