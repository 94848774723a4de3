"""What a sandbox refuses before it takes anything over."""

import asyncio

import pytest

from gco.clock import SystemClock
from gco.core.model.ids import Epoch, RegionName
from gco.core.model.status import Region
from gco.errors import SettingsError
from gco.sandbox.config import SandboxConfig
from gco.settings import read_settings
from gco.store.sqlite import SqliteStore
from gco.wiring.sandbox import run_sandbox
from tests.waiting import background

CONFIG = SandboxConfig(regions=("us-east-1",))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("GCO_DATA", str(tmp_path))
    return read_settings({"GCO_STORE": f"sqlite:///{tmp_path}/store.db", "LOG_LEVEL": "ERROR"})


async def test_regions_of_real_clusters_are_never_taken_over(settings, tmp_path):
    store = await SqliteStore.open(tmp_path / "store.db")
    real = Region(
        name=RegionName("us-east-1"),
        cluster_uid="a-real-one",
        cluster_name="production",
        heartbeat=SystemClock().now(),
        epoch=Epoch(0),
    )
    await store.lead_region(real)
    await store.close()

    with pytest.raises(SettingsError, match="of a real cluster"):
        await run_sandbox(CONFIG, settings, ports=0, announce=print)


async def test_a_second_sandbox_in_the_same_place_is_refused(settings):
    told = asyncio.Event()

    def announce(line):
        if line == "all regions are ready":
            told.set()

    async with background(run_sandbox(CONFIG, settings, ports=0, announce=announce)):
        await asyncio.wait_for(told.wait(), 30)
        with pytest.raises(SettingsError, match="a sandbox runs already"):
            await run_sandbox(CONFIG, settings, ports=0, announce=announce)
