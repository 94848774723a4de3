"""What must hold at each write of each cluster, and what must hold once all faults have ended."""

import functools
from collections.abc import Callable
from typing import Any

from gco.core.model.names import (
    APP_LABEL,
    CANARY_SUFFIX,
    LEADER_LEASE,
    endpoint_of_route,
)
from gco.kinds.registry import (
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    INFERENCE_ENDPOINT,
    INGRESS,
    LEASE,
    POD,
    POD_DISRUPTION_BUDGET,
    SERVICE,
)
from tests.scenario.region_world import NS
from tests.simulation.process import WRITER
from tests.simulation.schedule import ENDPOINTS
from tests.simulation.world import Region, World, is_answering

OURS = (DEPLOYMENT, SERVICE, INGRESS, HORIZONTAL_POD_AUTOSCALER, POD_DISRUPTION_BUDGET, POD)
STALE_SECONDS = 300.0
"""How old a monitor's knowledge may be: a watch that went silent is noticed after 150 s."""


class Observer:
    """Sees each write of one region's cluster as it is stored, and who makes it."""

    def __init__(self, world: World, region: Region, report: Callable[[str], None]) -> None:
        self._world = world
        self._region = region
        self._report = report
        self._newest: dict[str, tuple[str, int]] = {}
        self._uids: dict[str, list[str]] = {}
        self._answered: dict[tuple[str, str], float] = {}
        """When the last pod of an app and image ceased to answer."""
        storage = region.objects
        commit = storage.commit

        @functools.wraps(commit)
        def observed(kind, key, new):
            old = storage.table(kind).objects.get(key)
            written = commit(kind, key, new)
            self._see(kind, key[1], old, new)
            return written

        storage.commit = observed

    def _see(self, kind, name: str, old: Any, new: Any) -> None:
        writer = WRITER.get()
        if kind == POD and is_answering(old) and not is_answering(new):
            self._answered[_app(old), _image(old)] = self._world.now
        if kind == POD and writer == "kubernetes":
            self._last_pod(old, new)
        if "/" not in writer:
            return  # not one of ours
        if kind != LEASE:
            self._one_writer(writer, kind, name)
        if old is not None and _leaves(old, new):
            self._deletes(kind, name, old)
        if kind == INFERENCE_ENDPOINT and new is not None:
            self._goes_forward(name, new)
            self._ready_answers(name, old, new)
        if kind == INGRESS and new is not None and not _leaves(new, new):
            self._route_leads_somewhere(new)

    def _last_pod(self, old: Any, new: Any) -> None:
        """A served endpoint keeps a ready pod unless a person allowed otherwise."""
        if not is_answering(old) or is_answering(new) or not _is_taken(old, new):
            return
        name = old["metadata"].get("labels", {}).get(APP_LABEL, "").removesuffix(CANARY_SUFFIX)
        region = self._region.name
        target = self._world.target(region, name)
        if target is None or target.state != "running" or not target.replicas:
            return
        others = [pod for pod in self._region.pods(name) if is_answering(pod)]
        if not others and self._world.excused(region, name) <= self._world.now:
            self._report(f"dark: the last ready pod of {name} in {region} was taken away")

    def _one_writer(self, writer: str, kind, name: str) -> None:
        """Only the holder of the Lease writes."""
        lease = self._region.objects.table(LEASE).objects.get((NS, LEADER_LEASE))
        holder = lease["spec"].get("holderIdentity") if lease else None
        for process in self._region.processes:
            if holder and process.name != writer and process.identity == holder:
                self._report(
                    f"two writers: {writer} wrote {kind.name} {name} though {process.name} leads"
                )

    def _deletes(self, kind, name: str, old: Any) -> None:
        """Nothing of a live endpoint is deleted, and nothing without a tombstone."""
        if kind not in (INFERENCE_ENDPOINT, DEPLOYMENT, SERVICE) or name not in ENDPOINTS:
            return
        endpoint = self._world.endpoint(name)
        target = self._world.target(self._region.name, name)
        if endpoint is None or target is None or target.state == "deleted":
            return
        if kind == INFERENCE_ENDPOINT and old["spec"]["uid"] != endpoint.uid:
            return
        if kind != INFERENCE_ENDPOINT:
            resource = self._region.objects.table(INFERENCE_ENDPOINT).objects.get((NS, name))
            if resource is None or resource["spec"]["uid"] != endpoint.uid:
                return
        self._report(f"deleted: {kind.name} {name} of a live endpoint in {self._region.name}")

    def _goes_forward(self, name: str, new: Any) -> None:
        """No lower revision, and no earlier uid after a later one."""
        uid, revision = new["spec"]["uid"], new["spec"]["revision"]
        known, newest = self._newest.get(name, (uid, 0))
        if uid == known and revision < newest:
            self._report(f"went back: {name} from revision {newest} to {revision}")
        if uid != known and uid in self._uids.get(name, ()):
            self._report(f"went back: {name} to an earlier uid")
        self._uids.setdefault(name, []).append(known)
        self._newest[name] = (uid, revision)

    def _ready_answers(self, name: str, old: Any, new: Any) -> None:
        """Ready becomes True for a revision whose image answers, as far as a monitor can know."""
        revision = new["spec"]["revision"]
        if not _says_ready(new, revision) or _says_ready(old, revision):
            return
        image = new["spec"]["endpoint"]["image"]
        pods = [p for p in self._region.pods(name) if _app(p) == name and _image(p) == image]
        ended = self._answered.get((name, image), float("-inf"))
        if not any(map(is_answering, pods)) and self._world.now - ended > STALE_SECONDS:
            self._report(
                f"unready: {name} in {self._region.name} says Ready at revision {revision}, and no pod "
                f"answers at {image}"
            )

    def _route_leads_somewhere(self, route: Any) -> None:
        """A route names a Service that exists."""
        services = self._region.objects.table(SERVICE).objects
        for rule in route["spec"].get("rules", ()):
            for path in rule.get("http", {}).get("paths", ()):
                backend = path["backend"].get("service", {}).get("name", "")
                if backend in ENDPOINTS and (NS, backend) not in services:
                    self._report(f"dangling: {route['metadata']['name']} leads to no Service")


