"""Orders that belong together: a bracket, and a one-cancels-all group, each placed as one unit, or kept by v6."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

from v6core.contracts import Contract
from v6core.engine.emulation import Emulation
from v6core.engine.execution import Execution
from v6core.engine.gate import Refusal
from v6core.fills import ActionTaken, ExecutionResult
from v6core.money import ZERO
from v6core.orders import BracketOrder, OcaType, Order, OrderStatus
from v6core.risk import Denial, exposures
from v6core.sagas import KeptBracket, KeptGroup

# With a partial fill of one exit the other must cover what is left, so reducing comes before cancelling.
_EXIT_OCA = (OcaType.REDUCE_WITH_BLOCK, OcaType.REDUCE, OcaType.CANCEL_WITH_BLOCK)
_UNGROUPED = {"parent_order_id": None, "oca_group": None, "oca_type": None}
_ONE_EXIT = "place one of them alone, or orders that the broker keeps as a group: v6 brokers NAME tells which"
_WAY_OUT = "[engine] allow_emulated = true lets v6 keep the group itself, for as long as it runs"
Requests = tuple[tuple[Contract, Order], ...]


class Groups:
    """Places groups: at the broker where it keeps them, else, where that is allowed, through the emulation."""

    def __init__(self, execution: Execution, emulation: Emulation) -> None:
        self._capabilities = execution.broker.capabilities
        self._dispatch = execution.dispatch
        self._gate = execution.gate
        self._holdings = execution.holdings
        self._may_emulate = execution.deadlines.allow_emulated
        self._emulation = emulation

    async def bracket(
        self,
        bracket: BracketOrder,
        entry_contract: Contract,
        tp_contract: Contract | None = None,
        sl_contract: Contract | None = None,
    ) -> ExecutionResult:
        """Place an entry and its exits as a unit, entry first; the exits wait for it at the broker.

        A broker that takes no brackets is sent the entry alone, where v6 may keep the bracket itself.
        """
        exits = tuple(self._exit(order, bracket) for order in bracket.exits)
        contracts = {"tp": tp_contract or entry_contract, "sl": sl_contract or entry_contract}
        of_exit = [contracts["tp"]] if bracket.take_profit is not None else []
        of_exit += [contracts["sl"]] if bracket.stop_loss is not None else []
        requests = ((entry_contract, bracket.parent_order), *zip(of_exit, exits, strict=True))
        entry, *followers = (order.replace(contract=contract) for contract, order in requests)
        if self._capabilities.takes_bracket(entry, followers):
            return _result(ActionTaken.BRACKET_PLACED, await self._dispatch.place(requests))
        if not self._may_emulate:
            what = "no bracket of these orders" if self._capabilities.bracket else "no brackets"
            denial = Denial("NOT_SUPPORTED", f"the broker declares that it takes {what}", _WAY_OUT)
            await self._dispatch.refuse(requests, Refusal(denial, unsupported=True))
        await self._check_holdings(requests, followers, dict(exposures(entry)))
        entry, *kept = await self._fit(requests)
        orders = await self._emulation.bracket(KeptBracket(entry=entry, exits=tuple(kept)))
        return _result(ActionTaken.BRACKET_PLACED, orders)

    async def _check_holdings(self, requests: Requests, orders: Sequence[Order], held: Mapping[str, Decimal]) -> None:
        """Refuse orders that v6 is to keep where together they close more than is held, and the broker takes no two."""
        key = _closed_twice(orders, held) if self._capabilities.reserves_holdings else None
        if key is not None:
            reason = f"the broker sets aside what an order is to close, so no two can wait to close the same {key}"
            await self._dispatch.refuse(requests, Refusal(Denial("NOT_SUPPORTED", reason, _ONE_EXIT), unsupported=True))

    async def _fit(self, requests: Requests) -> tuple[Order, ...]:
        """Return a group's orders as v6 sends them, each on its own; refused together where one of them is unfit."""
        alone = tuple(order.replace(contract=contract, **_UNGROUPED) for contract, order in requests)
        for order in alone:
            refusal = await self._gate.why_unfit(order)
            if refusal is not None:
                await self._dispatch.refuse(requests, refusal)
        return alone

    def _exit(self, order: Order, bracket: BracketOrder) -> Order:
        entry = bracket.parent_order
        changes: dict[str, object] = {"parent_order_id": entry.order_id}
        if order.strategy_id is None:
            changes["strategy_id"] = entry.strategy_id
        if order.account is None:
            changes["account"] = entry.account
        kept = [kind for kind in _EXIT_OCA if kind in self._capabilities.oca_types]
        if len(bracket.exits) > 1 and kept:
            changes["oca_group"] = bracket.oca_group or order.oca_group or f"v6-oca-{entry.order_id.hex}"
            changes["oca_type"] = order.oca_type or kept[0]
        return order.replace(**changes)

    async def one_cancels_all(
        self, orders: Sequence[Order], contract: Contract | Sequence[Contract], oca_type: OcaType | None = None
    ) -> ExecutionResult:
        """Place orders of which a fill of one cancels, or reduces, the others; one contract for all, or one each.

        The group is of ``oca_type``, else of the one that the orders name, else CANCEL_WITH_BLOCK.
        """
        requests, kind = _grouped(orders, contract, oca_type)
        if kind in self._capabilities.oca_types or not self._may_emulate:
            return _result(ActionTaken.OCA_PLACED, await self._dispatch.place(requests))
        bound = [order.replace(contract=contract) for contract, order in requests]
        await self._check_holdings(requests, bound, self._holdings.quantities())
        members = await self._fit(requests)
        placed = await self._emulation.group(KeptGroup(members=members, oca_type=kind))
        return _result(ActionTaken.OCA_PLACED, placed)


