"""One-cancels-all groups: who is in one, and whether it has filled.

The broker keeps the groups of what is at the market, where it can keep groups of that type; of what only the desk
knows, held children and orders that were not transmitted, the desk takes the fills off itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from v6_ib_plugin.gateway.desk.orders import CHILDREN_GROUP_TYPE, DeskOrder

CANCEL = 1
"""The type of a group in which the first fill of a member cancels the others."""


@dataclass(slots=True)
class _Group:
    kind: int
    members: list[DeskOrder] = field(default_factory=list[DeskOrder])
    has_filled: bool = False


class Groups:
    """All groups there ever were, by name."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def kind(self, name: str) -> int | None:
        """Return a group's type, or None where there is no such group, or nobody is left in it."""
        group = self._groups.get(name)
        return None if group is None or all(member.is_ended for member in group.members) else group.kind

    def has_filled(self, name: str) -> bool:
        """Tell whether a member of the group has filled, so that nobody can join it any more."""
        group = self._groups.get(name)
        return group is not None and group.has_filled

    def join(self, order: DeskOrder) -> None:
        """Put an order into the group that it names, or that TWS makes of a parent's children."""
        if order.parent is not None:
            order.group, order.group_type = str(order.parent.perm_id), CHILDREN_GROUP_TYPE
        elif order.order.oca_group:
            order.group, order.group_type = order.order.oca_group, order.order.oca_type
        if order.group:
            group = self._groups.setdefault(order.group, _Group(order.group_type))
            if not group.members or all(member.is_ended for member in group.members):
                group.kind, group.members = order.group_type, []
            group.members.append(order)

    def fill(self, order: DeskOrder) -> None:
        """Close the group of an order that has a fill."""
        if order.group:
            self._groups[order.group].has_filled = True

    def others(self, order: DeskOrder) -> Iterator[DeskOrder]:
        """Yield the other members of an order's group that have not ended."""
        if order.group:
            for member in tuple(self._groups[order.group].members):
                if member is not order and not member.is_ended:
                    yield member

    def has_company(self, order: DeskOrder) -> bool:
        """Tell whether somebody else is, or was, in an order's group."""
        return bool(order.group) and len(self._groups[order.group].members) > 1
