"""What a client asks about contracts."""

from __future__ import annotations

from dataclasses import dataclass

from v6_ib_plugin.gateway.wire.requests.request import Request
from v6_ib_plugin.terms import IbContract


@dataclass(frozen=True, slots=True)
class ReqContractDetails(Request):
    """Ask for all contracts that a description fits."""

    req_id: int
    contract: IbContract
    include_expired: bool = False
    sec_id_type: str = ""
    sec_id: str = ""
    issuer_id: str = ""


@dataclass(frozen=True, slots=True)
class ReqSecDefOptParams(Request):
    """Ask for the option chain of an underlying: expirations and strikes by exchange and trading class."""

    req_id: int
    underlying_symbol: str
    fut_fop_exchange: str
    underlying_sec_type: str
    underlying_con_id: int


@dataclass(frozen=True, slots=True)
class ReqMarketRule(Request):
    """Ask for the price increments of a rule."""

    rule_id: int


@dataclass(frozen=True, slots=True)
class ReqMatchingSymbols(Request):
    """Ask for the stocks whose symbol or name begins so."""

    req_id: int
    pattern: str


@dataclass(frozen=True, slots=True)
class ReqSmartComponents(Request):
    """Ask which exchanges the letters of a consolidated quote stand for."""

    req_id: int
    bbo_exchange: str


@dataclass(frozen=True, slots=True)
class ReqMktDepthExchanges(Request):
    """Ask which exchanges tell their book."""
