"""``v6 plugin``: make a plugin's project."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from v6core.cli.invocation import Invocation, shared_options, subcommand
from v6core.cli.plugin import Project, address_of, write_project
from v6core.errors import PluginError
from v6core.plugins import installed


@click.group("plugin", no_args_is_help=False)
@shared_options
def command() -> None:
    """Make a plugin for a broker of yours."""


@subcommand("new")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="The folder in which the project's folder is made; unless said, this one.",
)
@click.option(
    "--template",
    metavar="ADDRESS",
    help="The git address of v6, or the folder of a clone, where copier update looks later.",
)
def new(invocation: Invocation, name: str, into: Path, template: str | None) -> None:
    """Make the project of a plugin that brings a broker: DIR/v6-NAME-plugin.

    NAME is the word of the configuration, as in plugin = "NAME". The project has the broker's skeleton, a venue to
    test it against, and v6's conformance suite as its tests: what is yet to be written, they name one by one. Nothing
    is asked of the network.

    v6 plugin new tradewell
    """
    project = Project(name, None if template is None else address_of(template))
    _check_free(name)
    folder = write_project(project, into)
    invocation.tell(
        {"path": str(folder.absolute()), "name": name, "distribution": project.distribution},
        [f"{folder} is made", *_ways_on(folder, name)],
    )


def _ways_on(folder: Path, name: str) -> Iterator[str]:
    """Yield how to install the project where v6core is; each is one line to copy."""
    it = shlex.quote(f"{folder if folder.is_absolute() else f'./{folder}'}[test]")
    yield "in a clone of v6:"
    yield f"    uv pip install -e {it} && uv run v6 conform {name}"
    yield "anywhere else, where CLONE is the folder of one:"
    yield f"    python3 -m venv env && env/bin/pip install -e CLONE/v6core -e {it}"
    yield f"    env/bin/v6 conform {name}"
    yield "the suite tells what is to be written; v6's docs/write-a-broker.md leads through it"


def _check_free(name: str) -> None:
    taken = next((entry for entry in installed() if entry.name == name), None)
    if taken is not None:
        raise PluginError(
            f"{taken} provides the broker {name!r}, and two plugins of one name are refused", hint="choose another name"
        )


command.add_command(new)
