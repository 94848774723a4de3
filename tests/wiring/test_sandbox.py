"""What a sandbox refuses before it takes anything over."""

import asyncio
import contextlib
import json
import stat
import sys

import pytest

from gco.clock import SystemClock
from gco.core.model.ids import Epoch, RegionName
from gco.core.model.status import Region
from gco.errors import SettingsError
from gco.sandbox.config import SandboxConfig
from gco.settings import environment_with, read_settings
from gco.store.sqlite import SqliteStore
from gco.wiring.sandbox import run_sandbox
from tests.waiting import background, eventually

CONFIG = SandboxConfig(regions=("us-east-1",))


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("GCO_DATA", str(tmp_path))
    return read_settings({"GCO_STORE": f"sqlite:///{tmp_path}/store.db", "LOG_LEVEL": "ERROR"})


def a_real_region(name):
    return Region(
        name=RegionName(name),
        cluster_uid="a-real-one",
        cluster_name="production",
        heartbeat=SystemClock().now(),
        epoch=Epoch(0),
    )


@pytest.mark.parametrize("name", ["us-east-1", "prod-frankfurt"], ids=["same name", "other name"])
async def test_a_store_with_any_region_of_a_real_cluster_is_refused(settings, tmp_path, name):
    """A sandbox never competes for the fleet's lease of real clusters, nor runs their documents."""
    store = await SqliteStore.open(tmp_path / "store.db")
    try:
        await store.lead_region(a_real_region(name))
        before = await store.regions()
        with pytest.raises(
            SettingsError, match=rf"region {name} of a real cluster.*a store of its"
        ):
            await run_sandbox(CONFIG, settings, ports=0, announce=print)
        assert await store.regions() == before
    finally:
        await store.close()


async def test_a_sandbox_ends_when_a_real_cluster_joins_its_store(settings, tmp_path):
    up = asyncio.Event()

    def announce(line):
        if line == "all regions are ready":
            up.set()

    running = asyncio.create_task(run_sandbox(CONFIG, settings, ports=0, announce=announce))
    await asyncio.wait_for(up.wait(), 30)
    store = await SqliteStore.open(tmp_path / "store.db")
    await store.lead_region(a_real_region("prod-frankfurt"))
    await store.close()
    with pytest.raises(SettingsError, match="of a real cluster"):
        await asyncio.wait_for(running, 30)


async def test_a_second_sandbox_in_the_same_place_is_refused(settings):
    told = asyncio.Event()

    def announce(line):
        if line == "all regions are ready":
            told.set()

    async with background(run_sandbox(CONFIG, settings, ports=0, announce=announce)):
        await asyncio.wait_for(told.wait(), 30)
        with pytest.raises(SettingsError, match="a sandbox runs already"):
            await run_sandbox(CONFIG, settings, ports=0, announce=announce)


@contextlib.asynccontextmanager
async def sandbox(settings):
    """A sandbox of one region, up."""
    told = asyncio.Event()

    def announce(line):
        if line == "all regions are ready":
            told.set()

    config = CONFIG.model_copy(update={"load_seconds": 0.0})
    async with background(run_sandbox(config, settings, ports=0, announce=announce)):
        await asyncio.wait_for(told.wait(), 30)
        yield


async def gco(folder, *arguments):
    """Run `gco` as a person does beside the sandbox; return its exit code and what it printed."""
    told = {"GCO_DATA": str(folder), "XDG_CONFIG_HOME": str(folder), "GCO_STORE": ""}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gco", *arguments),
        env=environment_with(told),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, complaint = await process.communicate()
    return process.returncode, out.decode(), complaint.decode()


async def test_other_processes_reach_its_pods_without_any_configuration(settings, tmp_path):
    document = {
        "apiVersion": "gco.io/v1alpha1",
        "kind": "InferenceEndpoint",
        "metadata": {"name": "web"},
        "spec": {"image": "vllm/vllm-openai:v0.8.4", "resources": {"accelerator": "none"}},
    }
    (tmp_path / "web.yaml").write_text(json.dumps(document))
    async with sandbox(settings):
        code, _, why = await gco(tmp_path, "apply", "-f", str(tmp_path / "web.yaml"), "--wait")
        assert code == 0, why

        code, lines, why = await gco(tmp_path, "logs", "web")
        assert (code, "serving stub" in lines) == (0, True), why
        code, events, why = await gco(tmp_path, "events", "web", "-o", "json")
        assert code == 0, why
        assert {"InferenceEndpoint"} <= {e["object"]["kind"] for e in json.loads(events)}

        kubeconfig = tmp_path / "sandbox/kubeconfig"
        assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600
    assert not kubeconfig.exists()
    code, _, why = await gco(tmp_path, "logs", "web")
    assert (code, "no way to its cluster is known" in why) == (1, True)


async def test_an_autoscaler_goes_by_what_the_pods_processes_use(settings, tmp_path):
    document = {
        "apiVersion": "gco.io/v1alpha1",
        "kind": "InferenceEndpoint",
        "metadata": {"name": "web"},
        "spec": {
            "image": "vllm/vllm-openai:v0.8.4",
            "resources": {"accelerator": "none", "requests": {"cpu": "1", "memory": "1Mi"}},
            "autoscaling": {"max": 2, "metrics": [{"type": "memory", "target": 50}]},
        },
    }
    (tmp_path / "web.yaml").write_text(json.dumps(document))
    async with sandbox(settings):
        code, _, why = await gco(tmp_path, "apply", "-f", str(tmp_path / "web.yaml"), "--wait")
        assert code == 0, why

        async def scaled():
            _, out, _ = await gco(tmp_path, "status", "web", "-o", "json")
            [region] = json.loads(out)["regions"]
            told = {each["type"]: each["reason"] for each in region["conditions"]}
            return (region["replicasReady"], told.get("AutoscalerReady")) == (2, "AutoscalerReady")

        await eventually(scaled, within=120, what="a second replica")
