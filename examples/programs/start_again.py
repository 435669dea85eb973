"""Recovery: start this program as often as you like, after whatever crash; the order is placed once.

There is nothing to recover by hand. Starting replays the journal and asks the broker, and then the engine knows what
became of every order. So a program asks first whether it has placed its order already.
"""

import os

from v6core import Order, Stock, connect

GOOG = Stock("GOOG")
JOB = "goog-of-the-week"


def main() -> None:
    """Place the order of this job unless it was placed before, and wait for its end."""
    with connect() as v6:
        known = v6.orders(strategy_id=JOB)
        print("the journal knows", len(known), "orders of", JOB)
        if known:
            order = known[0]
        else:
            price = v6.quote(GOOG).bid
            if price is None:
                raise SystemExit("nobody bids for GOOG")
            order = v6.place_order(GOOG, Order.limit("BUY", 10, price - 1, tif="GTC", strategy_id=JOB))
        print(order.order_id, order.status)
        if os.environ.get("CRASH"):
            os._exit(1)  # no farewell, as when the power fails
        order = v6.wait_for(order.order_id)
        print(order.order_id, order.status, order.filled_quantity, "at", order.avg_fill_price)


if __name__ == "__main__":
    main()
