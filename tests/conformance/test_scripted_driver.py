"""The suite on a broker that declares little: a scripted one in front of a small market."""

from __future__ import annotations

import pytest

from v6core.testing.conformance import BrokerConformance, Driver
from v6core.testing.scripted.driver import ScriptedDriver

_NO_PLUGIN = "a scripted broker is an object of its test: no configuration names it"
_ONCE = "its stream gives what the test has set so far, each quote once, and ends"


class TestScripted(BrokerConformance):
    known_failures = {"CON-03": _NO_PLUGIN, "CON-04": _NO_PLUGIN, "CON-16": _ONCE}  # noqa: RUF012 -- read only

    @pytest.fixture
    def driver(self) -> Driver:
        return ScriptedDriver()
