"""Alpaca's paper Trading API and Market Data API on this machine, in front of the paper broker of v6.

``desk`` keeps orders as Alpaca keeps them and knows nothing of HTTP; ``wire`` is the JSON; ``server`` speaks it.
``testing`` is what the tests of an Alpaca client start.
"""
