"""The link to TWS: connecting with a named cause, the heart-beat, mending, and when it is ready."""

from v6_ib_plugin.link.link import Link, pause_before

__all__ = ["Link", "pause_before"]
