"""How a server treats what reaches it: as told, or late, twice, out of order, or not at all."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Behaviour(BaseModel):
    """Shares of what happens, each between 0 (never) and 1 (always), and times in seconds.

    Without a word it is honest and quick: it takes every order, fills none, and does what it is asked to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    late: Share = 0
    """Messages that wait in the server, and those behind them, for up to ``latest``, whether or not the link lives."""
    latest: Seconds = 20
    drops_placement: Share = 0
    """Placements that leave no trace."""
    drops_request: Share = 0
    """Cancels and modifies that leave no trace."""
    rejects: Share = 0
    loses_ack: Share = 0
    """Placements that are taken and not acknowledged."""
    fills: Share = 0
    """Orders that fill, in one part or several, within ``fills_within``."""
    fills_within: Seconds = 10
    in_parts: Share = 0
    fills_first: Share = 0
    """Fills that come before their order is acknowledged."""
    fills_on_cancel: Share = 0
    """Cancels that a fill of the whole rest overtakes."""
    corrects: Share = 0
    """Executions that are replaced by one at another price, within ``corrects_within``."""
    busts: Share = 0
    """Executions that are taken back, within ``corrects_within``."""
    corrects_within: Seconds = 5
    refuses_cancel: Share = 0
    refuses_modify: Share = 0
    splits_modify: Share = 0
    """Modifies that make a second live order under the reference and leave the first."""
    repeats: Share = 0
    """Reports that are said twice."""
    delays: Share = 0
    """Reports that others overtake, for up to ``jumble``."""
    jumble: Seconds = 1
    garbles: Share = 0
    """Reports in whose place comes what is no message."""
    overlong: Share = 0
    """Reports in whose place comes a line that does not end."""
