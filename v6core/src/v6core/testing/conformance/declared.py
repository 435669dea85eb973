"""What follows from what a broker declares of references and lists."""

from __future__ import annotations

from v6core.capabilities import Capabilities, HistoryReach, SubmitIdentity


def repeats_references(declared: Capabilities) -> bool:
    """Tell whether the broker says again under which reference an order was sent."""
    return declared.submit_identity is not SubmitIdentity.NONE


def refuses_a_second(declared: Capabilities) -> bool:
    """Tell whether the broker refuses an order under a reference that it has just seen."""
    return declared.submit_identity in {SubmitIdentity.ENFORCED, SubmitIdentity.WINDOW}


def proves_absence(declared: Capabilities) -> bool:
    """Tell whether an order that the broker neither finds nor lists is known not to have arrived."""
    reaches = {declared.fills_reach, declared.completed_reach}
    return repeats_references(declared) and HistoryReach.NONE not in reaches
