"""The subcommands of ``v6``: name, module and the line that ``v6 --help`` shows. Nothing here imports a command."""

from __future__ import annotations

from typing import NamedTuple


class Listed(NamedTuple):
    """A subcommand: the module that holds it under the name ``command``, and its line of help."""

    module: str
    help: str


COMMANDS = {
    "demo": Listed("demo", "Run a trading day: a bracket, an iron condor, a roll, all closed."),
    "init": Listed("init", "Write a v6.toml, with the paper broker by default."),
    "brokers": Listed("brokers", "List the brokers that are configured and installed."),
    "plugin": Listed("plugin", "Make a plugin for a broker of yours."),
    "config": Listed("config", "Show the configuration and its schema."),
    "quote": Listed("quote", "Show the present quote of a contract."),
    "chain": Listed("chain", "Show the options listed on a symbol."),
    "place": Listed("place", "Place an order, or a bracket."),
    "preview": Listed("preview", "Show what an order would cost; nothing is sent."),
    "modify": Listed("modify", "Change the terms of a working order."),
    "cancel": Listed("cancel", "Cancel an order, or all of them."),
    "orders": Listed("orders", "Show the orders that the journal knows."),
    "fills": Listed("fills", "Show what was filled."),
    "positions": Listed("positions", "Show what the broker holds, split by strategy."),
    "account": Listed("account", "Show the account's money."),
    "open": Listed("open", "Open a named strategy as one order."),
    "close": Listed("close", "Close a strategy."),
    "roll": Listed("roll", "Roll a strategy to another expiration."),
    "conform": Listed("conform", "Prove what a broker does, case by case."),
    "replay": Listed("replay", "Check a file of quotes and run through it."),
    "journal": Listed("journal", "Show and verify the journal."),
    "resolve": Listed("resolve", "Decide what became of an order in doubt."),
    "halt": Listed("halt", "Let no order out that does more than reduce."),
    "resume": Listed("resume", "Let orders out again."),
    "kill": Listed("kill", "End the engine, cancel all of its orders, let none out."),
}
