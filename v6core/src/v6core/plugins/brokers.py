"""From the word that the configuration uses to a BrokerSpec: one plugin is imported, and it must keep its word."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import BaseModel

from v6core.broker import BrokerSpec
from v6core.capabilities import Capabilities
from v6core.errors import PluginError
from v6core.plugins.attaching import Attached
from v6core.plugins.contract import check_api, hint_of
from v6core.plugins.installed import BROKERS, find, installed
from v6core.plugins.places import package_of, told_at

AnySpec = BrokerSpec[Any]


def load_broker(plugin: str, folder: Path | None = None) -> AnySpec:
    """Return the broker that a plugin announces under a name, importing no other plugin.

    ``plugin`` is a name in the group ``v6.brokers``, or the path of a Python file that announces one broker, from
    ``folder`` if it is relative. PluginError names the plugin, its distribution and version, the cause and the way out.
    """
    if plugin.endswith(".py"):
        path = ((folder or Path.cwd()) / plugin).resolve()
        return _only(_announced(import_file(path, plugin), plugin, f"the file {plugin}"), plugin)
    if "/" in plugin or "\\" in plugin:
        raise PluginError(f"{plugin!r} is no plugin's name and no Python file", hint="a broker's file ends with .py")
    entry = find(plugin, BROKERS)
    specs = _announced(entry.load(), plugin, str(entry))
    fitting = [spec for spec in specs if spec.name == plugin]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(repr(spec.name) for spec in specs)
    what = (
        f"announces {plugin!r} {len(fitting)} times" if fitting else f"announces {names or 'no broker'}, not {plugin!r}"
    )
    raise PluginError(
        f"{entry} {what}", hint=f"its v6_brokers must return one BrokerSpec with name={plugin!r}; tell its author"
    )


def identity(plugin: str, folder: Path | None = None) -> str:
    """Return whose a plugin is: its distribution and version, or the hash of the file that it is."""
    if not plugin.endswith(".py"):
        return str(find(plugin, BROKERS))
    content = ((folder or Path.cwd()) / plugin).read_bytes()
    return f"the file {plugin} {hashlib.sha256(content).hexdigest()[:16]}"


def settings_models() -> dict[str, type[BaseModel]]:
    """Return the settings models of all installed brokers, by the plugin's name; all of their plugins are imported.

    A plugin that cannot be imported is left out: what is asked for is what can be written into a file.
    """
    models: dict[str, type[BaseModel]] = {}
    for name in dict.fromkeys(entry.name for entry in installed(BROKERS)):
        try:
            models[name] = load_broker(name).settings
        except PluginError:
            continue
    return models


def _only(specs: list[AnySpec], plugin: str) -> AnySpec:
    if len(specs) != 1:
        names = ", ".join(repr(spec.name) for spec in specs) or "none"
        raise PluginError(f"the file {plugin} must announce one broker, not {len(specs)}: {names}")
    return specs[0]


def _announced(module: object, name: str, whose: str) -> list[AnySpec]:
    attached = Attached()
    attached.attach(module, name, whose)
    hooks = attached.hooks("v6_brokers")
    if not hooks:
        raise PluginError(f"{whose} announces no broker: it has no hook v6_brokers", hint="mark it with @hookimpl")
    try:
        announced = hooks[0]()
        specs: list[Any] = [announced] if _is_a(BrokerSpec, announced) else list(announced or ())
    except Exception as error:
        told = told_at(error, package_of(module))
        raise PluginError(f"v6_brokers of {whose} failed: {told}", hint=hint_of(error)) from error
    return [_checked(spec, whose) for spec in specs]


def _checked(spec: Any, whose: str) -> AnySpec:
    if not _is_a(BrokerSpec, spec):
        raise PluginError(f"v6_brokers of {whose} returned {_named(spec)}, not a BrokerSpec")
    check_api(spec.api, spec.name, whose)
    wrong = {
        "name": not (_is_a(str, spec.name) and spec.name),
        "settings": not _is_model(spec.settings),
        "capabilities": not _is_a(Capabilities, spec.capabilities),
        "create": not callable(spec.create),
        "order_options": spec.order_options is not None and not _is_model(spec.order_options),
        "event_loop": not callable(spec.event_loop),
    }
    for name, is_wrong in wrong.items():
        if is_wrong:
            raise PluginError(f"broker {spec.name!r} of {whose} has an unfit {name}: {_named(getattr(spec, name))}")
    checked: AnySpec = spec
    return checked


def _is_a(kind: type, value: object) -> bool:
    return isinstance(value, kind)


def _is_model(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, BaseModel)


def _named(value: object) -> str:
    return f"the class {value.__name__}" if inspect.isclass(value) else f"{type(value).__name__} {str(value)[:40]!r}"


def import_file(path: Path, plugin: str) -> ModuleType:
    """Import a file under a name made of its path and content: two files called alike do not meet, one is run once."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise PluginError(
            f"there is no file {plugin} ({path})", hint="a relative path starts at the configuration's folder"
        ) from None
    except OSError as error:
        raise PluginError(f"the file {plugin} ({path}) cannot be read: {error.strerror}") from error
    name = f"v6_broker_file_{hashlib.sha256(str(path).encode() + content).hexdigest()[:12]}"
    return sys.modules.get(name) or _run_file(path, plugin, name)


def _run_file(path: Path, plugin: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # pydantic looks a model's annotations up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise PluginError(
            f"the file {plugin} cannot be imported: {told_at(error, name)}", hint=hint_of(error)
        ) from error
    return module
