"""Saboteurs of the contract, of identity, of the life of orders, of holdings, of recovery and of controls."""

from __future__ import annotations

from conformance import (
    saboteurs_contract,
    saboteurs_controls,
    saboteurs_holdings,
    saboteurs_identity,
    saboteurs_lifecycle,
    saboteurs_recovery,
)

MODULES = (
    saboteurs_contract,
    saboteurs_identity,
    saboteurs_lifecycle,
    saboteurs_holdings,
    saboteurs_recovery,
    saboteurs_controls,
)
