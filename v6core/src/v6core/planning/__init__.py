"""Pure planning of the orders that open, close or roll a position. Nothing here sends, asks or waits.

* ``refusals`` -- why there is no plan
* ``changes`` -- signed quantities by contract, and the one order that brings them about
* ``prices`` -- net prices at the far side of quotes, and how a limit is kept over several orders
* ``exposure`` -- how much of the short options, by right, no long covers
* ``room`` -- how much of what is held an order may close beside what works against it
* ``closing`` -- closing what is held, whole or leg by leg, never uncovering a short
* ``targets`` -- what each leg of a roll becomes, among what is listed
* ``splitting`` -- the fewest orders for a roll past the leg limit, never uncovering a short
* ``rolling`` -- the plan of a roll
* ``keeping`` -- what a bracket or group that v6 keeps itself wants next
* ``afterwards`` -- the strategy that is left once orders have filled
"""

from v6core.planning.afterwards import strategy_after
from v6core.planning.changes import Placement, combo_order, netted, opposite, smaller
from v6core.planning.closing import ClosePlan, CloseStep, next_steps, plan_close
from v6core.planning.prices import far_side
from v6core.planning.refusals import PlanningCode, PlanningError
from v6core.planning.rolling import RollPlan, RollStep, plan_roll

__all__ = [
    "ClosePlan",
    "CloseStep",
    "Placement",
    "PlanningCode",
    "PlanningError",
    "RollPlan",
    "RollStep",
    "combo_order",
    "far_side",
    "netted",
    "next_steps",
    "opposite",
    "plan_close",
    "plan_roll",
    "smaller",
    "strategy_after",
]
