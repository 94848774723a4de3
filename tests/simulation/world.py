"""Two regions with two whole monitors each, a store, and everything that a cluster does by itself."""

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from gco.clock import LoopClock
from gco.core.model.ids import Actor, RegionName
from gco.core.model.names import APP_LABEL, CANARY_SUFFIX
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, NODE, POD
from gco.service import Service
from gco.store.memory import MemoryStore
from tests.conftest import START
from tests.kubelet import add_node
from tests.scenario import gateways, region_world
from tests.scenario.region_world import GPU_NODE, NS
from tests.simulation.process import WRITER, Process
from tests.simulation.schedule import Schedule

if TYPE_CHECKING:
    from tests.simulation.edits import Done

REGIONS = (RegionName("us-east-1"), RegionName("eu-west-1"))


class Region:
    """One region: its cluster, its two monitors, and who else writes there."""

    def __init__(self, name: RegionName, clock: LoopClock, store: MemoryStore) -> None:
        self.name = name
        self.site = region_world.World(clock)
        self._gateway = gateways.Gateway(self.site)
        self.processes = [
            Process(name, number, self.site.server, store, clock) for number in range(2)
        ]

    @property
    def objects(self):
        """The cluster's storage: what is there, without a request."""
        return self.site.server.server.storage

    def pods(self, name: str) -> list[dict[str, Any]]:
        """Return the endpoint's pods, those of its canary included."""
        both = {name, name + CANARY_SUFFIX}
        pods = self.objects.table(POD).objects.values()
        return [p for p in pods if p["metadata"].get("labels", {}).get(APP_LABEL) in both]

    def free(self) -> int:
        """Return how many GPUs no bound pod holds."""
        nodes = self.objects.table(NODE).objects.values()
        total = sum(int(node["status"]["allocatable"].get("nvidia.com/gpu", 0)) for node in nodes)
        pods = self.objects.table(POD).objects.values()
        return total - sum(_gpus(pod) for pod in pods if pod["spec"].get("nodeName"))

    async def install(self, schedule: Schedule) -> None:
        """Make what exists before the monitors, and one node with GPUs."""
        self.site.kubelet.ready_after = schedule.load_seconds
        await self.site.install(gpus=schedule.gpus)
        await self.site.person.apply(
            CUSTOM_RESOURCE_DEFINITION, gateways.DEFINITION, manager="kubectl"
        )

    def loops(self) -> list[Any]:
        """Return what runs in the region."""
        return [
            *(_as("kubernetes", loop) for loop in self.site.others()),
            _as("kubernetes", self._gateway.run()),
            *(process.run() for process in self.processes),
        ]


class World:
    """Everything that acts and invariants see."""

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.clock = LoopClock(START)
        self.store = MemoryStore(clock=self.clock)
        self.regions = [Region(name, self.clock, self.store) for name in REGIONS]
        self.service = Service(self.store, self.clock, Actor("ann"))
        self.faults: set[asyncio.Task[None]] = set()
        """The faults that have not ended yet."""
        self.edits: list[Done] = []
        """What people edited by hand."""
        self._excuses: dict[tuple[str, str], float] = {}
        self._records: dict[str, tuple[Any, Any]] = {}

    @property
    def processes(self) -> list[Process]:
        """Every monitor of every region."""
        return [process for region in self.regions for process in region.processes]

    @property
    def now(self) -> float:
        """Seconds of virtual time."""
        return asyncio.get_running_loop().time()

    def for_a_while(self, seconds: float, fault) -> None:
        """Keep the context manager `fault` entered for `seconds`, while all else goes on."""

        async def keep() -> None:
            with fault:
                await asyncio.sleep(seconds)

        task = asyncio.create_task(keep())
        self.faults.add(task)
        task.add_done_callback(self.faults.discard)

    def excuse(self, region: str, name: str, seconds: float = 120.0) -> None:
        """Allow the endpoint to have no ready pod in the region: somebody asked for it."""
        self._excuses[region, name] = max(self.excused(region, name), self.now + seconds)

    def excused(self, region: str, name: str) -> float:
        """Return until when the endpoint is excused."""
        return self._excuses.get((region, name), 0.0)

    def endpoint(self, name: str):
        """Return the stored record, None where there is none; without a request."""
        row = self.store._endpoints.get(name)
        if row is None:
            return None
        known, endpoint = self._records.get(name, (None, None))
        if known is not row:  # invariants ask at each write of a pod; a write stores a new row
            endpoint = row.endpoint(name)
            self._records[name] = row, endpoint
        return endpoint

    def target(self, region: str, name: str):
        """Return what the store asks of the region for the endpoint, None where nothing."""
        endpoint = self.endpoint(name)
        return endpoint.targets.get(region) if endpoint else None


def is_answering(pod: dict[str, Any] | None) -> bool:
    """Whether the pod is ready and stays."""
    if pod is None or "deletionTimestamp" in pod["metadata"]:
        return False
    conditions = pod.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _gpus(pod: dict[str, Any]) -> int:
    containers = pod["spec"]["containers"]
    asked = [c.get("resources", {}).get("requests", {}) for c in containers]
    return sum(int(each.get("nvidia.com/gpu", 0)) for each in asked)


async def _as(writer: str, loop) -> None:
    WRITER.set(writer)
    with contextlib.suppress(asyncio.CancelledError):
        await loop


async def occupy(region: Region, gpus: int) -> None:
    """Have a pod of somebody else hold GPUs."""
    body = {
        "metadata": {"generateName": "other-", "namespace": NS},
        "spec": {
            "containers": [
                {
                    "name": "c",
                    "image": "other/image:1",
                    "resources": {
                        "requests": {"nvidia.com/gpu": str(gpus)},
                        "limits": {"nvidia.com/gpu": str(gpus)},
                    },
                }
            ]
        },
    }
    await region.site.person.create(POD, body)


async def new_node(region: Region, gpus: int) -> None:
    """Add the region's node again."""
    await add_node(region.site.person, "n1", gpus=gpus, labels=GPU_NODE)
