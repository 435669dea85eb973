"""What ``pytest --v6-broker NAME`` collects."""

from __future__ import annotations

import pytest

from v6core.testing.conformance.driver import Driver
from v6core.testing.conformance.finding import driver_named
from v6core.testing.conformance.suite import BrokerConformance


class TestBroker(BrokerConformance):
    """The broker that the command line names."""

    @pytest.fixture
    def driver(self, request: pytest.FixtureRequest) -> Driver:
        """Return the installed driver of that name."""
        return driver_named(str(request.config.getoption("v6_broker")))()
