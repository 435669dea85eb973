"""The record of an order, which keeps what was given and has the rest from its class."""

import copy
import pickle
from dataclasses import FrozenInstanceError, fields, replace
from decimal import Decimal
from typing import Any

import pytest

from v6_ib_plugin.terms import IbOrder

SAID: dict[str, Any] = {"order_id": 7, "action": "BUY", "total_quantity": Decimal(3)}


def test_what_was_not_given_is_the_field_s_default() -> None:
    assert {field.name: getattr(IbOrder(), field.name) for field in fields(IbOrder)} == {
        field.name: field.default for field in fields(IbOrder)
    }


def test_a_default_that_was_given_is_the_same_as_one_that_was_not() -> None:
    assert IbOrder(**SAID, tif="") == IbOrder(**SAID)
    assert hash(IbOrder(**SAID, tif="")) == hash(IbOrder(**SAID))


def test_a_field_that_there_is_not_is_refused_by_name() -> None:
    unknown: dict[str, Any] = {"lmt_prize": Decimal(1)}
    with pytest.raises(TypeError, match="no field lmt_prize"):
        IbOrder(**unknown)
    with pytest.raises(TypeError, match="no field lmt_prize"):
        IbOrder().replace(**unknown)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        IbOrder(**SAID).order_id = 8  # type: ignore[misc]


def test_a_changed_copy_is_the_one_that_dataclasses_make() -> None:
    assert IbOrder(**SAID).replace(tif="GTC", order_id=8) == replace(IbOrder(**SAID), tif="GTC", order_id=8)


def test_a_copy_is_equal() -> None:
    order = IbOrder(**SAID)
    assert copy.copy(order) == copy.deepcopy(order) == pickle.loads(pickle.dumps(order)) == order
