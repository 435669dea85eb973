"""v6's words to Alpaca's and back; pure.

* ``words`` -- types, times in force, sides, standings
* ``contracts`` -- symbols and listings
* ``orders`` -- an order as a request, and what an answer shows of its terms
* ``reports`` -- what Alpaca says of orders and executions, as reports
* ``accounts`` -- positions and money
* ``quotes`` -- bids, offers, and the net of a combo's legs
"""
