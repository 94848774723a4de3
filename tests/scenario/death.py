"""A process that dies at its n-th request, and the one that is started in its place."""

import asyncio

from tests.scenario.region_world import World
from tests.waiting import background


class Death:
    """Kills the process at its n-th request, before it is sent or before its answer arrives."""

    def __init__(self, number: int, *, after: bool) -> None:
        self.happened = asyncio.Event()
        self._left = number
        self._after = after

    def client(self, cluster):
        return _Mortal(cluster, self)

    async def call(self, send):
        self._left -= 1
        if self._left == 0 and self._after:
            await send()
        if self._left <= 0:
            self.happened.set()
            await asyncio.Event().wait()  # a dead process says nothing more
        return await send()


class _Mortal:
    def __init__(self, cluster, death: Death) -> None:
        self._cluster = cluster
        self._death = death

    def __getattr__(self, name):
        method = getattr(self._cluster, name)
        if name not in {"get", "apply", "patch", "delete"}:
            return method

        async def call(*args, **told):
            return await self._death.call(lambda: method(*args, **told))

        return call


async def lives(world: World, death: Death | None) -> None:
    if death is not None:
        first = world.controller(writer=death.client(world.monitor))
        async with background(first.run()):
            await death.happened.wait()
    await world.controller().run()
