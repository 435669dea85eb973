"""What can be said to a server itself, over the same wire: by a checker, which asks, and by a test, which lets happen.

``RemoteControl`` is the one who speaks; what it can say are the functions in ``COMMANDS``, by their names.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError, validate_call
from pydantic_core import to_jsonable_python

from v6core.contracts import Contract, OrderAction
from v6core.errors import BrokerError, Unavailable
from v6core.quotes import Quote
from v6core.reports import AdjustmentReason, FillCorrectionReport, FillReport, ReportedStatus, Snapshot
from v6core.testing.remote.behaviour import Behaviour
from v6core.testing.remote.book import Incarnation
from v6core.testing.remote.messages import DEFAULT_FRAME_CAP, Answer, Control, encode, reply_in
from v6core.testing.remote.server import BrokerServer
from v6core.testing.remote.state import OrderRow
from v6core.testing.remote.terms import Arrival

_ARRIVALS: TypeAdapter[list[Arrival]] = TypeAdapter(list[Arrival])
_ORDERS: TypeAdapter[list[OrderRow]] = TypeAdapter(list[OrderRow])
_CORRECTIONS: TypeAdapter[list[FillCorrectionReport]] = TypeAdapter(list[FillCorrectionReport])
_FILLS: TypeAdapter[list[FillReport]] = TypeAdapter(list[FillReport])


def _one(server: BrokerServer, ref: str) -> Incarnation:
    found = server.desk.book.under(ref)
    if not found:
        raise Unavailable(f"no order {ref} reached the server")
    return found[-1]


def arrivals(server: BrokerServer) -> list[Arrival]:
    """Everything that ever arrived, in order."""
    return server.desk.arrivals


def orders(server: BrokerServer) -> list[OrderRow]:
    """Every order that was taken in, one by one."""
    return [OrderRow.of(one) for one in server.desk.book.orders]


def executions(server: BrokerServer) -> list[FillReport]:
    """Everything that was executed and counts, of all days."""
    return list(server.desk.book.executions.values())


def corrections(server: BrokerServer) -> list[FillCorrectionReport]:
    """Every correction that was made, of all days."""
    return server.desk.book.corrections


def snapshot(server: BrokerServer) -> Snapshot:
    """All that a client would be told at this moment."""
    return server.desk.snapshot()


def behave(server: BrokerServer, **shares: Any) -> Behaviour:
    """Behave like this from here on; nothing given: honestly."""
    server.desk.behaviour = Behaviour(**shares)
    return server.desk.behaviour


def settle(server: BrokerServer) -> None:
    """Treat at once whatever waits its turn."""
    server.treat_everything()


@validate_call(config={"arbitrary_types_allowed": True})
def fill(server: BrokerServer, ref: str, quantity: Decimal | None = None, price: Decimal | None = None) -> None:
    """Fill the newest order under a reference."""
    server.desk.fill(_one(server, ref), quantity, price)


def reject(server: BrokerServer, ref: str, reason: str = "refused") -> None:
    """Refuse the newest order under a reference."""
    server.desk.reject(_one(server, ref), reason)


@validate_call(config={"arbitrary_types_allowed": True})
def end(server: BrokerServer, ref: str, status: ReportedStatus = ReportedStatus.CANCELLED) -> None:
    """Let the newest order under a reference be cancelled or expire."""
    server.desk.end(_one(server, ref), status)


@validate_call(config={"arbitrary_types_allowed": True})
def correct(server: BrokerServer, execution_id: str, price: Decimal | None = None) -> None:
    """Replace an execution by one at another price; without one, take it back."""
    report = server.desk.book.executions[execution_id]
    server.desk.correct(report, None if price is None else {"price": price})


@validate_call(config={"arbitrary_types_allowed": True})
def trade(
    server: BrokerServer, contract: Contract, action: OrderAction, quantity: Decimal, price: Decimal
) -> FillReport:
    """Let somebody else trade in the account."""
    return server.desk.trade_for_others(contract, action, quantity, price)


@validate_call(config={"arbitrary_types_allowed": True})
def adjust(
    server: BrokerServer,
    contract: Contract,
    quantity: Decimal,
    reason: AdjustmentReason = AdjustmentReason.EXTERNAL,
) -> None:
    """Change a position without an order."""
    server.desk.adjust(contract, quantity, reason)


@validate_call(config={"arbitrary_types_allowed": True})
def quote(server: BrokerServer, contract: Contract, bid: Decimal | None = None, ask: Decimal | None = None) -> None:
    """Quote a contract from here on."""
    server.desk.quotes[contract.key] = Quote(contract=contract, time=server.desk.now(), bid=bid, ask=ask)


def drop_links(server: BrokerServer) -> None:
    """Reset every connection, this one too."""
    server.drop_links()


def restart(server: BrokerServer, *, forget_numbers: bool = True) -> None:
    """Reset every connection and number sessions, and broker ids, from the start."""
    server.restart(forget_numbers=forget_numbers)


def change_day(server: BrokerServer) -> None:
    """End the session, and go on after midnight."""
    server.desk.change_day()


def degrade(server: BrokerServer) -> None:
    """Lose what is behind the server."""
    server.degrade()


def restore(server: BrokerServer) -> None:
    """Have it back."""
    server.restore()


COMMANDS: dict[str, Callable[..., Any]] = {
    command.__name__: command
    for command in (
        arrivals,
        orders,
        executions,
        corrections,
        snapshot,
        behave,
        settle,
        fill,
        reject,
        end,
        correct,
        trade,
        adjust,
        quote,
        drop_links,
        restart,
        change_day,
        degrade,
        restore,
    )
}


def obey(server: BrokerServer, control: Control) -> Answer:
    """Do what a control message says, and answer with what it returns."""
    command = COMMANDS.get(control.command)
    if command is None:
        refused = f"there is no command {control.command!r}; there are {', '.join(COMMANDS)}"
        return Answer(question=control.question, refused=refused)
    try:
        value = command(server, **control.arguments)
    except (BrokerError, LookupError, TypeError, ValidationError) as error:
        return Answer(question=control.question, refused=f"{control.command}: {type(error).__name__}: {error}")
    return Answer(question=control.question, value=to_jsonable_python(value))


class RemoteControl:
    """A connection on which commands are given, one after the other: an async context manager.

    >>> async with RemoteControl("127.0.0.1", port) as control:
    ...     seen = await control.arrivals()
    """

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._asked = 0

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._address, limit=DEFAULT_FRAME_CAP)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    async def ask(self, command: str, **arguments: Any) -> Any:
        """Give a command and return its answer as plain JSON; Unavailable where the server refuses."""
        assert self._reader is not None and self._writer is not None, "enter it: async with control: ..."  # noqa: PT018
        self._asked += 1
        control = Control(question=self._asked, command=command, arguments=to_jsonable_python(arguments))
        self._writer.write(encode(control))
        answer = reply_in(await self._reader.readuntil(b"\n"))
        assert isinstance(answer, Answer), f"a command was answered with {answer.say}"
        if answer.refused is not None:
            raise Unavailable(answer.refused)
        return answer.value

    async def arrivals(self) -> list[Arrival]:
        """Return everything that ever arrived, in order."""
        return _ARRIVALS.validate_python(await self.ask("arrivals"))

    async def orders(self) -> list[OrderRow]:
        """Return every order that was taken in, one by one."""
        return _ORDERS.validate_python(await self.ask("orders"))

    async def executions(self) -> list[FillReport]:
        """Return everything that was executed and counts."""
        return _FILLS.validate_python(await self.ask("executions"))

    async def corrections(self) -> list[FillCorrectionReport]:
        """Return every correction that was made."""
        return _CORRECTIONS.validate_python(await self.ask("corrections"))

    async def snapshot(self) -> Snapshot:
        """Return what a client would be told at this moment."""
        return Snapshot.model_validate(await self.ask("snapshot"))

    async def behave(self, behaviour: Behaviour) -> None:
        """Let the server behave like this from here on."""
        await self.ask("behave", **behaviour.model_dump(exclude_defaults=True))
