"""`gco sandbox up`: every region's cluster, machines, entrance and loops in this one process.

The loops are the production ones; only what they talk to differs. The clusters live in memory, so a
sandbox that is started again begins with empty clusters, and fills them from the store.
"""

import asyncio
import contextlib
import dataclasses
import fcntl
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from gco import __version__
from gco.clock import SystemClock
from gco.cluster.memory import MemoryCluster
from gco.cluster.memory.controllers import run_controllers
from gco.controllers.sync import identify_cluster
from gco.core.model.crd import crd
from gco.core.model.ids import Epoch, RegionName
from gco.core.model.spec import GatewayRef
from gco.core.model.status import Region
from gco.errors import SettingsError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, NAMESPACE
from gco.runtime.supervise import Stage, Supervisor, stop_on_signals
from gco.sandbox.api import ApiFace
from gco.sandbox.config import GCO_IMAGE, SandboxConfig
from gco.sandbox.kubelet import Kubelet
from gco.sandbox.metrics import MetricsServer
from gco.sandbox.router import Router
from gco.settings import Settings, process_environment
from gco.store.port import Store, Version
from gco.telemetry import configure, scope
from gco.telemetry.metrics import Metrics
from gco.wiring.published import CLUSTER_NAME, published, sandbox_folder
from gco.wiring.region import Loop, RegionLoops, RegionOptions
from gco.wiring.stores import open_store

_FIRST_NETWORK = 64
"""Pods of the first region get addresses in 127.64.0.0/16, of the next in 127.65.0.0/16."""
_HEARTBEAT_SECONDS = 5


async def run_sandbox(
    config: SandboxConfig, settings: Settings, *, ports: int, announce: Callable[[str], None]
) -> None:
    """Run until SIGTERM or SIGINT; nothing is left of it afterwards but the store.

    The regions' entrances listen on `ports` and the ports that follow, or on free ones where it is
    0. `announce` is told, line by line, what is there. Raises SettingsError where another sandbox
    runs already, or where the store belongs to real clusters.
    """
    configure(service="gco-sandbox", level=settings.log_level, format="text")
    stop = asyncio.Event()
    folder = sandbox_folder()
    with _alone(folder), stop_on_signals(stop):
        store = await open_store(settings, create=True)
        try:
            await _refuse_real_regions(store)
            builder = _Builder(config, settings, store, folder)
            places = [
                await builder.place(name, number, ports + number if ports else 0)
                for number, name in enumerate(config.regions)
            ]
            with published({place.name: place.face for place in places}):
                await _supervise(places, store, announce, stop)
        finally:
            await store.close()


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    """One region of the sandbox."""

    name: str
    address: str
    face: ApiFace
    machines: Mapping[str, Loop]
    loops: RegionLoops


