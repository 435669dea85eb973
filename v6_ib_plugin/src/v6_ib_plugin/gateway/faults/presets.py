"""Faults that a TWS is known for, by their names; ``Faults.add`` arms each."""

from __future__ import annotations

from v6_ib_plugin.gateway.faults.effects import Delay, Duplicate, Refuse, Rewrite, ServerVersion, Silence
from v6_ib_plugin.gateway.faults.fault import Fault
from v6_ib_plugin.gateway.faults.when import When

_READ_ONLY = "Error validating request.-'b8' : cause - The API interface is currently in Read-Only mode."
_ORDERS = ("PlaceOrder", "CancelOrder", "ReqGlobalCancel", "ReqOpenOrders", "ReqCompletedOrders")


def login_unfinished() -> Fault:
    """Return the fault of a TWS into which nobody has logged in yet: it never tells an order id."""
    return Fault(when=When.message("NextValidId"), what=Silence(), times=None)


def accounts(names: str = "") -> Fault:
    """Return the fault of a TWS that has other accounts, by their names with commas between, or none."""
    return Fault(when=When.message("ManagedAccounts"), what=Rewrite(fields={"accounts": names}), times=None)


def read_only() -> tuple[Fault, ...]:
    """Return the faults of a TWS whose API was made read-only while programs are connected."""
    refuse = Refuse(code=321, text=_READ_ONLY)
    return tuple(Fault(when=When.request(kind), what=refuse, times=None) for kind in _ORDERS)


def old_server(version: int = 150) -> Fault:
    """Return the fault of a TWS that is too old for its clients."""
    return Fault(when=When.connection(), what=ServerVersion(version=version), times=None)


def late_commissions(seconds: float) -> Fault:
    """Return the fault of a TWS that tells what executions cost so much later than the executions."""
    return Fault(when=When.message("CommissionReport"), what=Delay(seconds=seconds), times=None)


def doubled_statuses() -> Fault:
    """Return the fault of a TWS that tells each orderStatus twice, as it does on most days."""
    return Fault(when=When.message("OrderStatus"), what=Duplicate(), times=None)
