"""The exchange that the settings describe."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from v6_paper_plugin.exchange.commissions import Commissions
from v6_paper_plugin.exchange.exchange import Exchange
from v6_paper_plugin.exchange.instant import InstantVenue, Rule
from v6_paper_plugin.exchange.ledger import Ledger
from v6_paper_plugin.exchange.listener import Listener
from v6_paper_plugin.exchange.rules import Rules
from v6_paper_plugin.exchange.venue import Floor, Venue
from v6_paper_plugin.market import Market
from v6_paper_plugin.settings import Fills, PaperSettings


def exchange_of(settings: PaperSettings, market: Market, listener: Listener, now: datetime) -> Exchange:
    """Return the exchange, with nothing in it but the cash."""

    def venue(floor: Floor) -> Venue:
        return _venue(settings, market, floor)

    return Exchange(
        market,
        venue,
        rules=_rules(settings),
        commissions=commissions_of(settings),
        ledger=Ledger.open(settings.cash),
        listener=listener,
        now=now,
    )


def _rules(settings: PaperSettings) -> Rules:
    return Rules(
        currency=settings.currency,
        latency=settings.latency if settings.is_realistic else 0.0,
        margin=settings.is_realistic if settings.margin is None else settings.margin,
        refuses_all=settings.fills is Fills.REJECT,
        takes_expired=settings.quotes_from[0] == "given",
        auctions=settings.is_realistic,
    )


def commissions_of(settings: PaperSettings) -> Commissions:
    """Return the rates: those that are given, else the usual ones with realistic fills, else none."""
    usual = Commissions() if settings.is_realistic else Commissions.free()

    def chosen(given: Decimal | None, otherwise: Decimal) -> Decimal:
        return otherwise if given is None else given

    return Commissions(
        per_share=chosen(settings.commission_per_share, usual.per_share),
        per_contract=chosen(settings.commission_per_contract, usual.per_contract),
        of_value=chosen(settings.commission_of_value, usual.of_value),
        minimum=chosen(settings.commission_minimum, usual.minimum),
    )


def _venue(settings: PaperSettings, market: Market, floor: Floor) -> Venue:
    if not settings.is_realistic:
        rule = Rule.NEVER if settings.fills is Fills.REJECT else Rule(settings.fills)
        return InstantVenue(market, floor, rule, settings.delay)
    from v6_paper_plugin.exchange.quoted import QuotedVenue  # noqa: PLC0415 -- a dry run needs no matching

    return QuotedVenue(market, floor, settings.queue, settings.slippage)
