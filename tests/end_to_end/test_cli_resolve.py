"""``v6 orders --in-doubt`` and ``v6 resolve``: what is in doubt, why, what it comes to, and a decision about it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from end_to_end.v6_calls import one_sentence, v6, v6_json
from v6core.contracts import Stock
from v6core.engine.offline import OfflineJournal
from v6core.events import DoubtRaised, OrderIntended
from v6core.identifiers import make_order_ref
from v6core.orders import Order

JOURNAL = Path(".v6/journal.db")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def order_id() -> str:
    """Leave an order in doubt that the paper broker has never seen, beside ten shares that are held."""
    filled = v6_json("place", "GOOG", "buy", "10")
    with OfflineJournal.open(JOURNAL, "paper") as journal:
        order = Order.limit("SELL", 4, "100", contract=Stock("GOOG"))
        bound = order.replace(order_ref=make_order_ref(journal.record.engine_id, order.order_id))
        time = journal.record.states[next(iter(journal.record.states))].terms.created_at
        assert time is not None
        assert filled["status"] == "FILLED"
        journal.write(
            OrderIntended(time=time, order_id=bound.order_id, order=bound),
            DoubtRaised(time=time, order_id=bound.order_id, reason="the cat pulled the plug"),
        )
    return str(order.order_id)


def test_what_is_in_doubt_is_listed_with_why_and_what_can_be_done(order_id: str) -> None:
    (document,) = v6_json("orders", "--in-doubt")
    doubt = document["doubt"]
    assert (document["order_id"], document["status"]) == (order_id, "IN_DOUBT")
    assert (doubt["about"], doubt["reason"]) == (["ORDER"], "the cat pulled the plug")
    assert f"v6 resolve {order_id[:8]} absent|cancelled|expired|filled" in doubt["hint"]
    assert doubt["since"].endswith("Z")


def test_the_worst_that_a_doubt_can_come_to_is_told(order_id: str) -> None:
    assert order_id
    (document,) = v6_json("orders", "--in-doubt")
    assert document["doubt"]["positions"] == {"GOOG": {"held": "10", "least": "6", "most": "10"}}


def test_it_is_told_in_words_too(order_id: str) -> None:
    text = v6("orders", "--in-doubt").out
    assert order_id in text
    assert "the cat pulled the plug" in text
    assert "GOOG: 10 held, at worst from 6 to 10" in text


def test_it_is_listed_beside_a_running_engine(order_id: str) -> None:
    with closing(OfflineJournal.open(JOURNAL, "paper")):
        assert [one["order_id"] for one in v6_json("orders", "--in-doubt")] == [order_id]


def test_nothing_in_doubt_is_said() -> None:
    assert v6("orders", "--in-doubt").out == "nothing is in doubt\n"
    assert v6_json("orders", "--in-doubt") == []


def test_a_decision_settles_it_without_a_broker(order_id: str) -> None:
    Path("v6.toml").write_text('[brokers.paper]\nplugin = "no-such-plugin"\n')
    order = v6_json("resolve", order_id[:8], "absent", "not", "on", "the", "page")
    assert order["status"] == "LOST"
    assert order["reason"].endswith(": not on the page")
    assert v6_json("orders", "--in-doubt") == []


def test_a_fill_is_told_with_its_quantity_and_price(order_id: str) -> None:
    order = v6_json("resolve", order_id, "FILLED", "saw it", "--quantity", "4", "--price", "101.5")
    assert (order["status"], order["avg_fill_price"]) == ("FILLED", "101.5")


def test_who_decided_is_kept(order_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ann")
    v6_json("resolve", order_id, "cancelled", "saw it")
    (row,) = v6_json("journal", "show", "--kind", "decided")
    assert (row["event"]["operator"], row["event"]["reason"]) == ("ann", "saw it")


def test_a_decision_that_cannot_be_is_refused_with_its_code(order_id: str) -> None:
    called = v6("resolve", order_id, "filled", "saw it", "--json")
    assert (called.status, called.error["code"], called.error["order_id"]) == (1, "FILL_INCOMPLETE", order_id)


def test_of_an_order_that_was_never_shown_the_verdicts_that_apply_are_named(order_id: str) -> None:
    called = v6("resolve", order_id, "unchanged", "so", "--json")
    assert (called.status, called.error["code"], called.error["order_id"]) == (1, "NO_REQUEST_IN_DOUBT", order_id)
    assert called.error["hint"] == "absent, cancelled, expired or filled say what became of it"
    assert v6_json("orders", order_id)["status"] == "IN_DOUBT"


def test_an_order_that_is_not_in_doubt_is_not_decided() -> None:
    order = v6_json("place", "GOOG", "buy", "1")
    called = v6("resolve", order["order_id"], "cancelled", "so", "--json")
    assert (called.status, called.error["code"]) == (1, "NOT_IN_DOUBT")


def test_beside_a_running_engine_it_says_the_way_out(order_id: str) -> None:
    with closing(OfflineJournal.open(JOURNAL, "paper")):
        called = v6("resolve", order_id, "absent", "so", "--json")
    assert (called.status, called.error["code"]) == (1, "JOURNAL_LOCKED")
    assert "engine.resolve(...)" in called.error["hint"]


@pytest.mark.parametrize("args", [("gone", "so"), ("absent",), ("absent", " ")])
def test_a_word_that_is_no_verdict_and_a_missing_reason_are_wrong_usage(order_id: str, args: tuple[str, ...]) -> None:
    called = v6("resolve", order_id, *args)
    assert called.status == 2
    assert one_sentence(called)


def test_without_a_journal_no_order_is_known() -> None:
    called = v6("resolve", "abcd1234", "absent", "so", "--json")
    assert (called.status, called.error["code"], JOURNAL.exists()) == (1, "UNKNOWN_ORDER", False)


def test_a_decision_about_a_broker_served_earlier_is_kept_as_that_broker_s(order_id: str) -> None:
    Path("v6.toml").write_text(
        'broker = "other"\n[brokers.paper]\nplugin = "paper"\n[brokers.other]\nplugin = "paper"\n'
    )
    v6_json("positions")
    v6_json("resolve", order_id, "absent", "so", "--broker", "paper")
    assert v6_json("orders", order_id, "--broker", "paper")["status"] == "LOST"
