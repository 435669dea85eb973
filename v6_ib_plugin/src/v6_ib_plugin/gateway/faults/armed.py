"""A fault that is armed: how often its moment came, and how often it struck."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from v6_ib_plugin.gateway.faults.effects import Effect
from v6_ib_plugin.gateway.faults.fault import Fault
from v6_ib_plugin.gateway.faults.when import Scene


@dataclass(slots=True, eq=False)
class Armed:
    """One armed fault, counted."""

    fault: Fault
    seen: int = 0
    struck: int = 0
    is_disarmed: bool = False
    _strikes: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    @property
    def is_spent(self) -> bool:
        """Whether it will not strike again."""
        return self.is_disarmed or (self.fault.times is not None and self.struck >= self.fault.times)

    def disarm(self) -> None:
        """Never strike again."""
        self.is_disarmed = True

    def strike(self, scene: Scene) -> Effect | None:
        """Return the effect if this is the moment for it."""
        if self.is_spent or not self.fault.when.fits(scene):
            return None
        self.seen += 1
        return self.hit() if self.seen >= self.fault.when.nth else None

    def hit(self) -> Effect:
        """Count a strike."""
        self.struck += 1
        self._strikes.set()
        return self.fault.what

    async def has_struck(self) -> None:
        """Wait for the first strike."""
        await self._strikes.wait()
