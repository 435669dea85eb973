"""``v6 brokers``: what is configured and installed, and what one broker does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from v6core import PLUGIN_API
from v6core.capabilities import BracketSupport, Capabilities
from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.telling import table
from v6core.config import Configuration
from v6core.plugins import identity, installed, load_broker


@subcommand("brokers")
@click.argument("name", required=False)
def command(invocation: Invocation, name: str | None) -> None:
    """List the brokers that are configured and installed; with NAME, tell what that one does.

    Without NAME no plugin is imported. NAME is one of [brokers.NAME], or a plugin's.
    """
    configuration = invocation.configuration()
    if name is not None:
        _show_one(invocation, configuration, name)
        return
    rows = [_row(configuration, broker) for broker in configuration.brokers]
    plugins = [
        {"plugin": entry.name, "distribution": entry.distribution, "version": entry.version, "needs": entry.needs}
        for entry in installed()
    ]
    invocation.tell({"brokers": rows, "installed": plugins, "api": PLUGIN_API}, _lines(rows, plugins))


def _row(configuration: Configuration, name: str) -> dict[str, Any]:
    plugin = configuration.brokers[name].plugin
    claimants = [entry for entry in installed() if entry.name == plugin]
    found = " and ".join(str(entry) for entry in claimants) or ("a file" if plugin.endswith(".py") else "not installed")
    return {"name": name, "plugin": plugin, "from": found, "chosen": name == configuration.broker}


def _lines(rows: list[dict[str, Any]], plugins: list[dict[str, Any]]) -> Iterator[str]:
    told = [(row["name"], row["plugin"], row["from"], "yes" if row["chosen"] else "") for row in rows]
    yield from table(("NAME", "PLUGIN", "FROM", "CHOSEN"), told)
    used = {row["plugin"] for row in rows}
    others = [f"{entry['plugin']} ({entry['distribution']})" for entry in plugins if entry["plugin"] not in used]
    if others:
        yield f"also installed: {', '.join(others)}"
    yield f"v6 brokers NAME tells what one of them does; this v6core has plugin contract {PLUGIN_API}"


def _show_one(invocation: Invocation, configuration: Configuration, name: str) -> None:
    plugin = configuration.brokers[name].plugin if name in configuration.brokers else name
    spec = load_broker(plugin, configuration.folder)
    document = {
        "name": name,
        "plugin": spec.name,
        "from": identity(plugin, configuration.folder),
        "api": spec.api,
        "capabilities": spec.capabilities.model_dump(mode="json"),
    }
    # A set has no order of its own, and the same question has the same answer.
    invocation.tell(_sorted(document), _told(document, spec.capabilities))


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(inner) for key, inner in value.items()}  # pyright: ignore[reportUnknownVariableType]  # JSON
    if isinstance(value, list):
        items: list[Any] = [_sorted(inner) for inner in value]  # pyright: ignore[reportUnknownVariableType]
        return sorted(items) if all(isinstance(item, str) for item in items) else items
    return value


def _told(document: Mapping[str, Any], capabilities: Capabilities) -> Iterator[str]:
    yield "{name} (plugin {plugin}, {from}, plugin contract {api})".format_map(document)
    for row in capabilities.orders:
        yield f"  {', '.join(sorted(row.kinds))}:"
        yield f"    types {', '.join(sorted(row.order_types))}"
        yield f"    times in force {', '.join(sorted(row.tifs))}"
    for field, value in capabilities:
        if field != "orders":
            yield f"  {field.replace('_', ' '):<20}{_in_words(value)}"


def _in_words(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case BracketSupport():
            exits = f"{_in_words(value.entry_types)} with exits {_in_words(value.exit_types)}"
            return (
                f"{_in_words(value.kinds)}: {exits}, {_in_words(value.tifs)}{', one for all' if value.one_tif else ''}"
            )
        case tuple():
            return "; ".join(map(_in_words, value)) or "-"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case frozenset():
            return ", ".join(sorted(map(str, value))) or "none"  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        case _:
            return str(value)
