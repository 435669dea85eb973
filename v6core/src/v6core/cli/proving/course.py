"""One run of cases: told as far as it went, also where somebody interrupts it, and written to files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from v6core.cli.failures import INTERRUPTED, CommandFailed, Failure
from v6core.cli.invocation import Invocation
from v6core.cli.proving.progress import Progress
from v6core.cli.proving.silence import quiet
from v6core.cli.proving.words import document, lines
from v6core.cli.wrapping import wrapped
from v6core.plugins import identity
from v6core.testing.conformance import Case, Conformance, Result, run_case
from v6core.testing.conformance.account import account_driver, account_of
from v6core.testing.conformance.finding import driver_named, origin_of, sound
from v6core.testing.conformance.histories.searching import examples_of, nothing_left_behind
from v6core.testing.conformance.results import Circumstances
from v6core.testing.conformance.runner import MakeDriver
from v6core.testing.conformance.undoing import LeftBehind

Writing = Callable[[Conformance], str]


class Course:
    """A run at one broker: a driver's, or one of the configuration, at its paper account."""

    def __init__(self, invocation: Invocation, make: MakeDriver, origin: str, account: str | None = None) -> None:
        self._invocation = invocation
        self._make = make
        self._account = account
        driver = sound(make)
        examples_of(driver)  # a number that is none is the caller's mistake, not the broker's
        self._name = driver.name
        self._plugin = f"{driver.spec.name} of {origin}"
        self._api = driver.spec.api

    @classmethod
    def at_driver(cls, invocation: Invocation, name: str) -> Course:
        """Return a run at a driver that is installed, or stands in a file."""
        return cls(invocation, driver_named(name), origin_of(name))

    @classmethod
    def at_account(cls, invocation: Invocation, broker: str) -> Course:
        """Return a run at a configured broker; it says which account that is before anything is sent."""
        configuration = invocation.configuration()
        make = account_driver(configuration, broker)
        origin = identity(configuration.brokers[broker].plugin, configuration.folder)
        sound(make)
        with quiet():
            account = account_of(make)
        if not invocation.as_json:
            told = f"trading on account {account} of [brokers.{broker}]; each case undoes what it did, so does Ctrl-C"
            for line in wrapped(told, "v6: "):
                click.echo(line, err=True)
        return cls(invocation, make, origin, account)

    def run(
        self, cases: Sequence[Case], known: Mapping[str, str], files: Mapping[Path, Writing], command: str = ""
    ) -> None:
        """Run cases; CommandFailed where something failed, or where somebody would not wait for the end.

        ``command`` is what the results are said to have come of.
        """
        under = Circumstances(
            time=datetime.now(UTC), plugin=self._plugin, api=self._api, account=self._account, command=command
        )
        results: list[Result] = []
        interrupt = self._results(cases, known, results)
        proved = Conformance(name=self._name, results=tuple(results), asked=len(cases), under=under)
        self._invocation.tell(document(proved), lines(proved) if results else ())
        for path, text in files.items():
            path.write_text(text(proved), encoding="utf-8")
        if interrupt is not None:
            raise CommandFailed(self._interruption(interrupt, f"after {len(results)} of {len(cases)} cases"))
        if not proved.is_proved:
            raise CommandFailed(_unproved(proved))

    def _results(
        self, cases: Sequence[Case], known: Mapping[str, str], results: list[Result]
    ) -> KeyboardInterrupt | None:
        with quiet(), nothing_left_behind(), Progress(len(cases)) as progress:
            try:
                for case in cases:
                    progress.begins(case)
                    results.append(run_case(case, self._make(), known))
                    progress.ended(results[-1])
            except KeyboardInterrupt as interrupt:
                return interrupt
        return None

    def _interruption(self, interrupt: KeyboardInterrupt, when: str) -> Failure:
        hint = None
        if self._account is not None and not _is_undone(interrupt):
            hint = f"look at account {self._account}: {_left(interrupt) or 'what the last case made may be there'}"
        return Failure(
            error=f"interrupted {when}",
            code="INTERRUPTED",
            status=INTERRUPTED,
            hint=hint,
            sent="unknown" if hint else False,
        )


def _unproved(proved: Conformance) -> Failure:
    if proved.is_silent:
        reasons = "; ".join(dict.fromkeys(result.reason for result in proved.results))
        return Failure(error=f"nothing of this can be proved at {proved.name}: {reasons}", code="NOTHING_PROVED")
    failed = ", ".join(sorted(proved.failed)) or "nothing was proved"
    return Failure(error=f"{proved.name} does not conform: {failed}", code="NOT_CONFORMANT")


def _is_undone(interrupt: KeyboardInterrupt) -> bool:
    """Tell whether the case that was interrupted came to its end: a second Ctrl-C does not wait for that."""
    return isinstance(interrupt.__context__, asyncio.CancelledError) and _left(interrupt) is None


def _left(interrupt: KeyboardInterrupt) -> str | None:
    cause = interrupt.__context__ and interrupt.__context__.__cause__
    return str(cause) if isinstance(cause, LeftBehind) else None
