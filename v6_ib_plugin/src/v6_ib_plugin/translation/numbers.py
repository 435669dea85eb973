"""Numbers as TWS writes them; what they mean is in ``v6_ib_plugin.numbers``, below the options of an order."""

from __future__ import annotations

from v6_ib_plugin.numbers import bounded, number_of, told

__all__ = ["bounded", "number_of", "told"]
