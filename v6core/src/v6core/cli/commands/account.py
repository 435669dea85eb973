"""``v6 account``: the account's money."""

from __future__ import annotations

from v6core.cli.invocation import Invocation, subcommand
from v6core.cli.running import run_engine
from v6core.cli.telling import money
from v6core.reports import Account


@subcommand("account")
def command(invocation: Invocation) -> None:
    """Show the account's money as the broker tells it."""
    account = run_engine(invocation, lambda engine: engine.account())
    invocation.tell(account.model_dump(mode="json"), _lines(account))


def _lines(account: Account) -> list[str]:
    amounts = [name for name in Account.model_fields if name not in {"account", "currency", "paper"}]
    told = [(name.replace("_", " "), getattr(account, name)) for name in amounts]
    known = [f"{name:<20}{money(amount):>18} {account.currency}" for name, amount in told if amount is not None]
    kind = {True: "paper", False: "real money", None: "not said"}[account.paper]
    return [f"{'account':<20}{account.account:>18}", f"{'paper or real':<20}{kind:>18}", *known]
