"""Brackets: an entry and its exits, sent so that no leg works unless all do, and looked after until they are over.

The entry goes first and is held back; TWS must know it before its exits come, or it refuses them (10006). The last exit
releases all. What TWS then shows decides:

* All legs are shown: done.
* One is missing or refused, and the entry has not filled: everything is taken back.
* One is missing, and the entry has filled: the exit is sent again under the number that it has, which TWS takes for a
  change if it has the order after all, so there are never two. Another number is used only where TWS says that it does
  not have that one, and neither its open nor its completed orders nor its executions show it. What protects a filled
  entry is never cancelled, nor what protects one that may still fill.

TWS cancels the exits of an entry that is cancelled. Where a part of the entry has filled, they are sent anew for that
part; where nothing has, exits that were left behind are cancelled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from v6_ib_plugin.pacing import PartlySent, Urgency
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.trading.book import Book
from v6_ib_plugin.trading.changing import Changing, as_shown
from v6_ib_plugin.trading.chores import Chores
from v6_ib_plugin.trading.drafts import Draft
from v6_ib_plugin.trading.hearing import Hearing
from v6_ib_plugin.trading.known import KnownOrder, Refusal, Terms
from v6_ib_plugin.trading.leftovers import Leftovers
from v6_ib_plugin.trading.outbox import Outbox
from v6_ib_plugin.translation.orders import own_order_of
from v6core.errors import BrokerError, NotSent
from v6core.identifiers import parse_order_ref
from v6core.reports import ReportedStatus


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in seconds: for the entry to be shown, for all legs, for what TWS cancels by itself."""

    entry: float = 0.05
    legs: float = 3.0
    cancels: float = 1.0


