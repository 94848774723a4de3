"""One region whose two monitors reach a real API server and DynamoDB Local only by way of faults.

People, the kubelet and the watcher use connections of their own, which no fault touches: what a
person asks for is accepted, and what happens is seen.
"""

import contextlib
import dataclasses
import json
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from gco.cli.render.status import status_text
from gco.cluster.kubernetes import connect
from gco.cluster.kubernetes.transport import Limits
from gco.cluster.port import Cluster
from gco.controllers.sync import identify_cluster
from gco.core.model.ids import Actor, EndpointName, Epoch, RegionName
from gco.core.model.status import Region
from gco.kinds.registry import (
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    NAMESPACE,
    NODE,
    SERVICE,
)
from gco.service import Service
from gco.settings import read_settings
from gco.telemetry.metrics import Metrics
from gco.wiring.region import RegionLoops, RegionOptions
from gco.wiring.stores import open_store
from testbed import kubeconfig
from testbed.controlplane import ControlPlane
from testbed.dynamodb import DynamoDBLocal
from testbed.world import make_table, store_variables
from tests.chaos.api_proxy import ApiProxy
from tests.chaos.watcher import Watcher
from tests.documents import documents
from tests.kubelet import Kubelet, add_node
from tests.real.region import CLOCK, GPU_NODE, prepare_namespace
from tests.store.faulty_proxy import FaultyProxy
from tests.waiting import background, eventually

EAST = RegionName("us-east-1")
WEB = EndpointName("web")
LIMITS = Limits(request=3.0, connect=2.0, idle=12.0)
"""Shorter than in production, as the faults are."""
WATCH_SECONDS = (6, 9)
"""How long the API server keeps a watch: shorter than `LIMITS.idle`, so that silence is a fault."""
GPUS = 16
CONVERGED_SECONDS = 60.0


@dataclasses.dataclass
class ChaosWorld:
    """What a test breaks, and what it sees."""

    api: ApiProxy
    db: FaultyProxy
    service: Service
    watcher: Watcher
    namespace: str
    plane: ControlPlane
    kubelet: Kubelet
    people: Cluster
    """A connection that no fault touches."""
    table: str
    loops: Sequence[RegionLoops]

    async def want(self, name: str, *, image: str = "vllm/vllm-openai:v1", **spec: Any) -> None:
        """Apply a document as a person does."""
        metadata = {"name": name, "namespace": self.namespace}
        head = {"apiVersion": "gco.io/v1alpha1", "kind": "InferenceEndpoint", "metadata": metadata}
        body = {**head, "spec": {"image": image, "replicas": 2, **spec}}
        await self.service.apply(documents(body), source="test")

    async def serves(
        self, name: str, image: str, replicas: int, *, within: float = CONVERGED_SECONDS
    ) -> None:
        """Return once the store says that all pods of the wanted revision are ready, and they are."""

        async def done() -> bool:
            view = await self.service.get(EndpointName(name))
            if not view.regions:
                return False
            (region,) = view.regions
            conditions = {each.type: each.status for each in region.conditions}
            deployment = self.watcher.get(DEPLOYMENT, name)
            return (
                region.observed_revision == view.revision
                and conditions.get("WorkloadReady") == "True"
                and deployment is not None
                and _image(deployment) == image
                and deployment.get("status", {}).get("updatedReplicas") == replicas
                and self.watcher.ready()[name] == replicas
            )

        try:
            await eventually(done, within=within)
        except TimeoutError:
            view = await self.service.get(EndpointName(name))
            shown = status_text(view, CLOCK.now(), 200).plain
            ready = self.watcher.ready()[name]
            raise AssertionError(f"{replicas} of {image} wanted, {ready} ready:\n{shown}") from None

    async def gone(self, name: str, *, within: float = CONVERGED_SECONDS) -> None:
        """Return once nothing of the endpoint is left, in the cluster or in the store."""

        async def nothing() -> bool:
            left = any(
                name in self.watcher.names(kind)
                for kind in (INFERENCE_ENDPOINT, DEPLOYMENT, SERVICE)
            )
            names = {view.name for view in await self.service.list()}
            return not left and name not in names

        await eventually(nothing, within=within, what=f"{name} gone")

    def uids(self, name: str) -> dict[str, str]:
        """Return the uids of the endpoint's own Deployment, Service and custom resource."""
        found = {
            kind.name: self.watcher.get(kind, name)
            for kind in (DEPLOYMENT, SERVICE, INFERENCE_ENDPOINT)
        }
        return {kind: it["metadata"]["uid"] for kind, it in found.items() if it is not None}


