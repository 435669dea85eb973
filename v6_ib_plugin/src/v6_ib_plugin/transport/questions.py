"""Questions under way, and how each ends: with its whole answer, with TWS's error, or with its deadline; never unheard.

A question that has an id of its own is found by it. Others are answered in the order in which they were asked, so each
kind has a line: what comes belongs to its head, and an End marker takes the head away. A question that was given up
leaves its place in the line behind, or its late answer would be taken for that of the next.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from v6core.errors import BrokerError


@dataclass(slots=True, eq=False)
class Question:
    """One question. ``reads`` are the ids of the messages that its answer is made of."""

    name: str
    reads: frozenset[int]
    rows: list[Any] = field(default_factory=list[Any])
    given_up: bool = False
    ended: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self) -> None:
        """Hand over the answer: it is whole."""
        if not self.ended.done():
            self.ended.set_result(None)

    def fail(self, error: BrokerError) -> None:
        """Say that there is no answer."""
        if not self.ended.done():
            self.ended.set_exception(error)
            self.ended.exception()  # who asked may have given up


@dataclass(slots=True)
class Line:
    """The questions of one kind, in the order in which they were sent; None stands for one of the native object."""

    places: deque[Question | None] = field(default_factory=deque["Question | None"])
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def given_up(self) -> int:
        """Return how many answers are overdue."""
        return sum(question is not None and question.given_up for question in self.places)

    def take(self, row: Any) -> None:
        """Give a row to the head, if that is a question of ours and somebody waits for its answer."""
        question = self.places[0] if self.places else None
        if question is not None and not question.given_up:
            question.rows.append(row)

    def leave(self, question: Question) -> None:
        """Give a question up, if it is still under way; its answer may still come."""
        question.given_up = True

    def end(self) -> None:
        """Hand over the answer to the head: it is whole."""
        if self.places and (question := self.places.popleft()) is not None:
            question.end()

    def fail(self, error: BrokerError) -> None:
        """Say that the head has no answer."""
        if self.places and (question := self.places.popleft()) is not None:
            question.fail(error)


class Questions:
    """All questions under way on one connection."""

    def __init__(self) -> None:
        self.by_id: dict[int, Question] = {}
        self._lines: defaultdict[str, Line] = defaultdict(Line)

    def line(self, kind: str) -> Line:
        """Return the line of a kind."""
        return self._lines[kind]

    def __iter__(self) -> Iterator[Question]:
        yield from list(self.by_id.values())
        for line in self._lines.values():
            yield from [question for question in line.places if question is not None]

    def fail_reading(self, message_id: int | None, error: Callable[[str], BrokerError]) -> None:
        """Fail the questions whose answer is made of such messages; of any, where it cannot be told."""
        for question in self:
            if message_id is None or message_id in question.reads:
                question.fail(error(question.name))

    def fail_all(self, error: BrokerError) -> None:
        """Fail all of them and forget whose turn it was: the connection is gone."""
        for question in self:
            question.fail(error)
        self.by_id.clear()
        for line in self._lines.values():
            line.places.clear()
