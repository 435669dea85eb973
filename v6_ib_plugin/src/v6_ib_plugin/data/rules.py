"""By which steps a price moves: the market rule of the exchange that an order is routed to, asked for once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal

from v6_ib_plugin.data.asking import Remembered, SharedQuestions
from v6_ib_plugin.terms import IbContractDetails
from v6_ib_plugin.translation.details import rule_id_at

Rule = tuple[tuple[Decimal, Decimal], ...]
_MOST_RULES = 512


class MarketRules:
    """The market rules asked for so far; each is asked once, by ``question``."""

    def __init__(self, question: Callable[[int], Awaitable[Rule]]) -> None:
        self._question = question
        self._known: Remembered[int, Rule] = Remembered(_MOST_RULES)
        self._asked: SharedQuestions[int, Rule] = SharedQuestions()

    async def rule_at(self, details: IbContractDetails, exchange: str) -> Rule | None:
        """Return the rule for a contract on an exchange, or None where TWS names none."""
        # Without numbers the finest tick of the contract is all that TWS tells.
        rule_id = rule_id_at(details, exchange) if details.market_rule_ids.strip() else None
        if rule_id is None:
            return None
        known = self._known.get(rule_id)
        return known if known is not None else await self._asked.ask(rule_id, lambda: self._ask(rule_id))

    async def _ask(self, rule_id: int) -> Rule:
        rule = await self._question(rule_id)
        self._known.put(rule_id, rule)
        return rule
