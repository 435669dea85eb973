"""Streaming quotes: shares are bought once the price has fallen by a quarter of a percent from the day's high."""

from decimal import Decimal

from v6core import Order, OrderExecutionEngine, Stock
from v6core.clock import run_simulated
from v6core.quotes import Quote

QQQ = Stock("QQQ")
DIP = Decimal("0.0025")


async def first_dip(engine: OrderExecutionEngine) -> Quote:
    """Return the first quote that is so far below the highest that was seen."""
    high = Decimal(0)
    async for quote in engine.quotes([QQQ]):
        if quote.mid is None:
            continue
        high = max(high, quote.mid)
        if quote.mid <= high * (1 - DIP):
            return quote
    raise SystemExit("the quotes ended")


async def main() -> None:
    """Wait for the dip, buy at what is asked then, and print the order."""
    async with await OrderExecutionEngine.from_config() as engine:
        quote = await first_dip(engine)
        print("a dip at", quote.time, "to", quote.mid)
        order = await engine.place_order(QQQ, Order.market("BUY", 10))
        order = await engine.wait_for(order.order_id, timeout=60)
        print(order.status, order.filled_quantity, "at", order.avg_fill_price)


if __name__ == "__main__":
    run_simulated(main())  # with a broker whose time is real: asyncio.run(main())