@contextlib.asynccontextmanager
async def chaos_world(
    plane: ControlPlane,
    dynamodb: DynamoDBLocal,
    folder: Path,
    *,
    token_file: Path | None = None,
    seed: int = 0,
) -> AsyncIterator[ChaosWorld]:
    """Yield a world in which `web` serves with two pods; the plane and DynamoDB are the caller's.

    The monitors read their token from `token_file`; without it they have the admin's.
    """
    async with contextlib.AsyncExitStack() as stack:
        api = ApiProxy(plane.url, str(plane.ca_path), seed=seed)
        await stack.enter_async_context(api.running())
        db = FaultyProxy(dynamodb.endpoint_url)
        await stack.enter_async_context(db.running())
        table = f"chaos-{uuid.uuid4().hex[:8]}"
        await make_table(store_variables(dynamodb, table))
        others = connect(plane.kubeconfig_path, user_agent="others")
        stack.push_async_callback(others.close)
        namespace = f"chaos-{uuid.uuid4().hex[:8]}"
        await prepare_namespace(others, namespace)
        stack.push_async_callback(others.delete, NAMESPACE, None, namespace)
        node = f"gpu-{namespace}"
        await add_node(others, node, gpus=GPUS, labels=GPU_NODE)
        stack.push_async_callback(others.delete, NODE, None, node)
        people = await open_store(read_settings(store_variables(dynamodb, table)))
        stack.push_async_callback(people.close)
        service = Service(people, CLOCK, Actor("test"))
        faulty = _kubeconfig(folder / f"{namespace}.kubeconfig", api.url, plane, token_file)
        variables = store_variables(dynamodb, table, url=db.url)
        monitors = [await _monitor(stack, faulty, variables, namespace, letter) for letter in "ab"]
        watcher, kubelet = Watcher(others, namespace), Kubelet(others, ready_after=0.2)
        running = (
            kubelet.run(),
            watcher.run(),
            *(loop() for monitor in monitors for _, _, loop in monitor.loops()),
        )
        async with background(*running):
            await watcher.synced()
            await eventually(service.regions, within=60, what="the region registered")
            made = ChaosWorld(
                api, db, service, watcher, namespace, plane, kubelet, others, table, monitors
            )
            await made.want(WEB)
            await made.serves(WEB, "vllm/vllm-openai:v1", 2)
            watcher.reset()
            yield made
            api.fail()
            db.heal()
            for view in await service.list():
                await service.delete([view.name], confirmed=True, missing_ok=True)
                await made.gone(view.name)
        for monitor in monitors:
            await monitor.shut_down()


async def _monitor(
    stack: contextlib.AsyncExitStack, config, variables, namespace: str, letter: str
) -> RegionLoops:
    cluster = connect(
        config, user_agent=f"gco-chaos-{letter}", limits=LIMITS, watch_seconds=WATCH_SECONDS
    )
    stack.push_async_callback(cluster.close)
    store = await open_store(read_settings(variables))
    stack.push_async_callback(store.close)
    region = Region(
        name=EAST,
        cluster_uid=await identify_cluster(cluster),
        namespaces=(namespace,),
        heartbeat=CLOCK.now(),
        heartbeat_seconds=1,
        epoch=Epoch(0),
    )
    return RegionLoops(
        cluster,
        store,
        CLOCK,
        region=region,
        options=RegionOptions(hostname=f"chaos-{letter}", resync_seconds=3600),
        metrics=Metrics(version="test", process=False),
    )


def _kubeconfig(path: Path, url: str, plane: ControlPlane, token_file: Path | None) -> Path:
    kubeconfig.write(path, url=url, ca=plane.ca_path, token=plane.admin_token)
    if token_file is not None:
        config = json.loads(path.read_text())
        config["users"][0]["user"] = {"tokenFile": str(token_file)}
        path.write_text(json.dumps(config))
    return path


def _image(deployment: dict[str, Any]) -> str:
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"]
