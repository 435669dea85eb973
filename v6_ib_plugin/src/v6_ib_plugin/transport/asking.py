"""How requests go out and answers are waited for: paced, numbered, in their turn, and each with a deadline."""

# ib_async's client has no annotations.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from v6_ib_plugin.pacing import Urgency, Write
from v6_ib_plugin.terms import IbContract, IbOrder
from v6_ib_plugin.transport.questions import Question
from v6_ib_plugin.transport.session import Session
from v6_ib_plugin.transport.subscriptions import OnAnswer, Subscription
from v6_ib_plugin.transport.writing import check_order, native_order
from v6core.errors import NotConnected, NotSent, Unavailable

logger = logging.getLogger(__name__)
# What a request asks of ib_async's client, whose methods are not annotated.
Request = Callable[[Any], None]
Numbered = Callable[[Any, int], None]


class Asking:
    """The requests of one session."""

    def __init__(self, session: Session, deadline: float) -> None:
        self._session = session
        self._deadline = deadline

    @property
    def is_connected(self) -> bool:
        """Whether TWS takes requests."""
        return self._session.is_ready and self._session.client.conn.is_open

    def check_connected(self) -> None:
        """Return where TWS takes requests; else NotSent."""
        if not self.is_connected:
            raise NotSent("nothing was sent: not connected to TWS")

    def draft(self, request: Request) -> bytes:
        """Return the frames of a request; NotSent where it is unsound."""
        return self._session.client.draft(request)

    def draft_order(self, contract: IbContract, order: IbOrder) -> bytes:
        """Return the frame of an order; NotSent where it is unsound."""
        check_order(order)
        return self._session.templates.written(contract, order, self._encoded)

    def _encoded(self, contract: IbContract, order: IbOrder) -> bytes:
        made, theirs = native_order(contract, order)
        return self.draft(lambda client: client.placeOrder(order.order_id, made, theirs))

    async def send(self, urgency: Urgency, messages: Sequence[bytes]) -> None:
        """Send frames in their order and with nothing between them; return once all bytes have left."""
        await self.write(urgency, messages)
        await self.drained()

    async def write(self, urgency: Urgency, messages: Sequence[bytes]) -> None:
        """Write frames when it is their turn; they leave with all that is written in the same turn of the loop."""
        connection = self._session.client.conn
        await self._session.pacer.send(urgency, *(partial(connection.write, message) for message in messages))

    async def drained(self) -> None:
        """Return once all bytes have left."""
        try:
            await self._session.client.conn.drained()
        except ConnectionError as error:
            raise NotConnected(str(error)) from error

    def post(self, request: Request) -> None:
        """Send a request whose answer nobody waits for, now or when it is its turn."""
        message = self.draft(request)
        queued = self._session.pacer.post(Urgency.DATA, partial(self._session.client.conn.write, message))
        if queued is not None:
            # It fails only when the connection goes, and then all that it could have asked for has gone with it.
            queued.add_done_callback(lambda sent: sent.cancelled() or sent.exception())

    def subscribe(
        self,
        begin: Numbered,
        stop: Numbered,
        on_item: Callable[[Any], None],
        on_answer: OnAnswer,
    ) -> Subscription:
        """Let something come until it is closed."""
        req_id = self._session.next_id()
        subscription = Subscription(req_id, on_item, on_answer, lambda: self._stop(req_id, stop))
        self._session.subscriptions.add(subscription)
        try:
            self.post(lambda client: begin(client, req_id))
        except BaseException:
            self._session.subscriptions.remove(req_id)
            raise
        return subscription

    def _stop(self, req_id: int, stop: Numbered) -> None:
        self._session.subscriptions.remove(req_id)
        if not self.is_connected:
            return
        try:
            self.post(lambda client: stop(client, req_id))
        except Unavailable as error:
            logger.warning("TWS goes on sending what nobody wants any more: %s", error)

    async def ask(self, name: str, reads: set[int], request: Numbered, deadline: float | None) -> list[Any]:
        """Ask a question that has an id of its own."""
        req_id = self._session.next_id()
        question = Question(name, frozenset({*reads}))
        message = self._draft_question(lambda client: request(client, req_id))
        try:
            await self.wait(req_id, question, message, deadline)
        except TimeoutError:
            raise self.unanswered(question) from None
        return question.rows

    async def wait(self, req_id: int, question: Question, message: bytes, deadline: float | None) -> None:
        """Ask a question known by an id, and wait until it has ended; TimeoutError after its deadline."""
        self._session.questions.by_id[req_id] = question
        write = partial(self._session.client.conn.write, message)
        try:
            async with asyncio.timeout(self._deadline if deadline is None else deadline):
                await self._put(Urgency.DATA, write)
                await question.ended
        finally:
            self._session.questions.by_id.pop(req_id, None)

    async def ask_line(
        self,
        kind: str,
        reads: set[int],
        request: Request,
        deadline: float | None,
        urgency: Urgency = Urgency.DATA,
    ) -> list[Any]:
        """Ask a question that TWS answers without naming it: one at a time, in its turn."""
        line = self._session.questions.line(kind)
        message = self._draft_question(request)
        question = Question(kind, frozenset({*reads}))

        def write() -> None:
            self._session.client.conn.write(message)
            line.places.append(question)

        try:
            async with asyncio.timeout(self._deadline if deadline is None else deadline), line.turn:
                await self._put(urgency, write)
                await question.ended
        except TimeoutError:
            raise self.unanswered(question) from None
        finally:
            line.leave(question)
            if line.given_up > 1:
                # Which of them a late answer would belong to cannot be told: a connection of its own tells them apart.
                self._session.end(f"TWS leaves questions unanswered: {kind}")
        return question.rows

    async def _put(self, urgency: Urgency, write: Write) -> None:
        try:
            await self._session.pacer.send(urgency, write)
        except NotSent as error:
            raise NotConnected(f"TWS cannot be asked: {error.message}") from error

    def _draft_question(self, request: Request) -> bytes:
        if not self.is_connected:
            raise NotConnected("TWS cannot be asked: not connected")
        return self.draft(request)

    def unanswered(self, question: Question) -> Unavailable:
        """Return the error of a question whose deadline is over."""
        return Unavailable(
            f"TWS did not answer within the deadline: {question.name}",
            code="UNANSWERED",
            hint="see whether TWS itself is connected; it may be about to restart",
        )
