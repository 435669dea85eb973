"""From what a client says of a contract to the broker's contract, and back.

A client names a contract by its number, by its local symbol or by its terms, any of which it may leave out. What fits
is what the broker lists: the broker is asked for each contract, and its option chain where strike, right or day are
missing. Numbers are the contracts' own (``conids``), so one that an earlier run of the gateway told is found again,
as long as the symbol is said with it, or the account holds it or has an order in it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from v6_ib_plugin.gateway.market.conids import BAG_CONID, Conids
from v6_ib_plugin.gateway.market.descriptions import (
    check,
    complete_contract,
    days_of,
    fits,
    is_complete,
    listed_rows,
    merged,
    month_of,
    names_a_day,
    quarters,
    row_options,
)
from v6_ib_plugin.gateway.market.local_symbols import local_symbol, terms_of
from v6_ib_plugin.gateway.market.refusals import Refused, ambiguous, invalid, no_definition
from v6_ib_plugin.gateway.market.venues import home, primary_exchange, takes
from v6_ib_plugin.terms import IbComboLeg, IbContract
from v6_ib_plugin.translation.contracts import SECURITY_TYPES, contract_of, ib_contract
from v6_ib_plugin.untranslatable import Untranslatable
from v6core.broker import Broker
from v6core.contracts import (
    Combo,
    Contract,
    ContractDetails,
    Future,
    FutureOption,
    Index,
    Option,
    Stock,
)
from v6core.errors import BrokerError, OrderDenied
from v6core.quotes import OptionChain
from v6core.sessions import trading_day

MOST_ROWS = 10_000
"""More contracts than these one question does not list."""

_SINGLES = frozenset(SECURITY_TYPES.values()) - {"BAG"}
_Details = AsyncIterator[ContractDetails]
_UnderlyingName = tuple[str, str, Decimal, str, date | None]


class Instruments:
    """The contracts of one broker, as TWS names them."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._conids = Conids()
        self._details: dict[str, ContractDetails] = {}
        self._resolved: dict[IbContract, Contract] = {}
        self._told: dict[tuple[str, str, str | None], IbContract] = {}
        self._underlyings: dict[_UnderlyingName, Contract | None] = {}

    # Telling

    def conid(self, contract: Contract) -> int:
        """Return a contract's number."""
        return self._conids.of(contract)

    def contract(self, conid: int) -> Contract | None:
        """Return the contract with a number, where it was met before."""
        return self._conids.contract(conid)

    def tell(self, contract: Contract) -> IbContract:
        """Return a contract as TWS names it, with its number."""
        if isinstance(contract, Combo):
            return self._tell_combo(contract)
        spelling = (contract.key, contract.exchange, contract.primary_exchange)
        if spelling not in self._told:
            self._told[spelling] = self._tell_single(contract)
        return self._told[spelling]

    def _tell_single(self, contract: Contract) -> IbContract:
        told = ib_contract(contract)
        return replace(
            told,
            con_id=self.conid(contract),
            exchange=_told_exchange(contract),
            primary_exchange=told.primary_exchange
            or (primary_exchange(told.currency) if told.sec_type == "STK" else ""),
            local_symbol=local_symbol(contract),
            trading_class=told.trading_class or _usual_class(contract),
        )

    def _tell_combo(self, combo: Combo) -> IbContract:
        legs = tuple(
            IbComboLeg(
                con_id=self.conid(leg.contract),
                ratio=leg.ratio,
                action=leg.action.value,
                exchange=_told_exchange(leg.contract),
            )
            for leg in combo.legs
        )
        return IbContract(
            con_id=BAG_CONID,
            symbol=combo.symbol,
            sec_type="BAG",
            exchange=combo.exchange,
            currency=combo.currency,
            local_symbol=combo.symbol,
            trading_class="COMB",
            combo_legs=legs,
        )

    # Finding

    async def resolve(self, terms: IbContract) -> Contract:
        """Return the one contract that the terms describe; Refused with 200 where there is none or are several.

        What the client says of the exchange stays; all else is as the broker lists it.
        """
        if terms not in self._resolved:
            if len(self._resolved) >= MOST_ROWS:
                self._resolved.clear()
            self._resolved[terms] = await self._find(terms)
        return self._resolved[terms]

    async def _find(self, terms: IbContract) -> Contract:
        if terms.sec_type == "BAG":
            return await self._combo(terms)
        found: list[ContractDetails] = []
        async for details in self.matches(terms):
            found.append(details)
            if len(found) > 1:
                raise ambiguous(terms.symbol or terms.local_symbol)
        if not found:
            raise no_definition()
        return _routed(found[0].contract, terms)

    async def details(self, contract: Contract) -> ContractDetails | None:
        """Return what the broker knows of a contract, asked once; None where it does not list it."""
        key = contract.key
        if key not in self._details:
            try:
                self._details[key] = await self._broker.qualify(contract)
            except (BrokerError, OrderDenied, ValueError):
                return None
            if not isinstance(contract, Combo):
                self._conids.of(self._details[key].contract)
        return self._details[key]

    async def matches(self, terms: IbContract) -> _Details:
        """Yield what the broker lists under some terms, each once; Refused where they make no sense."""
        wanted = await self._completed(terms)
        if wanted.exchange and not takes(wanted.exchange.upper(), wanted):
            raise Refused(200, "The destination or exchange selected is Invalid.")
        async for contract in self._candidates(wanted):
            details = await self.details(contract)
            if details is not None and fits(self.tell(details.contract), wanted):
                yield details

    async def _completed(self, terms: IbContract) -> IbContract:
        """Return the terms with what number and local symbol say; Refused where they contradict each other."""
        if terms.con_id:
            known = await self._numbered(terms)
            if known is None:
                raise no_definition()
            terms = merged(replace(terms, exchange=""), replace(self.tell(known), exchange=terms.exchange))
        if terms.sec_type not in _SINGLES:
            raise invalid(f"Please enter a valid security type, not {terms.sec_type!r}")
        if terms.local_symbol:
            said = terms_of(terms.local_symbol, terms.sec_type, trading_day(self._broker.now()))
            if said is None:
                raise no_definition()
            terms = merged(replace(terms, local_symbol=""), replace(said, exchange=terms.exchange))
        if not terms.symbol:
            raise invalid("Please enter a local symbol or a symbol")
        check(terms)
        return terms

    async def _candidates(self, wanted: IbContract) -> AsyncIterator[Contract]:
        match wanted.sec_type:
            case "OPT":
                async for option in self._options(wanted):
                    yield option
            case "FUT":
                async for future in self._futures(wanted):
                    yield future
            case "FOP":
                async for option in self._future_options(wanted):
                    yield option
            case _:
                yield complete_contract(wanted)

    async def _options(self, wanted: IbContract) -> AsyncIterator[Contract]:
        if is_complete(wanted):
            yield complete_contract(wanted)
            return
        chain = await self.chain(Stock(wanted.symbol, currency=wanted.currency or "USD"))
        for option in _listed(chain, wanted):
            yield option

    async def _future_options(self, wanted: IbContract) -> AsyncIterator[Contract]:
        if is_complete(wanted):
            yield complete_contract(wanted)
            return
        async for future in self._futures(_future_terms(wanted)):
            for option in _listed(await self.chain(future), wanted):
                yield option

    async def chain(self, underlying: Contract) -> OptionChain | None:
        """Return the options listed on an underlying, or None where there are none, or contracts of another kind."""
        try:
            chain = await self._broker.option_chain(underlying)
        except (BrokerError, OrderDenied):
            return None
        return chain if (chain.kind == "FUTURE_OPTION") == isinstance(underlying, Future) else None

    async def underlying(self, contract: Contract) -> Contract | None:
        """Return what an option is on: a stock or an index, or the future that it delivers.

        None for what is no option, or where the broker does not list it.
        """
        if not isinstance(contract, Option | FutureOption):
            return None
        day = contract.expiration if isinstance(contract, FutureOption) else None
        name = (contract.symbol, contract.currency, contract.multiplier, contract.exchange, day)
        if name not in self._underlyings:
            self._underlyings[name] = await self._find_underlying(contract)
        return self._underlyings[name]

    async def _find_underlying(self, option: Option | FutureOption) -> Contract | None:
        if isinstance(option, FutureOption):
            return await self._delivered(option)
        for kind in (Stock, Index):
            details = await self.details(kind(option.symbol, currency=option.currency))
            if details is not None:
                return details.contract
        return None

    async def _delivered(self, option: FutureOption) -> Contract | None:
        """Return the future whose chain has an option: that of its own day, else the first of those later."""
        terms = _future_terms(self.tell(option))
        same_day = replace(terms, last_trade_date_or_contract_month=f"{option.expiration:%Y%m%d}")
        for wanted in (same_day, terms):
            async for future in self._futures(wanted):
                details = await self.details(future)
                chain = None if details is None else await self.chain(future)
                if details is not None and chain is not None and chain.at(option.expiration) is not None:
                    return details.contract
        return None

    async def _futures(self, wanted: IbContract) -> AsyncIterator[Contract]:
        if names_a_day(wanted):
            yield complete_contract(wanted)
            return
        month = wanted.last_trade_date_or_contract_month
        known = tuple(self._known(Future, wanted))
        for contract in known:
            yield contract
        if known and month:
            return
        months = [month_of(month)] if month else quarters(trading_day(self._broker.now()))
        for first in months:
            future = await self._future_in(wanted, first)
            if future is not None and future.key not in {other.key for other in known}:
                yield future

    async def _future_in(self, wanted: IbContract, first: date) -> Contract | None:
        """Return the future that expires in a month: on its third Friday, else on another day that the broker lists."""
        for day in days_of(first):
            future = complete_contract(replace(wanted, last_trade_date_or_contract_month=f"{day:%Y%m%d}"))
            if await self.details(future) is not None:
                return future
        return None

    def _known(self, kind: type[Contract], wanted: IbContract) -> Iterator[Contract]:
        for contract in self._conids.known():
            if isinstance(contract, kind) and fits(self.tell(contract), wanted):
                yield contract

    # By number

    async def _numbered(self, terms: IbContract) -> Contract | None:
        """Return the contract of a number, met before or found again."""
        number = terms.con_id
        if self._conids.contract(number) is None:
            for contract in await self._held():
                self._conids.of(contract)
        if self._conids.contract(number) is None and terms.symbol:
            await self._meet(terms, number)
        return self._conids.contract(number)

    async def _held(self) -> list[Contract]:
        snapshot = await self._broker.snapshot()
        orders = (*snapshot.open_orders, *snapshot.completed_orders)
        ordered = [order.terms.contract for order in orders if order.terms is not None]
        return _singles([*(position.contract for position in snapshot.positions), *ordered])

    async def _meet(self, terms: IbContract, con_id: int) -> None:
        """Give what some terms describe its numbers, until one of an earlier run is met again."""
        if terms.sec_type not in _SINGLES:
            return
        async for details in self.matches(replace(terms, con_id=0)):
            if self.conid(details.contract) == con_id:
                return

    async def _combo(self, terms: IbContract) -> Contract:
        for leg in terms.combo_legs:
            if await self._numbered(IbContract(con_id=leg.con_id)) is None:
                await self._meet_leg(terms, leg.con_id)
        try:
            return contract_of(terms, self._conids.contract)
        except Untranslatable as error:
            raise invalid(error.message) from None

    async def _meet_leg(self, combo: IbContract, con_id: int) -> None:
        """Give the combo's underlying and the options on it their numbers, until one is that of the leg."""
        for sec_type in ("STK", "OPT"):
            await self._meet(IbContract(symbol=combo.symbol, sec_type=sec_type, currency=combo.currency), con_id)
            if self._conids.contract(con_id) is not None:
                return
        raise no_definition()


