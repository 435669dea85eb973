"""The engine for programs without an event loop: scripts and notebooks.

One source: ``engine`` is written from the asynchronous engine by ``scripts/make_blocking.py``; ``loop_thread`` runs it
in a background thread.
"""

from __future__ import annotations

from pathlib import Path

from v6core.blocking.engine import BlockingEngine
from v6core.blocking.loop_thread import LoopThread
from v6core.config import Configuration, load, settings_for
from v6core.engine import OrderExecutionEngine
from v6core.plugins import load_broker

__all__ = ["BlockingEngine", "connect"]


def connect(config: str | Path | Configuration | None = None, *, broker: str | None = None) -> BlockingEngine:
    """Return the blocking engine that ``v6.toml`` describes, started and ready; close it, or use it in a ``with``.

    ``config`` is a path or a loaded configuration, ``broker`` chooses among ``[brokers.NAME]``.

    >>> with connect(broker="paper") as v6:
    ...     order = v6.place_order(Stock("GOOG"), Order.market("BUY", 10))
    """
    configuration = config if isinstance(config, Configuration) else load(config, broker=broker)
    section = configuration.chosen
    spec = load_broker(section.plugin, configuration.folder)
    thread = LoopThread(spec.event_loop(settings_for(section, spec.settings)))
    try:
        engine = OrderExecutionEngine.from_configuration(configuration)
        thread.call(engine.start())
    except BaseException:
        thread.close()
        raise
    return BlockingEngine(engine, thread)
