"""Asking once, and remembering so many answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6_ib_plugin.data.asking import Remembered, SharedQuestions, together

T = TypeVar("T")


class Question:
    """A question that is answered, or not, when the test says so."""

    def __init__(self) -> None:
        self.put = 0
        self.ended = 0
        self.answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.put += 1
        try:
            return await asyncio.shield(self.answer)
        finally:
            self.ended += 1


def run(work: Callable[[SharedQuestions[str, str], Question], Awaitable[T]]) -> T:
    async def inside() -> T:
        return await work(SharedQuestions(), Question())

    return asyncio.run(inside())


async def _started(*tasks: asyncio.Task[str]) -> None:
    for _ in tasks:
        await asyncio.sleep(0)


def test_all_who_ask_have_the_one_answer() -> None:
    async def work(asked: SharedQuestions[str, str], question: Question) -> tuple[list[str], int]:
        tasks = [asyncio.create_task(asked.ask("key", question)) for _ in range(3)]
        await _started(*tasks)
        question.answer.set_result("answer")
        return await asyncio.gather(*tasks), question.put

    assert run(work) == (["answer"] * 3, 1)


def test_all_who_ask_have_the_one_error() -> None:
    async def work(asked: SharedQuestions[str, str], question: Question) -> list[str | BaseException]:
        tasks = [asyncio.create_task(asked.ask("key", question)) for _ in range(2)]
        await _started(*tasks)
        question.answer.set_exception(ValueError("no"))
        return await asyncio.gather(*tasks, return_exceptions=True)

    assert [str(error) for error in run(work)] == ["no", "no"]


def test_the_question_ends_with_the_last_who_waits() -> None:
    async def work(asked: SharedQuestions[str, str], question: Question) -> tuple[int, int, int]:
        tasks = [asyncio.create_task(asked.ask("key", question)) for _ in range(2)]
        await _started(*tasks)
        tasks[0].cancel()
        await asyncio.sleep(0)
        between = question.ended
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        return between, question.ended, len(asked)

    assert run(work) == (0, 1, 0)


def test_who_asks_after_the_last_has_left_asks_anew() -> None:
    async def work(asked: SharedQuestions[str, str], question: Question) -> tuple[str, int]:
        first = asyncio.create_task(asked.ask("key", question))
        await _started(first)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        second = asyncio.create_task(asked.ask("key", question))
        await _started(second)
        question.answer.set_result("answer")
        return await second, question.put

    assert run(work) == ("answer", 2)


def test_an_answer_is_not_kept_beyond_those_who_wait() -> None:
    async def work(asked: SharedQuestions[str, str], question: Question) -> tuple[int, int]:
        question.answer.set_result("answer")
        await asked.ask("key", question)
        await asked.ask("key", question)
        return question.put, len(asked)

    assert run(work) == (2, 0)


def test_the_first_that_fails_ends_what_was_asked_together() -> None:
    ended: list[str] = []

    async def fails() -> str:
        raise ValueError("no")

    async def waits() -> str:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("ended")
        return "never"

    async def work() -> int:
        with pytest.raises(ValueError, match="no"):
            await together([waits(), fails()])
        await asyncio.sleep(0)
        return len(asyncio.all_tasks()) - 1

    assert (asyncio.run(work()), ended) == (0, ["ended"])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 9), max_size=40), st.integers(1, 5))
def test_what_is_remembered_are_the_last_used(keys: list[int], most: int) -> None:
    remembered: Remembered[int, int] = Remembered(most)
    last: list[int] = []
    for key in keys:
        known = remembered.get(key)
        assert known == (key if key in last else None)
        if known is None:
            remembered.put(key, key)
        last = [*(other for other in last if other != key), key][-most:]
    assert len(remembered) == len(last)