class _Builder:
    """Puts regions together; nothing of them runs yet."""

    def __init__(
        self, config: SandboxConfig, settings: Settings, store: Store, folder: Path
    ) -> None:
        self._config = config
        self._settings = settings
        self._store = store
        self._folder = folder
        self._clock = SystemClock()

    async def place(self, name: str, number: int, port: int) -> _Place:
        """Return the region `name` with its entrance listening; raises SettingsError."""
        cluster = MemoryCluster(clock=self._clock)
        await self._furnish(cluster)
        kubelet = Kubelet(
            cluster.client("kubelet"),
            name,
            config=self._config,
            network=_FIRST_NETWORK + number,
            folder=self._folder / name,
            base_env=process_environment(),
        )
        cluster.log_streamer = kubelet.stream_log
        router = Router(
            cluster.client("router"), name, namespace=self._settings.namespace, port=port
        )
        router.listen()
        face = ApiFace(cluster.client("api"))
        metrics = MetricsServer(cluster.client("metrics-server"), cluster.server.loads.tell)
        machines: Mapping[str, Loop] = {
            "api": face.run,
            "controllers": functools.partial(run_controllers, cluster),
            "kubelet": kubelet.run,
            "metrics server": metrics.run,
            "router": router.run,
        }
        loops = await self._loops(name, cluster, router.address)
        return _Place(name, router.address, face, machines, loops)

    async def _furnish(self, cluster: MemoryCluster) -> None:
        """Make what is there before us: our namespaces, and the definition of our resource."""
        for namespace in self._settings.allowed_namespaces:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
            await cluster.create(NAMESPACE, body)
        await cluster.create(CUSTOM_RESOURCE_DEFINITION, crd())

    async def _loops(self, name: str, cluster: MemoryCluster, address: str) -> RegionLoops:
        region = Region(
            name=RegionName(name),
            cluster_uid=await identify_cluster(cluster),
            cluster_name=CLUSTER_NAME,
            aws_region=name,
            namespaces=self._settings.allowed_namespaces,
            gateway=GatewayRef(name="sandbox", namespace=self._settings.namespace),
            version=__version__,
            heartbeat=self._clock.now(),
            heartbeat_seconds=_HEARTBEAT_SECONDS,
            epoch=Epoch(0),
        )
        options = RegionOptions(
            hostname=f"sandbox-{name}",
            resync_seconds=self._settings.resync_seconds,
            unhealthy_seconds=self._settings.unhealthy_seconds,
            image=GCO_IMAGE,
            address=address,
            replace_cluster=True,
        )
        return RegionLoops(
            cluster.client("gco"),
            self._store,
            self._clock,
            region=region,
            options=options,
            metrics=Metrics(process=False),
        )


async def _supervise(
    places: Sequence[_Place],
    store: Store,
    announce: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    supervisor = Supervisor()
    for place in places:
        for stage, what, loop in place.loops.loops():
            supervisor.add(stage, f"{what} of {place.name}", _scoped(place.name, loop))
        for what, loop in place.machines.items():
            supervisor.add(Stage.HTTP, f"{what} of {place.name}", _scoped(place.name, loop))
        supervisor.at(Stage.INTAKE, f"queues of {place.name}", place.loops.shut_down)
    supervisor.add(Stage.INTAKE, "announcement", functools.partial(_tell, places, store, announce))
    supervisor.add(Stage.INTAKE, "guard", functools.partial(_leave_real_regions, store))
    await supervisor.run(stop)


def _scoped(region: str, loop: Loop) -> Loop:
    """Return `loop` with the region's name in every line that it logs."""

    async def scoped() -> None:
        with scope(region=region):
            await loop()

    return scoped


async def _tell(places: Sequence[_Place], store: Store, announce: Callable[[str], None]) -> None:
    """Say where each region is reached once all of them are led, then keep quiet."""
    for place in places:
        announce(f"{place.name:<14} {place.address}")
    waiting = {place.name for place in places}
    version = Version(0)
    while waiting:
        version = await store.wait(version)
        addresses = {str(region.name): region.address for region in await store.regions()}
        waiting = {p.name for p in places if addresses.get(p.name) != p.address}
    announce("all regions are ready")
    await asyncio.Event().wait()


async def _refuse_real_regions(store: Store) -> None:
    """Raise SettingsError where any region of the store is not a sandbox's.

    A sandbox in such a store would compete for the fleet's lease, and would run the commands of
    other people's documents on this machine.
    """
    for region in await store.regions():
        if region.cluster_name != CLUSTER_NAME:
            raise SettingsError(
                f"this store has the region {region.name} of a real cluster "
                f"({region.cluster_name or region.cluster_uid}). Give the sandbox a store of its "
                "own: `gco --store sqlite:///PATH sandbox up`"
            )


async def _leave_real_regions(store: Store) -> None:
    """Watch the store; raise SettingsError, which ends the sandbox, once a real region joins."""
    version = Version(0)
    while True:
        version = await store.wait(version)
        await _refuse_real_regions(store)


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; raises SettingsError where another sandbox has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(f"a sandbox runs already ({folder})") from error
        yield
