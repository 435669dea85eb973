"""What is traded: stocks, options, futures, options on futures, indices, currencies, crypto, and combos of them.

Every contract has one text, ``str(contract)``, that ``parse_contract`` reads back and that is its ``key``: two
contracts with one key are the same instrument, wherever an order in it is routed. The short form is what people
write (``GOOG``, the OCC symbol ``GOOG151231C00750000``, ``EUR/USD``); the long form names what differs from the usual:
``KIND:SYMBOL[:EXPIRATION[:STRIKE:RIGHT]][:CURRENCY[:MULTIPLIER[:TRADING_CLASS]]]``.

* ``sides``    the sides of a trade and the rights of an option
* ``singles``  contracts of one kind
* ``combos``   several traded as one
* ``texts``    any contract, from its text and from JSON
* ``details``  what a broker knows of one
"""

from __future__ import annotations

from v6core.contracts.combos import Combo, ComboLeg
from v6core.contracts.details import ContractDetails, TickBand
from v6core.contracts.sides import OptionRight, OrderAction
from v6core.contracts.singles import (
    Crypto,
    Expiration,
    Forex,
    Future,
    FutureOption,
    Index,
    Option,
    Single,
    Stock,
)
from v6core.contracts.texts import Contract, contract_from_json, parse_contract

__all__ = [
    "Combo",
    "ComboLeg",
    "Contract",
    "ContractDetails",
    "Crypto",
    "Expiration",
    "Forex",
    "Future",
    "FutureOption",
    "Index",
    "Option",
    "OptionRight",
    "OrderAction",
    "Single",
    "Stock",
    "TickBand",
    "contract_from_json",
    "parse_contract",
]
