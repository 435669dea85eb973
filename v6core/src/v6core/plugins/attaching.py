"""Take a plugin's hooks, after checking them against ours: pluggy alone would drop a misspelt hook in silence.

A plugin is a module or an object. Refused are hooks that v6 does not have, arguments that v6 does not give, hooks
without the ``@hookimpl`` mark, coroutines and wrappers: each would look like protection and never run.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pluggy
from pydantic import ValidationError

from v6core import hookspecs
from v6core.errors import PluginError
from v6core.identifiers import plainly

HOOKS: dict[str, tuple[str, ...]] = {
    name: tuple(inspect.signature(getattr(hookspecs, name)).parameters)
    for name in sorted(vars(hookspecs))
    if name.startswith("v6_")
}
"""Our hooks and the arguments that each is given."""


@dataclass(frozen=True, slots=True)
class Hook:
    """One plugin's implementation of one hook."""

    plugin: str
    function: Callable[..., Any]
    arguments: tuple[str, ...]

    def __call__(self, **given: Any) -> Any:
        """Call it with those of the given arguments that it asks for."""
        return self.function(*[given[name] for name in self.arguments])


class Attached:
    """The plugins of one engine, in the order in which they came, behind one plugin manager of pluggy."""

    def __init__(self) -> None:
        self._pluggy = pluggy.PluginManager("v6")
        self._pluggy.add_hookspecs(hookspecs)

    def attach(self, plugin: object, name: str, whose: str) -> None:
        """Take a plugin's hooks; PluginError tells what is wrong. ``whose`` is its distribution and version."""
        if inspect.isclass(plugin):
            raise PluginError(f"plugin {name!r} of {whose} is a class: give an object of it, {plugin.__name__}()")
        for attribute, function in _functions(plugin):
            _check(attribute, function, whose)
        try:
            self._pluggy.register(plugin, name)
        except ValueError as error:
            raise PluginError(f"plugin {name!r} of {whose} is there twice", hint="list it once") from error
        except pluggy.PluginValidationError as error:
            raise PluginError(f"plugin {name!r} of {whose} cannot be used: {told(error)}") from error
        try:
            self._pluggy.check_pending()
        except pluggy.PluginValidationError as error:
            raise PluginError(f"plugin {name!r} of {whose} cannot be used: {told(error)}") from error

    @property
    def names(self) -> set[str]:
        """The names of the plugins."""
        return {name for name, _ in self._pluggy.list_name_plugin()}

    def hooks(self, name: str) -> list[Hook]:
        """Return the implementations of a hook, in the order in which their plugins came."""
        caller: pluggy.HookCaller = getattr(self._pluggy.hook, name)
        places = [plugin for plugin, _ in self._pluggy.list_name_plugin()]
        ordered = sorted(caller.get_hookimpls(), key=lambda impl: places.index(impl.plugin_name))
        return [Hook(impl.plugin_name, impl.function, tuple(impl.argnames)) for impl in ordered]


def _functions(plugin: object) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield what is or looks like a hook: marked as one, or named like one."""
    for name in dir(plugin):
        if isinstance(inspect.getattr_static(plugin, name, None), property):
            continue  # a hook is no property, and reading one may do anything
        bound = getattr(plugin, name, None)
        if callable(bound) and (name.startswith("v6_") or hasattr(bound, "v6_impl")) and not hasattr(bound, "v6_spec"):
            yield name, bound


def _check(name: str, function: Callable[..., Any], whose: str) -> None:
    marks: dict[str, Any] | None = getattr(function, "v6_impl", None)
    hook = name if marks is None else marks["specname"] or name
    if hook not in HOOKS:
        near = difflib.get_close_matches(hook, HOOKS, 1)
        question = f"; did you mean {near[0]}?" if near else f" (there is: {', '.join(HOOKS)})"
        raise PluginError(f"{whose} implements {hook}, a hook that v6 does not have{question}")
    if marks is None:
        raise PluginError(f"{hook} of {whose} is not marked as a hook", hint="put @v6core.hookimpl above it")
    if marks["wrapper"] or marks["hookwrapper"]:
        raise PluginError(
            f"{hook} of {whose} is a wrapper: each plugin is asked by itself, so there is nothing to wrap"
        )
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(
            f"{hook} of {whose} is a coroutine: hooks are plain functions", hint="write def, not async def"
        )
    _check_arguments(hook, function, whose)


def _check_arguments(hook: str, function: Callable[..., Any], whose: str) -> None:
    given = HOOKS[hook]
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            raise PluginError(f"{hook} of {whose} takes *{name}: name the arguments, of {', '.join(given) or 'none'}")
        if parameter.default is parameter.empty and name not in given:
            raise PluginError(
                f"{hook} of {whose} asks for {name!r}, which v6core does not give; "
                f"it gives: {', '.join(given) or 'nothing'}",
                hint="the plugin was made for another v6core: update one of them",
            )


def told(error: BaseException) -> str:
    """Return what a plugin raised as one short printable line; its text is a stranger's."""
    try:
        text = "; ".join(_problems(error)) if isinstance(error, ValidationError) else str(error)
        words = " ".join(text.split())
    except Exception:  # noqa: BLE001 -- even the text of an exception is the plugin's code
        words = ""
    name = type(error).__name__
    return plainly(f"{name}: {words}" if words else name, len(name) + 202)


def _problems(error: ValidationError) -> Iterator[str]:
    """Yield what is wrong with a model; its own text repeats itself and ends with an address."""
    for row in error.errors(include_url=False):
        yield f"{'.'.join([error.title, *map(str, row['loc'])])}: {row['msg']}"