class Brackets:
    """Sends brackets and looks after them. ``look`` reads all that TWS has of orders: open, completed, executions."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        book: Book,
        hearing: Hearing,
        changing: Changing,
        chores: Chores,
        leftovers: Leftovers,
        look: Callable[[], Awaitable[None]],
        logger: logging.Logger,
        patience: Patience = Patience(),  # noqa: B008 -- frozen
    ) -> None:
        self._outbox = outbox
        self._book = book
        self._hearing = hearing
        self._changing = changing
        self._chores = chores
        self._leftovers = leftovers
        self._look = look
        self._logger = logger
        self._patience = patience

    # Sending.

    async def send(self, entry: Draft, exits: Sequence[Draft]) -> tuple[KnownOrder, ...]:
        """Send a bracket; NotSent where nothing left, BrokerError where it broke off and was taken back."""
        held = Draft(entry.order, entry.contract, replace(entry.ib, transmit=False))
        try:
            (parent,) = await self._outbox.send([held], Urgency.NEW, is_staged=True, note=self._leftovers.remember)
        except NotSent:
            self._leftovers.settle(entry.ib.order_ref)
            raise
        except BaseException:
            for parent in self._book.register.under(entry.ib.order_ref):  # none where it was given up in the queue
                self._see_off_soon(parent)
            raise
        try:
            legs = await self._send_exits(parent, exits)
        except BaseException:
            self._see_off_soon(parent)
            raise
        self._chores.start(lambda: self._see_through(parent), f"bracket {parent.order_ref} could not be verified")
        return legs

    async def _send_exits(self, parent: KnownOrder, exits: Sequence[Draft]) -> tuple[KnownOrder, ...]:
        await self._hearing.until(lambda: _is_answered(parent), self._patience.entry)
        if _is_gone(parent):
            return (parent, *self._never_sent(parent, exits))
        legs = [Draft(one.order, one.contract, replace(one.ib, transmit=one is exits[-1])) for one in exits]
        try:
            sent = await self._outbox.send(legs, Urgency.PROTECTIVE, entry=parent, is_staged=True)
        except NotSent as error:
            raise PartlySent(1, 1 + len(exits), error) from error
        return (parent, *sent)

    def _never_sent(self, parent: KnownOrder, exits: Sequence[Draft]) -> list[KnownOrder]:
        """Say of the exits of an entry that was refused that they are refused with it: TWS never saw them."""
        refused: list[KnownOrder] = []
        for draft in exits:
            known = KnownOrder(draft.ib.order_ref, contract=draft.contract, parent=parent)
            known.refusal = Refusal("ENTRY_REFUSED", "not sent: its entry was refused")
            self._hearing.tell(self._book.refuse(known))
            refused.append(known)
        return refused

    # Seeing to it that all legs are there.

    async def _see_through(self, parent: KnownOrder) -> None:
        """See to it that all legs are there; until that is known, the entry is noted as left behind."""
        legs = (parent, *parent.exits)
        try:
            await self._verify(parent, legs)
        finally:
            self._unstage(legs)
        if parent.is_over or any(leg.is_shown for leg in legs):
            self._leftovers.forget(parent)

    def _see_off_soon(self, parent: KnownOrder) -> None:
        self._chores.start(lambda: self._see_off(parent), "what was left of a bracket was not taken back")

    async def _see_off(self, parent: KnownOrder) -> None:
        """Take back what was sent of a bracket that broke off."""
        legs = (parent, *parent.exits)
        try:
            await self._take_back(legs)
        finally:
            self._unstage(legs)
        if parent.is_over:
            self._leftovers.forget(parent)

    def _unstage(self, legs: Sequence[KnownOrder]) -> None:
        """Tell what was kept back while nobody knew whether it would last."""
        for leg in legs:
            leg.is_staged = False
            if leg.refusal is not None and not leg.is_shown:
                self._hearing.tell(self._book.refuse(leg))
            self._hearing.tell(self._book.release(leg))

    async def _verify(self, parent: KnownOrder, legs: Sequence[KnownOrder]) -> None:
        await self._answered(legs)
        if not _is_gone(parent):  # an entry is never sent by itself
            await self._stage_again([leg for leg in parent.exits if leg.is_unknown])
        if all(_is_there(leg) for leg in legs):
            return
        await self._answered(legs)
        if not all(_is_there(leg) for leg in legs):
            await self._look()  # what was not told may be in a list all the same
        if parent.is_over and not parent.filled:
            return  # it took its exits with it, or they are seen to as those of an entry that is over
        missing = [leg for leg in legs if not _is_there(leg)]
        if missing and not parent.filled:
            await self._roll_back(parent, legs, missing)
        elif missing:
            await self._repair(parent, missing)

    async def _answered(self, legs: Sequence[KnownOrder]) -> None:
        await self._hearing.until(lambda: all(map(_is_answered, legs)), self._patience.legs)

    async def _stage_again(self, overtaken: Sequence[KnownOrder]) -> None:
        """Send once more exits that overtook their entry inside TWS. They were refused: they may have other numbers."""
        for leg in overtaken:
            assert leg.sent is not None
            leg.is_unknown, leg.refusal = False, None
            ib = replace(leg.sent.ib, transmit=leg is overtaken[-1])
            await self._outbox.anew(leg, ib, Urgency.PROTECTIVE)

    async def _roll_back(self, parent: KnownOrder, legs: Sequence[KnownOrder], missing: Sequence[KnownOrder]) -> None:
        names = ", ".join(f"{leg.order_ref} ({leg.word or 'not shown'})" for leg in missing)
        self._logger.warning("bracket %s is taken back, for not all of it is there: %s", parent.order_ref, names)
        await self._take_back(legs)
        if parent.filled:
            await self._repair(parent, [leg for leg in legs if not _is_there(leg) and leg is not parent])

    async def _take_back(self, legs: Sequence[KnownOrder]) -> None:
        """Cancel an entry and, once it is gone with nothing filled, whatever TWS did not cancel with it.

        While TWS does not say that it is gone, it can fill, and its exits stay.
        """
        parent = legs[0]
        if not _is_gone(parent):
            await self._cancel(parent)
        await self._hearing.until(lambda: _is_gone(parent) or parent.filled > 0, self._patience.cancels)
        if not _is_gone(parent) or parent.filled:
            return
        shown = [leg for leg in legs if leg.is_shown]
        await self._hearing.until(lambda: all(leg.is_over for leg in shown), self._patience.cancels)
        left = [leg for leg in legs[1:] if not _is_gone(leg) and not parent.filled]
        for leg in left:
            await self._cancel(leg)
        await self._hearing.until(lambda: all(map(_is_gone, left)), self._patience.cancels)

    async def _cancel(self, known: KnownOrder) -> None:
        try:
            await self._changing.cancel_one(known)
        except NotSent as error:
            self._logger.warning("order %s could not be cancelled: %s", known.order_ref, error)

    async def _repair(self, parent: KnownOrder, missing: Sequence[KnownOrder]) -> None:
        """Send the missing exits of an entry that has filled again; anew where TWS cancelled them with its rest."""
        for leg in missing:
            if leg.withheld is not None:
                await self._replace_or_release(leg)
            elif leg.is_over or leg.standing is ReportedStatus.INACTIVE:
                self._tell_naked(parent, leg)
            else:
                await self._send_again(parent, leg)

    async def _send_again(self, parent: KnownOrder, leg: KnownOrder) -> None:
        """Send an exit again under its number; where TWS says that it never had it (103), under another one."""
        assert leg.sent is not None
        self._logger.warning("exit %s of an entry that has filled is not shown: it is sent again", leg.order_ref)
        again = _attached(leg.sent.ib, parent)
        try:
            await self._send_until_answered(leg, again, self._outbox.again)
            if leg.is_unknown:
                await self._look()
            if leg.is_unknown and not _is_proved(leg):
                await self._send_until_answered(leg, again, self._outbox.anew)
        finally:
            if not leg.is_shown:
                self._tell_naked(parent, leg)

    async def _send_until_answered(self, leg: KnownOrder, ib: IbOrder, send: _Send) -> None:
        leg.is_unknown, leg.refusal = False, None
        await send(leg, ib, Urgency.PROTECTIVE)
        await self._answered([leg])

    def _tell_naked(self, parent: KnownOrder, leg: KnownOrder) -> None:
        why = leg.refusal.reason if leg.refusal is not None else leg.word or "not shown"
        self._logger.error(
            "%s of entry %s has filled and its exit %s does not protect it: %s",
            f"{parent.filled:f}",
            parent.order_ref,
            leg.order_ref,
            why,
        )

    # Looking after them.

    def follow(self) -> None:
        """See to what was just heard: exits that lost their entry, and entries that are over."""
        if not (self._book.ended_entries or self._book.orphans):
            return
        entries, self._book.ended_entries = self._book.ended_entries, []
        orphans, self._book.orphans = self._book.orphans, []
        for entry in entries:
            if entry.standing is not ReportedStatus.FILLED or entry.filled < entry.quantity:
                self._chores.start(
                    partial(self._after_end, entry), f"the exits of {entry.order_ref} could not be seen to"
                )
        for orphan in orphans:
            self._chores.start(
                partial(self._replace_or_release, orphan), f"exit {orphan.order_ref} could not be sent anew"
            )

    async def _after_end(self, entry: KnownOrder) -> None:
        """Cancel what an entry that never filled left behind, and fit to what has filled what still works."""
        await self._hearing.until(lambda: all(leg.is_over for leg in entry.exits), self._patience.cancels)
        for leg in entry.exits:
            if leg.is_over or entry.is_staged or leg.sent is None:  # what an earlier run sent is not taken back here
                continue
            if not entry.filled:
                await self._cancel(leg)
            elif leg.ib is not None and leg.quantity > entry.unclosed(but=leg) > 0:
                kept = as_shown(leg.ib, leg.sent.ib)
                shrunk = replace(kept, total_quantity=entry.unclosed(but=leg), parent_id=0)
                await self._outbox.again(leg, shrunk, Urgency.PROTECTIVE)

    async def _replace_or_release(self, orphan: KnownOrder) -> None:
        """Send an exit anew that TWS cancelled with its half-filled entry; tell that it is gone where it cannot be."""
        entry = orphan.parent
        assert entry is not None
        try:
            is_over = await self._hearing.until(lambda: entry.is_over, self._patience.cancels)
            if is_over and entry.is_partly_filled and entry.unclosed() > 0 and orphan.is_over:
                await self._send_anew(orphan, entry)
                orphan.withheld = None
            elif entry.unclosed() > 0:
                self._tell_naked(entry, orphan)
        except (BrokerError, asyncio.CancelledError):
            self._tell_naked(entry, orphan)
            raise
        finally:
            self._hearing.tell(self._book.release(orphan))

    async def _send_anew(self, orphan: KnownOrder, entry: KnownOrder) -> None:
        assert orphan.contract is not None
        order, ib = _terms(orphan)
        left = entry.unclosed()
        group = f"{ib.oca_group}-filled" if ib.oca_group else ""  # a name of its own: the first is closed
        ib = replace(ib, perm_id=0, total_quantity=left, parent_id=0, transmit=True, oca_group=group)
        draft = Draft(order.replace(quantity=left), orphan.contract, ib)
        (fresh,) = await self._outbox.send([draft], Urgency.PROTECTIVE)
        fresh.replaces = orphan.broker_order_id
        entry.exits.append(fresh)  # what it closes needs no other exit


_Send = Callable[[KnownOrder, IbOrder, Urgency], Awaitable[None]]


def _terms(orphan: KnownOrder) -> Terms:
    """Return an exit as it was sent, or where an earlier run sent it, as TWS showed it."""
    if orphan.sent is not None:
        return orphan.sent
    named = parse_order_ref(orphan.order_ref)
    assert orphan.ib is not None
    assert orphan.shown is not None
    assert named is not None
    return Terms(own_order_of(orphan.ib, orphan.shown.contract or IbContract(), order_id=named[1]), orphan.ib)


def _is_proved(leg: KnownOrder) -> bool:
    """Tell whether TWS has, or had, a leg that it has said it has not."""
    return leg.is_shown or leg.is_over


def _is_there(leg: KnownOrder) -> bool:
    """Tell whether TWS shows a leg, and holds nothing against it."""
    return leg.is_shown and not (leg.is_over and not leg.filled) and leg.standing is not ReportedStatus.INACTIVE


def _is_answered(leg: KnownOrder) -> bool:
    return leg.is_shown or leg.is_over or leg.is_unknown


def _is_gone(leg: KnownOrder) -> bool:
    """Tell whether a leg is over, or TWS says that it has no such order."""
    return leg.is_over or (leg.is_unknown and not leg.is_shown)


def _attached(ib: IbOrder, parent: KnownOrder) -> IbOrder:
    """Return an exit as it is sent again: TWS knows no entry any more that is over, and the group alone is left."""
    return replace(ib, transmit=True, parent_id=0 if parent.is_over else ib.parent_id)
