"""What a code answers, what it can be asked in, and how the one follows from the other."""

from __future__ import annotations

from enum import auto

from v6core.words import Word


class Kind(Word):
    """What a code says to whoever it answers."""

    REJECTS_NEW = auto()
    """The order is not taken: it is over."""
    REFUSES_MODIFY = auto()
    """The change is not made; the order works on as it was."""
    REFUSES_CANCEL = auto()
    """The cancel is not done; how the order stands is not told by it."""
    CANCELLED = auto()
    """The order was cancelled at the broker; its status follows."""
    HOLDS = auto()
    """The order is alive, and kept back or changed in a way that the text says."""
    CONNECTION = auto()
    """The link between TWS and IB, or to TWS."""
    SESSION = auto()
    """This connection as a whole: its client id, its rate, what it may do."""
    DATA = auto()
    """A question: contract, market data, history."""
    WARNING = auto()
    """Something to read; nothing has changed."""
    UNKNOWN = auto()
    """No rule is known: nothing has changed."""


class Context(Word):
    """What the number of an answer names, and what is under way with it."""

    NEW = auto()
    """An order that TWS has not acknowledged yet."""
    WORKING = auto()
    """An order that TWS has, with nothing under way."""
    MODIFY = auto()
    """An order that TWS has, with a change under way."""
    CANCEL = auto()
    """An order that TWS has, with a cancel under way."""
    QUESTION = auto()
    """A request of data."""
    NOBODY = auto()
    """No request: -1."""


class Source(Word):
    """Where a rule comes from."""

    IBKR = auto()
    """The table of error codes in IBKR's documentation of the TWS API."""
    OBSERVED = auto()
    """Users' logs of what TWS did, where the table is silent or TWS does otherwise."""


class Answers(Word):
    """What a code answers, before it is known what was asked."""

    ORDER = auto()
    """An order as it was sent, new or changed."""
    REQUEST = auto()
    """Any request at all that could not be read or done."""
    CHANGE = auto()
    """A change alone."""
    CHANGE_OR_NEW = auto()
    """A change; of a new order, something in it that only a change could do."""
    CANCEL = auto()
    """A cancel alone."""
    MISSING = auto()
    """A number that names no order: a parent's, a changed or a cancelled order's."""
    CANCELLED = auto()
    HOLD = auto()
    LINK = auto()
    SESSION = auto()
    QUESTION = auto()
    QUESTION_OR_ORDER = auto()
    """A contract that is not known, in a question or in an order."""
    NOTICE = auto()


_ORDER = {Context.NEW: Kind.REJECTS_NEW, Context.MODIFY: Kind.REFUSES_MODIFY}
_KINDS: dict[Answers, dict[Context, Kind]] = {
    Answers.ORDER: {**_ORDER, Context.QUESTION: Kind.DATA},
    Answers.REQUEST: {
        **_ORDER,
        Context.CANCEL: Kind.REFUSES_CANCEL,
        Context.QUESTION: Kind.DATA,
        Context.NOBODY: Kind.SESSION,
    },
    Answers.CHANGE: {Context.MODIFY: Kind.REFUSES_MODIFY},
    Answers.CHANGE_OR_NEW: _ORDER,
    Answers.CANCEL: dict.fromkeys(Context, Kind.REFUSES_CANCEL),
    Answers.MISSING: {**_ORDER, Context.CANCEL: Kind.REFUSES_CANCEL},
    Answers.CANCELLED: dict.fromkeys(Context, Kind.CANCELLED),
    Answers.HOLD: dict.fromkeys(Context, Kind.HOLDS),
    Answers.LINK: dict.fromkeys(Context, Kind.CONNECTION),
    Answers.SESSION: dict.fromkeys(Context, Kind.SESSION),
    Answers.QUESTION: dict.fromkeys(Context, Kind.DATA),
    Answers.QUESTION_OR_ORDER: {**_ORDER, Context.QUESTION: Kind.DATA},
    Answers.NOTICE: {},
}


def kind_of(answers: Answers, context: Context) -> Kind:
    """Return what a code says in a context: a WARNING wherever it answers nothing that was asked."""
    return _KINDS[answers].get(context, Kind.WARNING)
