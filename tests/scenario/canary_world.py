"""What scenarios of canaries look at, and what must hold at every moment of them."""

import asyncio
import contextlib
import json
from typing import Any

from gco.core.fleet.progress import advance
from gco.core.fleet.regional import regional_spec
from gco.core.fleet.summary import by_region
from gco.core.model.endpoint import Endpoint, Write
from gco.core.model.ids import Actor
from gco.core.model.names import FINALIZER, SPEC_HASH_ANNOTATION, SYNC_MANAGER, object_labels
from gco.core.model.regional import spec_hash
from gco.errors import AbsentError, ConflictError, NotFoundError
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    POD,
    SERVICE,
)
from gco.service import Service
from gco.store.memory import MemoryStore
from tests.builders import WEB
from tests.fleet.builders import EAST, region
from tests.scenario.region_world import NS, ROUTE, World

OLD, NEW, OTHER = (f"vllm/vllm-openai:v{n}" for n in (1, 2, 3))
CANARY = f"{WEB}-canary"
CANARY_KINDS = (DEPLOYMENT, SERVICE, CONTROLLER_REVISION, POD)
_ACTION = "alb.ingress.kubernetes.io/actions.weighted-routing"


def weight(world: World) -> int:
    """The share that the stored route gives the canary."""
    route = world.find(INGRESS, ROUTE)
    if route is None or _ACTION not in route["metadata"]["annotations"]:
        return 0
    action = json.loads(route["metadata"]["annotations"][_ACTION])
    groups = action["forwardConfig"]["targetGroups"]
    return next(g["weight"] for g in groups if g["serviceName"] == CANARY)


def pods(world: World, app: str, *, image: str | None = None) -> list[str]:
    """The names of the ready pods of `app` that stay."""
    return [
        name
        for name, pod in world.all(POD).items()
        if pod["metadata"]["labels"]["app"] == app
        and "deletionTimestamp" not in pod["metadata"]
        and image in (None, pod["spec"]["containers"][0]["image"])
        and any(c["type"] == "Ready" and c["status"] == "True" for c in _conditions(pod))
    ]


def _conditions(pod: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pod.get("status", {}).get("conditions", [])
    return found


def canary_objects(world: World) -> list[str]:
    """Every object of the canary, as `Service web-canary`."""
    return [
        f"{kind.name} {name}"
        for kind in CANARY_KINDS
        for name in world.all(kind)
        if name.startswith(CANARY)
    ]


class Watch:
    """Looks all the time, and remembers what must never have been."""

    EACH = 0.1
    PATIENCE = 1.0
    """Seconds within which the loop is to see that a canary's pods are gone."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wrongs: list[str] = []
        self.guarded = False
        """Nothing but a canary is being changed: the endpoint itself is to serve without a gap."""
        self._since: float | None = None

    def guard(self) -> None:
        """Watch over the endpoint's own pods and route, if they serve now."""
        serves = bool(pods(self.world, WEB)) and self.world.find(INGRESS, ROUTE) is not None
        self.guarded = serves and self.world.is_ready()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self._look(asyncio.get_running_loop().time())
            await asyncio.sleep(self.EACH)

    def _look(self, now: float) -> None:
        share, own, its = weight(self.world), pods(self.world, WEB), pods(self.world, CANARY)
        if share and not its:
            self._since = now if self._since is None else self._since
            if now - self._since > self.PATIENCE:
                self.wrongs.append(f"{now:.1f}: {share} % for a canary without a ready pod")
        else:
            self._since = None
        if self.guarded and not own and not (share == 100 and its):
            self.wrongs.append(f"{now:.1f}: none of the endpoint's own pods, at {share} %")
        if self.guarded and self.world.find(INGRESS, ROUTE) is None:
            self.wrongs.append(f"{now:.1f}: the route is gone")


class Desired:
    """A store with what people asked for, and the region's copy of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.store = MemoryStore(clock=world.clock)
        self.service = Service(self.store, world.clock, Actor("ann"))
        self.region = region(EAST, heartbeat=world.clock.now())
        self.record: Endpoint | None = None
        """The endpoint's record as it was last synced."""

    async def begin(self) -> None:
        """Register the one region."""
        await self.store.lead_region(self.region)

    async def endpoint(self) -> Endpoint | None:
        """Return the endpoint's record."""
        try:
            return await self.store.get(WEB)
        except NotFoundError:
            return None

    async def sync(self) -> None:
        """Bring the custom resource to what the store says, as the sync loop does."""
        endpoint = self.record = await self.endpoint()
        if endpoint is None or EAST not in endpoint.targets:
            return
        told = regional_spec(endpoint, endpoint.targets[EAST], self.region)
        manifest = {
            "apiVersion": INFERENCE_ENDPOINT.api_version,
            "kind": INFERENCE_ENDPOINT.name,
            "metadata": {
                "name": WEB,
                "namespace": NS,
                "labels": object_labels(WEB, told.labels),
                "annotations": {SPEC_HASH_ANNOTATION: spec_hash(told)},
                "finalizers": [FINALIZER],
            },
            "spec": told.to_wire(),
        }
        await self.world.person.apply(INFERENCE_ENDPOINT, manifest, manager=SYNC_MANAGER)

    async def fleet(self) -> None:
        """Move the record on, as the fleet loop does, while the scenario runs."""
        while True:
            await asyncio.sleep(0.5)
            endpoint, status = await self.endpoint(), self.world.status()
            if endpoint is None or status is None:
                await self.sync()
                continue
            said = by_region([status.to_region_status(WEB, EAST)])
            step = advance(endpoint, said, self.world.clock.now())
            if step is None:
                continue
            if step.endpoint is None and self.world.find(INFERENCE_ENDPOINT, WEB) is not None:
                await self._drop()
            with contextlib.suppress(ConflictError):  # a person was faster
                await self.store.write([Write(WEB, endpoint.generation, step.endpoint)])
            await self.sync()

    async def _drop(self) -> None:
        with contextlib.suppress(AbsentError):
            await self.world.person.delete(INFERENCE_ENDPOINT, NS, WEB)
