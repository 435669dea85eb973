"""Orders, results and plain tables in words that fit a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from v6core.cli.failures import IN_DOUBT, CommandFailed, Failure
from v6core.cli.wrapping import columns, wrapped
from v6core.contracts import Combo
from v6core.errors import Sent
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import plain
from v6core.orders import Order, OrderStatus

_NARROWEST = 8
_NEVER_LEFT = frozenset({OrderStatus.CREATED, OrderStatus.DENIED, OrderStatus.LOST})
_DOUBTFUL = frozenset({OrderStatus.IN_DOUBT, OrderStatus.PENDING_SUBMIT})


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], right: str = "") -> Iterator[str]:
    """Yield a table's lines; ``right`` names the columns whose values stand at the right, by a word each.

    Where a line would be wider than the terminal, the widest column gives way.
    """
    cells = [[_cell(value) for value in row] for row in rows]
    widths = [max(len(line[place]) for line in ([*headers], *cells)) for place in range(len(headers))]
    while sum(widths) + 2 * (len(widths) - 1) > columns() and max(widths) > _NARROWEST:
        widths[widths.index(max(widths))] -= 1
    numbers = {headers.index(name) for name in right.split("|") if name}
    for line in ([*headers], *cells):
        texts = [_fitted(text, width) for text, width in zip(line, widths, strict=True)]
        aligned = [
            text.rjust(width) if place in numbers else text.ljust(width)
            for place, (text, width) in enumerate(zip(texts, widths, strict=True))
        ]
        yield "  ".join(aligned).rstrip()


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case Decimal():
            return plain(value)
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}"
        case _:
            return str(value)


def _fitted(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 3]}..."


def money(amount: Decimal | None) -> str:
    """Return an amount to the cent, with thousands apart."""
    return "-" if amount is None else f"{amount:,.2f}"


def named(contract: Any) -> str:
    """Return a contract's short name: a combo is told by its symbol and the number of its legs."""
    if isinstance(contract, Combo):
        return f"{contract.symbol} combo of {len(contract.legs)}"
    return "-" if contract is None else str(contract.key)


def short_id(order: Order) -> str:
    """Return as much of an order's id as tells it from others."""
    return order.order_id.hex[:8]


def terms(order: Order) -> str:
    """Return what an order asks for: ``BUY 10 GOOG LIMIT 740 DAY``."""
    parts = [order.action, plain(order.quantity), named(order.contract), order.order_type, prices(order), order.tif]
    return " ".join(part for part in parts if part)


def prices(order: Order) -> str:
    """Return the prices that an order names."""
    given = (
        ("", order.limit_price),
        ("stop ", order.stop_price),
        ("trail ", order.trail_amount),
        ("trail % ", order.trail_percent),
    )
    return ", ".join(f"{word}{plain(price)}" for word, price in given if price is not None)


def standing(order: Order) -> str:
    """Return what has become of an order, in a sentence."""
    filled = f"{plain(order.filled_quantity)} of {plain(order.quantity)} filled"
    at = f" at {plain(order.avg_fill_price)}" if order.avg_fill_price is not None else ""
    cost = f", commission {money(order.commission)}" if order.commission else ""
    works = " (at the market)" if order.working else ""
    why = f": {order.reason}" if order.reason else ""
    flags = f" [{', '.join(order.anomalies)}]" if order.anomalies else ""
    return f"{order.status}{works}, {filled}{at}{cost}{why}{flags}"


def order_lines(order: Order) -> Iterator[str]:
    """Yield an order in two lines, and the legs of a combo."""
    yield f"{terms(order)}  {order.order_id}"
    if isinstance(order.contract, Combo):
        yield from (f"  {leg.signed_ratio:+d} {leg.contract.key}" for leg in order.contract.legs)
    yield f"  {standing(order)}"


def result_lines(result: ExecutionResult) -> Iterator[str]:
    """Yield what an operation came to, and its orders; why it failed is told as the error."""
    yield str(result.action_taken)
    if result.note:
        yield from wrapped(result.note, "note: ")
    for order in result.orders:
        yield from order_lines(order)
    if result.strategy is not None:
        yield f"held of {result.strategy.strategy_id}:"
        yield from (f"  {quantity:+d} {contract.key}" for contract, quantity in result.strategy.signed_legs)


def order_table(orders: Iterable[Order]) -> Iterator[str]:
    """Yield orders as a table."""
    headers = ("ORDER", "STATUS", "SIDE", "QTY", "FILLED", "CONTRACT", "TYPE", "PRICE", "TIF")
    rows = [
        (
            short_id(order),
            order.status,
            order.action,
            order.quantity,
            order.filled_quantity,
            named(order.contract),
            order.order_type,
            prices(order),
            order.tif,
        )
        for order in orders
    ]
    yield from table(headers, rows, "QTY|FILLED") if rows else ("no orders",)


def sent_of(order: Order) -> Sent:
    """Return whether an order left this machine, as far as its status proves it."""
    if order.status in _DOUBTFUL:
        return "unknown"
    return order.status not in _NEVER_LEFT


def judge_order(order: Order) -> None:
    """Raise CommandFailed where an order is in doubt, was refused, or is lost."""
    if order.status in _DOUBTFUL:
        hint = "v6 will not send it again; v6 orders --in-doubt shows it, the next start asks the broker"
        reason = order.reason or "no answer came"
        raise CommandFailed(
            Failure(
                error=f"order {order.order_id} is in doubt: {reason}",
                code="IN_DOUBT",
                status=IN_DOUBT,
                hint=hint,
                order_id=order.order_id,
                sent="unknown",
            )
        )
    if order.status in {OrderStatus.REJECTED, OrderStatus.LOST}:
        error = f"order {order.order_id} is {order.status}: {order.reason or 'no reason was given'}"
        raise CommandFailed(Failure(error=error, code=str(order.status), order_id=order.order_id, sent=sent_of(order)))


def judge_result(result: ExecutionResult) -> None:
    """Raise CommandFailed where an operation was not a success."""
    if result.success:
        return
    doubtful = result.action_taken is ActionTaken.UNKNOWN
    order_id = result.order_ids[0] if result.order_ids else None
    error = result.error_message or str(result.action_taken)
    code = str(result.action_taken)
    if doubtful:
        raise CommandFailed(Failure(error=error, code=code, status=IN_DOUBT, order_id=order_id, sent="unknown"))
    sent = any(sent_of(order) is not False for order in result.orders)
    raise CommandFailed(Failure(error=error, code=code, order_id=order_id, sent=sent))
