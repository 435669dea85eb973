"""What can be asked of Interactive Brokers without changing anything.

* ``desk``         all of it, from one connection to the next
* ``instruments``  contracts looked up and remembered; ``matching`` picks the one that was meant
* ``rules``        the steps of prices; ``hours`` when a contract trades
* ``chains``       the options on an underlying
* ``quotes``       quotes and streams of them
* ``bars``         historical bars
* ``accounts``     money, profit and loss
* ``previews``     what an order would cost
* ``refused``      what TWS answers instead
* ``asking``       each question once, and so many answers remembered
"""
