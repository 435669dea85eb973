"""The conformance suite: what every broker must do, as cases that anyone can run against a broker of theirs.

* ``driver``   what the suite drives a broker by; the one thing that a plugin's author writes
* ``case``     the registry: each case has a stable id, what it proves, why, and what usually goes wrong
* ``needs``    capabilities, and both sides of each gate
* ``trial``    one case's world, as the case sees it
* ``watch``    the laws that hold in every case
* ``mishaps``  what the plugin raised meanwhile, and where in its own files
* ``witness``  sees it come by
* ``runner``   runs them
* ``results``  what came of it
* ``cases``    the cases themselves
* ``histories`` what the cases that search play: random histories, and their replay
* ``suite``    all of it as one class of tests
* ``finding``  drivers that are installed, or stand in a file
* ``wire``     a wire that fails when it is told to, for a broker in this process, and a driver's verbs for it
* ``account``  a driver for a real paper account
* ``undoing``  what a case did there, undone
* ``page``     the results as a page, and as a badge
"""

from __future__ import annotations

from v6core.testing.conformance import cases as _registered
from v6core.testing.conformance.case import CASES, FAMILIES, Case, case
from v6core.testing.conformance.driver import Arrival, Drive, Driver, Samples, Verb
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.finding import driver_named
from v6core.testing.conformance.page import badge_of, page_of
from v6core.testing.conformance.results import Conformance, Outcome, Result
from v6core.testing.conformance.runner import conformance, run_case
from v6core.testing.conformance.suite import BrokerConformance
from v6core.testing.conformance.trial import Trial

__all__ = [
    "CASES",
    "FAMILIES",
    "Arrival",
    "Broken",
    "BrokerConformance",
    "Case",
    "Conformance",
    "Drive",
    "Driver",
    "Outcome",
    "Result",
    "Samples",
    "Trial",
    "Verb",
    "badge_of",
    "case",
    "conformance",
    "driver_named",
    "expect",
    "expect_equal",
    "page_of",
    "run_case",
]

del _registered
