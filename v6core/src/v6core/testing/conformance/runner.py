"""Runs cases, each in a world of its own, and says what came of them."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import tempfile
import traceback
import warnings
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from v6core.testing.conformance.case import Case, Play
from v6core.testing.conformance.driver import Driver
from v6core.testing.conformance.expecting import Broken
from v6core.testing.conformance.mishaps import Mishaps, noting
from v6core.testing.conformance.needs import Need
from v6core.testing.conformance.results import REFUSE, Conformance, Outcome, Result
from v6core.testing.conformance.trial import Trial, trial_of

T = TypeVar("T")
MakeDriver = Callable[[], Driver]


class UnknownCase(UserWarning):
    """Something is said of a case that there is not."""


def run_case(case: Case, driver: Driver, known: Mapping[str, str] | None = None) -> Result:
    """Run one case in a world of its own; ``known`` holds the ids of cases that are to fail, each with why."""
    reason = _not_driven(case, driver)
    if reason is not None:
        return Result(case=case, outcome=Outcome.NOT_DRIVEN, reason=reason)
    missing = next((need for need in case.needs if not need.declared(driver.spec.capabilities)), None)
    with noting(driver) as mishaps:
        result = dataclasses.replace(_run(case, driver, missing, mishaps), mishaps=mishaps.told)
    expected = (known or {}).get(case.id)
    return result if expected is None else _against(result, expected)


def _not_driven(case: Case, driver: Driver) -> str | None:
    if driver.tier > case.tier:
        return "it is fit for a driven market only"
    if case.simulated and not driver.spec.capabilities.simulated:
        return "it is for simulated brokers"
    if case.rests and not driver.rests:
        return "orders do not wait in this market"
    lacking = sorted(case.drives - driver.can)
    return f"the driver cannot do {', '.join(lacking)}" if lacking else None


def _run(case: Case, driver: Driver, missing: Need | None, mishaps: Mishaps) -> Result:
    about = case.id if missing is None else case.id + REFUSE
    good = Outcome.PASSED if missing is None else Outcome.REFUSED
    try:
        if case.search is not None and missing is None:
            case.search(driver)
        else:
            in_world(driver, _play_of(case, missing), starts=case.starts or missing is not None)
    except Broken as broken:
        return Result(
            case=case,
            outcome=Outcome.FAILED,
            reason=str(broken),
            about=broken.law or about,
            at=mishaps.place_of(broken),
            detail=traceback.format_exc(),
            script=broken.script,
        )
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever a stranger's broker raises is its failure, not the suite's
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        at, detail = mishaps.place_of(error), traceback.format_exc()
        return Result(case=case, outcome=Outcome.FAILED, reason=reason, about=about, at=at, detail=detail)
    return Result(
        case=case, outcome=good, about=about, reason="" if missing is None else f"{missing.name} not declared"
    )


def in_world(driver: Driver, play: Callable[[Trial], Awaitable[T]], *, starts: bool = True) -> T:
    """Play something in a driver's world, judge what it left, and return what it returned; Broken tells a failure."""
    with (
        tempfile.TemporaryDirectory(prefix="v6-conform-", dir=_memory(), ignore_cleanup_errors=True) as folder,
        asyncio.Runner(loop_factory=driver.loop_factory) as runner,
    ):
        return runner.run(_interruptible(_played(driver, play, Path(folder), starts=starts)))


async def _interruptible(played: Awaitable[T]) -> T:
    """Be cancelled where the task was, though somebody on the way took that for the end of a request of theirs."""
    task = asyncio.current_task()
    assert task is not None
    try:
        answer = await played
    except Exception as error:
        if task.cancelling():
            raise asyncio.CancelledError from error
        raise
    if task.cancelling():
        raise asyncio.CancelledError
    return answer


def _memory() -> str | None:
    """Return a folder that is kept in memory, where the system has one: syncing a disk costs more than all the rest."""
    memory = "/dev/shm"  # noqa: S108 -- each world has a folder of its own in it
    return memory if os.access(memory, os.W_OK | os.X_OK) else None


async def _played(driver: Driver, play: Callable[[Trial], Awaitable[T]], folder: Path, *, starts: bool) -> T:
    async with trial_of(driver, folder, starts=starts) as trial:
        try:
            async with asyncio.timeout(driver.limit):
                answer = await play(trial)
        except TimeoutError:
            raise Broken(f"it did not come to an end within {driver.limit:g} seconds") from None
        await trial.judge()
        return answer


def _play_of(case: Case, missing: Need | None) -> Play:
    if missing is None:
        assert case.play is not None
        return case.play

    async def refusal(trial: Trial) -> None:
        await missing.prepare(trial)
        for ask in (missing.attempt, missing.bypass):
            if ask is not None:
                async with trial.refused(missing.name):
                    await ask(trial)

    return refusal


def _against(result: Result, expected: str) -> Result:
    """Return a result in the light of what its author says of it: a known failure must fail."""
    if result.outcome is Outcome.FAILED:
        reason = f"{expected} ({result.reason})"
        return Result(case=result.case, outcome=Outcome.KNOWN, reason=reason, mishaps=result.mishaps)
    reason = f"it is said to fail ({expected}), and did not: take it off the list"
    return Result(case=result.case, outcome=Outcome.FAILED, reason=reason, about=result.case.id, mishaps=result.mishaps)


def conformance(make_driver: MakeDriver, cases: Iterable[Case], known: Mapping[str, str] | None = None) -> Conformance:
    """Run cases one after the other against a broker, each in a world of its own."""
    chosen = tuple(cases)
    check_known(known or {}, (case.id for case in chosen))
    return Conformance(name=make_driver().name, results=tuple(run_case(case, make_driver(), known) for case in chosen))


def check_known(known: Mapping[str, str], ids: Iterable[str]) -> None:
    """Warn of ids that there are not, and refuse a failure without its reason."""
    for case_id in sorted(known.keys() - set(ids)):
        warnings.warn(f"there is no case {case_id!r} among those that are run", UnknownCase, stacklevel=3)
    silent = [case_id for case_id, why in known.items() if not why.strip()]
    if silent:
        raise ValueError(f"say why {silent[0]} is known to fail")
