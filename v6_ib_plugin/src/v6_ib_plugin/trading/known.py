"""The orders of the account as this program knows them, and by which of their names each is found.

Three names lead to an order: the reference that it was given, the permId that TWS gave it, and the number under which a
client sent it. The reference and the permId last. The number is a session's: TWS may give it out again after a reset,
so it is forgotten with the session, and where it contradicts a permId the permId is right.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from enum import auto
from typing import NamedTuple

from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.trading.names import Names, OrderKey
from v6_ib_plugin.translation.contracts import is_combo
from v6core.identifiers import parse_order_ref
from v6core.money import ZERO
from v6core.orders import Order
from v6core.reports import OrderReport, OrderTerms, ReportedStatus
from v6core.words import Word

_MOST_ENDED = 20_000


class Asked(Word):
    """What was asked of an order and is not answered yet."""

    NEW = auto()
    MODIFY = auto()
    CANCEL = auto()


class Terms(NamedTuple):
    """An order as it was sent: in v6's words, and in those of TWS."""

    order: Order
    ib: IbOrder


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why TWS refused an order that it had shown before."""

    code: str
    reason: str


@dataclass(slots=True, eq=False)
class KnownOrder:
    """One order at Interactive Brokers; several may bear one reference.

    ``key`` is its number in this session, None where that is not known. ``ib`` is how TWS showed it last, None until it
    did; ``contract`` its contract as shown, before that as sent. ``sent`` is what this program sent, ``wanted`` what it
    asked to change that into. ``word`` and ``standing`` are what was said of it last, ``told`` what was reported last.
    ``parent`` is the entry of an exit of v6's, ``exits`` are those of an entry. ``replaces`` is the permId
    of the order that this one took the place of. ``is_staged`` says that the bracket that it belongs to is not verified
    yet, and ``is_unknown`` that TWS said that it has no such order, or refused it
    for reasons that another attempt can do without. ``remark`` is a text that came
    before anything else was said, ``withheld`` a report that waits for a decision. ``executed`` is what the fills that
    were reported come to, None once one of them was corrected. ``must_tell`` says that whatever is said next is an
    answer, even where it says nothing that is not known. ``shown`` are the terms that TWS showed last.
    """

    order_ref: str
    key: OrderKey | None = None
    perm_id: int = 0
    contract: IbContract | None = None
    ib: IbOrder | None = None
    sent: Terms | None = None
    wanted: Terms | None = None
    asked: set[Asked] = field(default_factory=set[Asked])
    word: str = ""
    standing: ReportedStatus | None = None
    filled: Decimal = ZERO
    has_traded: bool = False
    executed: Decimal | None = ZERO
    is_over: bool = False
    refusal: Refusal | None = None
    parent: KnownOrder | None = None
    replaces: str | None = None
    exits: list[KnownOrder] = field(default_factory=list["KnownOrder"])
    is_staged: bool = False
    is_unknown: bool = False
    remark: str = ""
    withheld: OrderReport | None = None
    must_tell: bool = False
    told: OrderReport | None = None
    shown: OrderTerms | None = None

    @property
    def is_shown(self) -> bool:
        """Whether TWS has shown that it has the order."""
        return bool(self.word) or self.ib is not None or self.has_traded

    @property
    def is_combo(self) -> bool:
        """Whether it trades several contracts as one, whose executions count other things than its quantity."""
        return self.contract is not None and is_combo(self.contract)

    @property
    def is_live(self) -> bool:
        """Whether TWS said last that the order can fill."""
        return self.standing in {ReportedStatus.SUBMITTED, ReportedStatus.PARTIALLY_FILLED, ReportedStatus.FILLED}

    @property
    def quantity(self) -> Decimal:
        """The quantity as far as it is known: as shown, else as sent."""
        if self.ib is not None:
            return self.ib.total_quantity
        return self.sent.ib.total_quantity if self.sent is not None else ZERO

    @property
    def is_partly_filled(self) -> bool:
        """Whether some of it is filled, and not all."""
        return ZERO < self.filled < self.quantity

    @property
    def may_leave_a_part(self) -> bool:
        """Whether it can be over with some of it filled, and not all."""
        return self.is_partly_filled or (not self.is_over and self.filled < self.quantity)

    def unclosed(self, *, but: KnownOrder | None = None) -> Decimal:
        """Return how much of what an entry has filled its exits have not closed; ``but`` is one that does not count."""
        return self.filled - sum((leg.filled for leg in self.exits if leg is not but), ZERO)

    @property
    def broker_order_id(self) -> str | None:
        """The permId as reports carry it."""
        return str(self.perm_id) if self.perm_id else None


class Register:
    """All orders that were sent or seen, found by any of their names."""

    def __init__(self) -> None:
        self._by_ref: dict[str, tuple[KnownOrder, ...]] = {}
        self._by_perm_id: dict[int, KnownOrder] = {}
        self._by_key: dict[OrderKey, KnownOrder] = {}
        self._ended: OrderedDict[KnownOrder, None] = OrderedDict()
        self._hanging: dict[OrderKey, list[KnownOrder]] = {}

    def __iter__(self) -> Iterator[KnownOrder]:
        yield from dict.fromkeys((*(one for rows in self._by_ref.values() for one in rows), *self._by_perm_id.values()))

    def add(self, known: KnownOrder) -> KnownOrder:
        """Take an order in."""
        if known.order_ref:
            self._by_ref[known.order_ref] = (*self.under(known.order_ref), known)
        return self._filed(known)

    def remove(self, known: KnownOrder) -> None:
        """Forget an order: it is proved never to have left, or ended long ago."""
        rows = tuple(one for one in self.under(known.order_ref) if one is not known)
        if rows:
            self._by_ref[known.order_ref] = rows
        else:
            self._by_ref.pop(known.order_ref, None)
        if self._by_perm_id.get(known.perm_id) is known:
            del self._by_perm_id[known.perm_id]
        if known.key is not None and self._by_key.get(known.key) is known:
            del self._by_key[known.key]
        self._ended.pop(known, None)

    def rekey(self, known: KnownOrder, key: OrderKey) -> None:
        """Give an order another number: the first was refused, and the order goes out again."""
        if known.key is not None and self._by_key.get(known.key) is known:
            del self._by_key[known.key]
        known.key = key
        self._by_key[key] = known

    def ended(self, known: KnownOrder) -> None:
        """Keep an order that is over among the last of those."""
        self._ended[known] = None
        if len(self._ended) > _MOST_ENDED:
            oldest, _ = self._ended.popitem(last=False)
            if oldest.is_over:  # what has come back to life is none of them
                self.remove(oldest)

    def under(self, order_ref: str) -> tuple[KnownOrder, ...]:
        """Return the orders that bear a reference, oldest first."""
        return self._by_ref.get(order_ref, ())

    def at(self, key: OrderKey) -> KnownOrder | None:
        """Return the order that this session sent under a number."""
        return self._by_key.get(key)

    def lasting(self, perm_id: int) -> KnownOrder | None:
        """Return the order with a permId."""
        return self._by_perm_id.get(perm_id)  # none is filed under zero

    def numbered(self, key: OrderKey, perm_id: int) -> KnownOrder | None:
        """Return the order that a message without a reference is about, whose permId is not known yet."""
        known = self._by_key.get(key)
        if known is None or (perm_id and known.perm_id not in {0, perm_id}):
            return None
        return self._filed(known, perm_id)

    def named(self, order_ref: str, key: OrderKey, perm_id: int) -> KnownOrder:
        """Return the order that a message with a reference is about; one that was not known is taken in."""
        known = self.lasting(perm_id) or self._sent_as(order_ref, key, perm_id)
        if known is None:
            return self.add(KnownOrder(order_ref, key if key.order_id else None, perm_id))
        if key.order_id and known.key is None:
            known.key = key
        if not known.order_ref and order_ref:
            known.order_ref = order_ref
            self._by_ref[order_ref] = (*self.under(order_ref), known)
        return self._filed(known, perm_id)

    def _sent_as(self, order_ref: str, key: OrderKey, perm_id: int) -> KnownOrder | None:
        """Return what was sent under a reference and has no permId yet, or the one under a number that fits.

        Of an order that is completed TWS tells no number.
        """
        at = self._by_key.get(key)
        if at is not None and at.order_ref == order_ref and (not perm_id or at.perm_id in {0, perm_id}):
            return at
        unbound = (one for one in self.under(order_ref) if not one.perm_id)
        return next((one for one in unbound if one.key in {None, key} or not key.order_id), None)

    def _filed(self, known: KnownOrder, perm_id: int = 0) -> KnownOrder:
        """Return an order, bound to a permId where it has none yet, and to be found by what it is called."""
        if not known.perm_id:
            known.perm_id = perm_id
        if known.perm_id:
            self._by_perm_id.setdefault(known.perm_id, known)
        if known.key is not None:
            # Of two orders under one number the session's own answers are about the one that was sent in it.
            held = self._by_key.setdefault(known.key, known)
            if held is not known and held.is_over:
                self._by_key[known.key] = known
        return known

    def end_session(self) -> None:
        """Forget every number: the next session may give them out again."""
        for known in self._by_key.values():
            known.key = None
        self._by_key.clear()
        self._hanging.clear()

    def hang(self, known: KnownOrder) -> None:
        """Hang an order of an earlier run on the entry that TWS names, or what waits for it on this one.

        The entry may be shown behind its exits. That the numbers fit is not enough: they could have been given out
        anew since.
        """
        if known.key is None or known.ib is None:
            return
        for exit_ in self._hanging.pop(known.key, ()):
            _hang(exit_, known)
        if known.ib.parent_id and known.parent is None:
            of = OrderKey(known.key.client_id, known.ib.parent_id)
            entry = self._by_key.get(of)
            if entry is None:
                self._hanging.setdefault(of, []).append(known)
            else:
                _hang(known, entry)


def _hang(exit_: KnownOrder, entry: KnownOrder) -> None:
    ours, theirs = parse_order_ref(exit_.order_ref), parse_order_ref(entry.order_ref)
    if entry.sent is not None or ours is None or theirs is None or ours[0] != theirs[0]:
        return
    if exit_.ib is None or entry.ib is None or exit_.ib.action == entry.ib.action:
        return
    if exit_.contract is None or entry.contract is None or exit_.contract.con_id != entry.contract.con_id:
        return
    exit_.parent = entry
    entry.exits.append(exit_)


def names_of(known: KnownOrder) -> Names:
    """Return an order's names as reports carry them."""
    if known.ib is not None:
        return Names.of(known.ib)
    return Names(known.order_ref or None, known.broker_order_id)
