"""What v6 adds to pytest: ``pytest --v6-broker NAME`` runs the conformance suite against an installed broker.

pytest imports this wherever v6core is installed, so nothing else is imported before the option is given.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_OPTION = "--v6-broker"
_SUITE = Path(__file__).parent / "testing" / "conformance" / "installed_suite.py"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option."""
    parser.getgroup("v6").addoption(
        _OPTION,
        metavar="NAME",
        help="run v6's conformance suite against the broker whose driver has this name, or stands in this .py file",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Collect the suite in place of the tests of the folder; a usage error where the driver cannot be used."""
    name: str | None = config.getoption("v6_broker")
    if name is None:
        return
    import pytest  # noqa: PLC0415 -- it is there, and v6core does not ask for it

    from v6core.errors import V6Error  # noqa: PLC0415 -- nothing is imported before the option is given
    from v6core.testing.conformance.finding import driver_named, sound  # noqa: PLC0415 -- likewise

    if config.args_source is pytest.Config.ArgsSource.ARGS:
        raise pytest.UsageError(f"{_OPTION} runs the suite and no other tests: leave out {' '.join(config.args)}")
    try:
        sound(driver_named(name))
    except V6Error as error:
        raise pytest.UsageError(f"{_OPTION} {name}: {error}{f' ({error.hint})' if error.hint else ''}") from error
    config.args[:] = [str(_SUITE)]
