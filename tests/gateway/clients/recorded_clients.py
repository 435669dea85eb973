"""Two TWS clients that nobody here wrote, behind one face: requests by their names, callbacks recorded as they come.

ib_async's client and the official one have the same requests and nearly the same callbacks; what differs is evened out
here, and nothing else is touched.
"""

# Neither of the two is typed.
# mypy: allow-untyped-calls
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownLambdaType=false

from __future__ import annotations

import abc
import asyncio
import threading
from collections.abc import Callable
from datetime import UTC
from typing import Any

import ib_async
from ib_async import ExecutionFilter as AsyncFilter
from ib_async.client import Client as AsyncClient
from ibapi.client import EClient
from ibapi.contract import ComboLeg, Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order
from ibapi.order_cancel import OrderCancel
from ibapi.wrapper import EWrapper

PATIENCE = 10.0
Heard = tuple[str, tuple[Any, ...]]


class Recorded(abc.ABC):
    """A connected client and all that it has heard."""

    name: str

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._changed = threading.Condition()

    def hear(self, name: str, *values: Any) -> None:
        """Keep a callback and wake whoever waits."""
        with self._changed:
            self.heard.append((name, values))
            self._changed.notify_all()

    def first(self, name: str, holds: Callable[..., bool] = lambda *_: True, since: int = 0) -> tuple[Any, ...]:
        """Return the values of the first callback of a name for which a condition holds, waiting for it."""
        with self._changed:
            done = self._changed.wait_for(lambda: self.all(name, holds, since), PATIENCE)
            assert done, f"no {name} in time; heard last: {str(self.heard[-20:])[-2000:]}"
            return self.all(name, holds, since)[0]

    def all(self, name: str, holds: Callable[..., bool] = lambda *_: True, since: int = 0) -> list[tuple[Any, ...]]:
        """Return the values of all callbacks of a name so far for which a condition holds."""
        return [values for other, values in self.heard[since:] if other == name and holds(*values)]

    @abc.abstractmethod
    def ask(self, request: str, *values: Any) -> None:
        """Send a request by its name."""

    @abc.abstractmethod
    def contract(self, **fields: Any) -> Any:
        """Return a contract of the client's own."""

    @abc.abstractmethod
    def order(self, **fields: Any) -> Any:
        """Return an order of the client's own."""

    @abc.abstractmethod
    def leg(self, **fields: Any) -> Any:
        """Return a combo leg of the client's own."""

    @abc.abstractmethod
    def any_execution(self) -> Any:
        """Return a filter that lets every execution through."""

    @abc.abstractmethod
    def cancel(self, order_id: int) -> None:
        """Cancel an order."""

    @abc.abstractmethod
    def server_version(self) -> int:
        """Return the version that was agreed on."""

    @abc.abstractmethod
    def close(self) -> None:
        """Disconnect and end what runs."""


class _Listener:
    """Takes every callback there is."""

    def __init__(self, hear: Callable[..., None]) -> None:
        self._hear = hear
        self.defaultTimezone = UTC
        self.priceSizeTick = lambda req_id, kind, price, _size: hear("tickPrice", req_id, kind, price, None)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith(("_", "tcp")):
            raise AttributeError(name)
        return lambda *values: self._hear(name, *values)


class IbAsyncClient(Recorded):
    """ib_async's client on an event loop in a thread of its own."""

    name = "ib_async"

    def __init__(self, host: str, port: int, client_id: int) -> None:
        super().__init__()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._client = AsyncClient(_Listener(self.hear))
        try:
            self._run(self._client.connectAsync(host, port, client_id, PATIENCE))
        except BaseException:
            self.close()
            raise

    def _run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def ask(self, request: str, *values: Any) -> None:
        async def send() -> None:
            getattr(self._client, request)(*values)

        self._run(send())

    def contract(self, **fields: Any) -> Any:
        return ib_async.Contract(**fields)

    def order(self, **fields: Any) -> Any:
        return ib_async.Order(**fields)

    def leg(self, **fields: Any) -> Any:
        return ib_async.ComboLeg(**fields)

    def any_execution(self) -> Any:
        return AsyncFilter()

    def cancel(self, order_id: int) -> None:
        self.ask("cancelOrder", order_id)

    def server_version(self) -> int:
        return self._client.serverVersion()

    def close(self) -> None:
        async def leave() -> None:
            self._client.disconnect()

        self._run(leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()


class _Official(EWrapper, EClient):  # type: ignore[misc]  # untyped
    def __init__(self, hear: Callable[..., None]) -> None:
        EClient.__init__(self, self)
        self._hear = hear

    def __getattribute__(self, name: str) -> Any:
        if name in vars(EWrapper):
            hear = object.__getattribute__(self, "_hear")
            return lambda *values: hear(name, *values)
        return super().__getattribute__(name)


class OfficialClient(Recorded):
    """The official client with its reading thread."""

    name = "ibapi"

    def __init__(self, host: str, port: int, client_id: int) -> None:
        super().__init__()
        self._client = _Official(self._even)
        self._client.connect(host, port, client_id)
        self._thread = threading.Thread(target=self._client.run)
        self._thread.start()
        self.first("nextValidId")

    def _even(self, name: str, *values: Any) -> None:
        """Take a time out of errors and a long name off commissions, as the others tell them."""
        if name == "error":
            req_id, _, *rest = values
            self.hear(name, req_id, *rest)
        else:
            self.hear("commissionReport" if name == "commissionAndFeesReport" else name, *values)

    def ask(self, request: str, *values: Any) -> None:
        getattr(self._client, request)(*values)

    def contract(self, **fields: Any) -> Any:
        return _filled(Contract(), fields)

    def order(self, **fields: Any) -> Any:
        return _filled(Order(), fields)

    def leg(self, **fields: Any) -> Any:
        return _filled(ComboLeg(), fields)

    def any_execution(self) -> Any:
        return ExecutionFilter()

    def cancel(self, order_id: int) -> None:
        self.ask("cancelOrder", order_id, OrderCancel())

    def server_version(self) -> int:
        version: Any = self._client.serverVersion()
        return int(version)

    def close(self) -> None:
        self._client.disconnect()
        self._thread.join(PATIENCE)


def _filled(made: Any, fields: dict[str, Any]) -> Any:
    for name, value in fields.items():
        setattr(made, name, value)
    return made
