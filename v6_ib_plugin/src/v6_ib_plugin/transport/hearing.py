"""What TWS says, told to whoever listens: on the loop, in the order of the wire, before anything else happens."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol, TypeVarTuple, Unpack

from v6_ib_plugin.terms import (
    IbAnswer,
    IbCommission,
    IbContract,
    IbExecution,
    IbOrder,
    IbOrderState,
    IbOrderStatus,
)
from v6core.logs import Repeats

logger = logging.getLogger(__name__)
logger.addFilter(Repeats())
Said = TypeVarTuple("Said")


class Ear(Protocol):
    """Somebody who listens. An exception is logged and keeps nothing from the others."""

    def on_open_order(self, contract: IbContract, order: IbOrder, state: IbOrderState) -> None:
        """Hear an openOrder, also one that answers a question; those of what-if orders are not told."""

    def on_order_status(self, status: IbOrderStatus) -> None:
        """Hear an orderStatus."""

    def on_execution(self, req_id: int, contract: IbContract, execution: IbExecution) -> None:
        """Hear an execution; ``req_id`` is -1 where it happens now, else of the question that it answers."""

    def on_commission(self, commission: IbCommission) -> None:
        """Hear what an execution cost."""

    def on_answer(self, answer: IbAnswer) -> None:
        """Hear an errMsg, whatever it answers."""

    def on_position(self, account: str, contract: IbContract, position: Decimal, avg_cost: Decimal) -> None:
        """Hear a position; the average cost is of one contract, times its multiplier."""

    def on_closed(self, reason: str) -> None:
        """Hear that the connection is gone; nothing comes after it before the next one stands."""

    def on_undecodable(self, text: str) -> None:
        """Hear that a message could not be read, so that something was said that nobody knows."""

    def on_pause(self) -> None:
        """Hear that all that came in together was told."""


class SilentEar:
    """An Ear that hears and does nothing: override what matters."""

    def on_open_order(self, contract: IbContract, order: IbOrder, state: IbOrderState) -> None:
        """Do nothing."""

    def on_order_status(self, status: IbOrderStatus) -> None:
        """Do nothing."""

    def on_execution(self, req_id: int, contract: IbContract, execution: IbExecution) -> None:
        """Do nothing."""

    def on_commission(self, commission: IbCommission) -> None:
        """Do nothing."""

    def on_answer(self, answer: IbAnswer) -> None:
        """Do nothing."""

    def on_position(self, account: str, contract: IbContract, position: Decimal, avg_cost: Decimal) -> None:
        """Do nothing."""

    def on_closed(self, reason: str) -> None:
        """Do nothing."""

    def on_undecodable(self, text: str) -> None:
        """Do nothing."""

    def on_pause(self) -> None:
        """Do nothing."""


class Ears:
    """All who listen: for each kind of message those who hear it, in the order in which they began to listen."""

    def __init__(self) -> None:
        self.on_open_order: list[Callable[[IbContract, IbOrder, IbOrderState], None]] = []
        self.on_order_status: list[Callable[[IbOrderStatus], None]] = []
        self.on_execution: list[Callable[[int, IbContract, IbExecution], None]] = []
        self.on_commission: list[Callable[[IbCommission], None]] = []
        self.on_answer: list[Callable[[IbAnswer], None]] = []
        self.on_position: list[Callable[[str, IbContract, Decimal, Decimal], None]] = []
        self.on_closed: list[Callable[[str], None]] = []
        self.on_undecodable: list[Callable[[str], None]] = []
        self.on_pause: list[Callable[[], None]] = []

    def add(self, ear: Ear) -> None:
        """Let one more listen, after those who do already; to what it leaves to SilentEar nobody needs to be called."""
        for name, hearers in vars(self).items():
            hear = getattr(ear, name)
            if getattr(hear, "__func__", hear) is not getattr(SilentEar, name):
                hearers.append(hear)

    def tell(self, hearers: Sequence[Callable[[Unpack[Said]], None]], *said: *Said) -> None:
        """Tell every one of them."""
        for hear in hearers:
            try:
                hear(*said)
            except Exception:
                logger.exception("%s failed on a message of TWS", hear.__qualname__)
