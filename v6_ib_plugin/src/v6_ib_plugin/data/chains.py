"""The options listed on an underlying."""

from __future__ import annotations

from collections.abc import Sequence

from v6_ib_plugin.data.asking import SharedQuestions
from v6_ib_plugin.data.instruments import Instrument, Instruments
from v6_ib_plugin.terms.market import OptionParameters
from v6_ib_plugin.translation.chains import chain_of
from v6_ib_plugin.transport import Transport
from v6core.contracts import Contract, Future
from v6core.errors import Unavailable
from v6core.quotes import OptionChain

_UNDERLYINGS = frozenset({"STOCK", "INDEX", "FUTURE"})
_SMART = "SMART"


class Chains:
    """Option chains as TWS tells them: expirations times strikes of each class, of which not every pair is listed."""

    def __init__(self, transport: Transport, instruments: Instruments) -> None:
        self._transport = transport
        self._instruments = instruments
        self._asked: SharedQuestions[int, tuple[OptionParameters, ...]] = SharedQuestions()

    async def chain(self, contract: Contract) -> OptionChain:
        """Return the options listed on a stock, an index or a future; Unavailable where there are none.

        Those of SMART where it has any, else those of the underlying's own exchange, else of the one that lists most;
        options on futures are not routed by SMART. Those on a future are FutureOption contracts, as the exchange of
        the future names them. A leg is looked up before it is used: TWS refuses a pair of expiration and strike that
        is not listed.
        """
        if contract.kind not in _UNDERLYINGS:
            raise Unavailable(
                f"{contract.key} has no option chain: options are listed on stocks, indices and futures",
                code="NO_OPTIONS",
            )
        underlying = await self._instruments.qualify(contract)
        rows = await self._asked.ask(underlying.contract.con_id, lambda: self._rows(underlying))
        if not rows:
            raise Unavailable(f"no options are listed on {contract.key}", code="NO_OPTIONS")
        future = underlying.details.contract if isinstance(underlying.details.contract, Future) else None
        exchange = _exchange(rows, underlying.contract.exchange, smart=future is None)
        # Where two classes share an expiration, that of the underlying's own name is found first.
        own_first = sorted(rows, key=lambda row: row.trading_class != underlying.contract.symbol)
        return chain_of(contract.symbol, own_first, exchange=exchange, currency=contract.currency, future=future)

    async def _rows(self, underlying: Instrument) -> tuple[OptionParameters, ...]:
        found = underlying.contract
        exchange = found.exchange if found.sec_type == "FUT" else ""
        return await self._transport.option_parameters(found.symbol, found.sec_type, found.con_id, exchange)


def _exchange(rows: Sequence[OptionParameters], home: str, *, smart: bool) -> str:
    exchanges = {row.exchange for row in rows}
    for preferred in (_SMART, home) if smart else (home,):
        if preferred in exchanges:
            return preferred
    listed = {name: sum(len(row.expirations) for row in rows if row.exchange == name) for name in exchanges}
    return min(listed, key=lambda name: (-listed[name], name))