def _listed(chain: OptionChain | None, wanted: IbContract) -> Iterator[Contract]:
    """Yield what a chain lists of what is wanted; Refused where that is too much."""
    if chain is None:
        return
    rows = tuple(listed_rows(chain, wanted))
    if sum(len(row.strikes) for row in rows) * 2 > MOST_ROWS:
        raise Refused(200, f"More than {MOST_ROWS} contracts fit: please say more of what is wanted")
    for row in rows:
        yield from row_options(chain, row, wanted)


def _future_terms(option: IbContract) -> IbContract:
    """Return what the terms of an option on a future say of the future."""
    return IbContract(
        symbol=option.symbol,
        sec_type="FUT",
        multiplier=option.multiplier,
        exchange=option.exchange,
        currency=option.currency,
    )


def _singles(contracts: Iterable[Contract | None]) -> list[Contract]:
    """Return the contracts with a combo's legs in its place."""
    singles: list[Contract] = []
    for contract in contracts:
        if isinstance(contract, Combo):
            singles += [leg.contract for leg in contract.legs]
        elif contract is not None:
            singles.append(contract)
    return singles


def _routed(contract: Contract, terms: IbContract) -> Contract:
    """Return the contract on the exchange that the client named."""
    if not terms.exchange or terms.exchange.upper() == contract.exchange:
        return contract
    return contract.model_copy(update={"exchange": terms.exchange.upper()})


def _told_exchange(contract: Contract) -> str:
    if contract.exchange != "SMART":
        return contract.exchange
    return home(SECURITY_TYPES[contract.kind], contract.symbol)


def _usual_class(contract: Contract) -> str:
    match contract.kind:
        case "STOCK":
            return "NMS"
        case "FOREX" | "CRYPTO":
            return f"{contract.symbol}.{contract.currency}"
        case _:
            return contract.symbol
