"""No control character reaches a broker, and no secret leaves: P17."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from core.engine_desk import GOOG, buy, engine_on, simulated
from v6core import hookimpl, redaction
from v6core.broker import BrokerSpec
from v6core.cli.failures import failure_of
from v6core.clock import run_simulated
from v6core.config import BrokerSection, Secret, settings_for
from v6core.contracts import Future, Option, Stock
from v6core.engine import OrderExecutionEngine
from v6core.errors import (
    BrokerError,
    ConfigurationError,
    ModifyRejected,
    NotSent,
    OrderDenied,
    OutcomeUnknown,
    Unavailable,
    V6Error,
)
from v6core.identifiers import plainly
from v6core.orders import Order
from v6core.risk import CheckContext, Denial
from v6core.testing import ScriptedBroker, ScriptedSettings, scripted_capabilities, scripted_spec
from v6core.testing.scripted import Step, raises

CANARY = "hunter2 canary/äß"
FORMS = (CANARY, "hunter2", "canary")


# What reaches a broker.


class Options(BaseModel):
    """Options that take anything."""

    model_config = ConfigDict(extra="allow")


class Wiretap(ScriptedBroker):
    """A broker that keeps whatever it is given."""

    def __init__(self) -> None:
        super().__init__(scripted_capabilities())
        self.given: list[Any] = []

    @property
    def spec(self) -> BrokerSpec[ScriptedSettings]:
        return scripted_spec(self, order_options=Options)

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in {"place", "modify", "cancel", "find", "qualify", "quote", "preview"}:
            return found

        async def listen(*arguments: Any) -> Any:
            self.given.extend(arguments)
            return await found(*arguments)

        return listen


def texts(value: object) -> Iterator[str]:
    """Yield every text in whatever a broker is given."""
    if isinstance(value, BaseModel):
        yield from texts({name: getattr(value, name) for name in type(value).model_fields})
    elif isinstance(value, str):
        yield str(value)
    elif isinstance(value, Mapping):
        for name, part in cast("Mapping[object, object]", value).items():
            yield from texts(name)
            yield from texts(part)
    elif isinstance(value, Iterable):
        for part in cast("Iterable[object]", value):
            yield from texts(part)


NASTY = st.text("ab1. \0\n\r\t\x1b\x7f\x85\u2028", min_size=1, max_size=6)
ORDER_TEXTS = ("strategy_id", "account", "oca_group", "order_ref", "reason", "broker_order_id")
CONTRACT_TEXTS = ("symbol", "exchange", "primary_exchange", "currency", "trading_class")
CONTRACTS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (Stock, {"symbol": "GOOG"}),
    (Option, {"symbol": "GOOG", "expiration": "2026-12-18", "strike": 600, "right": "CALL"}),
    (Future, {"symbol": "ES", "expiration": "2026-12-18"}),
)


@settings(deadline=None, max_examples=150)
@given(
    st.dictionaries(st.sampled_from(ORDER_TEXTS), NASTY, max_size=2),
    st.dictionaries(st.sampled_from(CONTRACT_TEXTS), NASTY, max_size=2),
    st.dictionaries(NASTY, NASTY | st.lists(NASTY, max_size=2) | st.dictionaries(NASTY, NASTY, max_size=1), max_size=1),
    st.sampled_from(CONTRACTS),
    NASTY,
)
def test_P17_no_control_character_reaches_a_broker(
    of_order: dict[str, str], of_contract: dict[str, str], options: dict[str, Any], kind: Any, group: str
) -> None:
    async def run() -> None:
        broker = Wiretap()
        async with engine_on(broker) as engine:
            try:
                contract = kind[0](**{**kind[1], **of_contract})
                order = await engine.place_order(contract, buy(1, **of_order, options=options))
                await engine.modify_order(order.order_id, oca_group=group)
                await engine.cancel_order(order.order_id)
            except (ValueError, OrderDenied, ModifyRejected):
                pass
        assert [text for text in texts(broker.given) if not text.isprintable()] == []

    run_simulated(run())


@pytest.mark.parametrize("options", [{"a\n": 1}, {"a": "\0"}, {"a": ["x", {"b": "\x1b[2J"}]}])
def test_P17_control_characters_in_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="options must hold no control characters"):
        buy(1, options=options)


@simulated
async def test_P17_what_a_broker_says_of_an_order_is_shown_escaped() -> None:
    broker = ScriptedBroker()
    broker.on("place", lambda b, refs: b.reject(refs[0], "no\x1b[2J\nmargin\0"))
    async with engine_on(broker) as engine:
        order = await engine.place_order(GOOG, buy(1))
        assert order.reason is not None
        assert order.reason.isprintable()


# What leaves.


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Fetch a secret, as a plugin does, and forget it at the end."""
    made_by = logging.getLogRecordFactory()
    monkeypatch.setenv("V6_TEST_SECRET", CANARY)
    yield Secret("env:V6_TEST_SECRET").reveal()
    redaction.forget_all()
    logging.setLogRecordFactory(made_by)


def assert_clean(*shown: object) -> None:
    for one in shown:
        assert not any(form in str(one) for form in FORMS), one


