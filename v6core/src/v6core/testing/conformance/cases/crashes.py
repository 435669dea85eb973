"""Crashes: an engine dies before and after everything that it makes durable, and the next one knows what there is."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path

from v6core.errors import V6Error
from v6core.journal import Journal
from v6core.orders import BracketOrder, Order, OrderStatus
from v6core.sessions import trading_day
from v6core.testing.conformance.case import case
from v6core.testing.conformance.cases.strategies import ROLLED, TO_ROLL, opened, spread
from v6core.testing.conformance.deaths import Death, MortalJournal
from v6core.testing.conformance.declared import proves_absence
from v6core.testing.conformance.driver import Drive, Verb
from v6core.testing.conformance.expecting import Broken, expect, expect_equal
from v6core.testing.conformance.needs import BRACKETS, CHAINS, LIMITS, MARKETS, combos
from v6core.testing.conformance.silence import silence
from v6core.testing.conformance.trial import Trial, trial_of

Story = Callable[[Trial], Awaitable[object]]
_TORN = b"\x37\x7f\x06\x82" * 40 + b"\x37"
"""The beginning of a record that the power went away in."""


async def _nothing(_: Trial) -> None:
    """Begin with nothing."""


async def _die_everywhere(trial: Trial, story: Story, before: Story = _nothing) -> None:
    """Play a story in worlds of its own, the engine dying at another commit in each, until it survives the story.

    Dying before the first commit is left out: nothing has happened by then.
    """
    for commit in count(1):
        for durable in (True,) if commit == 1 else (False, True):
            if not await _died(trial, Death(commit, durable), story, before):
                expect(commit > 1, "the story made nothing durable, so nothing of it was proved")
                return


async def _died(trial: Trial, death: Death, story: Story, before: Story) -> bool:
    """Play a story up to a death and start anew; False where the story was over before."""
    folder = trial.folder / f"{death.commit}-{death.durable}"
    folder.mkdir()
    async with trial_of(trial.driver.another(), folder, starts=False) as world:
        journal = await _mortal(world)
        await before(world)
        journal.die(death)
        with silence():
            await _dies(world, journal, story)
        if not journal.is_dead:
            return False
        try:
            with silence():
                await world.start()
                await _is_accounted_for(world)
            await world.judge()
        except Broken as broken:
            raise Broken(f"dead {death}: {broken}") from broken
    return True


async def _dies(world: Trial, journal: MortalJournal, story: Story) -> None:
    """Play a story, and stop the engine where it died of it; whatever it says to that, the next one counts."""
    try:
        async with asyncio.timeout(world.driver.patience):
            await story(world)
    except (V6Error, TimeoutError) as error:
        if not journal.is_dead:
            raise Broken(f"the story failed before anybody died: {type(error).__name__}: {error}") from error
    if journal.is_dead:
        with contextlib.suppress(Exception):
            await world.stop()


async def _mortal(world: Trial) -> MortalJournal:
    """Start an engine that can die, and return the journal by which it does."""
    kept: list[MortalJournal] = []

    def keep(journal: Journal) -> Journal:
        kept.append(MortalJournal(journal))
        return kept[-1]

    await world.start(keep=keep)
    return kept[-1]


async def _is_accounted_for(world: Trial) -> None:
    """Expect that every order at the broker is there once and known, and that nothing stays in doubt that need not."""
    for _ in range(2):  # what the start goes on with by itself may place more
        await world.settle()
        for order in await world.engine.orders() if proves_absence(world.capabilities) else ():
            await world.settles(order, *(set(OrderStatus) - {OrderStatus.PENDING_SUBMIT, OrderStatus.IN_DOUBT}))
    if not proves_absence(world.capabilities):
        world.may_doubt()
    await world.settle()
    known = {order.order_ref for order in await world.engine.orders()}
    for reference, times in (await _arrived(world)).items():
        expect(reference in known, f"the broker has order {reference}, and the journal does not know it")
        expect_equal(times, 1, f"how often order {reference} reached the broker")


async def _arrived(world: Trial) -> Counter[str | None]:
    """Return how often each order is at the broker."""
    if Drive.ARRIVALS in world.driver.can:
        return Counter(one.order_ref for one in await world.driver.arrivals() if one.verb is Verb.PLACE)
    snapshot = await world.broker.snapshot()
    return Counter(row.order_ref for row in (*snapshot.open_orders, *snapshot.completed_orders))


@case(
    "REC-06",
    why="the power fails between two lines of any program",
    pitfall="what was about to be sent is sent again at the start, or what was sent is not in the record",
    needs=[MARKETS],
    drives=[Drive.QUOTES],
    starts=False,
)
async def orders_survive_every_crash(trial: Trial) -> None:
    """Dying at any step of placing and filling leaves every order once, and known to the next engine."""
    await _die_everywhere(trial, _placed)


async def _placed(world: Trial) -> None:
    await world.holding(2)


@case(
    "REC-18",
    why="a cancel that was on its way when the power failed may or may not have taken effect",
    pitfall="the order is called cancelled because its cancel was recorded",
    needs=[LIMITS],
    starts=False,
    rests=True,
)
async def cancels_survive_every_crash(trial: Trial) -> None:
    """Dying at any step of a cancel leaves the order as the broker has it, and known to the next engine."""
    await _die_everywhere(trial, _cancelled, _resting)


async def _resting(world: Trial) -> None:
    await world.resting(3)


async def _cancelled(world: Trial) -> None:
    (order,) = await world.engine.orders()
    await world.engine.cancel_order(order.order_id)


@case(
    "REC-16",
    why="an entry without its exits is a position that nobody protects",
    pitfall="the three are recorded one by one, and the crash falls between them",
    needs=[BRACKETS, LIMITS],
    drives=[Drive.QUOTES],
    starts=False,
    rests=True,
)
async def brackets_survive_every_crash(trial: Trial) -> None:
    """Dying at any step of a bracket leaves all of it or none at the broker, each order once and known."""
    await _die_everywhere(trial, _bracketed)


async def _bracketed(world: Trial) -> None:
    bracket = BracketOrder(
        Order.limit("BUY", 2, world.above(1), tif="GTC"),
        take_profit=Order.limit("SELL", 2, world.above(5)),
        stop_loss=Order.stop("SELL", 2, world.below(5)),
    )
    await world.engine.place_bracket_order(bracket, world.stock)
    await world.settle()


@case(
    "REC-17",
    why="half a roll is a position that nobody chose",
    pitfall="the restart rolls again what has rolled, or forgets which legs are held",
    needs=[combos(ROLLED), CHAINS],
    drives=[Drive.QUOTES],
    starts=False,
)
async def rolls_survive_every_crash(trial: Trial) -> None:
    """Dying at any step of a roll leaves the old legs or the new ones, whole, and rolled once."""
    await _die_everywhere(trial, _rolled, opened)


async def _rolled(world: Trial) -> None:
    later = world.samples.later
    assert later is not None
    days = (later - trading_day(world.engine.now())).days
    await world.engine.roll_position(spread(world), days, TO_ROLL, world.driver.patience)


@case(
    "REC-07",
    why="the power fails in the middle of a write as well",
    pitfall="a record that is cut off makes the whole journal unreadable, or is read as what it is not",
    needs=[LIMITS, MARKETS],
    drives=[Drive.QUOTES],
    rests=True,
)
async def torn_records_are_cut(trial: Trial) -> None:
    """A journal whose last record is torn is opened without it, and everything before it is known."""
    filled, order = await trial.holding(2), await trial.resting()
    image = _image(trial.folder)
    await trial.stop()
    _put_back(trial.folder, image)
    await trial.start()
    expect_equal((await trial.engine.order(filled.order_id)).status, OrderStatus.FILLED, "what had filled")
    expect_equal((await trial.now(order)).status, OrderStatus.SUBMITTED, "what worked")
    expect(await trial.engine.cancel_order(order.order_id), "what worked cannot be cancelled")


def _image(folder: Path) -> dict[Path, bytes]:
    """Return what a crash would leave of the journal's files at this moment; shared memory is not among it."""
    kept = ("journal.db", "journal.db-wal", "journal.db.head")
    return {folder / name: (folder / name).read_bytes() for name in kept if (folder / name).exists()}


def _put_back(folder: Path, image: dict[Path, bytes]) -> None:
    """Put a crash's files in the place of the journal's, the log ending in the midst of a record."""
    (folder / "journal.db-shm").unlink(missing_ok=True)
    log = folder / "journal.db-wal"
    for path, content in {log: b"", **image}.items():
        path.write_bytes(content + _TORN if path == log else content)
        path.chmod(0o600)
