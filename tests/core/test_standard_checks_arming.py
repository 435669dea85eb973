"""Real money moves only in an account that the configuration names, with limits that somebody chose."""

from decimal import Decimal
from typing import Any

import pytest

from core.checks_desk import GOOG, OFF, SIMULATED, context, told
from v6core.orders import Order
from v6core.reports import Account
from v6core.risk import Arming, CheckContext, RiskLimits

ARMED = Arming(section="live", live=True, account="U7")
NAMED = RiskLimits(**OFF)
BUY = Order.market("BUY", 1, contract=GOOG)


def account(name: str = "U7", paper: bool | None = None) -> Account:
    return Account(account=name, paper=paper, cash=Decimal(1))


def around(limits: RiskLimits = NAMED, **changes: Any) -> CheckContext:
    return context(limits, **({"account": account(), "arming": ARMED} | changes))


def test_an_account_that_is_armed_is_traded() -> None:
    assert told(BUY, around()) is None


@pytest.mark.parametrize("paper", [None, False])
@pytest.mark.parametrize(
    ("arming", "missing"),
    [
        (Arming(section="live"), 'live = true in [brokers.live]; account = "U7" in [brokers.live]'),
        (Arming(section="live", account="U7"), "live = true in [brokers.live]"),
        (Arming(section="live", live=True), 'account = "U7" in [brokers.live]'),
        (Arming(section="live", live=True, account="U8"), 'account = "U7" in [brokers.live], which names U8'),
        (Arming(section="live", live=True, account="u7"), 'account = "U7" in [brokers.live], which names u7'),
    ],
)
def test_what_is_missing_to_arm_is_told(paper: bool | None, arming: Arming, missing: str) -> None:
    assert told(BUY, around(arming=arming, account=account(paper=paper))) == (
        f"LIVE_NOT_ARMED: account U7 is not known to be a paper account, and this is missing: {missing}"
    )


def test_a_default_is_nobodys_decision() -> None:
    assert told(BUY, around(limits=RiskLimits())) == (
        "LIVE_NOT_ARMED: account U7 is not known to be a paper account, and this is missing: "
        "max_order_quantity, max_contracts, max_order_value named in [risk]"
    )


@pytest.mark.parametrize("name", ["max_order_quantity", "max_contracts", "max_order_value"])
def test_each_limit_on_the_size_of_an_order_is_named(name: str) -> None:
    named = {key: value for key, value in OFF.items() if key != name}
    assert f"missing: {name} named in [risk]" in str(told(BUY, around(limits=RiskLimits(**named))))


def test_a_paper_account_and_a_simulated_broker_need_none_of_it() -> None:
    assert told(BUY, around(arming=Arming(), account=account(paper=True))) is None
    assert told(BUY, around(arming=Arming(), capabilities=SIMULATED)) is None


def test_an_account_beside_the_paper_account_counts_as_real() -> None:
    order = BUY.replace(account="U8")
    assert "LIVE_NOT_ARMED: account U8" in str(told(order, around(arming=Arming(), account=account(paper=True))))


def test_the_armed_account_does_not_arm_another() -> None:
    assert 'account = "U8" in [brokers.live], which names U7' in str(told(BUY.replace(account="U8"), around()))


def test_an_account_that_the_broker_has_not_told_may_be_real() -> None:
    assert str(told(BUY, around(account=None))).startswith("LIVE_NOT_ARMED: the broker has not told its account")


def test_also_what_only_reduces_needs_an_armed_account() -> None:
    assert str(told(BUY, around(arming=Arming(), reducing=True))).startswith("LIVE_NOT_ARMED")
