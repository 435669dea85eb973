"""``v6 conform``: what a broker does, proved case by case."""

from __future__ import annotations

import difflib
import shlex
from collections.abc import Collection, Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from v6core.cli.failures import CommandFailed, Failure
from v6core.cli.invocation import Invocation, subcommand
from v6core.errors import PluginError, V6Error

if TYPE_CHECKING:
    from v6core.testing.conformance import Case

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
        _replay(invocation, script, name)
        return
    chosen, reasons = _chosen(ids), _known(known)
    files = {path: text for path, text in ((page, conformance.page_of), (badge, conformance.badge_of)) if path}
    if page is not None and badge is not None and page.absolute() == badge.absolute():
        raise click.UsageError(f"--html and --badge both name {page}: the second would be written over the first")
    for path in files:
        _check_place(path)
    with _configured(invocation, name):
        course = Course.at_account(invocation, name) if account else Course.at_driver(invocation, name)
    course.run(chosen, reasons, files, _command(name, ids, known, account=account))


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


def _command(name: str, ids: Sequence[str], known: Sequence[str], *, account: bool) -> str:
    """Return what to write to have the same results again."""
    options = [
        word for option, values in (("--case", ids), ("--known", known)) for one in values for word in (option, one)
    ]
    return shlex.join(["v6", "conform", name, *options, *(["--account"] if account else [])])


@contextmanager
def _configured(invocation: Invocation, name: str) -> Generator[None]:
    """Say of a name that no driver has, and a broker of the configuration has, how that one is proved."""
    from v6core.testing.conformance.finding import UnknownDriver  # noqa: PLC0415 -- likewise

    try:
        yield
    except UnknownDriver as unknown:
        if name not in _configured_names(invocation):
            raise
        raise PluginError(
            f"{name!r} is a configured broker, and no driver has that name",
            hint=f"v6 conform {name} --account runs at its paper account; for the rest write a driver: "
            "v6 conform ./my_driver.py",
        ) from unknown


def _configured_names(invocation: Invocation) -> Collection[str]:
    try:
        return invocation.configuration().brokers
    except (V6Error, ValueError):
        return ()  # what is wrong with the file is not what was asked


def _replay(invocation: Invocation, script: Path, named: str) -> None:
    from v6core.cli.proving import quiet  # noqa: PLC0415 -- likewise
    from v6core.testing.conformance.finding import driver_named, sound  # noqa: PLC0415 -- likewise
    from v6core.testing.conformance.histories import replay  # noqa: PLC0415 -- likewise

    with _configured(invocation, named):
        make = driver_named(named)
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
    from v6core.testing.conformance import CASES  # noqa: PLC0415 -- likewise

    families = {case.family for case in CASES.values()}
    asked = {_known_id(one, "--case", families) for one in ids}
    return [case for case in CASES.values() if not asked or {case.id, case.family} & asked]


def _known(texts: Sequence[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for text in texts:
        named, _, reason = (part.strip() for part in text.partition("="))
        if not reason:
            raise click.UsageError(f"--known {text}: say ID=REASON")
        case_id = _known_id(named, "--known", ())
        if case_id in known:
            raise click.UsageError(f"--known {named} is given twice, and one case has one reason")
        known[case_id] = reason
    return known


def _known_id(text: str, option: str, families: Collection[str]) -> str:
    """Return the id of a case or family that there is; what a failed refusal is told by names its case."""
    from v6core.testing.conformance import CASES, FAMILIES  # noqa: PLC0415 -- likewise
    from v6core.testing.conformance.results import REFUSE  # noqa: PLC0415 -- likewise

    one = text.strip().upper().removesuffix(REFUSE.upper())
    if one in CASES or one in families:
        return one
    if not one:
        raise click.UsageError(f"{option} names no case: {text!r}")
    near = difflib.get_close_matches(one, CASES, 1)
    question = f"; did you mean {near[0]}?" if near else ""
    listed = f" (families: {', '.join(family for family in FAMILIES if family in families)})" if families else ""
    raise click.UsageError(f"{option}: there is no case {one}{question}{listed}")
