"""Write the generated part of docs/command-line.md: every command of ``v6`` with its arguments and options.

Run it after a command has changed: ``uv run python scripts/write_command_line.py``. A test compares the page with it.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from v6core.cli.catalogue import COMMANDS
from v6core.cli.program import program

TARGET = Path(__file__).resolve().parent.parent / "docs" / "command-line.md"
BEGIN = "<!-- written by scripts/write_command_line.py; change the commands, not what follows -->"
WIDTH = 120
OF_PLUGINS = ("gateway",)
"""The commands that our own plugins add; those of other plugins that happen to be installed are not ours to tell."""
_SHARED = {"config", "broker", "as_json", "help"}


def render(page: str) -> str:
    """Return the page with its generated part written anew; what stands above it stays."""
    above, mark, _ = page.partition(BEGIN)
    if not mark:
        raise SystemExit(f"{TARGET.name} has no line {BEGIN}")
    return "\n\n".join([above + BEGIN, *_sections(), ""]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    """Yield a section for each command, in the order of ``v6 --help``."""
    top = click.Context(program, info_name="v6")
    for name in (*COMMANDS, *OF_PLUGINS):
        command = program.get_command(top, name)
        assert command is not None
        context = click.Context(command, info_name=name, parent=top)
        yield _section(command, context)
        if isinstance(command, click.Group):
            for inner, member in command.commands.items():
                yield _section(member, click.Context(member, info_name=inner, parent=context))


def _section(command: click.Command, context: click.Context) -> str:
    title = (
        f"## `{context.command_path}`"
        if context.parent and not context.parent.parent
        else f"### `{context.command_path}`"
    )
    usage = " ".join([context.command_path, *_pieces(command, context)])
    blocks = [title, f"```text\n{usage}\n```", *_prose(command.help or ""), *_prose(command.epilog or "")]
    rows = [_row(option, context) for option in command.params if _is_own(option)]
    if rows:
        blocks.append("\n".join(["| option | meaning |", "| --- | --- |", *rows]))
    return "\n\n".join(blocks)


def _is_own(parameter: click.Parameter) -> bool:
    return isinstance(parameter, click.Option) and parameter.name not in _SHARED


def _pieces(command: click.Command, context: click.Context) -> Iterator[str]:
    """Yield what stands after the command's name: its arguments, then a word for its options."""
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            yield parameter.make_metavar(context)
    if any(_is_own(parameter) for parameter in command.params):
        yield "[OPTIONS]"
    if isinstance(command, click.Group):
        yield "|".join(command.commands)


def _row(parameter: click.Parameter, context: click.Context) -> str:
    record = parameter.get_help_record(context)
    assert record is not None
    option, meaning = (" ".join(text.split()).replace("|", "\\|") for text in record)
    return f"| `{option}` | {meaning} |"


def _prose(text: str) -> Iterator[str]:
    """Yield click's paragraphs; those that it leaves as they are, and command lines, become blocks of their own."""
    for paragraph in re.split(r"\n[ \t]*\n", inspect.cleandoc(text)):
        if paragraph.startswith("\b"):
            yield f"```text\n{paragraph.removeprefix(chr(8)).strip(chr(10))}\n```"
        elif paragraph.startswith("v6 "):
            yield f"```console\n{_lines(f'$ {line.strip()}' for line in paragraph.splitlines())}\n```"
        elif paragraph:
            yield textwrap.fill(" ".join(paragraph.split()), WIDTH)


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


if __name__ == "__main__":
    TARGET.write_text(render(TARGET.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"wrote {TARGET.name}")
