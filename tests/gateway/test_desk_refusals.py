"""What the gateway's desk does not take, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

import pytest

from gateway.desk_wire import ACME, bracket, d, floor, limit, run, stop
from v6_ib_plugin.gateway.desk import Manners
from v6_ib_plugin.gateway.desk.drafting import camel
from v6_ib_plugin.gateway.wire import WireError, encode_request, messages, requests
from v6_ib_plugin.options.work import WORKS
from v6_ib_plugin.terms import IbCondition, IbContract, IbOrder, TagValue
from v6_ib_plugin.translation.wordless import DECORATIVE, SAID, fields_without_a_word


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (limit(1, "100.005"), 110),
        (limit(1, account="DU999"), 321),
        (limit(1, parent_id=9), 10006),
        (limit(1, algo_strategy="Magic"), 439),
        (limit(1, algo_strategy="Adaptive", algo_params=(TagValue("adaptivePriority", "Now"),)), 441),
    ],
)
def test_what_is_refused_at_once_never_was_an_order(order: IbOrder, code: int) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.place(order)
            await client.sync()
            assert client.about(1) == [str(code)]

    run(main())


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (limit(1, hidden=True), "hidden"),
        (limit(1, all_or_none=True), "allOrNone"),
        (limit(1, good_after_time="20270101-10:00:00"), "goodAfterTime"),
        (limit(1, conditions=(IbCondition(3, ("a", "1", "20270101-10:00:00")),)), "conditions"),
        (limit(1, discretionary_amt=d(1)), "discretionaryAmt"),
        (replace(limit(1), order_type="REL"), "order_type"),
        (limit(1, tif="AUC"), "tif"),
        (limit(1, 100, "0.5"), "the broker behind this gateway refuses it: it takes whole quantities"),
    ],
)
def test_what_would_change_what_the_order_does_is_refused_by_its_name(order: IbOrder, field: str) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.place(order)
            assert field in (await client.answer(201)).text
            await client.status(1, "Inactive")

    run(main())


@pytest.mark.parametrize("word", [*WORKS, "DTC", "Minutes"])
def test_a_type_or_time_of_ibs_own_is_refused_by_its_name(word: str) -> None:
    tif = {"AUCTION": "AUC", "DTC": "DTC", "Minutes": "Minutes"}.get(word, "DAY")
    kind = {"AUCTION": "MTL", "DTC": "LMT", "Minutes": "LMT"}.get(word, word)

    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.place(replace(limit(1, tif=tif), order_type=kind))
            assert f"order_type {kind}, tif {tif}: " in (await client.answer(201)).text
            await client.status(1, "Inactive")

    run(main())


_SAYING: dict[str, Any] = {
    "conditions": (IbCondition(3, ("a", "1", "20270101-10:00:00")),),
    "active_start_time": "20270101-10:00:00",
    "active_stop_time": "20270101-10:00:00",
    "good_after_time": "20270101-10:00:00",
}
_ELSEWHERE = frozenset(
    {
        *("algo_strategy", "model_code", "opt_out_smart_routing", "use_price_mgmt_algo", "smart_combo_routing_params"),
        *("delta_neutral_contract", "order_combo_legs", "peg_bench_terms", "min_trade_qty", "min_compete_size"),
        *("compete_against_best_offset", "mid_offset_at_whole", "mid_offset_at_half"),
    }
)
"""What is kept as it is, or is sent with other kinds of orders and contracts only."""


def _saying(name: str, default: object) -> tuple[Any, ...]:
    """Return values with which a field says something; one of them is of its type."""
    if name in _SAYING:
        return (_SAYING[name],)
    return (not default,) if isinstance(default, bool) else ("X",) if isinstance(default, str) else (7, d(7))


def test_every_field_without_a_word_is_refused_by_its_name() -> None:
    def orders() -> Iterator[tuple[str, IbOrder]]:
        for field in fields(IbOrder):
            if field.name in SAID | DECORATIVE | _ELSEWHERE:
                continue
            for value in _saying(field.name, field.default):
                asked = replace(limit(1, 90), **{field.name: value})
                if fields_without_a_word(asked) and _can_be_sent(asked):
                    yield field.name, asked
                    break

    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            asked = [(name, replace(order, order_id=number)) for number, (name, order) in enumerate(orders(), 1)]
            client.place(*(order for _, order in asked))
            await client.sync()
            told = {answer.answer.req_id: answer.answer for answer in client.all(messages.ErrMsg)}
            answers = [(name, told[order.order_id].code, told[order.order_id].text) for name, order in asked]
            assert len(answers) > 40
            assert not [each for each in answers if each[1] != 201 or camel(each[0]) not in each[2]]

    run(main())


def _can_be_sent(order: IbOrder) -> bool:
    try:
        encode_request(requests.PlaceOrder(ACME, order))
    except WireError:
        return False
    return True


def test_an_order_without_its_price_is_refused_in_words() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.place(replace(limit(1), lmt_price=None))
            assert (await client.answer(201)).text.endswith("a LIMIT order needs a limit_price")
            assert "{" not in client.all(messages.ErrMsg)[-1].answer.text

    run(main())


def test_a_contract_that_there_is_not_is_answered_with_200() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.place(limit(1), contract=replace(ACME, sec_type="OPT", strike=d(10)))
            await client.answer(200)

    run(main())


def test_the_brokers_rejection_is_told_with_its_reason() -> None:
    async def main() -> None:
        async with floor(fills="reject") as opened:
            client = await opened.client()
            client.place(limit(1))
            assert "every order is refused" in (await client.answer(201)).text
            assert client.about(1) == ["201", "Inactive"]

    run(main())


@pytest.mark.parametrize("order_id", [5, 4])
def test_an_id_that_is_not_above_those_used_is_refused(order_id: int) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.place(limit(5, 90))
            client.send(requests.CancelOrder(5))
            await client.status(5, "Cancelled")
            client.place(limit(order_id, 90))
            assert (await client.answer(103)).req_id == order_id

    run(main())


def test_a_child_of_a_refused_parent_is_told_that_it_is_gone() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            parent, *children = bracket(1)
            client.place(replace(parent, lmt_price=d("99.005")), *children)
            await client.sync()
            assert client.codes() == [110, 135, 135]

    run(main())


def test_a_trailing_stop_is_not_attached_to_a_market_order() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            parent = replace(limit(1, transmit=False), order_type="MKT", lmt_price=None)
            trail = replace(stop(2, 1, parent_id=1), order_type="TRAIL")
            client.place(parent, trail)
            await client.answer(328)

    run(main())


def test_an_order_of_another_client_is_not_there_to_be_cancelled() -> None:
    async def main() -> None:
        async with floor() as opened:
            opened.price(100)
            client, other = await opened.client(1), await opened.client(2)
            client.place(limit(7, 90))
            await client.status(7, "Submitted")
            other.send(requests.CancelOrder(7))
            await other.answer(10147)

    run(main())


def test_exercising_options_is_refused_by_name() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.send(requests.ExerciseOptions(3, IbContract(symbol="ACME"), 1, 1, "", override=False))
            assert "exercise" in (await client.answer(321)).text

    run(main())


def test_a_read_only_gateway_refuses_orders() -> None:
    async def main() -> None:
        async with floor(read_only=True) as opened:
            client = await opened.client()
            client.place(limit(4))
            assert (await client.answer(321)).req_id == 4

    run(main())


def test_a_combo_what_if_can_be_refused() -> None:
    async def main() -> None:
        async with floor(Manners(combo_what_if=False)) as opened:
            client = await opened.client()
            client.place(limit(1, 1, what_if=True), contract=opened.condor())
            await client.answer(360)

    run(main())


def test_only_client_zero_binds_manual_orders() -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client(1)
            client.send(requests.ReqAutoOpenOrders(bind=True))
            await client.answer(327)

    run(main())


@pytest.mark.parametrize("wanted", [{"time": "yesterday"}, {"side": "UP"}])
def test_a_time_or_a_side_that_is_none_filters_no_executions(wanted: dict[str, Any]) -> None:
    async def main() -> None:
        async with floor() as opened:
            client = await opened.client()
            client.send(replace(requests.ReqExecutions(5), **wanted))
            assert (await client.answer(321)).req_id == 5
            assert not client.all(messages.ExecDetailsEnd)

    run(main())
