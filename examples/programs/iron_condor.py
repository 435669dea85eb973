"""An iron condor: opened as one order, its tested side rolled to a later expiration, and all of it closed."""

from datetime import date, timedelta

from v6core import ExecutionResult, OptionRight, Stock, Strategy, connect, iron_condor
from v6core.quotes import OptionChain, Quote

SPY = Stock("SPY")


def condor_around(quote: Quote, chain: OptionChain, day: date) -> Strategy:
    """Return a condor about a month out, its short strikes some 3 % away from the price, its wings 10 wide."""
    expiration = chain.nearest(day + timedelta(days=30))
    if quote.mid is None or expiration is None:
        raise SystemExit("there is no price, or nothing is listed")
    below = [strike for strike in expiration.strikes if strike <= quote.mid * 97 / 100]
    above = [strike for strike in expiration.strikes if strike >= quote.mid * 103 / 100]
    return iron_condor("SPY", expiration.expiration, below[-11], below[-1], above[0], above[10])


def tell(result: ExecutionResult) -> Strategy:
    """Print what an operation came to and return what is held afterwards."""
    prices = ", ".join(f"{order.avg_fill_price:+}" for order in result.orders if order.avg_fill_price is not None)
    print(result.action_taken, "for", prices or result.error_message)
    if result.strategy is None:
        raise SystemExit("nothing is held")
    return result.strategy


def main() -> None:
    """Open, roll and close; every net price is positive where it was paid and negative where it was received."""
    with connect() as v6:
        condor = condor_around(v6.quote(SPY), v6.option_chain(SPY), v6.now().date())
        print(condor.strategy_id)
        held = tell(v6.open_position(condor, timeout=60))
        rolled = tell(v6.roll_position(held, new_dte=45, only=OptionRight.PUT, timeout=60))
        closed = v6.close_position(rolled, timeout=60)
        print(closed.action_taken, "and held:", len(v6.positions()))
        paid = sum(fill.commission or 0 for fill in v6.fills())
        print("cash:", v6.account().cash, "after", paid, "of commissions")


if __name__ == "__main__":
    main()
