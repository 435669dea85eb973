"""Asking a question once, however many wait for its answer, and remembering so many answers."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
T = TypeVar("T")


async def together(questions: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Return the answers to questions asked at the same time; the first that fails ends the others."""
    tasks = [asyncio.create_task(question) for question in questions]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


@dataclass(slots=True)
class _Asked(Generic[V]):
    task: asyncio.Task[V]
    waiting: int = 0


class SharedQuestions(Generic[K, V]):
    """Questions under way. A question ends with the last who waits for it; nobody else's leaving ends it."""

    def __init__(self) -> None:
        self._asked: dict[K, _Asked[V]] = {}

    async def ask(self, key: K, question: Callable[[], Coroutine[Any, Any, V]]) -> V:
        """Return the answer to the question known by this key, putting it where nobody has yet."""
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = _Asked(asyncio.create_task(question()))
        asked.waiting += 1
        try:
            return await asyncio.shield(asked.task)
        finally:
            asked.waiting -= 1
            if not asked.waiting:
                self._drop(key, asked)

    def __len__(self) -> int:
        return len(self._asked)

    def _drop(self, key: K, asked: _Asked[V]) -> None:
        if self._asked.get(key) is asked:
            del self._asked[key]
        asked.task.cancel()


class Remembered(Generic[K, V]):
    """The answers used last, at most ``most`` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """Return what is remembered under a key, or None; it counts as used."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Remember a value; the one unused for longest makes room."""
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, key: K) -> None:
        """Forget what is remembered under a key, if anything is."""
        self._values.pop(key, None)

    def __len__(self) -> int:
        return len(self._values)
