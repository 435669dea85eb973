"""Positions: all of them once, then each that changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal

from v6_ib_plugin.gateway.house import House
from v6_ib_plugin.gateway.market.ledger import Ledger
from v6_ib_plugin.gateway.market.refusals import invalid
from v6_ib_plugin.gateway.market.statements import Statement
from v6_ib_plugin.gateway.market.subscriptions import Subscriptions
from v6_ib_plugin.gateway.session import Session
from v6_ib_plugin.gateway.wire import requests
from v6_ib_plugin.gateway.wire.messages import Message, Position, PositionEnd, PositionMulti, PositionMultiEnd
from v6_ib_plugin.terms import IbContract
from v6core.contracts import Contract
from v6core.money import ZERO

_MakeRow = Callable[[IbContract, Decimal, Decimal], Message]

_ALL = -1
"""The request id of positions as such, which a client asks for without one."""


class Holdings:
    """The requests for positions of all clients."""

    def __init__(self, house: House, ledger: Ledger) -> None:
        self._house = house
        self._ledger = ledger
        self._subscriptions = Subscriptions()

    async def positions(self, session: Session, _: requests.ReqPositions) -> None:
        """Tell all positions and their end, then what changes; a second time as the first."""
        changes = _Changes()

        def row(contract: IbContract, quantity: Decimal, avg_cost: Decimal) -> Message:
            return Position(self._house.account, contract, quantity, avg_cost)

        await self._begin(session, _ALL, changes, row, PositionEnd())

    def cancel(self, session: Session, _: requests.CancelPositions) -> None:
        """Tell no more."""
        self._subscriptions.close(session, _ALL)

    async def positions_multi(self, session: Session, request: requests.ReqPositionsMulti) -> None:
        """Tell the positions of an account and their end, then what changes. There are no models here."""
        if not self._subscriptions.claim(session, request.req_id):
            return
        if request.account not in {"", "All", self._house.account}:
            raise invalid(f"Invalid account code '{request.account}'")

        def row(contract: IbContract, quantity: Decimal, avg_cost: Decimal) -> Message:
            account = self._house.account
            return PositionMulti(request.req_id, account, contract, quantity, avg_cost, request.model)

        await self._begin(session, request.req_id, _Changes(), row, PositionMultiEnd(request.req_id))

    def cancel_multi(self, session: Session, request: requests.CancelPositionsMulti) -> None:
        """Tell no more."""
        self._subscriptions.cancel(session, request.req_id)

    async def _begin(self, session: Session, req_id: int, changes: _Changes, row: _MakeRow, end: Message) -> None:
        def rows(statement: Statement) -> Iterator[Message]:
            for contract, quantity, avg_cost in changes.of(statement):
                # TWS names no exchange where something is held.
                told = replace(self._house.instruments.tell(contract), exchange="")
                yield row(told, quantity, avg_cost)

        session.send(*rows(await self._ledger.look()), end)
        self._subscriptions.open(session, req_id, self._ledger.watch(lambda latest: session.send(*rows(latest))))

    def leave(self, session: Session) -> None:
        """End what runs for a client that has gone."""
        self._subscriptions.leave(session)

    def clear(self) -> None:
        """End what runs for all clients."""
        self._subscriptions.clear()


class _Changes:
    """What one client has been told of positions."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[Contract, Decimal, Decimal]] = {}

    def of(self, statement: Statement) -> Iterator[tuple[Contract, Decimal, Decimal]]:
        """Yield what is held otherwise than was told; what is held no more has a quantity of zero."""
        held = {
            row.position.contract.key: (row.position.contract, row.position.quantity, row.avg_cost)
            for row in statement.rows
        }
        for key, (contract, _, _) in list(self._told.items()):
            if key not in held:
                del self._told[key]
                yield contract, ZERO, ZERO
        for key, row in held.items():
            if self._told.get(key) != row:
                self._told[key] = row
                yield row
