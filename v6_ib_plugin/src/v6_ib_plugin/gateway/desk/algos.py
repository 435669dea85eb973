"""IB's algos, as far as they can be judged: an algo paces an order within its terms, so that the terms are kept here.

Names are those of the TWS API, parameters those of its documentation.
"""

from __future__ import annotations

from v6_ib_plugin.gateway.desk.refusals import unknown_algo, wrong_algo
from v6_ib_plugin.terms import IbOrder

_ALGOS = frozenset(
    {
        "Adaptive", "ArrivalPx", "DarkIce", "PctVol", "Twap", "Vwap", "ClosePx", "MinImpact", "BalanceImpactRisk", "AD",
        "PctVolPx", "PctVolSz", "PctVolTm", "CSFB", "JefferiesAlgos",
    }
)  # fmt: skip
_PRIORITIES = frozenset({"Urgent", "Normal", "Patient"})


def judge_algo(order: IbOrder) -> None:
    """Raise OrderRefused for an algo that there is not, or with parameters that it does not take."""
    if not order.algo_strategy:
        return
    if order.algo_strategy not in _ALGOS:
        raise unknown_algo(order.algo_strategy)
    if order.algo_strategy != "Adaptive":
        return
    given = {param.tag: param.value for param in order.algo_params}
    if set(given) - {"adaptivePriority"} or given.get("adaptivePriority", "Normal") not in _PRIORITIES:
        raise wrong_algo("Adaptive takes adaptivePriority: Urgent, Normal or Patient")
