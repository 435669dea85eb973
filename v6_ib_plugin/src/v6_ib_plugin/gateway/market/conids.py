"""The numbers of contracts: the same contract has the same one in every run, without a register that would be kept."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from itertools import count

from v6core.contracts import Contract

LARGEST = 2**31 - 1
BAG_CONID = 28812380
"""The one number under which TWS tells every combo."""


def candidates(key: str) -> Iterator[int]:
    """Yield the numbers of a contract's key from 1 to ``LARGEST``, the first one first: the next is for a collision.

    >>> next(candidates("GOOG")) == next(candidates("GOOG"))
    True
    """
    for attempt in count():
        digest = blake2b(f"{attempt}|{key}".encode(), digest_size=8).digest()
        number = int.from_bytes(digest, "big") % LARGEST + 1
        if number != BAG_CONID:
            yield number


class Conids:
    """Which contract has which number, for every contract met so far."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._contracts: dict[int, Contract] = {}

    def of(self, contract: Contract) -> int:
        """Return a contract's number; combos share one, and it leads back to none of them."""
        if contract.kind == "COMBO":
            return BAG_CONID
        key = contract.key
        number = self._numbers.get(key)
        if number is None:
            number = next(number for number in candidates(key) if number not in self._contracts)
            self._numbers[key] = number
            self._contracts[number] = contract
        return number

    def contract(self, number: int) -> Contract | None:
        """Return the contract with a number, or None where none that was met has it."""
        return self._contracts.get(number)

    def known(self) -> tuple[Contract, ...]:
        """Return every single contract met so far."""
        return tuple(self._contracts.values())
