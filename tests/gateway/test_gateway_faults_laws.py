from __future__ import annotations

import asyncio
from contextlib import suppress
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from gateway.raw_tws import GOOG, RawTws, bracket, connected, eventually, place, started
from v6_ib_plugin.gateway.faults import (
    Announce,
    At,
    Connectivity,
    Correct,
    Cut,
    Delay,
    Duplicate,
    Effect,
    Fault,
    Garbage,
    Moment,
    Refuse,
    Reorder,
    Repeat,
    Restart,
    RollBackIds,
    Segments,
    ServerVersion,
    Silence,
    TooLong,
    Undecodable,
    When,
)
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import WireError, requests

SOON = st.floats(0, 0.005)

EFFECTS: st.SearchStrategy[Effect] = st.one_of(
    st.builds(Cut, moment=st.sampled_from(Moment), reset=st.booleans()),
    st.builds(Silence, accept=st.booleans()),
    st.builds(Refuse, code=st.sampled_from([201, 321, 10147])),
    st.builds(Delay, seconds=SOON, others_wait=st.booleans()),
    st.builds(Duplicate, more=st.integers(1, 3)),
    st.builds(Reorder, behind=st.integers(1, 3), within=SOON),
    st.builds(Repeat),
    st.builds(Undecodable, keep=st.integers(1, 5)),
    st.builds(Correct, price=st.just(Decimal(99)), shares=st.sampled_from([None, Decimal(0)])),
    st.builds(Garbage, framed=st.booleans()),
    st.builds(TooLong),
    st.builds(Segments, size=st.none() | st.integers(20, 300), pause=st.just(0.0001)),
    st.builds(ServerVersion, version=st.integers(1, 999)),
    st.builds(Announce, code=st.just(2103), text=st.just("broken")),
    st.builds(Connectivity, code=st.sampled_from([1100, 1101, 1102, 2110])),
    st.builds(Restart, seconds=SOON, next_id=st.none() | st.just(1)),
    st.builds(RollBackIds, next_id=st.integers(1, 9)),
)
KINDS = st.sampled_from(["PlaceOrder", "CancelOrder", "ReqOpenOrders", "OpenOrder", "OrderStatus", "ExecDetails", None])


@st.composite
def faults(draw: st.DrawFn) -> Fault | None:
    """Draw a fault; None where what was drawn cannot be one."""
    at = draw(st.sampled_from(At))
    kind = draw(KINDS) if at in {At.REQUEST, At.MESSAGE} else None
    with suppress(ValidationError):
        when = When(at=at, kind=kind, nth=draw(st.integers(1, 3)))
        return Fault(when=when, what=draw(EFFECTS), times=draw(st.sampled_from([1, 2, None])))
    return None


async def trade(client: RawTws) -> None:
    """Do a little of everything, and hear what comes for a while."""
    client.send(place(1), *bracket(2), requests.CancelOrder(2), requests.ReqMktData(20, GOOG))
    client.send(requests.ReqOpenOrders(), requests.ReqExecutions(21))
    async with asyncio.timeout(0.02):
        while await client.next() is not None:
            pass


@given(st.lists(faults(), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_whatever_strikes_a_client_the_next_is_served(drawn: list[Fault | None]) -> None:
    async def within() -> Any:
        async with running_gateway() as gateway:
            for fault in drawn:
                if fault is not None:
                    gateway.faults.add(fault)
            with suppress(TimeoutError, OSError, WireError):
                async with asyncio.timeout(0.1), started(gateway) as client:
                    await trade(client)
            gateway.faults.disarm()
            gateway.faults.uplink.mend()
            await eventually(lambda: gateway.is_listening and not gateway.clients)
            async with connected(gateway, 9) as other:
                return await other.until_time()

    assert asyncio.run(within()) == []
