"""A connection: two directions, and what can happen to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from v6core.testing.network.medium import SimulatedNetwork
    from v6core.testing.network.transport import SimulatedTransport


class Pipe:
    """One direction of a link."""

    def __init__(self, link: Link, source: SimulatedTransport, target: SimulatedTransport) -> None:
        self.link = link
        self.source = source
        self.target = target
        self.in_flight = 0
        """How many bytes are on their way."""
        self.is_silent = False
        self.delay = 0.0
        self.left: int | None = None
        self._network = link.network
        self._last = 0.0
        self._pieces = 0
        self._arrived = b""
        self._closed = False
        self.is_over = False

    def push(self, data: bytes) -> None:
        """Send bytes on their way, in one piece or several."""
        if self._closed or self.is_over or not data:
            return
        for piece in self._network.pieces(data):
            self._pieces += 1
            self.in_flight += len(piece)
            self._network.at(self._arrival(), self._arrive, piece, context=self.target.context)

    def end(self) -> None:
        """Send the end of the stream on its way."""
        if not self._closed:
            self._closed = True
            self._network.at(self._arrival(), self._arrive_end, context=self.target.context)

    def close(self) -> None:
        """Send the end of the stream, and of the link, on its way."""
        self.end()
        self._network.at(self._arrival(), self.link.finish, context=self.target.context)

    def _arrival(self) -> float:
        self._last = max(self._last, self._network.now() + self.delay + self._network.latency())
        return self._last

    def _arrive(self, piece: bytes) -> None:
        self._pieces -= 1
        if self.is_over or self.is_silent:
            return  # what never arrives is never acknowledged, and goes on to fill the buffer
        if self.source.is_full:
            # Whoever waits for room learns of it a way back later, or of the end of the link instead.
            back = self._network.now() + self._network.latency()
            self._network.at(back, self._acknowledge, len(piece), context=self.source.context)
        else:
            self.in_flight -= len(piece)
        self._arrived += piece
        if self._pieces and self._network.merges():
            return
        self._hand_over()

    def _acknowledge(self, count: int) -> None:
        self.in_flight -= count
        self.source.mind_the_flow()

    def _hand_over(self) -> None:
        data, self._arrived = self._arrived, b""
        if self.left is not None:
            data = data[: self.left]
            self.left -= len(data)
        if data:
            self._network.on_arrival(self.target, data)
            self.target.receive(data)
        if self.left == 0:
            self.link.cut()

    def _arrive_end(self) -> None:
        if not self.is_over and not self.is_silent:
            self._hand_over()
            self.target.receive_eof()


class Link:
    """One connection: its two ends, and what can happen to it."""

    def __init__(self, network: SimulatedNetwork, client: SimulatedTransport, server: SimulatedTransport) -> None:
        self.network = network
        self.client = client
        self.server = server
        self.to_server = Pipe(self, client, server)
        self.to_client = Pipe(self, server, client)
        self.is_up = True

    def cut(self) -> None:
        """Reset the connection: what is in flight is lost, and both ends learn of it after their latency."""
        self._over(ConnectionResetError("the connection was reset"))

    def cut_after(self, count: int, *, to_server: bool) -> None:
        """Reset the connection once so many more bytes have arrived in one direction; none: at once."""
        pipe = self.to_server if to_server else self.to_client
        pipe.left = count
        if count <= 0:
            self.cut()

    def fall_silent(self, *, to_server: bool) -> None:
        """Lose whatever is in flight or written in one direction, without telling anybody."""
        (self.to_server if to_server else self.to_client).is_silent = True

    def slow_down(self, seconds: float) -> None:
        """Let what is written from here on take so much longer, both ways."""
        self.to_server.delay = self.to_client.delay = seconds

    def mend(self) -> None:
        """Be as quick as it was, and have no cut ahead; what was lost stays lost."""
        self.slow_down(0)
        self.to_server.left = self.to_client.left = None

    def finish(self) -> None:
        """End it in an orderly way."""
        if not (self.to_server.is_silent or self.to_client.is_silent):
            self._over(None)

    def _over(self, error: Exception | None) -> None:
        if not self.is_up:
            return
        self.is_up = False
        self.network.links.pop(self, None)
        for pipe in (self.to_server, self.to_client):
            pipe.is_over = error is not None or pipe.is_over
            end = pipe.target
            self.network.at(self.network.now() + self.network.latency(), end.lose, error, context=end.context)
