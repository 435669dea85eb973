from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from gateway.raw_tws import connected, eventually, place
from v6_ib_plugin.gateway.faults import At, Cut, Effect, Fault, Faults, Moment, Refuse, Silence, When
from v6_ib_plugin.gateway.faults.control_file import ControlFile, read_faults
from v6_ib_plugin.gateway.faults.corrections import next_revision
from v6_ib_plugin.gateway.gateway import Gateway
from v6_ib_plugin.gateway.testing import running_gateway
from v6_ib_plugin.gateway.wire import messages
from v6core.errors import ConfigurationError

TOML = """
[[fault]]
when = { at = "request", kind = "PlaceOrder", is_new = true, nth = 2, action = "buy" }
what = { effect = "CUT", moment = "unanswered" }

[[fault]]
when = { at = "MESSAGE", kind = "OrderStatus" }
what = { effect = "SILENCE" }
times = 3
"""
LINES = """{"when": {"at": "START"}, "what": {"effect": "SILENCE"}}

{"when": {"at": "REQUEST", "kind": "PlaceOrder"}, "what": {"effect": "REFUSE", "code": 201}}
"""


def written(folder: Path, text: str, name: str = "faults.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


# Models

KINDS: tuple[type[Any], ...] = get_args(get_args(Effect)[0])


def fault_from(row: dict[str, Any]) -> Fault:
    return Fault.model_validate(row)


@pytest.mark.parametrize(
    ("when", "what", "why"),
    [
        ({"at": "SOMEWHERE"}, {"effect": "SILENCE"}, "CONNECTION"),
        ({"at": "REQUEST", "kind": "PlaceOrders"}, {"effect": "SILENCE"}, "did you mean PlaceOrder"),
        ({"at": "MESSAGE", "kind": "PlaceOrder"}, {"effect": "SILENCE"}, "there is no message 'PlaceOrder'"),
        ({"at": "START", "symbol": "GOOG"}, {"effect": "SILENCE"}, "at START there is no symbol"),
        ({"at": "START"}, {"effect": "SERVER_VERSION", "version": 1}, "cannot strike at START, only at CONNECTION"),
        ({"at": "MESSAGE"}, {"effect": "CUT", "moment": "UNANSWERED"}, "only a REQUEST can be taken UNANSWERED"),
        ({"at": "MESSAGE"}, {"effect": "REWRITE", "fields": {"a": 1}}, "needs the kind"),
        ({"at": "MESSAGE", "kind": "NextValidId"}, {"effect": "REWRITE", "fields": {"a": 1}}, "no field 'a'"),
        ({"at": "MESSAGE", "kind": "OrderStatus"}, {"effect": "CORRECT"}, "goes out in ExecDetails"),
        ({"at": "NOW"}, {"effect": "GARBAGE", "hex": "xy"}, "hexadecimal"),
        ({"at": "NOW"}, {"effect": "TOO_LONG", "length": 5}, "greater"),
        ({"at": "NOW"}, {"effect": "CONNECTIVITY", "code": 1103}, "1100"),
        ({"at": "REQUEST", "nth": 0}, {"effect": "SILENCE"}, "greater"),
        ({"at": "REQUEST", "ntj": 1}, {"effect": "SILENCE"}, "ntj"),
        ({"at": "REQUEST"}, {"effect": "EXPLODE"}, "SILENCE"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_in_words(when: Any, what: Any, why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        fault_from({"when": when, "what": what})


def test_every_effect_says_where_it_can_strike() -> None:
    assert all(kind.points and kind.points <= set(At) for kind in KINDS)


def test_a_fault_reads_back_as_it_was_written() -> None:
    fault = Fault(when=When.order(2, action="SELL"), what=Cut(moment=Moment.AFTER, reset=True), times=None)
    assert Fault.model_validate_json(fault.model_dump_json()) == fault


@pytest.mark.parametrize(
    ("before", "after"), [("0000e0d5.6555a860.01.01", "0000e0d5.6555a860.01.02"), ("a.09", "a.10"), ("odd", "odd.02")]
)
def test_the_revision_of_an_execution_stands_behind_the_last_dot(before: str, after: str) -> None:
    assert next_revision(before) == after


# The file


def test_a_toml_file_holds_tables_of_faults(tmp_path: Path) -> None:
    first, second = read_faults(written(tmp_path, TOML))
    assert first == Fault(when=When.order(2, action="BUY"), what=Cut(moment=Moment.UNANSWERED))
    assert second == Fault(when=When.message("OrderStatus"), what=Silence(), times=3)


def test_any_other_file_holds_a_fault_in_each_line(tmp_path: Path) -> None:
    first, second = read_faults(written(tmp_path, LINES, "faults.jsonl"))
    assert first == Fault(when=When.start(), what=Silence())
    assert second == Fault(when=When.request("PlaceOrder"), what=Refuse(code=201))


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("f.toml", "[[fault]\n", r"f\.toml: "),
        ("f.toml", "[[faults]]\n", "not faults"),
        ("f.toml", "fault = 1\n", "not a fault"),
        ("f.toml", TOML + "[[fault]]\nwhen = { at = 'NOW' }\n", "fault 3: what: Field required"),
        ("f.jsonl", '{"when": {"at": "soon"}, "what": {"effect": "SILENCE"}}', "when.at: must be .* not 'soon'"),
        ("f.jsonl", LINES + "{", "line 4 is no JSON"),
        ("f.jsonl", "[1]", "line 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_its_place(tmp_path: Path, name: str, text: str, why: str) -> None:
    with pytest.raises(ConfigurationError, match=why):
        read_faults(written(tmp_path, text, name))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_faults(tmp_path / "none.toml")


def test_a_file_that_changes_arms_what_is_new_and_disarms_what_is_gone(tmp_path: Path) -> None:
    faults = Faults()
    path = written(tmp_path, TOML)
    control = ControlFile(path, faults)
    control.look()
    kept = faults.armed[1]
    path.write_text(TOML.replace("PlaceOrder", "CancelOrder"))
    control.look()
    assert [armed.fault.when.kind for armed in faults.armed] == ["OrderStatus", "CancelOrder"]
    assert faults.armed[0] is kept


def test_a_fault_that_has_struck_is_not_armed_again_when_the_file_changes(tmp_path: Path) -> None:
    faults = Faults()
    path = written(tmp_path, LINES, "f.jsonl")
    control = ControlFile(path, faults)
    control.look()
    for armed in faults.armed:
        armed.hit()
    path.write_text(LINES + LINES.replace("201", "202"))
    control.look()
    assert [armed.fault.what for armed in faults.armed] == [Silence(), Refuse(code=202)]


def test_a_file_that_is_removed_disarms_all_that_it_armed(tmp_path: Path) -> None:
    faults = Faults()
    path = written(tmp_path, TOML)
    control = ControlFile(path, faults)
    control.look()
    path.unlink()
    control.look()
    assert faults.armed == ()


def on(work: Callable[[Gateway], Awaitable[Any]], path: Path) -> Any:
    async def within() -> Any:
        async with running_gateway(control_file=path) as gateway:
            return await work(gateway)

    return asyncio.run(within())


def test_a_gateway_obeys_its_control_file_and_watches_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v6_ib_plugin.gateway.faults.control_file._EVERY", 0.002)
    path = written(tmp_path, LINES.replace('"START"', '"REQUEST", "kind": "ReqIds"'), "f.jsonl")

    async def work(gateway: Gateway) -> Any:
        async with connected(gateway) as client:
            client.send(place(1))
            first = await client.find(messages.ErrMsg)
            path.write_text(LINES.replace("201", "399") * 2)
            await eventually(lambda: len(gateway.faults.armed) == 4)
            client.send(place(2))
            return first.answer.code, (await client.find(messages.ErrMsg)).answer.code

    assert on(work, path) == (201, 399)


def test_a_file_that_breaks_later_is_told_once_and_what_it_armed_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("v6_ib_plugin.gateway.faults.control_file._EVERY", 0.002)
    path = written(tmp_path, TOML)

    async def work(gateway: Gateway) -> Any:
        path.write_text("[[fault]\n")
        await eventually(lambda: any("faults.toml" in record.getMessage() for record in caplog.records))
        await asyncio.sleep(0.02)
        return len(gateway.faults.armed)

    assert on(work, path) == 2
    assert sum("faults.toml" in record.getMessage() for record in caplog.records) == 1


def test_a_gateway_does_not_open_with_a_control_file_that_cannot_be_used(tmp_path: Path) -> None:
    async def work(_: Gateway) -> None:
        """Not reached."""

    with pytest.raises(ConfigurationError, match="fault 1"):
        on(work, written(tmp_path, "[[fault]]\n"))
