"""From a word to a driver: what installed distributions announce in a group of entry points, or a file.

An entry of the group ``v6.conformance`` points at a class of drivers; its name is what ``v6 conform`` is given. A file
that ends in ``.py`` holds one.
"""

from __future__ import annotations

import difflib
import inspect
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from v6core.broker import BrokerSpec
from v6core.errors import PluginError, V6Error
from v6core.plugins import import_file
from v6core.plugins.contract import check_api
from v6core.plugins.installed import Installed, find, installed
from v6core.testing.conformance.driver import Drive, Driver
from v6core.testing.conformance.runner import MakeDriver

DRIVERS = "v6.conformance"
"""The group of drivers."""


class UnknownDriver(PluginError):
    """Nobody provides a driver of that name."""


def driver_named(name: str) -> MakeDriver:
    """Return the class of drivers of a name, or in a file; PluginError where there is none that is whole."""
    if name.endswith(".py"):
        _check_file(name)
        return _only(_drivers_in(import_file(Path(name).expanduser().absolute(), name)), name)
    if Path(name).name != name:
        raise PluginError(f"{name!r} is no driver's name and no Python file", hint="a driver's file ends with .py")
    entry = _entry(name)
    return _checked(entry.load(), f"{name!r} of {entry}")


def origin_of(name: str) -> str:
    """Return where the driver of a name comes from: its distribution and version, or the file."""
    return f"the file {name}" if name.endswith(".py") else str(_entry(name))


def _entry(name: str) -> Installed:
    if name not in driver_names():
        installed_ones = ", ".join(driver_names()) or "none"
        near = difflib.get_close_matches(name, driver_names(), 1)
        raise UnknownDriver(
            f"no plugin provides {name!r} as a driver of its broker (installed: {installed_ones})"
            f"{f'; did you mean {near[0]!r}?' if near else ''}",
            hint="v6 conform lists the drivers; one of your own in a file is named by its path, as in ./my_driver.py",
        )
    return find(name, DRIVERS)


def driver_names() -> tuple[str, ...]:
    """Return the names of all drivers that are installed; nothing is imported."""
    return tuple(sorted({entry.name for entry in installed(DRIVERS)}))


def sound(make: MakeDriver) -> Driver:
    """Return a driver that says what the suite asks before its first case; PluginError where that cannot be used.

    It would fail every case alike, and none of them for what it is about.
    """
    try:
        driver = make()
        name, can = driver.name, frozenset(driver.can)
        spec = cast(object, driver.spec)  # a stranger's word
    except V6Error:
        raise
    except Exception as error:
        raise PluginError(f"the driver {_called(make)} cannot be used: {type(error).__name__}: {error}") from error
    if not isinstance(spec, BrokerSpec):
        raise PluginError(f"the driver {_called(make)} has no BrokerSpec as its spec, but {spec!r}")
    check_api(spec.api, spec.name, f"the driver {name}")
    for strange in sorted(can - frozenset(Drive)):
        known = ", ".join(Drive)
        raise PluginError(f"the driver {name} says that it can do {strange}", hint=f"what there is: {known}")
    return driver


def _called(make: MakeDriver) -> str:
    return getattr(make, "__qualname__", repr(make))


def _check_file(name: str) -> None:
    if not Path(name).expanduser().exists():
        raise PluginError(f"there is no file {name}", hint="a relative path starts at the working folder")


def _drivers_in(module: ModuleType) -> list[type[Driver]]:
    return [one for one in _classes(module) if issubclass(one, Driver) and one.__module__ == module.__name__]


def _classes(module: ModuleType) -> list[type[object]]:
    return [one for _, one in inspect.getmembers(module, inspect.isclass)]


def _only(drivers: list[type[Driver]], name: str) -> MakeDriver:
    whole = [driver for driver in drivers if not inspect.isabstract(driver)]
    if len(whole) == 1:
        return whole[0]
    if whole:
        names = " and ".join(driver.__name__ for driver in whole)
        raise PluginError(f"the file {name} holds {names}, and one driver is to run", hint="keep one in each file")
    if drivers:
        return _checked(drivers[0], f"{drivers[0].__name__} in {name}")
    raise PluginError(
        f"the file {name} holds no driver",
        hint="beside the broker write a class derived from v6core.testing.Driver: the market that it is tried in",
    )


def _checked(value: Any, what: str) -> MakeDriver:
    if not (inspect.isclass(value) and issubclass(value, Driver)):
        raise PluginError(f"the driver {what} is no class derived from v6core.testing.Driver, but {value!r}")
    if inspect.isabstract(value):
        missing = ", ".join(sorted(value.__abstractmethods__))
        raise PluginError(f"the driver {what} leaves out {missing}", hint="write them")
    return value
