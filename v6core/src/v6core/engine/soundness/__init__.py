"""What a plugin says, told apart: sound, odd, or nonsense.

A plugin can pass anything: None, a subclass, a model that was never validated. What is *sound* goes on as it is. What
is *nonsense* raises ``Nonsense`` and goes no further:

* what is no report or answer of v6, or not as its model wants it: a wrong type, a NaN, a quantity of zero, a naive time
* a time more than a day ahead of the broker's own
* an id or a reference that is not printable or longer than ``LONGEST_NAME``; a plugin escapes what others wrote there
* a report under the reference of one of our orders that tells of another contract, side or account than the order's
* more filled than the order is large, by a claim that neither the fills nor the terms in it bear out
* receipts for orders that were not placed, details or quotes of another contract than the one that was asked for,
  evidence of another reference, and a snapshot that contradicts itself

What is merely *odd* is not judged here: duplicates, stale statuses, words that nobody knows, fills of strangers,
executions beyond the quantity, ids that a broker gives out again. They happen at honest brokers, and ``lifecycle`` has
an answer and a flag for each.

Text for people (reasons, details, words, codes) is a stranger's and is never nonsense: it is kept in printable form and
cut to ``LONGEST_TEXT``.

An honest report is recognised by the exact types of its values, in a few microseconds; whatever is not recognised is
validated anew by its model, whose verdict counts. Contracts are checked once and then known by identity.
"""

from __future__ import annotations

from v6core.engine.soundness.answers import (
    A_PART,
    judging_snapshot,
    sound_chain,
    sound_details,
    sound_evidence,
    sound_preview,
    sound_quote,
    sound_receipts,
    sound_snapshot,
)
from v6core.engine.soundness.models import LONGEST_NAME, LONGEST_TEXT, Nonsense
from v6core.engine.soundness.reports import AHEAD, check_of_order, claims_too_much, sound_report

__all__ = [
    "AHEAD",
    "A_PART",
    "LONGEST_NAME",
    "LONGEST_TEXT",
    "Nonsense",
    "check_of_order",
    "claims_too_much",
    "judging_snapshot",
    "sound_chain",
    "sound_details",
    "sound_evidence",
    "sound_preview",
    "sound_quote",
    "sound_receipts",
    "sound_report",
    "sound_snapshot",
]
