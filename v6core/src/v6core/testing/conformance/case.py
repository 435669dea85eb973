"""The registry of cases: each with a stable id, what it proves, why that matters and what usually goes wrong."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from v6core.errors import ConfigurationError
from v6core.testing.conformance.driver import Drive, Driver
from v6core.testing.conformance.needs import Need

if TYPE_CHECKING:
    from v6core.testing.conformance.trial import Trial

FAMILIES = {
    "CON": "The contract between v6 and a plugin",
    "ID": "One order, one identity",
    "SM": "How an order stands",
    "MKT": "Market orders",
    "LMT": "Limit orders",
    "STP": "Orders with a trigger",
    "MTL": "Market-to-limit orders",
    "AUC": "Orders at the open and the close",
    "MOD": "Changing orders",
    "CXL": "Cancelling orders",
    "GRP": "Brackets and groups",
    "CMB": "Combos",
    "STR": "Strategies",
    "ROL": "Rolls",
    "OPT": "What becomes of options",
    "POS": "Positions and money",
    "REC": "Failure and recovery",
    "RSK": "Limits and switches",
    "PAP": "Paper brokers",
    "HYP": "Random histories",
}
"""The families of cases in the order in which they are run and listed, and what each is about."""

Play = Callable[["Trial"], Awaitable[None]]
Search = Callable[[Driver], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One thing that a broker must do.

    ``needs`` are the capabilities that it is about: where one is not declared, the case asks for the refusal instead.
    A case without needs is core. ``drives`` is what the driver must be able to do; ``rests`` says that orders must be
    able to wait. A case that does not ``start`` finds no engine; one of tier 2 is fit for a real paper account. One
    that is ``simulated`` is about brokers that make their fills themselves, and is asked of no other.

    A case has a ``play``, in one world, or a ``search``, which goes through as many worlds as it likes: it is given a
    driver, and asks it for ``another`` for each.
    """

    id: str
    proves: str
    why: str
    pitfall: str
    play: Play | None = None
    search: Search | None = None
    needs: tuple[Need, ...] = ()
    drives: frozenset[Drive] = frozenset()
    rests: bool = False
    starts: bool = True
    tier: int = 1
    simulated: bool = False

    @property
    def family(self) -> str:
        """The letters of its id."""
        return self.id.partition("-")[0]

    def __str__(self) -> str:
        return f"{self.id} {self.proves}"


CASES: dict[str, Case] = {}
"""All cases by their ids, in the order of the registry."""


def put_in_order() -> None:
    """Order the registry by family and id; families that are not ours come last."""
    families = list(FAMILIES)

    def place(case_id: str) -> tuple[int, str]:
        family = case_id.partition("-")[0]
        return (families.index(family) if family in FAMILIES else len(families), case_id)

    for case_id in sorted(CASES, key=place):
        CASES[case_id] = CASES.pop(case_id)


def case(
    case_id: str,
    *,
    why: str,
    pitfall: str,
    needs: Iterable[Need] = (),
    drives: Iterable[Drive] = (),
    rests: bool = False,
    starts: bool = True,
    tier: int = 1,
    simulated: bool = False,
) -> Callable[[Play], Play]:
    """Put a case into the registry; what it proves is its docstring. ConfigurationError where its id is taken."""

    def register(play: Play) -> Play:
        CASES[case_id] = Case(
            id=_free(case_id),
            proves=_sentence(case_id, play),
            why=why,
            pitfall=pitfall,
            play=play,
            needs=tuple(needs),
            drives=frozenset(drives),
            rests=rests,
            starts=starts,
            tier=tier,
            simulated=simulated,
        )
        return play

    return register


def search(
    case_id: str,
    *,
    why: str,
    pitfall: str,
    drives: Iterable[Drive] = (),
    rests: bool = True,
    simulated: bool = False,
) -> Callable[[Search], Search]:
    """Put a case that searches through many worlds into the registry, likewise."""

    def register(look: Search) -> Search:
        CASES[case_id] = Case(
            id=_free(case_id),
            proves=_sentence(case_id, look),
            why=why,
            pitfall=pitfall,
            search=look,
            drives=frozenset(drives),
            rests=rests,
            simulated=simulated,
        )
        return look

    return register


def _free(case_id: str) -> str:
    if case_id in CASES:
        raise ConfigurationError(f"case {case_id} is there twice")
    return case_id


def _sentence(case_id: str, play: Play | Search) -> str:
    sentence = " ".join((play.__doc__ or "").split())
    if not sentence:
        raise ConfigurationError(f"case {case_id} does not say what it proves: give it a docstring")
    return sentence
