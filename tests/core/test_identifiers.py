"""Identifiers: references that come back, forgeries that do not, seeds that repeat."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from v6core.identifiers import RandomIds, SeededIds, make_order_ref, parse_order_ref, printable

law = settings(deadline=None, max_examples=100)
engine_ids = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=8, max_size=8)
REF = make_order_ref("testing2", UUID(int=5))


@law
@given(engine_ids, st.uuids())
def test_a_reference_comes_back(engine_id: str, order_id: UUID) -> None:
    reference = make_order_ref(engine_id, order_id)
    assert parse_order_ref(reference) == (engine_id, order_id)
    assert len(reference) == 38


@law
@given(st.text(max_size=60) | st.from_regex(r"v6-[a-z2-7]{8}-[a-z2-7]{26}", fullmatch=True))
def test_only_what_v6_made_is_read(text: str) -> None:
    parsed = parse_order_ref(text)
    assert parsed is None or make_order_ref(*parsed) == text


@pytest.mark.parametrize("forged", [REF.upper(), f" {REF}", f"{REF}\n", REF[:-1], f"{REF}a", REF.replace("v6", "v7")])
def test_a_forged_reference_is_nobodys(forged: str) -> None:
    assert parse_order_ref(forged) is None


def test_a_reference_that_differs_in_spare_bits_alone_is_nobodys() -> None:
    alphabet = "abcdefghijklmnopqrstuvwxyz234567"
    last = alphabet.index(REF[-1])
    for spare in (1, 2, 3):
        assert parse_order_ref(REF[:-1] + alphabet[last + spare]) is None


def test_a_seed_repeats_and_another_differs() -> None:
    one, same, other = SeededIds(1), SeededIds(1), SeededIds(2)
    drawn = [one.order_id() for _ in range(100)]
    assert drawn == [same.order_id() for _ in range(100)]
    assert len({*drawn, other.order_id()}) == 101
    assert one.engine_id() == same.engine_id()


def test_random_ids_are_of_version_4_and_make_references() -> None:
    ids = RandomIds()
    assert ids.order_id().version == 4
    assert parse_order_ref(make_order_ref(ids.engine_id(), ids.order_id())) is not None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must not be empty"),
        ("  ", "must not be empty"),
        ("a\nb", "printable ASCII"),
        ("a\x00", "printable ASCII"),
        ("\u202eoops", "printable ASCII"),
        ("é", "printable ASCII"),
        ("x" * 129, "at most 128 characters, not 129"),
        (5, "must be text, not int"),
        (None, "must be text, not NoneType"),
    ],
)
def test_text_that_could_forge_a_field_is_refused(text: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"account.*{complaint}"):
        printable(text, "account")
