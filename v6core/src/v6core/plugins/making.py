"""From a BrokerSpec to its broker: whatever goes wrong in the plugin's code is the plugin's, and told with its line."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from v6core.broker import Broker, BrokerContext, BrokerSpec
from v6core.capabilities import Capabilities
from v6core.errors import PluginError, V6Error
from v6core.plugins.contract import hint_of
from v6core.plugins.methods import misshapen
from v6core.plugins.places import package_of, told_at


def broker_of(spec: BrokerSpec[Any], settings: BaseModel, context: BrokerContext) -> Broker:
    """Return the broker that a specification makes of its settings; PluginError where it makes none."""
    try:
        made: Any = spec.create(settings, context)
    except V6Error:
        raise
    except Exception as error:
        raise _failure(spec, context, "cannot be made", error) from error
    if not isinstance(made, Broker):
        raise PluginError(f"plugin {spec.name!r} made {type(made).__name__} where a Broker belongs; tell its author")
    try:
        told: Any = made.capabilities
    except Exception as error:
        raise _failure(spec, context, "cannot tell its capabilities", error, made) from error
    if not isinstance(told, Capabilities):
        raise PluginError(
            f"broker {context.name!r} of plugin {spec.name!r} has unfit capabilities: {type(told).__name__}"
        )
    wrong = misshapen(made)
    if wrong:
        raise PluginError(f"broker {context.name!r} of plugin {spec.name!r} cannot be used: {'; '.join(wrong)}")
    return made


def _failure(
    spec: BrokerSpec[Any], context: BrokerContext, what: str, error: Exception, made: Broker | None = None
) -> PluginError:
    packages = [package_of(part) for part in (spec.create, spec.settings, type(made))]
    hint = _unbegun(error) or hint_of(error)
    return PluginError(
        f"broker {context.name!r} of plugin {spec.name!r} {what}: {told_at(error, *packages)}", hint=hint
    )


def _unbegun(error: Exception) -> str | None:
    """Return what to do about a broker that was not begun as one, else None."""
    if not (isinstance(error, AttributeError) and isinstance(error.obj, Broker)):
        return None
    if error.name not in {"_capabilities", "_context"}:
        return None
    return f"the first line of {type(error.obj).__name__}.__init__ is super().__init__(capabilities, context)"
