"""What a broker's word, or its silence, proves of the orders that v6 knows. Pure: nothing here asks anybody anything.

* ``difference``  our state against a complete snapshot: evidence, what is missing, what is not ours
* ``absence``     when silence proves that an order never arrived, or that a change was never made
* ``expiry``      until when an order of a day can work
* ``resending``   when the same order may go out again
"""

from __future__ import annotations

from v6core.reconciliation.absence import Asked, Look, Patience, absent, unchanged
from v6core.reconciliation.difference import Reconciliation, is_ours, reconcile, reports_in
from v6core.reconciliation.expiry import day_is_over
from v6core.reconciliation.resending import may_resend

__all__ = [
    "Asked",
    "Look",
    "Patience",
    "Reconciliation",
    "absent",
    "day_is_over",
    "is_ours",
    "may_resend",
    "reconcile",
    "reports_in",
    "unchanged",
]
