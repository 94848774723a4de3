"""One region on a real control plane in the test's own process: its loops, a store, people, a kubelet.

Pods are placed by the real scheduler and made by the real controllers; what becomes of a container
is played by `tests/kubelet.py`, which can say what no machine of a test can be brought to do.
"""

import contextlib
import uuid
from collections.abc import AsyncIterator
from typing import Any

from gco.cli.render.status import status_text
from gco.clock import SystemClock
from gco.cluster.kubernetes import connect
from gco.controllers.sync import identify_cluster
from gco.core.model.crd import crd
from gco.core.model.ids import Actor, EndpointName, Epoch, RegionName
from gco.core.model.names import COPY_ACCOUNT, SERVICE_ACCOUNT
from gco.core.model.status import Region
from gco.errors import AbsentError
from gco.kinds.registry import (
    CUSTOM_RESOURCE_DEFINITION,
    EVENT,
    INFERENCE_ENDPOINT,
    NAMESPACE,
    NODE,
    POD,
    Kind,
)
from gco.service import Service
from gco.store.memory import MemoryStore
from gco.telemetry.metrics import Metrics
from gco.wiring.region import RegionLoops, RegionOptions
from tests.documents import documents
from tests.kubelet import Kubelet, add_node
from tests.waiting import background, eventually

EAST = RegionName("us-east-1")
CLOCK = SystemClock()
GPU_NODE = {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"}
ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts")


class RealRegion:
    """What a test sees and does."""

    def __init__(self, cluster, namespace: str, service: Service, kubelet: Kubelet) -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.service = service
        self.kubelet = kubelet

    async def want(self, name: str, *, image: str = "vllm/vllm-openai:v1", **spec: Any) -> None:
        """Apply a document as a person does."""
        metadata = {"name": name, "namespace": self.namespace}
        head = {"apiVersion": "gco.io/v1alpha1", "kind": "InferenceEndpoint", "metadata": metadata}
        await self.service.apply(
            documents({**head, "spec": {"image": image, **spec}}), source="test"
        )

    async def view(self, name: str):
        """Return what the region says of an endpoint."""
        (region,) = (await self.service.get(EndpointName(name))).regions
        return region

    async def shows(self, name: str, reason: str, *words: str) -> str:
        """Return what `gco status` prints, once it names `reason` and all of `words`."""

        async def found() -> str:
            text = await self._status(name)
            flat = " ".join(text.split())
            return text if reason in flat and all(word in flat for word in words) else ""

        try:
            return await eventually(found, within=90)
        except TimeoutError:
            raise AssertionError(f"{reason} {words} not in:\n{await self._status(name)}") from None

    async def workload_ready(self, name: str, replicas: int) -> None:
        """Return once that many pods of the wanted template answer, and no more are wanted."""

        async def ready() -> bool:
            whole = await self.service.get(EndpointName(name))
            (region,) = whole.regions
            found = {c.type: c.status for c in region.conditions}
            same = region.observed_revision == whole.revision
            wanted = region.replicas_ready == region.replicas_desired == replicas
            return same and wanted and found.get("WorkloadReady") == "True"

        try:
            await eventually(ready, within=90, what=f"{name} at {replicas}")
        except TimeoutError:
            raise AssertionError(await self._status(name)) from None

    async def pods(self, name: str) -> dict[str, Any]:
        """Return the endpoint's pods by name."""
        pages = self.cluster.list(POD, self.namespace, labels=f"app={name}")
        return {pod["metadata"]["name"]: pod async for page in pages for pod in page.items}

    async def delete(self, name: str) -> None:
        """Delete an endpoint, and wait until nothing is left of it."""
        await self.service.delete([EndpointName(name)], confirmed=True, missing_ok=True)

        async def gone() -> bool:
            with contextlib.suppress(AbsentError):
                await self.cluster.get(INFERENCE_ENDPOINT, self.namespace, name)
                return False
            return True

        await eventually(gone, within=90, what=f"{name} gone")

    async def note(self, pod: str, reason: str, words: str, *, by: str = "kubelet") -> None:
        """Write an Event about a pod, as kubelet or a provisioner of nodes does."""
        found = (await self.cluster.get(POD, self.namespace, pod))["metadata"]
        about = {"apiVersion": "v1", "kind": "Pod", "name": pod, "namespace": self.namespace}
        await self.cluster.create(
            EVENT,
            {
                "apiVersion": EVENT.api_version,
                "kind": EVENT.name,
                "metadata": {"name": f"{pod}.{uuid.uuid4().hex}", "namespace": self.namespace},
                "eventTime": CLOCK.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
                "reportingController": by,
                "reportingInstance": by,
                "action": reason,
                "type": "Warning",
                "reason": reason,
                "note": words,
                "regarding": {**about, "uid": found["uid"]},
            },
        )

    async def _status(self, name: str) -> str:
        view = await self.service.get(EndpointName(name))
        return status_text(view, CLOCK.now(), 200).plain


async def prepare_namespace(cluster, namespace: str) -> None:
    """Make what a region needs before a monitor starts: definition, namespace, service accounts."""
    await cluster.apply(CUSTOM_RESOURCE_DEFINITION, crd(), manager="kubectl")
    await cluster.create(
        NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    )
    for name in (SERVICE_ACCOUNT, COPY_ACCOUNT):
        account = {"name": name, "namespace": namespace}
        await cluster.create(
            ACCOUNT, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account}
        )


@contextlib.asynccontextmanager
async def real_region(plane, *, gpus: int = 8, **options: Any) -> AsyncIterator[RealRegion]:
    """Yield a region in a namespace of its own, with one node of `gpus` accelerators."""
    clock, metrics, store = CLOCK, Metrics(version="test", process=False), MemoryStore()
    monitor, others = (connect(plane.kubeconfig_path, user_agent=a) for a in ("gco-e", "others"))
    namespace, node = (f"{kind}-{uuid.uuid4().hex[:8]}" for kind in ("region", "gpu"))
    await prepare_namespace(others, namespace)
    if gpus:
        await add_node(others, node, gpus=gpus, labels=GPU_NODE)
    region = Region(
        name=EAST,
        cluster_uid=await identify_cluster(monitor),
        namespaces=(namespace,),
        heartbeat=clock.now(),
        heartbeat_seconds=1,
        epoch=Epoch(0),
    )
    loops = RegionLoops(
        monitor,
        store,
        clock,
        region=region,
        options=RegionOptions(hostname="test", resync_seconds=3600, **options),
        metrics=metrics,
    )
    kubelet = Kubelet(others)
    service = Service(store, clock, Actor("test"))
    try:
        async with background(kubelet.run(), *(loop() for _, _, loop in loops.loops())):
            await eventually(service.regions, within=60, what="the region registered")
            yield (made := RealRegion(others, namespace, service, kubelet))
            for view in await service.list():
                await made.delete(view.name)
    finally:
        await loops.shut_down()
        with contextlib.suppress(AbsentError):
            await others.delete(NODE, None, node)
        await others.delete(NAMESPACE, None, namespace)
        for client in (monitor, others):
            await client.close()
