"""What TWS keeps sending until it is told to stop."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from v6_ib_plugin.terms import IbAnswer, IbPnl, IbSnapshotEnd, IbTick
from v6_ib_plugin.transport.answered import is_notice

logger = logging.getLogger(__name__)
OnTick = Callable[[IbTick], None]
OnPnl = Callable[[IbPnl], None]
OnAnswer = Callable[[IbAnswer], None]


@dataclass(slots=True, eq=False)
class Subscription:
    """Something that TWS keeps sending; ``ended`` once nothing comes any more, whoever ended it."""

    req_id: int
    on_item: Callable[[Any], None]
    on_answer: OnAnswer
    stop: Callable[[], None]
    ended: bool = False

    def close(self) -> None:
        """Tell TWS to stop; a second call changes nothing."""
        if not self.ended:
            self.ended = True
            self.stop()


class Subscriptions:
    """All subscriptions of one connection."""

    def __init__(self) -> None:
        self._by_id: dict[int, Subscription] = {}

    def add(self, subscription: Subscription) -> None:
        """Let what comes under its id go to it."""
        self._by_id[subscription.req_id] = subscription

    def remove(self, req_id: int) -> None:
        """Let what still comes under an id go nowhere."""
        self._by_id.pop(req_id, None)

    def hear(self, req_id: int, item: IbTick | IbPnl) -> None:
        """Hand an item on; ids that nobody knows belong to subscriptions just closed, or to the native object."""
        subscription = self._by_id.get(req_id)
        if subscription is None:
            return
        if isinstance(item, IbSnapshotEnd):
            self._end(subscription)
        _hand_on(subscription.on_item, item)

    def hear_answer(self, answer: IbAnswer) -> None:
        """Hand an errMsg on; unless it is a notice, nothing comes after it."""
        subscription = self._by_id.get(answer.req_id)
        if subscription is None:
            return
        if not is_notice(answer.code):
            self._end(subscription)
        _hand_on(subscription.on_answer, answer)

    def end_all(self) -> None:
        """End all of them: the connection is gone."""
        for subscription in list(self._by_id.values()):
            self._end(subscription)

    def _end(self, subscription: Subscription) -> None:
        subscription.ended = True
        self.remove(subscription.req_id)


def _hand_on(to: Callable[[Any], None], item: Any) -> None:
    try:
        to(item)
    except Exception:
        logger.exception("a subscriber failed on %r", item)
