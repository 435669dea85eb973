"""Who gives a command: the name under which the journal keeps a halt, a decision, a kill."""

from __future__ import annotations

import getpass
import os


def operator() -> str:
    """Return the system's name for the user, or the user's number where it has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "unknown"
