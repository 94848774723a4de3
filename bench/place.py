"""Where the benchmark runs: one region with two monitors, observed, on machines that take no time."""

import asyncio
import contextlib
import dataclasses
import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path

from bench.machines import InstantMachines
from bench.observer import Observer, within
from bench.progress import say
from bench.proxy import StoreProxy
from gco.clock import SystemClock
from gco.cluster.kubernetes import connect
from gco.cluster.port import Cluster
from gco.core.model.ids import Actor
from gco.core.model.names import LEADER_LEASE
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    LEASE,
    POD_DISRUPTION_BUDGET,
    SERVICE,
)
from gco.service import Service
from gco.settings import read_settings
from gco.wiring.stores import open_store
from testbed.audit import AuditLog
from testbed.controlplane import ControlPlane
from testbed.dynamodb import DynamoDBLocal
from testbed.monitors import Monitor, MonitorSettings
from testbed.nodes import add_node
from testbed.world import install, make_table, store_variables

REGION = "us-east-1"
NAMESPACE = "gco-inference"
MONITOR = "gco-monitor/"
"""How the monitors' user agent begins."""
HEARTBEAT_SECONDS = 30
"""The product's default."""
OBSERVED = (
    INFERENCE_ENDPOINT,
    DEPLOYMENT,
    SERVICE,
    POD_DISRUPTION_BUDGET,
    INGRESS,
    CONTROLLER_REVISION,
    LEASE,
)
_TABLE = "gco-bench"
_LEADER_SECONDS = 30.0
_LOOK_SECONDS = 0.1


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Everything that a measure needs."""

    plane: ControlPlane
    cluster: Cluster
    """The API server, for what the benchmark itself does to it."""
    observer: Observer
    service: Service
    proxy: StoreProxy
    monitors: Sequence[Monitor]
    names: Sequence[str]
    """Of the endpoints that are made."""
    folder: Path

    @property
    def audit(self) -> AuditLog:
        """The API server's audit log."""
        return self.plane.audit_log

    def leader(self) -> Monitor:
        """Return the monitor that holds the Lease; raises TimeoutError where none does."""
        lease = self.observer.get(LEASE, LEADER_LEASE) or {}
        holder = lease.get("spec", {}).get("holderIdentity") or ""
        for monitor in self.monitors:
            if holder.startswith(f"{monitor.name}_"):
                return monitor
        raise TimeoutError(f"no monitor leads; the Lease is held by {holder!r}")

    def holder(self) -> str:
        """Return the identity that the Lease names; empty: nobody holds it."""
        lease = self.observer.get(LEASE, LEADER_LEASE) or {}
        return str(lease.get("spec", {}).get("holderIdentity") or "")

    def other(self, than: Monitor) -> Monitor:
        """Return the other monitor."""
        return next(monitor for monitor in self.monitors if monitor is not than)


@contextlib.contextmanager
def parts(folder: Path) -> Iterator[tuple[ControlPlane, DynamoDBLocal]]:
    """Start the servers, and stop them at the end."""
    say("starting a control plane and DynamoDB Local")
    with ControlPlane(REGION, audit=True, logs=folder) as plane, DynamoDBLocal() as dynamodb:
        install(plane)
        yield plane, dynamodb


@contextlib.asynccontextmanager
async def place(
    plane: ControlPlane, dynamodb: DynamoDBLocal, endpoints: int, folder: Path
) -> AsyncIterator[Place]:
    """Yield a region whose two monitors are ready and one of which leads."""
    os.environ.update(store_variables(dynamodb, _TABLE))  # AWS's own chain reads the credentials
    await make_table(store_variables(dynamodb, _TABLE))
    await asyncio.to_thread(_make_node, plane, endpoints)
    async with contextlib.AsyncExitStack() as stack:
        proxy = StoreProxy(dynamodb.endpoint_url)
        stack.push_async_callback(proxy.stop)
        await proxy.start()
        cluster = connect(plane.kubeconfig_path, user_agent="bench")
        stack.push_async_callback(cluster.close)
        observer = Observer(cluster, NAMESPACE, OBSERVED)
        await stack.enter_async_context(running(observer, InstantMachines(cluster)))
        await observer.synced()
        store = await open_store(read_settings(os.environ))
        stack.push_async_callback(store.close)
        monitors = _monitors(plane, store_variables(dynamodb, _TABLE, url=proxy.url), folder)
        stack.push_async_callback(asyncio.to_thread, _close, monitors)
        found = Place(
            plane=plane,
            cluster=cluster,
            observer=observer,
            service=Service(store, SystemClock(), Actor("bench")),
            proxy=proxy,
            monitors=monitors,
            names=[f"bench-{number:04}" for number in range(endpoints)],
            folder=folder,
        )
        await _start(found)
        yield found


@contextlib.asynccontextmanager
async def running(*loops: Observer | InstantMachines) -> AsyncIterator[None]:
    """Run `loops` for the length of the block; what one of them dies of ends the block."""
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(loop.run()) for loop in loops]
        yield
        for task in started:
            task.cancel()


def _make_node(plane: ControlPlane, endpoints: int) -> None:
    room = 20 * endpoints + 100
    add_node(
        plane,
        "bench-node",
        gpus=room,
        cpu=str(4 * room),
        memory=f"{16 * room}Gi",
        pods=room,
        labels={"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"},
    )


def _monitors(plane: ControlPlane, variables: Mapping[str, str], folder: Path) -> Sequence[Monitor]:
    kubeconfig = plane.kubeconfig_path.with_name("monitor.kubeconfig")
    told = {**variables, "GCO_HEARTBEAT_SECONDS": str(HEARTBEAT_SECONDS)}
    settings = MonitorSettings(REGION, kubeconfig, told)
    return [Monitor(settings, f"{REGION}-{letter}", folder) for letter in "ab"]


async def _start(found: Place) -> None:
    say("starting two monitors")
    led = found.observer.when(LEASE, LEADER_LEASE, lambda lease: lease is not None)
    for monitor in found.monitors:
        await asyncio.to_thread(monitor.start)
    for monitor in found.monitors:
        await asyncio.to_thread(monitor.wait_until_ready)
    await within(led, _LEADER_SECONDS, "a leader")
    async with asyncio.timeout(_LEADER_SECONDS):
        while not await found.service.regions():  # noqa: ASYNC110 - the store tells nobody
            await asyncio.sleep(_LOOK_SECONDS)


def _close(monitors: Sequence[Monitor]) -> None:
    for monitor in monitors:
        monitor.close()
