"""The story that ``v6 demo`` runs: a bracket, an iron condor, a roll, everything closed, and the books checked.

* ``stage``       where it plays: the configured broker, or a paper broker of its own in a temporary folder
* ``telling``     what is told while it plays, and how it is printed
* ``market``      quotes that can be traded on, waited for in market time
* ``brackets``    the bracket's prices and times in force, as the broker takes them
* ``choices``     strikes and expirations, from what is listed and quoted
* ``charges``     fills with what they cost, once the broker has told
* ``seeing``      an order or an operation seen through to its end: re-priced, else closed at the market
* ``story``       the steps
* ``invariants``  what must hold afterwards, each a check over the journal and the broker's word
* ``report``      all of it, as a document and in lines
"""
