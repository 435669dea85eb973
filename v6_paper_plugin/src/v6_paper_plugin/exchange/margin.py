"""How much of an account's equity its positions tie up: a plain model after Regulation T and Cboe's margin rules.

| position | initial | maintenance |
| --- | --- | --- |
| long stock | 50 % of its value | 25 % |
| short stock | 50 % beside the proceeds (150 % in all) | 30 % |
| long option | its value: paid in full | the same |
| options that cover one another | the most they can lose from here | the same |
| short call covered by stock | nothing beside the stock's | the same |
| short option not covered | 20 % of the underlying less what it is out of the money, at least 10 % | the same |
| future | 10 % of its value | 8 % |
| currency | 5 % | 5 % |
| crypto | all of it | all of it |

Equity counts the market value of everything, short options below zero, so a requirement is what must be there beside
it. What covers what is ``v6core.strategies``' word. An account may take an order where its equity, with the order
filled, is no less than what its positions and its other open orders then tie up, or where the order frees equity.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from v6_paper_plugin.exchange.ledger import Mark
from v6core.contracts import Contract, FutureOption, Option, OptionRight
from v6core.money import ZERO
from v6core.strategies import max_loss_of, uncovered_shorts

_NAKED, _NAKED_LEAST = Decimal("0.20"), Decimal("0.10")
_OPTIONS = frozenset({"OPTION", "FUTURE_OPTION"})
Position = tuple[Contract, Decimal]


@dataclass(frozen=True, slots=True)
class _Rates:
    """Shares of the market value, long and short, and the share of an uncovered short's underlying."""

    stock: tuple[Decimal, Decimal]
    future: Decimal
    forex: Decimal = Decimal("0.05")


_INITIAL = _Rates((Decimal("0.50"), Decimal("0.50")), Decimal("0.10"))
_MAINTENANCE = _Rates((Decimal("0.25"), Decimal("0.30")), Decimal("0.08"))


@dataclass(frozen=True, slots=True)
class Requirement:
    """What positions tie up, in currency."""

    initial: Decimal = ZERO
    maintenance: Decimal = ZERO

    def __add__(self, other: Requirement) -> Requirement:
        return Requirement(self.initial + other.initial, self.maintenance + other.maintenance)

    def __sub__(self, other: Requirement) -> Requirement:
        return Requirement(self.initial - other.initial, self.maintenance - other.maintenance)


def requirement(positions: Iterable[Position], mark: Mark, underlying: Mark) -> Requirement:
    """Return what positions tie up; ``mark`` prices a contract and ``underlying`` what an option is on."""
    total = Requirement()
    options: dict[tuple[str, str], list[Position]] = {}
    stocks: dict[tuple[str, str], Position] = {}
    for contract, quantity in positions:
        if not quantity:
            continue
        if contract.kind in _OPTIONS:
            options.setdefault((contract.symbol, contract.currency), []).append((contract, quantity))
        else:
            total += _outright(contract, quantity, mark(contract) or ZERO)
        if contract.kind in {"STOCK", "FUTURE"} and quantity > 0:
            stocks[contract.symbol, contract.currency] = (contract, quantity)
    for name, held in options.items():
        stock = stocks.get(name)
        total += _options(held, [stock] if stock else [], mark, underlying)
    return total


def _outright(contract: Contract, quantity: Decimal, price: Decimal) -> Requirement:
    value = abs(quantity * price * contract.multiplier)
    return Requirement(*(value * _rate(contract, quantity, rates) for rates in (_INITIAL, _MAINTENANCE)))


def _rate(contract: Contract, quantity: Decimal, rates: _Rates) -> Decimal:
    match contract.kind:
        case "STOCK":
            return rates.stock[0 if quantity > 0 else 1]
        case "FUTURE":
            return rates.future
        case "FOREX":
            return rates.forex
        case _:
            return Decimal(1)


def _options(held: list[Position], stock: list[Position], mark: Mark, underlying: Mark) -> Requirement:
    naked = _by_contract(uncovered_shorts([*held, *stock]))
    covered = _without(held, naked)
    # A short call that only stock covers has no bound of its own; the stock's requirement stands for it.
    covered = _without(covered, _by_contract(uncovered_shorts(covered)))
    tied = sum((count * _naked(contract, underlying) for contract, count in naked.values()), ZERO)
    if covered:
        multiplier = max(contract.multiplier for contract, _ in covered)
        value = sum(((mark(contract) or ZERO) * quantity * contract.multiplier for contract, quantity in covered), ZERO)
        tied += max(max_loss_of(covered, _places(value / multiplier)) or ZERO, ZERO)
    return Requirement(tied, tied)


def _naked(contract: Contract, underlying: Mark) -> Decimal:
    assert isinstance(contract, Option | FutureOption)
    price = underlying(contract) or contract.strike
    call = contract.right is OptionRight.CALL
    out_of_the_money = max(contract.strike - price if call else price - contract.strike, ZERO)
    least = _NAKED_LEAST * (price if call else contract.strike)
    return max(_NAKED * price - out_of_the_money, least) * contract.multiplier


def _by_contract(shorts: Iterable[tuple[Contract, int]]) -> Mapping[str, tuple[Contract, int]]:
    return {contract.key: (contract, count) for contract, count in shorts}


def _without(held: list[Position], shorts: Mapping[str, tuple[Contract, int]]) -> list[Position]:
    left = [
        (contract, min(quantity + shorts[contract.key][1], ZERO) if contract.key in shorts else quantity)
        for contract, quantity in held
    ]
    return [(contract, quantity) for contract, quantity in left if quantity]


def _places(number: Decimal) -> Decimal:
    return number.quantize(Decimal("1E-10"))
