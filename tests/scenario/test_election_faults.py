"""Invariant: no error of a store ends an election loop: somebody leads once the store answers again."""

import asyncio

import pytest

from gco.controllers.fleet import FleetLeaseLock
from gco.errors import ConflictError, FencedError, StoreError, StoreUnavailableError
from gco.runtime.election import Elector
from gco.store.memory import MemoryStore
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

ERRORS = [
    StoreError("the fleet lease cannot be read"),
    StoreUnavailableError("timed out"),
    ConflictError("changed"),
    FencedError("no longer at epoch 1"),
]


class OddStore(MemoryStore):
    """A store of which one call fails for a while."""

    call, error = "", ERRORS[0]

    def _fail(self, call: str) -> None:
        if call == self.call:
            raise self.error

    async def fleet_lease(self):
        self._fail("read")
        return await super().fleet_lease()

    async def write_fleet_lease(self, lease, *, seen):
        self._fail("write")
        await super().write_fleet_lease(lease, seen=seen)

    async def wait(self, version):
        self._fail("wait")
        return await super().wait(version)


@pytest.mark.parametrize("call", ["read", "write", "wait"])
@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
async def test_an_election_outlives_any_error_of_its_store(clock, call, error):
    store = OddStore(clock=clock)
    electors = [Elector(FleetLeaseLock(store), name) for name in ("one", "two")]

    async def lead() -> None:
        await asyncio.Event().wait()

    def leaders() -> list[str]:
        return [elector.identity for elector in electors if elector.may_send()]

    async with background(*(elector.run(lead) for elector in electors)):
        await until(lambda: len(leaders()) == 1)
        store.call, store.error = call, error
        await asyncio.sleep(60)
        assert len(leaders()) <= 1
        store.call = ""
        await until(lambda: len(leaders()) == 1, within=30)
