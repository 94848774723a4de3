"""Whatever is stopped, cut off or killed: at most one process may send, and in the end one does."""

import asyncio
import dataclasses
from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis.strategies import composite, floats, integers, lists, none, sampled_from
from structlog.testing import capture_logs

from gco.runtime.election import Elector
from tests.runtime.freezing import Process
from tests.runtime.locks import Connection, SharedRecord
from tests.virtual_time import run, until

ACTIONS = (
    "stop the process",
    "continue the process",
    "refuse its requests",
    "hold its requests up",
    "lose its answers",
    "break its watch",
    "slow its requests down",
    "heal its connection",
    "end it in order",
    "kill it",
)


@dataclasses.dataclass(frozen=True)
class Step:
    after: float
    who: int | None
    """A seat's number; None: whoever leads then."""
    action: str


@composite
def steps(draw) -> Step:
    after = draw(floats(0.0, 12.0).map(lambda seconds: round(seconds, 2)))
    return Step(after, draw(none() | integers(0, 2)), draw(sampled_from(ACTIONS)))


class Seat:
    """One of the places where a replica runs; a replica that ended is replaced by a new one."""

    def __init__(self, world: "World", number: int) -> None:
        self._world = world
        self._number = number
        self._lives = 0
        self.start()

    def start(self) -> None:
        self._lives += 1
        self.name = f"{self._number}.{self._lives}"
        self.process = Process()
        self.lock = Connection(self._world.shared)
        self.elector = Elector(self.lock, self.name, suspended=lambda: 0.0)
        with self.process.inside():
            self.task = asyncio.create_task(self.elector.run(self.lead))

    async def lead(self) -> None:
        while True:
            if self.elector.may_send():
                self._world.journal.append((self.name, self.elector.transitions))
            await asyncio.sleep(0.3)

    async def do(self, action: str) -> None:
        match action:
            case "stop the process":
                self.process.freeze()
            case "continue the process":
                self.process.thaw()
            case "end it in order":
                self.process.thaw()
                await self.end()
                self.start()
            case "kill it":
                self.process.freeze()  # it never writes again, and releases nothing
                self._world.killed.append((self.process, self.task))
                self.start()
            case _:
                self.disturb(action)

    def disturb(self, action: str) -> None:
        match action:
            case "refuse its requests":
                self.lock.refused = True
            case "hold its requests up":
                self.lock.healthy.clear()
            case "lose its answers":
                self.lock.answers_lost = True
            case "break its watch":
                self.lock.watchable = False
            case "slow its requests down":
                self.lock.latency = 1.5
            case "heal its connection":
                self.heal()

    def heal(self) -> None:
        self.lock.refused = self.lock.answers_lost = False
        self.lock.watchable = True
        self.lock.latency = 0.002
        self.lock.healthy.set()

    async def end(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


class World:
    """Three seats, one record, and an eye on who may send."""

    def __init__(self) -> None:
        self.shared = SharedRecord()
        self.journal: list[tuple[str, int]] = []
        self.killed: list[tuple[Process, asyncio.Task[None]]] = []
        self.most = 0
        self.seats = [Seat(self, number) for number in range(3)]

    def seat(self, who: int | None) -> Seat:
        leads = next((s for s in self.seats if s.elector.may_send()), self.seats[0])
        return leads if who is None else self.seats[who]

    async def look(self) -> None:
        while True:
            self.most = max(self.most, sum(seat.elector.may_send() for seat in self.seats))
            await asyncio.sleep(0.07)

    async def end(self) -> None:
        for process, task in self.killed:
            task.cancel()
            process.thaw()
            await asyncio.wait([task])
        for seat in self.seats:
            await seat.end()


async def play(plan: Sequence[Step]) -> World:
    world = World()
    looking = asyncio.create_task(world.look())
    for step in plan:
        await asyncio.sleep(step.after)
        await world.seat(step.who).do(step.action)
    await asyncio.sleep(20)  # let what is broken have its consequences
    for seat in world.seats:
        seat.process.thaw()
        seat.heal()
    await until(lambda: any(seat.elector.may_send() for seat in world.seats), within=45)
    await asyncio.sleep(20)
    assert sum(seat.elector.may_send() for seat in world.seats) == 1
    looking.cancel()
    await world.end()
    return world


@example(  # a leader counts from before it sent a renewal, not from its answer
    plan=[Step(3.0, None, "slow its requests down"), Step(9.9, None, "refuse its requests")]
)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(plan=lists(steps(), max_size=10))
def test_at_most_one_may_send_and_in_the_end_one_does(plan: Sequence[Step]) -> None:
    with capture_logs():
        world = run(lambda: play(plan))
    assert world.most <= 1
    terms = [term for _, term in world.journal]
    assert terms == sorted(terms), "no writer of an earlier term writes after a later one's"
    holders = {term: {name for name, of in world.journal if of == term} for term in set(terms)}
    assert all(len(names) == 1 for names in holders.values()), "a term has one holder"
