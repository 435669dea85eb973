"""Whether the account can carry an order: what is held, what is spoken for already, and what covers what is sold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from fake_alpaca.assets import Asset
from fake_alpaca.desk.book import Book
from fake_alpaca.desk.cover import bare, cash_needed, shares_needed
from fake_alpaca.desk.floor import Verdict
from fake_alpaca.desk.holdings import Holdings
from fake_alpaca.desk.tickets import LegTicket, Ticket
from fake_alpaca.refusals import Refusal, forbidden, unprocessable
from fake_alpaca.words import PositionIntent, Side, Status
from v6core.broker import Broker
from v6core.contracts import Option, OptionRight, Stock
from v6core.money import ZERO, plain

_UNKNOWN = frozenset({"UNKNOWN_CONTRACT", "NOT_TRADED", "EXPIRED_CONTRACT"})


class Means:
    """What the account has for new orders."""

    def __init__(self, book: Book, holdings: Holdings) -> None:
        self._book = book
        self._holdings = holdings

    async def judge(self, ticket: Ticket, broker: Broker) -> Ticket:
        """Return a ticket with its intents; raise Refusal where what is held does not allow it."""
        ticket = self._with_intents(ticket)
        for asset, side, qty in _parts(ticket):
            self._judge_available(asset, side, qty)
        if any(asset.is_option and side is Side.SELL for asset, side, _ in _parts(ticket)):
            await self._judge_cover(_parts(ticket), broker)
        return ticket

    # Intents

    def _with_intents(self, ticket: Ticket) -> Ticket:
        legs = tuple(replace(leg, position_intent=self._intent(leg.asset, leg.side, leg)) for leg in ticket.legs)
        own = ticket.position_intent
        if ticket.asset is not None and ticket.side is not None and ticket.asset.is_option:
            own = self._intent(ticket.asset, ticket.side, ticket)
        return replace(ticket, legs=legs, position_intent=own)

    def _intent(self, asset: Asset, side: Side, asked: Ticket | LegTicket) -> PositionIntent:
        closes = self._holdings.of_asset(asset) * side.sign < 0
        inferred = PositionIntent(f"{side}_to_{'close' if closes else 'open'}")
        if asked.position_intent not in {None, inferred}:
            raise unprocessable(
                f"position intent mismatch, inferred: {inferred}, specified: {asked.position_intent}",
                symbol=asset.symbol,
            )
        return inferred

    # What is held, and spoken for

    def _judge_available(self, asset: Asset, side: Side, qty: Decimal) -> None:
        """Refuse to close more than is held, and to turn a position round in one order."""
        held = self._holdings.of_asset(asset)
        if held * side.sign >= 0:
            return
        spoken_for = self.spoken_for(asset, side)
        available = max(abs(held) - spoken_for, ZERO)
        if qty > available:
            raise forbidden(
                f"insufficient qty available for order (requested: {plain(qty)}, available: {plain(available)})",
                symbol=asset.symbol,
                existing_qty=plain(abs(held)),
                held_for_orders=plain(spoken_for),
                available=plain(available),
            )

    def spoken_for(self, asset: Asset, side: Side) -> Decimal:
        """Return how much of an asset open orders of one side still want; the two exits of a group want it once."""
        wanted: dict[object, Decimal] = {}
        for order in self._book:
            if order.asset is None or order.asset.symbol != asset.symbol or order.side is not side:
                continue
            if order.is_open and order.status is not Status.HELD and not order.is_yet_to_replace:
                key = order.order_id if order.group_id is None else order.group_id
                wanted[key] = max(wanted.get(key, ZERO), order.leaves)
        return sum(wanted.values(), ZERO)

    # Cover

    async def _judge_cover(self, parts: Sequence[tuple[Asset, Side, Decimal]], broker: Broker) -> None:
        """Refuse what leaves more options uncovered than there were."""
        symbol = parts[0][0].contract.symbol
        before, after = self._options(symbol, ()), self._options(symbol, parts)
        calls = bare(after, OptionRight.CALL)
        shares, owned = shares_needed(calls), self._holdings.of(Stock(symbol))
        if shares > max(shares_needed(bare(before, OptionRight.CALL)), owned, ZERO):
            raise forbidden(
                "insufficient underlying qty available for covered call "
                f"(required: {plain(shares)}, available: {plain(max(owned, ZERO))})",
                symbol=calls[0][0].occ_symbol,
                required_qty=plain(shares),
                available_qty=plain(max(owned, ZERO)),
            )
        cash = cash_needed(bare(after, OptionRight.PUT))
        if cash > cash_needed(bare(before, OptionRight.PUT)):
            await self._judge_cash(cash, broker)

    async def _judge_cash(self, needed: Decimal, broker: Broker) -> None:
        free = max((await broker.snapshot()).account.cash, ZERO)
        if needed > free:
            raise forbidden(
                "insufficient options buying power for cash-secured put "
                f"(required: {plain(needed)}, available: {plain(free)})"
            )

    def _options(self, symbol: str, parts: Sequence[tuple[Asset, Side, Decimal]]) -> dict[Option, Decimal]:
        held = self._holdings.options_on(symbol)
        for asset, side, qty in parts:
            contract = asset.contract
            if isinstance(contract, Option):
                known, quantity = held.get(contract.key, (contract, ZERO))
                held[contract.key] = (known, quantity + side.sign * qty)
        return {_bare_terms(option): quantity for option, quantity in held.values()}

    # What the broker refuses

    async def refusal(self, verdict: Verdict, broker: Broker) -> Refusal:
        """Return Alpaca's answer for what the broker refused."""
        code, reason = verdict
        if code == "BUYING_POWER":
            account = (await broker.snapshot()).account
            return forbidden("insufficient buying power", buying_power=plain(account.buying_power or ZERO))
        return unprocessable(f"asset not found: {reason}" if code in _UNKNOWN else reason)


def _parts(ticket: Ticket) -> list[tuple[Asset, Side, Decimal]]:
    """Return each contract of a ticket, which way it goes, and how many of it."""
    if ticket.asset is not None and ticket.side is not None:
        return [(ticket.asset, ticket.side, ticket.qty)]
    return [(leg.asset, leg.side, leg.ratio_qty * ticket.qty) for leg in ticket.legs]


def _bare_terms(option: Option) -> Option:
    """Return an option by its terms alone, so that one contract is one key however it is routed."""
    return Option(option.symbol, option.expiration, option.strike, option.right, multiplier=option.multiplier)
