"""``v6 config``: the configuration with where each value came from, and its schema."""

from __future__ import annotations

import json

import click

from v6core.cli.invocation import Invocation, shared_options, subcommand
from v6core.config import json_schema
from v6core.plugins.brokers import settings_models


@click.group("config", no_args_is_help=False)
@shared_options
def command() -> None:
    """Show the configuration and its schema."""


@subcommand("show")
def show(invocation: Invocation) -> None:
    """Show every setting and where it came from; of secrets, the references alone."""
    configuration = invocation.configuration()
    settings = list(configuration.show())
    document = {
        "path": None if configuration.path is None else str(configuration.path),
        "broker": configuration.broker,
        "settings": [
            {
                "key": setting.key,
                "value": setting.value,
                "source": str(setting.origin.source),
                "name": setting.origin.name,
                "line": setting.origin.line,
            }
            for setting in settings
        ],
    }
    told = [(f"{setting.key} = {json.dumps(setting.value)}", str(setting.origin)) for setting in settings]
    where = configuration.path or "no file: the paper broker, and what is usual"
    invocation.tell(document, [f"# {where}", *(f"{text:<52}  # {origin}" for text, origin in told)])


@subcommand("schema")
def schema(invocation: Invocation) -> None:
    """Print the JSON schema of v6.toml; an editor completes and checks by it."""
    document = json_schema(settings_models())
    invocation.tell(document, [json.dumps(document, indent=2)])


command.add_command(show)
command.add_command(schema)
