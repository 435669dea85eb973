"""``v6 conform``: what a broker does, proved case by case."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from v6core.cli.failures import CommandFailed, Failure
from v6core.cli.invocation import Invocation, subcommand
from v6core.errors import V6Error

if TYPE_CHECKING:
    from v6core.testing.conformance import Case
    from v6core.testing.conformance.runner import MakeDriver

_TESTING = "pip install 'v6core[testing]'"


@subcommand("conform")
@click.argument("name", required=False)
@click.option("--case", "ids", multiple=True, metavar="ID", help="Only this case, or this family of cases; repeatable.")
@click.option("--known", multiple=True, metavar="ID=REASON", help="A case that is to fail, and why; repeatable.")
@click.option("--html", "page", type=click.Path(path_type=Path), help="Write all of it to a page.")
@click.option("--badge", type=click.Path(path_type=Path), help="Write the result to a picture in SVG.")
@click.option(
    "--replay", "script", type=click.Path(path_type=Path), help="Play the history in a file, and nothing else."
)
@click.option("--account", is_flag=True, help="Run on the paper account of a configured broker, with tiny orders.")
def command(
    invocation: Invocation,
    /,
    name: str | None,
    *,
    ids: tuple[str, ...],
    known: tuple[str, ...],
    page: Path | None,
    badge: Path | None,
    script: Path | None,
    account: bool,
) -> None:
    """Prove what a broker does, case by case.

    NAME is a driver that a plugin installs, a file with one, or with --account a configured broker. Without NAME the
    installed drivers are listed.
    """
    try:
        from v6core.cli.proving import Course  # noqa: PLC0415 -- it needs an extra, and that is nobody else's business
        from v6core.testing import conformance  # noqa: PLC0415 -- likewise
    except ModuleNotFoundError as error:
        if str(error.name).startswith("v6core"):
            raise
        raise V6Error(f"the conformance suite needs {error.name}", hint=_TESTING) from error
    given = {"--case": ids, "--known": known, "--html": page, "--badge": badge, "--account": account}
    if name is None:
        _refuse_beside("without NAME the drivers are listed", {**given, "--replay": script})
        _list(invocation)
        return
    if script is not None:
        _refuse_beside("--replay plays one history at a driver", given)
        _replay(invocation, script, conformance.driver_named(name))
        return
    chosen, reasons = _chosen(ids), _known(known)
    files = {path: text for path, text in ((page, conformance.page_of), (badge, conformance.badge_of)) if path}
    for path in files:
        _check_place(path)
    course = Course.at_account(invocation, name) if account else Course(invocation, conformance.driver_named(name))
    course.run(chosen, reasons, files)


def _refuse_beside(what: str, given: Mapping[str, object]) -> None:
    options = [option for option, value in given.items() if value]
    if options:
        raise click.UsageError(f"{what}: {' and '.join(options)} would have no effect")


def _check_place(path: Path) -> None:
    """Refuse, before cases run for a minute, a file that could not be written after them."""
    if path.is_dir():
        raise click.UsageError(f"{path} is a folder: name a file in it")
    if not path.absolute().parent.is_dir():
        raise click.UsageError(f"{path} cannot be written: there is no folder {path.parent}")


def _replay(invocation: Invocation, script: Path, make: MakeDriver) -> None:
    from v6core.cli.proving import quiet  # noqa: PLC0415 -- likewise
    from v6core.testing.conformance.finding import sound  # noqa: PLC0415 -- likewise
    from v6core.testing.conformance.histories import replay  # noqa: PLC0415 -- likewise

    name = sound(make).name
    with quiet():
        broken = replay(script, make)
    if broken is not None:
        raise CommandFailed(Failure(error=f"{name} does not hold in {script}: {broken}", code="NOT_CONFORMANT"))
    invocation.tell({"broker": name, "holds": True}, [f"{name}: every law holds in {script}"])


def _list(invocation: Invocation) -> None:
    from v6core.testing.conformance.finding import driver_names  # noqa: PLC0415 -- likewise

    names = driver_names()
    invocation.tell({"drivers": list(names)}, [f"installed drivers: {', '.join(names) or 'none'}"])


def _chosen(ids: Sequence[str]) -> list[Case]:
    from v6core.testing.conformance import CASES, FAMILIES  # noqa: PLC0415 -- likewise

    asked = {one.upper() for one in ids}
    families = {case.family for case in CASES.values()}
    for unknown in sorted(asked - CASES.keys() - families):
        near = difflib.get_close_matches(unknown, CASES, 1)
        question = f"; did you mean {near[0]}?" if near else ""
        listed = ", ".join(family for family in FAMILIES if family in families)
        raise click.UsageError(f"there is no case {unknown}{question} (families: {listed})")
    return [case for case in CASES.values() if not asked or {case.id, case.family} & asked]


def _known(texts: Sequence[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for text in texts:
        case_id, _, reason = (part.strip() for part in text.partition("="))
        if not reason:
            raise click.UsageError(f"--known {text}: say ID=REASON")
        if case_id.upper() in known:
            raise click.UsageError(f"--known {case_id} is given twice, and one case has one reason")
        known[case_id.upper()] = reason
    return known
