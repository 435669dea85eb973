"""What an order is made of on the command line, shared by the commands that make one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from v6core.cli.arguments import MOMENT, Amount, WordType
from v6core.orders import Order, OrderAction, OrderType, TimeInForce

F = TypeVar("F", bound=Callable[..., Any])
_TERMS = {
    "limit": "limit_price",
    "stop": "stop_price",
    "trail": "trail_amount",
    "trail_percent": "trail_percent",
    "limit_offset": "limit_offset",
    "tif": "tif",
    "good_till": "good_till",
}


def takes_terms(function: F) -> F:
    """Give a command the options for prices and time in force."""
    options = (
        click.option("--limit", type=Amount("limit_price"), help="The limit price; of a combo the net per unit."),
        click.option("--stop", type=Amount("stop_price"), help="The price that sets the order off."),
        click.option("--trail", type=Amount("trail_amount"), help="How far a trailing stop stays behind, in price."),
        click.option("--trail-percent", type=Amount("trail_percent"), help="The same in percent of the price."),
        click.option("--limit-offset", type=Amount("limit_offset"), help="A trailing limit's distance from its stop."),
        click.option("--tif", type=WordType(TimeInForce), help="How long it lives; DAY unless said."),
        click.option("--good-till", type=MOMENT, help="With --tif gtd: until when, like 2026-12-18T20:00:00Z."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def takes_order(function: F) -> F:
    """Give a command the arguments and options of one order."""
    options = (
        click.argument("action", type=WordType(OrderAction), metavar="buy|sell"),
        click.argument("quantity", type=Amount("quantity", positive=True)),
        click.option(
            "--type",
            "order_type",
            type=WordType(OrderType),
            metavar="TYPE",
            help="The order type, where prices do not say it, like market_on_close.",
        ),
        takes_terms,
        click.option("--account", metavar="ACCOUNT", help="The account, where the broker has several."),
        click.option("--strategy", "strategy_id", metavar="ID", help="Whose order it is."),
        click.option("--outside-rth", is_flag=True, help="Also outside regular trading hours."),
    )
    for option in reversed(options):
        function = option(function)
    return function


def terms_of(ticket: Mapping[str, Any]) -> dict[str, Any]:
    """Return the terms that were given, by the order's own names."""
    return {_TERMS[name]: value for name, value in ticket.items() if name in _TERMS and value is not None}


def order_of(ticket: Mapping[str, Any], more: Mapping[str, Any]) -> Order:
    """Return the order that a ticket describes; ValueError in words where its terms do not go together."""
    others = ("action", "quantity", "account", "strategy_id", "outside_rth")
    given = {name: ticket[name] for name in others if ticket[name] is not None}
    fields = {**given, **terms_of(ticket), "order_type": ticket["order_type"] or _type_of(ticket), **more}
    return Order.model_validate(fields)


def _type_of(ticket: Mapping[str, Any]) -> OrderType:
    """Return the order type that the prices make."""
    if ticket["trail"] is not None or ticket["trail_percent"] is not None:
        return OrderType.TRAIL if ticket["limit_offset"] is None else OrderType.TRAIL_LIMIT
    match ticket["limit"] is not None, ticket["stop"] is not None:
        case True, True:
            return OrderType.STOP_LIMIT
        case True, False:
            return OrderType.LIMIT
        case False, True:
            return OrderType.STOP
        case _:
            return OrderType.MARKET