@pytest.mark.parametrize(
    "error", [BrokerError, NotSent, Unavailable, OutcomeUnknown, OrderDenied, ModifyRejected], ids=lambda e: e.__name__
)
def test_P17_no_error_of_ours_tells_a_secret(secret: str, error: type[V6Error]) -> None:
    made = error(f"login as {secret} failed", hint=f"not {secret}")
    assert_clean(made, repr(made), made.message, made.hint, made.args, failure_of(made, False).document)


@pytest.mark.parametrize(
    "form", [CANARY, repr(CANARY), json.dumps(CANARY), "https://u:hunter2%20canary%2F%C3%A4%C3%9F@host/"]
)
def test_P17_a_secret_is_known_in_every_form(secret: str, form: str) -> None:
    assert_clean(plainly(f"tried {form}"), redaction.redacted(form))


LEAKS: tuple[tuple[str, str], ...] = (
    ("connect", "start"),
    ("snapshot", "start"),
    ("qualify", "place"),
    ("place", "place"),
    ("cancel", "cancel"),
    ("modify", "modify"),
    ("quote", "quote"),
    ("disconnect", "stop"),
)


@pytest.mark.parametrize(("call", "way"), LEAKS)
@pytest.mark.parametrize("kind", [ConnectionError, ValueError, Unavailable, NotSent], ids=lambda k: k.__name__)
def test_P17_a_plugin_that_fails_with_the_secret_leaks_it_nowhere(
    call: str, way: str, kind: type[Exception], secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[object] = []

    async def run() -> None:
        broker = ScriptedBroker()
        leak: Step = raises(kind(f"401 for key {secret}"))
        if way in {"start", "stop"}:
            broker.on(call, leak)
        try:
            async with engine_on(broker) as engine:
                await _fail(engine, broker, call, leak, told)
                told.extend(row.payload for row in engine.journal.rows())
        except V6Error as error:
            told.extend((error, repr(error), error.hint, failure_of(error, False).document))

    with caplog.at_level(logging.DEBUG):
        run_simulated(run())
    assert_clean(*told, caplog.text)


async def _fail(
    engine: OrderExecutionEngine, broker: ScriptedBroker, call: str, leak: Step, told: list[object]
) -> None:
    if call not in {"qualify", "place", "cancel", "modify", "quote"}:
        return
    placed = await engine.place_order(GOOG, buy(1))
    broker.on(call, leak)
    try:
        match call:
            case "cancel":
                await engine.cancel_order(placed.order_id)
            case "modify":
                await engine.modify_order(placed.order_id, quantity=2)
            case "quote":
                await engine.quote(GOOG)
            case _:
                told.append(await engine.place_order(GOOG if call == "place" else Stock("MSFT"), buy(2)))
    except V6Error as error:
        told.extend((error, repr(error), error.hint, failure_of(error, False).document))
    told.extend(await engine.orders())


class LeakySettings(BaseModel):
    """Settings whose author puts the secret into the error."""

    key: Secret

    @field_validator("key")
    @classmethod
    def _check(cls, value: Secret) -> Secret:
        raise ValueError(f"401 for key {value.reveal()}")


def test_P17_settings_that_fail_with_the_secret_leak_it_nowhere(secret: str) -> None:
    section = BrokerSection(name="x", plugin="p", settings={"key": "env:V6_TEST_SECRET"})
    with pytest.raises(ConfigurationError, match="401 for key") as refused:
        settings_for(section, LeakySettings)
    assert_clean(refused.value, repr(refused.value), section)


class LeakyCheck:
    """A check that fails with the secret in its exception."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    @hookimpl
    def v6_check_order(self, order: Order, context: CheckContext) -> Denial | None:
        raise RuntimeError(f"401 for key {self._secret}")


def test_P17_a_check_that_fails_with_the_secret_leaks_it_nowhere(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    told: list[object] = []

    async def run() -> None:
        async with engine_on(ScriptedBroker(), extensions=[LeakyCheck(secret)]) as engine:
            with pytest.raises(OrderDenied) as denied:
                await engine.place_order(GOOG, buy(1))
            told.extend((denied.value, *(row.payload for row in engine.journal.rows())))

    run_simulated(run())
    assert_clean(*told, caplog.text)


def test_P17_the_libraries_under_a_plugin_log_no_secret(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("some.library")
    with caplog.at_level(logging.DEBUG):
        log.warning("sent %s", secret)
        log.warning("sent %(key)s", {"key": secret})
        log.warning(f"sent {secret}")  # noqa: G004 -- a library may
        log.warning("sent %s in %d s", Secret("env:V6_TEST_SECRET"), 3)
        try:
            raise KeyError(secret)
        except KeyError:
            log.exception("it failed")
    assert len(caplog.records) == 5
    assert_clean(caplog.text, *(record.getMessage() for record in caplog.records))


def test_P17_an_account_is_masked_in_log_lines_alone(secret: str, caplog: pytest.LogCaptureFixture) -> None:
    redaction.mask_in_logs("U1234567")
    logging.getLogger("v6").warning("positions of %s", "U1234567")
    assert "positions of U12***67" in caplog.text
    assert str(OrderDenied("U1234567 is no account")) == "U1234567 is no account"
