"""Orders as Alpaca keeps them: its ids, classes and statuses, replacement by a new order, exits that wait.

Nothing here knows HTTP. ``desk`` takes requests, ``hearing`` what the broker behind it reports.
"""

from fake_alpaca.desk.desk import Desk

__all__ = ["Desk"]