def _closed_twice(orders: Sequence[Order], held: Mapping[str, Decimal]) -> str | None:
    """Return the key of a contract of which several orders close more than is held, or None."""
    closed: defaultdict[str, list[Decimal]] = defaultdict(list)
    for order in orders:
        for key, change in exposures(order):
            if held.get(key, ZERO) * change < 0:
                closed[key].append(abs(change))
    return next((key for key, parts in closed.items() if len(parts) > 1 and sum(parts) > abs(held[key])), None)


def _grouped(
    orders: Sequence[Order], contract: Contract | Sequence[Contract], oca_type: OcaType | None
) -> tuple[Requests, OcaType]:
    """Return the orders under the name and of the type of one group, each with its contract."""
    if len(orders) < 2:
        raise ValueError(f"a one-cancels-all group needs at least two orders, not {len(orders)}")
    contracts = list(contract) if isinstance(contract, Sequence) else [contract] * len(orders)
    if len(contracts) != len(orders):
        raise ValueError(f"{len(orders)} orders need one contract, or {len(orders)}, not {len(contracts)}")
    group = next((order.oca_group for order in orders if order.oca_group), f"v6-oca-{orders[0].order_id.hex}")
    kinds = {kind for kind in (oca_type, *(order.oca_type for order in orders)) if kind is not None}
    if len(kinds) > 1:
        raise ValueError(f"the orders of a group share one oca_type, not {', '.join(sorted(kinds))}")
    kind = kinds.pop() if kinds else OcaType.CANCEL_WITH_BLOCK
    members = [order.replace(oca_group=group, oca_type=kind) for order in orders]
    return tuple(zip(contracts, members, strict=True)), kind


def _result(done: ActionTaken, orders: tuple[Order, ...]) -> ExecutionResult:
    bad = [order for order in orders if order.status in {OrderStatus.REJECTED, OrderStatus.LOST}]
    doubtful = [order for order in orders if order.status is OrderStatus.IN_DOUBT]
    if doubtful:
        action, told = ActionTaken.UNKNOWN, doubtful
    elif not bad:
        return ExecutionResult.of(done, orders)
    else:
        sent = [order for order in orders if order.status is not OrderStatus.CREATED]
        action, told = (ActionTaken.FAILED if len(bad) == len(sent) else ActionTaken.PARTIAL), bad
    message = "; ".join(f"{order.order_type} {order.order_id}: {order.status} ({order.reason})" for order in told)
    return ExecutionResult.of(action, orders, error_message=message)
