"""The legs of combos, of which TWS tells numbers alone: a run that did not place a combo has to look them up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence

from v6_ib_plugin.terms import IbContract
from v6_ib_plugin.trading.known import KnownOrder, Register
from v6_ib_plugin.trading.showing import ContractOf, shown_terms
from v6core.errors import Unavailable

Learn = Callable[[Sequence[int]], Awaitable[None]]
"""Looks contracts up by their numbers; raises NotConnected, and Unavailable where TWS does not answer."""


class Legs:
    """Looks up each leg once. A combo with a leg that TWS does not know stays without a contract."""

    def __init__(self, learn: Learn, register: Register, contract_of: ContractOf) -> None:
        self._learn = learn
        self._register = register
        self._contract_of = contract_of
        self._asked: set[int] = set()

    async def look_up(self, contracts: Iterable[IbContract]) -> None:
        """Name the combos among contracts by their legs, in what is known of their orders."""
        missing = {leg.con_id for contract in contracts for leg in contract.combo_legs} - self._asked
        if not missing:
            return
        try:
            await self._learn(sorted(missing))
        except Unavailable:
            return  # how orders stand can be told without; the next look asks again
        self._asked |= missing
        for known in self._register:
            if known.shown is not None and known.shown.contract is None and known.is_combo:
                self._name(known)

    def _name(self, known: KnownOrder) -> None:
        if known.contract is not None and known.ib is not None:
            known.shown = shown_terms(known, known.contract, known.ib, self._contract_of)
        if known.told is not None:
            known.told = known.told.model_copy(update={"terms": known.shown})
