"""What is known of a contract: its details, and the bands of a market rule.

``min_tick`` is the finest tick anywhere; what an order's price must fit is the market rule of the exchange that it is
routed to: ``valid_exchanges`` and ``market_rule_ids`` name them side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from v6_ib_plugin.numbers import bounded, told
from v6_ib_plugin.terms import IbContractDetails
from v6_ib_plugin.translation.contracts import Known, contract_of, ib_contract, nothing_known
from v6_ib_plugin.untranslatable import Untranslatable, translating
from v6core.contracts import Contract, ContractDetails, Crypto, TickBand
from v6core.identifiers import plainly

Rule = Sequence[tuple[Decimal, Decimal]]
"""A market rule: from each price up, the tick."""


def rule_ids(details: IbContractDetails) -> dict[str, int]:
    """Return the market rule of every exchange that takes the contract. Raises Untranslatable."""
    exchanges = [name.strip() for name in details.valid_exchanges.split(",") if name.strip()]
    texts = [text.strip() for text in details.market_rule_ids.split(",") if text.strip()]
    if len(exchanges) != len(texts):
        raise Untranslatable("market_rule_ids", details.market_rule_ids, f"there are {len(exchanges)} exchanges")
    wrong = next((text for text in texts if not (text.isascii() and text.isdigit())), None)
    if wrong is not None:
        raise Untranslatable("market_rule_ids", wrong, "the number of a rule is a whole number")
    return dict(zip(exchanges, map(int, texts), strict=True))


def rule_id_at(details: IbContractDetails, exchange: str) -> int | None:
    """Return the market rule that holds at an exchange, or None where the contract does not trade there."""
    return rule_ids(details).get(exchange)


def tick_bands(rule: Rule) -> tuple[TickBand, ...]:
    """Return the bands of a market rule, lowest first. Raises Untranslatable."""
    if not rule:
        raise Untranslatable("market_rule", "", "it has no bands")
    bands = sorted((_band(low, tick) for low, tick in rule), key=lambda band: band.from_price)
    doubled = next((low.from_price for low, high in pairwise(bands) if low.from_price == high.from_price), None)
    if doubled is not None:
        raise Untranslatable("market_rule", doubled, "two bands begin there")
    return tuple(bands)


def _band(low: Decimal, tick: Decimal) -> TickBand:
    with translating("a band of a market rule"):
        return TickBand(from_price=low, tick=tick)


def ib_rule(bands: Sequence[TickBand]) -> tuple[tuple[Decimal, Decimal], ...]:
    """Return bands as a market rule."""
    return tuple((band.from_price, band.tick) for band in bands)


def details_of(
    details: IbContractDetails, rule: Rule | None = None, *, known: Known = nothing_known
) -> ContractDetails:
    """Return what is known of a contract, with the ticks of a market rule, else ``min_tick``. Raises Untranslatable."""
    contract = contract_of(details.contract, known)
    bands = tick_bands(rule) if rule is not None else (_band(Decimal(0), details.min_tick),)
    with translating(f"the details of {contract.key}"):
        return ContractDetails(
            contract=contract,
            long_name=plainly(details.long_name, 200),
            ticks=bands,
            quantity_step=_step(contract, details),
        )


def _step(contract: Contract, details: IbContractDetails) -> Decimal:
    """Return the smallest step of a quantity: through the API, IB takes parts of a unit for crypto alone (10243)."""
    if not isinstance(contract, Crypto):
        return Decimal(1)
    step = told(details.size_increment) or told(details.min_size) or Decimal(1)
    return bounded(step, "size_increment")


def ib_details(
    details: ContractDetails, *, exchanges: Sequence[str] = (), rule_id: int = 26, order_types: str = "", **fields: str
) -> IbContractDetails:
    """Return what is known of a contract as TWS tells it; every exchange has the one rule. ``fields`` win."""
    contract = ib_contract(details.contract)
    valid = tuple(exchanges) or (contract.exchange or "SMART",)
    return IbContractDetails(
        contract=contract,
        market_name=fields.get("market_name", details.contract.trading_class or details.contract.symbol),
        min_tick=min(band.tick for band in details.ticks),
        order_types=order_types,
        valid_exchanges=",".join(valid),
        long_name=details.long_name,
        market_rule_ids=",".join(str(rule_id) for _ in valid),
        time_zone_id=fields.get("time_zone_id", "US/Eastern"),
        trading_hours=fields.get("trading_hours", ""),
        liquid_hours=fields.get("liquid_hours", ""),
        real_expiration_date=contract.last_trade_date_or_contract_month,
        min_size=details.quantity_step,
        size_increment=details.quantity_step,
        suggested_size_increment=details.quantity_step,
    )
