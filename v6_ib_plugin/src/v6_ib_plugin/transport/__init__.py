"""The wire: ib_async as socket and decoder, and nothing else of it. No other package of the plugin imports it."""

from v6_ib_plugin.pacing import PartlySent, Urgency
from v6_ib_plugin.transport.answered import Answered, is_notice
from v6_ib_plugin.transport.hearing import Ear, SilentEar
from v6_ib_plugin.transport.opening import NotOpened, Obstacle
from v6_ib_plugin.transport.subscriptions import Subscription
from v6_ib_plugin.transport.transport import OpenOrders, Transport

__all__ = [
    "Answered",
    "Ear",
    "NotOpened",
    "Obstacle",
    "OpenOrders",
    "PartlySent",
    "SilentEar",
    "Subscription",
    "Transport",
    "Urgency",
    "is_notice",
]
