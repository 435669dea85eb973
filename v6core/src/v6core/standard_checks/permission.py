"""Whether anything may be sent at all: reading only, an account that is armed, a trading state."""

from __future__ import annotations

from v6core.events import TradingState
from v6core.orders import Order
from v6core.risk import CheckContext, Denial, RiskLimits

_NAMED_TO_ARM = ("max_order_quantity", "max_contracts", "max_order_value")


def only_reads(limits: RiskLimits) -> Denial | None:
    """Return the denial of whatever would change something at the broker, where the configuration only reads."""
    return Denial("READ_ONLY", "[risk] read_only is on") if limits.read_only else None


def read_only(_: Order, context: CheckContext) -> Denial | None:
    """Deny everything where the configuration only reads."""
    return only_reads(context.limits)


def live_arming(order: Order, context: CheckContext) -> Denial | None:
    """Deny every order in an account of real money that is not armed, and say what is missing.

    Real money is what is not simulated and not in an account that the broker calls a paper account. It takes three
    things in the configuration: ``live = true`` and the account's name in the broker's section, and the limits on the
    size of an order named in ``[risk]``, because a default is nobody's decision.
    """
    if context.capabilities.simulated:
        return None
    account = context.account
    if account is None:
        return Denial("LIVE_NOT_ARMED", "the broker has not told its account, so it may be one of real money")
    traded = order.account or account.account
    if account.paper is True and traded == account.account:
        return None
    missing = _missing_to_arm(traded, context)
    if not missing:
        return None
    told = "; ".join(missing)
    return Denial(
        "LIVE_NOT_ARMED", f"account {traded} is not known to be a paper account, and this is missing: {told}", _TO_ARM
    )


_TO_ARM = "docs/controls.md shows a configuration that trades real money; a paper account needs none of it"


def _missing_to_arm(account: str, context: CheckContext) -> list[str]:
    arming, limits = context.arming, context.limits
    missing: list[str] = []
    if not arming.live:
        missing.append(f"live = true in [brokers.{arming.section}]")
    if arming.account is None:
        missing.append(f'account = "{account}" in [brokers.{arming.section}]')
    elif arming.account != account:
        missing.append(f'account = "{account}" in [brokers.{arming.section}], which names {arming.account}')
    unnamed = [name for name in _NAMED_TO_ARM if name not in limits.model_fields_set]
    if unnamed:
        missing.append(f"{', '.join(unnamed)} named in [risk]")
    return missing


def trading_state(_: Order, context: CheckContext) -> Denial | None:
    """Deny what does not reduce while trading is halted or limited to reducing."""
    if context.trading_state is TradingState.ACTIVE:
        return None
    code = "TRADING_HALTED" if context.trading_state is TradingState.HALTED else "TRADING_REDUCING"
    why = f" ({context.trading_reason})" if context.trading_reason else ""
    message = f"trading is {context.trading_state}{why}: until v6 resume, only orders that reduce a position are sent"
    return Denial(code, message, hint="v6 resume <why>, or engine.resume(why), lets orders out again")
