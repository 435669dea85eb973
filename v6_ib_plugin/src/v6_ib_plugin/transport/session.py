"""The hearing side of a connection: a message is read once, told to all ears, and given to the question it answers."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ib_async import IB

from v6_ib_plugin.pacing import Pacer, Urgency
from v6_ib_plugin.terms import (
    IbAnswer,
    IbCommission,
    IbDataType,
    IbNumberTick,
    IbPnl,
    IbPriceTick,
    IbSizeTick,
    IbSnapshotEnd,
    IbTextTick,
    IbTickParameters,
)
from v6_ib_plugin.transport import numbers, reading
from v6_ib_plugin.transport.answered import Answered, is_notice
from v6_ib_plugin.transport.client import TwsClient
from v6_ib_plugin.transport.hearing import Ears
from v6_ib_plugin.transport.opening import Login, Obstacle
from v6_ib_plugin.transport.questions import Questions
from v6_ib_plugin.transport.subscriptions import Subscriptions
from v6_ib_plugin.transport.templates import Templates
from v6core.errors import BrokerError, NotConnected, Unavailable
from v6core.identifiers import plainly
from v6core.logs import Repeats

logger = logging.getLogger(__name__)
logger.addFilter(Repeats())
Fields = list[str]

OPEN_ORDERS = "open orders"
COMPLETED_ORDERS = "completed orders"
POSITIONS = "positions"
CURRENT_TIME = "the current time"
ACCOUNT_VALUES = "account values"
# Requests whose answers have no id, so that the native object's are told from ours by their order alone.
_LINES = {b"5": OPEN_ORDERS, b"16": OPEN_ORDERS, b"99": COMPLETED_ORDERS, b"61": POSITIONS, b"49": CURRENT_TIME}
_CANCELS = frozenset({b"4", b"58"})
_READ_ONLY = 321
_OLDEST = 157
# All that IB's messages are numbered by at version 178.
_KNOWN = frozenset(map(str, (*range(1, 22), *range(45, 60), *range(61, 108))))
# An id so near to the end, whoever has used it, must not use up all that is left.
_LAST_ID = 2**31 - 2**20
# More executions than an account can have in a day of reports.
_MOST_COMMISSIONS = 100_000


def market_rule_line(rule_id: int) -> str:
    """Return the name of the line of one market rule."""
    return f"market rule {rule_id}"


class Session:
    """What stands behind a Transport: ib_async's objects, what is under way, and what was heard."""

    def __init__(self, pacer: Pacer) -> None:
        self.ears = Ears()
        self.questions = Questions()
        self.subscriptions = Subscriptions()
        self.pacer = pacer
        self.accounts: tuple[str, ...] = ()
        self.commissions: OrderedDict[str, IbCommission] = OrderedDict()
        self.login: Login | None = None
        self.is_ready = False
        self.messages_heard = 0
        self._reason = ""
        self._next_id = 1
        self._reading = reading.Reading(0)
        self.templates = Templates()
        self.ib = IB()
        self.client = TwsClient(self.ib.wrapper, self)
        self.ib.client = self.client
        self.client.apiEnd += self.ib.disconnectedEvent
        self._handlers = self._table()

    # what the client tells

    def next_id(self) -> int:
        """Return an id for a request or an order that nothing has used."""
        self._next_id += 1
        return self._next_id - 1

    def at_least(self, order_id: int) -> None:
        """Let the next id be this one or a later one."""
        self._next_id = max(self._next_id, order_id)

    def greeted(self, server_version: int) -> None:
        """Begin to read as that version writes, and log in."""
        login = self.login
        if login is None:
            return
        login.greeted = True
        if server_version < _OLDEST:
            login.fail(Obstacle.TOO_OLD, f"its version is {server_version}, and {_OLDEST} is the oldest")
            return
        self._reading = reading.Reading(server_version)
        self.templates = Templates()
        self.client.conn.write(self.client.draft(TwsClient.startApi))

    def heard(self, fields: Fields) -> None:
        """Read a message and tell it."""
        self.messages_heard += 1
        handler = self._handlers.get(fields[0])
        if handler is not None:
            try:
                handler(fields)
            except Exception as error:  # noqa: BLE001 -- whatever a reader trips over, the message was not understood
                self._undecodable(int(fields[0]), f"message {fields[0]} ({error}): {fields[:12]}")
        elif fields[0] not in _KNOWN:
            message_id = int(fields[0]) if fields[0].isascii() and fields[0].isdigit() else None
            self._undecodable(message_id, f"a message of no known kind: {fields[:12]}")

    def unread(self, text: str) -> None:
        """Tell that a message could not be read."""
        self._undecodable(None, text)

    def paused(self) -> None:
        """Tell that all that came in together was told."""
        self.ears.tell(self.ears.on_pause)

    def garbled(self, text: str) -> None:
        """Give the connection up: what comes is not of TWS."""
        if self.login is not None:
            self.login.fail(Obstacle.OTHER_PROTOCOL, plainly(text, 120))
        self.end(f"what came in is not of TWS: {plainly(text, 120)}")

    def lost(self, reason: str) -> None:
        """Tell everybody who waits, then all ears, that the connection is gone."""
        said = self._reason or reason or "TWS closed the connection"
        if self.login is not None:
            self.login.fail(Obstacle.HUNG_UP, said)
        was_ready, self.is_ready = self.is_ready, False
        self._reason = ""
        self.pacer.drop(said)
        self.questions.fail_all(NotConnected(f"the connection to TWS is gone: {said}"))
        self.subscriptions.end_all()
        if was_ready:
            self.ears.tell(self.ears.on_closed, said)

    def native_message(self, message: bytes) -> None:
        """Send what the user of the native object wants sent, when it is its turn."""
        request = message[4:].split(b"\0", 1)[0]
        urgency = Urgency.CANCEL if request in _CANCELS else Urgency.NEW if request == b"3" else Urgency.DATA
        queued = self.pacer.post(urgency, partial(self._write_native, message))
        if queued is not None:
            queued.add_done_callback(_log_unsent)

    def end(self, reason: str) -> None:
        """Close the connection; all ears hear the reason once it is closed."""
        if self.client.conn.is_open:
            self._reason = reason
            self.client.conn.disconnect()

    # what TWS says

    def _table(self) -> Mapping[str, Callable[[Fields], None]]:
        return {
            "1": self._on_price,
            "2": lambda f: self._on_tick(f[2], IbSizeTick(tick_type=int(f[3]), size=numbers.quantity(f[4]))),
            "3": self._on_order_status,
            "4": self._on_error,
            "5": self._on_open_order,
            "6": self._on_account_value,
            "9": self._on_next_id,
            "10": self._on_contract_details,
            "11": self._on_execution,
            "15": self._on_accounts,
            "17": self._on_bars,
            "18": self._on_contract_details,
            "21": self._on_option_tick,
            "45": lambda f: self._on_tick(f[2], IbNumberTick(tick_type=int(f[3]), value=numbers.number(f[4]))),
            "46": lambda f: self._on_tick(f[2], IbTextTick(tick_type=int(f[3]), text=f[4])),
            "49": lambda f: self._on_line(CURRENT_TIME, int(f[2])),
            "52": lambda f: self._on_end(f[2]),
            "53": lambda _: self.questions.line(OPEN_ORDERS).end(),
            "54": lambda _: self.questions.line(ACCOUNT_VALUES).end(),
            "55": lambda f: self._on_end(f[2]),
            "57": lambda f: self._on_tick(f[2], IbSnapshotEnd()),
            "58": lambda f: self._on_tick(f[2], IbDataType(market_data_type=int(f[3]))),
            "59": self._on_commission,
            "61": self._on_position,
            "62": lambda _: self.questions.line(POSITIONS).end(),
            "75": self._on_option_parameters,
            "76": lambda f: self._on_end(f[1]),
            "81": self._on_tick_parameters,
            "93": self._on_market_rule,
            "94": self._on_pnl,
            "101": self._on_completed_order,
            "102": lambda _: self.questions.line(COMPLETED_ORDERS).end(),
        }

    def _on_next_id(self, fields: Fields) -> None:
        self.at_least(int(fields[2]))
        if self.login is not None:
            self.login.has_id = True
            self._advance(self.login)

    def _on_accounts(self, fields: Fields) -> None:
        self.accounts = tuple(account for account in fields[2].split(",") if account)
        self.ib.wrapper.accounts = list(self.accounts)
        if self.login is not None:
            self.login.has_accounts = bool(self.accounts)
            self._advance(self.login)

    def _advance(self, login: Login) -> None:
        if login.advance() and not self.is_ready:
            self.is_ready = True
            self.client.set_ready(list(self.accounts))

    def _on_error(self, fields: Fields) -> None:
        answer = self._reading.answer(fields)
        self.ears.tell(self.ears.on_answer, answer)
        if self.login is not None and not self.is_ready and answer.req_id == -1 and not is_notice(answer.code):
            self.login.fail(Obstacle.ANSWERED, plainly(answer.text), answer)
        if answer.req_id == -1:
            self._on_answer_to_nobody(answer)
            return
        self.subscriptions.hear_answer(answer)
        question = self.questions.by_id.get(answer.req_id)
        if question is not None and not is_notice(answer.code):
            question.fail(Answered(question.name, answer))

    def _on_answer_to_nobody(self, answer: IbAnswer) -> None:
        """Fail what a read-only API does not answer: TWS says so to nobody, and no End marker follows."""
        if answer.code != _READ_ONLY:
            return
        for kind in (OPEN_ORDERS, COMPLETED_ORDERS, ACCOUNT_VALUES):
            self.questions.line(kind).fail(Answered(kind, answer))

    def _on_open_order(self, fields: Fields) -> None:
        contract, order, state = said = self._reading.open_order(fields)
        if order.what_if:
            self._on_what_if(order.order_id, state)
            return
        if self._next_id <= order.order_id < _LAST_ID:
            self.at_least(order.order_id + 1)
        self.ears.tell(self.ears.on_open_order, contract, order, state)
        self.questions.line(OPEN_ORDERS).take(said)

    def _on_what_if(self, order_id: int, state: Any) -> None:
        """Take the answer to a what-if order; one without margins may be followed by one that has them."""
        question = self.questions.by_id.get(order_id)
        if question is None:
            return
        question.rows.append(state)
        if state.init_margin_change is not None or state.init_margin_after is not None:
            question.end()

    def _on_order_status(self, fields: Fields) -> None:
        status = reading.order_status(fields)
        self.ears.tell(self.ears.on_order_status, status)
        self.questions.line(OPEN_ORDERS).take(status)

    def _on_execution(self, fields: Fields) -> None:
        req_id, contract, execution = self._reading.execution(fields)
        self.ears.tell(self.ears.on_execution, req_id, contract, execution)
        self._on_answer_row(req_id, (contract, execution))

    def _on_commission(self, fields: Fields) -> None:
        commission = reading.commission(fields)
        self.commissions[commission.exec_id] = commission
        if len(self.commissions) > _MOST_COMMISSIONS:
            self.commissions.popitem(last=False)
        self.ears.tell(self.ears.on_commission, commission)

    def _on_completed_order(self, fields: Fields) -> None:
        self.questions.line(COMPLETED_ORDERS).take(self._reading.completed_order(fields))

    def _on_position(self, fields: Fields) -> None:
        said = account, contract, position, avg_cost = reading.position(fields)
        self.ears.tell(self.ears.on_position, account, contract, position, avg_cost)
        self.questions.line(POSITIONS).take(said)

    def _on_account_value(self, fields: Fields) -> None:
        _, _, key, value, currency, account = fields
        self.questions.line(ACCOUNT_VALUES).take((account, key, currency, value))

    def _on_contract_details(self, fields: Fields) -> None:
        self._on_answer_row(*self._reading.contract_details(fields))

    def _on_option_parameters(self, fields: Fields) -> None:
        self._on_answer_row(*reading.option_parameters(fields))

    def _on_market_rule(self, fields: Fields) -> None:
        rule_id, bands = reading.market_rule(fields)
        self._on_line(market_rule_line(rule_id), bands)

    def _on_bars(self, fields: Fields) -> None:
        req_id, bars = reading.bars(fields)
        question = self.questions.by_id.get(req_id)
        if question is not None:
            question.rows.extend(bars)
            question.end()

    def _on_price(self, fields: Fields) -> None:
        _, _, req_id, tick_type, price, size, attributes = fields
        tick = IbPriceTick(
            tick_type=int(tick_type),
            price=numbers.number(price),
            size=numbers.quantity(size),
            attributes=numbers.whole_or_zero(attributes),
        )
        self._on_tick(req_id, tick)

    def _on_option_tick(self, fields: Fields) -> None:
        self.subscriptions.hear(*reading.option_tick(fields))

    def _on_tick_parameters(self, fields: Fields) -> None:
        _, req_id, min_tick, exchange, permissions = fields
        parameters = IbTickParameters(
            min_tick=numbers.number(min_tick),
            bbo_exchange=exchange,
            snapshot_permissions=numbers.whole_or_zero(permissions),
        )
        self._on_tick(req_id, parameters)

    def _on_pnl(self, fields: Fields) -> None:
        _, req_id, daily, unrealized, realized = fields
        said = IbPnl(
            daily=numbers.number(daily), unrealized=numbers.number(unrealized), realized=numbers.number(realized)
        )
        self.subscriptions.hear(int(req_id), said)

    def _on_tick(self, req_id: str, tick: Any) -> None:
        self.subscriptions.hear(int(req_id), tick)

    # which question it answers

    def _on_answer_row(self, req_id: int, row: Any) -> None:
        question = self.questions.by_id.get(req_id)
        if question is not None:
            question.rows.append(row)

    def _on_line(self, kind: str, row: Any) -> None:
        line = self.questions.line(kind)
        line.take(row)
        line.end()

    def _on_end(self, req_id: str) -> None:
        question = self.questions.by_id.get(int(req_id))
        if question is not None:
            question.end()

    def _undecodable(self, message_id: int | None, text: str) -> None:
        said = plainly(text, 300)
        logger.error("TWS said something that cannot be read: %s", said)
        self.questions.fail_reading(message_id, partial(_spoiled, said))
        self.ears.tell(self.ears.on_undecodable, said)

    def _write_native(self, message: bytes) -> None:
        self.client.conn.write(message)
        kind = _line_of(message)
        if kind is not None:
            self.questions.line(kind).places.append(None)


def _line_of(message: bytes) -> str | None:
    """Return the line in which a request stands, if its answer has no id."""
    request, _, first, *_ = [*message[4:].split(b"\0", 3), b"", b""]
    if request == b"6":
        return ACCOUNT_VALUES if first == b"1" else None
    return _LINES.get(request)


def _spoiled(text: str, question: str) -> BrokerError:
    return Unavailable(f"the answer to {question} could not be read whole: {text}", code="UNDECODABLE")


def _log_unsent(sent: Any) -> None:
    if not sent.cancelled() and sent.exception() is not None:
        logger.error("a request of the native object was not sent: %s", sent.exception())
