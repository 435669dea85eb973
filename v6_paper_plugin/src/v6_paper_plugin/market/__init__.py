"""Where the paper exchange's quotes come from: a synthetic day, a recorded one, or prices that a program gives.

``tape`` says what the exchange needs of a market; ``synthetic``, ``replay`` and ``given`` are the markets.
"""

from v6_paper_plugin.market.tape import Market, Tape, Tick

__all__ = ["Market", "Tape", "Tick"]