def _says_ready(resource: Any, revision: int) -> bool:
    """Whether the status says of that revision that its pods answer."""
    status = (resource or {}).get("status", {})
    ready = next((c for c in status.get("conditions", ()) if c["type"] == "Ready"), {})
    said = (status.get("observedRevision"), ready.get("status"), ready.get("reason"))
    return said == (revision, "True", "Ready")


def _app(pod: Any) -> str:
    return pod["metadata"].get("labels", {}).get(APP_LABEL, "")


def _leaves(old: Any, new: Any) -> bool:
    """Whether this write is the one that deletes the object."""
    if "deletionTimestamp" in old["metadata"]:
        return False
    return new is None or "deletionTimestamp" in new["metadata"]


def _is_taken(old: Any, new: Any) -> bool:
    """Whether a controller deleted the pod, and not only its readiness ended."""
    return _leaves(old, new)


def open_problems(world: World) -> list[str]:
    """Return what is not yet as the store asks; none once every accepted write has taken effect."""
    found = []
    for region in world.regions:
        short = _demand(region) > world.schedule.gpus
        for name in ENDPOINTS:
            where = f"{name} in {region.name}"
            found += [f"{where}: {problem}" for problem in _regional(world, region, name, short)]
    for name in ENDPOINTS:
        endpoint = world.endpoint(name)
        if endpoint is not None and endpoint.state == "deleted":
            found.append(f"{name}: deleted, and not purged")
    return found


def _demand(region: Region) -> int:
    deployments = region.objects.table(DEPLOYMENT).objects.values()
    return sum(deployment["spec"].get("replicas", 1) for deployment in deployments)


def _regional(world: World, region: Region, name: str, short: bool) -> list[str]:
    target = world.target(region.name, name)
    if target is None:
        return [f"left over: {kind} {each}" for kind, each in _objects(region, name)]
    resource = region.objects.table(INFERENCE_ENDPOINT).objects.get((NS, name))
    if target.state == "deleted":
        return ["its deletion has not ended"]
    if resource is None:
        return ["no custom resource"]
    spec = resource["spec"]
    if (spec["uid"], spec["revision"], spec["state"]) != (
        target.uid,
        target.revision,
        target.state,
    ):
        return [f"asks for revision {spec['revision']}, {spec['state']}, not for {target!r}"]
    if target.state == "stopped":
        return [f"stopped with {len(pods)} pods" for pods in [region.pods(name)] if pods]
    return _running(world, region, name, resource, short)


def _running(world: World, region: Region, name: str, resource: Any, short: bool) -> list[str]:
    deployment = region.objects.table(DEPLOYMENT).objects.get((NS, name))
    if deployment is None:
        return ["no Deployment"]
    status = resource.get("status", {})
    conditions = {each["type"]: each for each in status.get("conditions", ())}
    ready = conditions.get("Ready", {})
    if short or (region.free() == 0 and ready.get("reason") == "WaitingForGPU"):
        return []  # the region lacks GPUs: endpoints wait, and say so
    wanted = deployment["spec"]["replicas"]
    image = world.endpoint(name).spec.image
    own = [p for p in region.pods(name) if p["metadata"]["labels"][APP_LABEL] == name]
    serving = [p for p in own if is_answering(p) and _image(p) == image]
    if len(serving) != wanted:
        return [f"{len(serving)} of {wanted} pods answer at {image}; Ready: {ready.get('reason')}"]
    if (
        ready.get("status") != "True"
        or status.get("observedRevision") != resource["spec"]["revision"]
    ):
        return [
            f"serves, and Ready is {ready.get('status')} ({ready.get('reason')}: {ready.get('message')})"
        ]
    return []


def _image(pod: Any) -> str:
    return pod["spec"]["containers"][0]["image"]


def _objects(region: Region, name: str) -> list[tuple[str, str]]:
    found = []
    for kind in (INFERENCE_ENDPOINT, *OURS):
        for _, each in region.objects.table(kind).objects:
            of_pod = kind == POD and each.startswith(f"{name}-")
            if of_pod or endpoint_of_route(each) == name:
                found.append((kind.name, each))
    return found
