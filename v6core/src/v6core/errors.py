"""The exception tree; each branch answers one question of the caller (was anything sent, and what next).

* V6Error
  * ConfigurationError        the program cannot start as it is configured; nothing was sent
    + PluginError             a plugin is missing, broken, doubled or too old
  * OrderDenied               v6 refused the order; nothing was sent
    + NotSupported            the broker cannot do it, by its own declaration
  * BrokerError               the broker could not be asked, or answered with a failure
    + NotConnected            there is no connection; ``connect`` first
    + NotSent                 proved: no byte of the order left this machine
    + Unavailable             a question (quote, chain, snapshot) went unanswered or has no answer
  * ModifyRejected            the broker keeps the order as it was
  * OutcomeUnknown            it may or may not have happened; v6 asks the broker and tells
  * UnknownOrder              the journal knows no such order
  * DecisionRefused           what an operator said of an order in doubt cannot be
  * JournalError              the durable record cannot be read or written
    + JournalLocked           another engine holds it
    + JournalCorrupt          its chain is broken; v6 refuses to trade on it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from v6core.redaction import redacted

if TYPE_CHECKING:
    from uuid import UUID

    from v6core.orders import Order

Sent = Literal[True, False, "unknown"]


class V6Error(Exception):
    """Whatever v6 raises on purpose: a sentence, a stable ``code`` and a ``hint`` at the way out."""

    code: str = "V6"
    sent: ClassVar[Sent] = False
    exit_status: ClassVar[int] = 1

    def __init__(
        self, message: str, *, code: str | None = None, hint: str | None = None, order_id: UUID | None = None
    ) -> None:
        self.message = redacted(message)
        super().__init__(self.message)
        if code is not None:
            self.code = code
        self.hint = None if hint is None else redacted(hint)
        self.order_id = order_id


class ConfigurationError(V6Error):
    """The configuration cannot be used; the message names the key, its line and what is possible."""

    code = "CONFIGURATION"
    exit_status = 2


class PluginError(ConfigurationError):
    """A plugin cannot be used; the message names its distribution and version."""

    code = "PLUGIN"


class OrderDenied(V6Error):
    """v6 refused the order before anything was sent; ``order`` is the DENIED order."""

    code = "DENIED"
    exit_status = 3

    def __init__(
        self, message: str, *, code: str | None = None, order: Order | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message, code=code, hint=hint, order_id=order.order_id if order is not None else None)
        self.order = order


class NotSupported(OrderDenied):
    """The broker declares that it cannot do this; nothing was sent."""

    code = "NOT_SUPPORTED"


class BrokerError(V6Error):
    """The broker could not be asked, or answered with a failure."""

    code = "BROKER"


class NotConnected(BrokerError):
    """The broker is not connected; nothing was sent."""

    code = "NOT_CONNECTED"


class NotSent(BrokerError):
    """Proof that no byte of an order left: legal only where nothing was written at all."""

    code = "NOT_SENT"


class Unavailable(BrokerError):
    """The broker has no answer to a question that changes nothing."""

    code = "UNAVAILABLE"


class ModifyRejected(V6Error):
    """The broker refused the change; the order works on as it was."""

    code = "MODIFY_REJECTED"
    sent = True


class OutcomeUnknown(V6Error):
    """No answer came in time. The request may have taken effect; v6 resolves it by evidence, never by resending."""

    code = "OUTCOME_UNKNOWN"
    sent = "unknown"
    exit_status = 4


class UnknownOrder(V6Error):
    """The journal knows no such order."""

    code = "UNKNOWN_ORDER"


class DecisionRefused(V6Error):
    """What an operator said of an order cannot be: it is not in doubt, or the broker has shown otherwise."""

    code = "DECISION_REFUSED"


class JournalError(V6Error):
    """The journal cannot be read or written."""

    code = "JOURNAL"


class JournalLocked(JournalError):
    """Another engine holds the journal."""

    code = "JOURNAL_LOCKED"


class JournalCorrupt(JournalError):
    """The journal does not hold together; the message names the row."""

    code = "JOURNAL_CORRUPT"
