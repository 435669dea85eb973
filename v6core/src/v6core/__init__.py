"""v6: write the order logic once, swap the broker by one line of configuration.

Names are imported when they are first used, so that ``v6 --help`` and a plugin's metadata cost nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from v6core.blocking import connect
    from v6core.broker import Broker, BrokerSpec
    from v6core.capabilities import Capabilities
    from v6core.contracts import (
        Combo,
        ComboLeg,
        Crypto,
        Forex,
        Future,
        FutureOption,
        Index,
        Option,
        OptionRight,
        OrderAction,
        Stock,
        parse_contract,
    )
    from v6core.engine import OrderExecutionEngine
    from v6core.fills import ActionTaken, ExecutionResult, Fill
    from v6core.hookspecs import hookimpl, hookspec
    from v6core.orders import BracketOrder, Order, OrderStatus, OrderType, TimeInForce
    from v6core.positions import Position
    from v6core.strategies import (
        LegAction,
        LegSpec,
        Strategy,
        StrategyType,
        butterfly,
        calendar_spread,
        cash_secured_put,
        covered_call,
        diagonal_spread,
        iron_butterfly,
        iron_condor,
        straddle,
        strangle,
        vertical_spread,
    )

__version__ = "0.1.0"
PLUGIN_API = "1.0"
"""The plugin contract: a minor only adds, a major may take away. See ``docs/decisions/plugin-contract.md``."""

_HOMES = {
    "blocking": ("connect",),
    "broker": ("Broker", "BrokerSpec"),
    "capabilities": ("Capabilities",),
    "contracts": (
        "Combo",
        "ComboLeg",
        "Crypto",
        "Forex",
        "Future",
        "FutureOption",
        "Index",
        "Option",
        "OptionRight",
        "OrderAction",
        "Stock",
        "parse_contract",
    ),
    "engine": ("OrderExecutionEngine",),
    "fills": ("ActionTaken", "ExecutionResult", "Fill"),
    "hookspecs": ("hookimpl", "hookspec"),
    "orders": ("BracketOrder", "Order", "OrderStatus", "OrderType", "TimeInForce"),
    "positions": ("Position",),
    "strategies": (
        "LegAction",
        "LegSpec",
        "Strategy",
        "StrategyType",
        "butterfly",
        "calendar_spread",
        "cash_secured_put",
        "covered_call",
        "diagonal_spread",
        "iron_butterfly",
        "iron_condor",
        "straddle",
        "strangle",
        "vertical_spread",
    ),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "PLUGIN_API",
    "ActionTaken",
    "BracketOrder",
    "Broker",
    "BrokerSpec",
    "Capabilities",
    "Combo",
    "ComboLeg",
    "Crypto",
    "ExecutionResult",
    "Fill",
    "Forex",
    "Future",
    "FutureOption",
    "Index",
    "LegAction",
    "LegSpec",
    "Option",
    "OptionRight",
    "Order",
    "OrderAction",
    "OrderExecutionEngine",
    "OrderStatus",
    "OrderType",
    "Position",
    "Stock",
    "Strategy",
    "StrategyType",
    "TimeInForce",
    "butterfly",
    "calendar_spread",
    "cash_secured_put",
    "connect",
    "covered_call",
    "diagonal_spread",
    "hookimpl",
    "hookspec",
    "iron_butterfly",
    "iron_condor",
    "parse_contract",
    "straddle",
    "strangle",
    "vertical_spread",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'v6core' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"v6core.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
