"""A bracket: ten shares are bought, and sold by whichever of two exits is reached first; the other one is cancelled."""

from v6core import BracketOrder, Order, Stock, connect

SPY = Stock("SPY")


def main() -> None:
    """Place the bracket, wait for its end and print what became of it."""
    with connect() as v6:
        price = v6.quote(SPY).ask
        if price is None:
            raise SystemExit("nobody offers SPY")
        bracket = BracketOrder(
            Order.limit("BUY", 10, price),
            take_profit=Order.limit("SELL", 10, price + 1),
            stop_loss=Order.stop("SELL", 10, price - 1),
        )
        placed = v6.place_bracket_order(bracket, SPY)
        print(placed.action_taken, "at", v6.now())
        for order_id in placed.order_ids:
            order = v6.wait_for(order_id)
            print(order.action, order.order_type, order.status, order.avg_fill_price or "")
        print("held:", [position.quantity for position in v6.positions()], "cash:", v6.account().cash)


if __name__ == "__main__":
    main()
