"""What TWS answers beside orders: contracts and their numbers, market data and bars, positions, account and profit.

* ``instruments`` -- contracts as TWS names them; ``conids`` ``local_symbols`` ``descriptions`` ``venues``
* ``contract_questions`` -- details, option parameters, rules of increments; ``details`` ``rules`` ``hours``
* ``market_data`` -- snapshots and streams; ``feeds`` ``ticks`` ``computations`` ``black_scholes``
* ``history`` -- bars; ``bars`` ``past``
* ``holdings`` ``account_values`` ``profit`` -- what the account has; ``ledger`` ``statements``
* ``absent`` -- what a simulated market does not have
* ``market`` -- all of it as a part of the gateway; ``subscriptions`` ``refusals``
"""
