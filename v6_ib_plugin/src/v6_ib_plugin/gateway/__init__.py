"""The TWS gateway: any program written for TWS, in any language, trades here without a TWS.

It speaks the TWS wire protocol as a server in front of a v6 broker that is simulated, and on demand it fails in the
ways in which a TWS and the network before it fail.

* ``wire`` -- frames, requests and messages
* ``server`` ``connection`` ``incoming`` ``peer`` -- one TCP connection, from the handshake to its end
* ``session`` ``clients`` -- a client that has started the API, and all of them
* ``part`` ``house`` ``dispatch`` -- what takes the requests, what all of that share, and who gets which
* ``housekeeping`` ``desk`` ``market`` -- the parts
* ``faults`` -- what goes wrong, on demand
* ``gateway`` ``configured`` ``command`` -- all of it together, made from a configuration, and ``v6 gateway``
* ``testing`` -- what the authors of programs and plugins test with
"""
