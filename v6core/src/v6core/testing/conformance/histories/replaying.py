"""Plays a history from a file, as a search left it or a person wrote it."""

from __future__ import annotations

from pathlib import Path

from v6core.errors import ConfigurationError
from v6core.testing.conformance.expecting import Broken
from v6core.testing.conformance.histories.player import told_of
from v6core.testing.conformance.histories.proofs import PROOFS
from v6core.testing.conformance.histories.script import history_of
from v6core.testing.conformance.runner import MakeDriver


def replay(path: str | Path, make_driver: MakeDriver) -> Broken | None:
    """Play the history in a file as each of the cases does that search, and return the first that broke, or None.

    The id of that case is the failure's ``law``. ConfigurationError where the file cannot be read or is no history, or
    asks for what the driver cannot do.
    """
    try:
        history = history_of(Path(path).read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the script {path} cannot be read: {error}") from error
    if not history:
        raise ConfigurationError(
            f"{path} holds no step", hint="one step a line in JSON, as v6 conform prints them under a failure"
        )
    driver = make_driver()
    for case_id, proof in PROOFS.items():
        if proof.fits(driver):
            try:
                proof.check(history, driver)
            except ConfigurationError:
                raise
            except Exception as error:  # noqa: BLE001 -- what a stranger's broker raises is found, not the suite's end
                return Broken(told_of(error), case_id)
    return None
