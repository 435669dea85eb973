"""What a plugin raises is told beside the case that fails of it, with the line in the plugin's own files."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from conformance.saboteur import Meddler, SabotagedDriver
from v6_paper_plugin.conformance import PaperDriver
from v6core.broker import Receipt
from v6core.cli.proving.words import document, lines
from v6core.contracts import Contract, Stock
from v6core.errors import Unavailable
from v6core.orders import Order
from v6core.quotes import Quote
from v6core.reports import LinkReport, LinkState, Report
from v6core.testing import ScriptedBroker
from v6core.testing.conformance import CASES, Conformance, Result, Trial, page_of, run_case
from v6core.testing.conformance.case import Case
from v6core.testing.conformance.mishaps import Mishap, Mishaps
from v6core.testing.conformance.results import Outcome
from v6core.testing.conformance.witness import Witness

HERE = re.escape(str(Path(__file__)))


class ForgetsAKey(Meddler):
    async def modify(self, order: Order, changes: Mapping[str, Any]) -> None:
        _terms({})


def _terms(rows: Mapping[str, str]) -> str:
    return rows["oops"]


class Mistyped(Meddler):
    async def cancel(self, order: Order) -> None:
        self.inner.cancle(order)  # type: ignore[attr-defined] # pyright: ignore[reportAttributeAccessIssue]


class NotAwaited(Meddler):
    def snapshot(self) -> Any:
        raise ZeroDivisionError("nothing is there")


class BreaksItsStream(Meddler):
    async def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        async for quote in self.inner.quotes(contracts):
            yield quote
            _terms({})


class ClosesBadly(Meddler):
    async def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
        try:
            yield await self.inner.quote(contracts[0])
        finally:
            _terms({})


class Unreached(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        raise ConnectionResetError("gone")


class DeafListener(Meddler):
    def hear(self, report: Report) -> None:
        self._listener = asyncio.get_running_loop().create_task(self._take(report))

    async def _take(self, report: Report) -> None:
        raise TypeError("a row is None")


class DeafCallback(Meddler):
    def hear(self, report: Report) -> None:
        asyncio.get_running_loop().call_soon(lambda: _terms({}))


class Logs(Meddler):
    def hear(self, report: Report) -> None:
        try:
            _terms({})
        except KeyError:
            self._context.logger.exception("a row cannot be read")


class SaysDown(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        self._context.report(LinkReport(time=self.now(), state=LinkState.DOWN, detail="TypeError:\na row is None"))
        raise Unavailable("there is no link")


class Translates(Meddler):
    cause: ClassVar[Exception] = KeyError("oops")

    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        raise Unavailable("the venue cannot be understood") from self.cause


class TranslatesALostLink(Translates):
    cause = ConnectionResetError("gone")


class AsksInATask(Meddler):
    async def place(self, orders: Sequence[Order]) -> tuple[Receipt, ...]:
        with contextlib.suppress(Unavailable):
            await asyncio.get_running_loop().create_task(self._refused())
        return await super().place(orders)

    async def _refused(self) -> None:
        raise Unavailable("the venue refuses it") from KeyError("of the library")


def ran(meddler: type[Meddler], case_id: str) -> Result:
    return run_case(CASES[case_id], SabotagedDriver(meddler))


def told(meddler: type[Meddler], case_id: str) -> str:
    return "\n".join(map(str, ran(meddler, case_id).mishaps))


@pytest.mark.parametrize(
    ("meddler", "case_id", "sentence"),
    [
        (ForgetsAKey, "MOD-01", rf"your broker raised KeyError: 'oops' at {HERE}:\d+ in _terms"),
        (Mistyped, "CXL-01", rf"your broker raised AttributeError: .*'cancle' at {HERE}:\d+ in cancel"),
        (NotAwaited, "LMT-01", rf"your broker raised ZeroDivisionError: nothing is there at {HERE}:\d+ in snapshot"),
        (BreaksItsStream, "CON-16", rf"your broker raised KeyError: 'oops' at {HERE}:\d+ in _terms"),
        (ClosesBadly, "CON-16", rf"your broker raised KeyError: 'oops' at {HERE}:\d+ in _terms"),
        (Unreached, "LMT-01", rf"your broker raised ConnectionResetError: gone at {HERE}:\d+ in place"),
        (DeafListener, "MKT-01", rf"a task of your broker ended with TypeError: a row is None at {HERE}:\d+ in _take"),
        (DeafCallback, "MKT-01", rf"a callback of your broker raised KeyError: 'oops' at {HERE}:\d+ in _terms"),
        (Logs, "MKT-01", rf"your broker logged KeyError: 'oops' at {HERE}:\d+ in _terms"),
        (SaysDown, "MKT-01", r"your broker told its link as DOWN: TypeError: a row is None"),
        (
            Translates,
            "MKT-01",
            rf"your broker raised KeyError: 'oops', and told it as Unavailable at {HERE}:\d+ in place",
        ),
    ],
    ids=lambda given: getattr(given, "__name__", None),
)
def test_what_a_plugin_raises_is_told_with_its_line(meddler: type[Meddler], case_id: str, sentence: str) -> None:
    assert re.search(f"^{sentence}$", told(meddler, case_id), re.MULTILINE), told(meddler, case_id)


def test_a_stream_that_is_left_is_closed_beneath_the_witness() -> None:
    closed: list[bool] = []

    class Endless(ScriptedBroker):
        async def quotes(self, contracts: Sequence[Contract]) -> AsyncIterator[Quote]:
            try:
                while True:
                    yield Quote(contract=contracts[0], time=datetime.now(UTC))
            finally:
                closed.append(True)

    async def left() -> None:
        stream: Any = Witness(Mishaps(None), lambda: False).made(Endless).quotes([Stock("GOOG")])
        await anext(stream)
        await stream.aclose()
        assert closed == [True]

    asyncio.run(left())


def test_a_lost_link_that_is_told_by_its_name_is_no_mishap() -> None:
    assert told(TranslatesALostLink, "MKT-01") == ""


def test_a_refusal_that_a_task_passes_on_is_no_mishap() -> None:
    assert told(AsksInATask, "MKT-01") == ""


def test_what_is_logged_is_noted_where_logging_is_switched_off_too() -> None:
    logging.disable(logging.CRITICAL)
    try:
        assert "your broker logged" in told(Logs, "MKT-01")
    finally:
        logging.disable(logging.NOTSET)


def test_a_history_that_fails_tells_what_was_raised_in_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V6_EXAMPLES", "60")
    monkeypatch.setattr("v6core.testing.conformance.histories.searching.SHORTENING", 1.0)
    result = ran(ForgetsAKey, "HYP-01")
    assert result.outcome is Outcome.FAILED
    (mishap,) = result.mishaps
    assert re.fullmatch(rf"{HERE}:\d+ in _terms", mishap.at)
    # It ends with the step that failed: what came after did not matter.
    assert json.loads(result.script.splitlines()[-1])["step"] in {"MODIFY", "RESIZE"}


def test_a_broker_that_is_sound_has_none() -> None:
    assert run_case(CASES["MOD-01"], PaperDriver()).mishaps == ()


def test_the_place_of_a_failure_is_in_the_plugins_files_and_in_nobody_elses() -> None:
    async def ends(_: Trial) -> None:
        await asyncio.wait_for(_raises(), 1)

    case = Case(id="OWN-01", proves="it", why="because", pitfall="otherwise", play=ends)
    assert re.fullmatch(rf"{HERE}:\d+ in _raises", run_case(case, PaperDriver()).at)


async def _raises() -> None:
    int("no number")


def test_a_file_of_a_library_is_none_of_the_plugins(tmp_path: Path) -> None:
    library = tmp_path / "site-packages" / "hypothesis" / "core.py"
    code = compile("def test(): raise ValueError('drawn')", str(library), "exec")
    names: dict[str, Any] = {"__name__": "hypothesis.core"}
    exec(code, names)  # noqa: S102 -- a frame of a file that is nowhere
    with pytest.raises(ValueError, match="drawn") as caught:
        names["test"]()
    assert "hypothesis" not in Mishaps(PaperDriver()).place_of(caught.value)


# How they are told.

KEY = Mishap("your broker raised KeyError: 'oops'", "/home/me/broker.py:71 in modify")


def with_mishaps(*mishaps: Mishap) -> Conformance:
    result = Result(case=CASES["MOD-01"], outcome=Outcome.FAILED, reason="nobody answered", mishaps=mishaps)
    return Conformance(name="mine", results=(result,))


def test_they_stand_under_the_failure() -> None:
    text = " ".join(" ".join(lines(with_mishaps(KEY))).split())
    assert "meanwhile: your broker raised KeyError: 'oops' at /home/me/broker.py:71 in modify" in text


def test_they_are_told_where_nothing_failed() -> None:
    passed = (Result(case=CASES[one], outcome=Outcome.PASSED, mishaps=(KEY,)) for one in ("MOD-01", "MOD-02"))
    text = " ".join(" ".join(lines(Conformance(name="mine", results=tuple(passed)))).split())
    assert "MOD-01, MOD-02 did not fail, and meanwhile: your broker raised KeyError: 'oops' at" in text


def test_a_page_tells_them() -> None:
    assert "KeyError: &#x27;oops&#x27; at /home/me/broker.py:71 in modify" in page_of(with_mishaps(KEY))


def test_a_document_tells_them() -> None:
    (case,) = document(with_mishaps(KEY))["cases"]
    assert case["mishaps"] == [{"what": KEY.what, "at": KEY.at}]


def test_more_than_anybody_reads_are_counted() -> None:
    text = list(lines(with_mishaps(*(Mishap(f"{number} went wrong") for number in range(8)))))
    assert sum("went wrong" in line for line in text) == 5
    assert "    meanwhile: 3 more, which --json tells" in text
