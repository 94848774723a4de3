"""What must hold at each write of each cluster, and what must hold once all faults have ended."""

import functools
from collections.abc import Callable
from typing import Any

from gco.core.model.names import (
    APP_LABEL,
    CANARY_SUFFIX,
    LEADER_LEASE,
    TEMPLATE_KEY_ANNOTATION,
    UID_ANNOTATION,
)
from gco.kinds.registry import (
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    LEASE,
    POD,
    REPLICA_SET,
    SERVICE,
)
from tests.scenario.region_world import NS
from tests.simulation.edits import KINDS, owned
from tests.simulation.process import IDENTITY, WRITER, Process
from tests.simulation.readiness import History, image_of
from tests.simulation.routes import ROUTES, routes_to, services_of
from tests.simulation.schedule import ENDPOINTS
from tests.simulation.world import Region, World, is_answering

SEEN_SECONDS = 3.0
"""How old what a process with open watches acts on may be."""
SERVING = frozenset({"running", "updating", "creating", "pending"})
"""The states of a region in which pods are wanted."""
STALE_SECONDS = 300.0
"""How old a monitor's knowledge may be: a watch that went silent is noticed after 150 s."""
OF_PODS = frozenset(
    {"StillLoading", "NotAnswering", "WaitingForGPU", "NoMatchingNode", "ImagePullFailed"}
)
"""Reasons of Ready that say that pods do not answer yet."""


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
        self._images: dict[tuple[str, int], str] = {}
        """The image of each revision, by the endpoint's uid and the revision's number."""
        self._changed: dict[str, float] = {}
        """When the spec of each custom resource changed last."""
        self._unserved: dict[str, float] = {}
        """When each Service was removed."""
        self._touched: set[str] = set()
        """Deployments whose pod template somebody else changed last."""
        self._history = History(region)
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
        self._remember(kind, name, old, new)
        if kind == POD and writer == "kubernetes":
            self._last_pod(old, new)
        if kind == DEPLOYMENT and old is not None and new is not None:
            self._restarts(name, old, new, ours="/" in writer)
        if "/" in writer:
            self._see_own(writer, kind, name, old, new)

    def _see_own(self, writer: str, kind, name: str, old: Any, new: Any) -> None:
        """Check a write of GCO."""
        if kind != LEASE:
            self._one_writer(writer, kind, name)
        if old is not None and _leaves(old, new):
            self._deletes(kind, name, old)
            if kind == SERVICE:
                self._nothing_leads_here(name)
        if kind == INFERENCE_ENDPOINT and new is not None:
            if old is None or old["spec"] != new["spec"]:
                self._goes_forward(name, new)
            if old is not None and old.get("status") != new.get("status"):
                self._says_what_is(writer, name, new)
            self._ready_answers(name, old, new)
        if kind in ROUTES and new is not None and "deletionTimestamp" not in new["metadata"]:
            self._route_leads_somewhere(writer, kind, new)

    def _remember(self, kind, name: str, old: Any, new: Any) -> None:
        now = self._world.now
        if kind == SERVICE and new is None:
            self._unserved[name] = now
        if kind == INFERENCE_ENDPOINT and new is not None:
            spec = new["spec"]
            self._images[spec["uid"], spec["revision"]] = spec["endpoint"]["image"]
            if old is None or old["spec"] != spec:
                self._changed[name] = now
        if kind == DEPLOYMENT and name in ENDPOINTS:
            self._history.record(name, now)
        if kind == POD and is_answering(old) and not is_answering(new):
            self._answered[_app(old), image_of(old)] = now
        if kind in (POD, REPLICA_SET):
            app = _app(new or old)
            if app in ENDPOINTS:
                self._history.record(app, now)

    def _restarts(self, name: str, old: Any, new: Any, *, ours: bool) -> None:
        """GCO changes a pod template with a new template key alone, or to repair what others did."""
        if old["spec"]["template"] == new["spec"]["template"]:
            return
        if not ours:
            self._touched.add(name)
            return
        edited = name in self._touched
        self._touched.discard(name)
        same = all(
            old["metadata"].get("annotations", {}).get(each)
            == new["metadata"].get("annotations", {}).get(each)
            for each in (UID_ANNOTATION, TEMPLATE_KEY_ANNOTATION)
        )
        if same and not edited:
            self._report(f"restarted: {name} in {self._region.name} by the same template key")

    def _says_what_is(self, writer: str, name: str, new: Any) -> None:
        """Ready is true exactly when the wanted revision answers, as far as the writer can know."""
        status = new["status"]
        conditions = {each["type"]: each for each in status.get("conditions", ())}
        ready = conditions.get("Ready")
        image = self._images.get((status.get("uid"), status.get("observedRevision")))
        process = self._process(writer)
        if ready is None or image is None or status.get("state") not in SERVING:
            return
        now = self._world.now
        if now < process.blind_until:
            return
        moments = list(self._history.since(name, now - SEEN_SECONDS))
        answers = [moment.answers(image) for moment in moments]
        what = f"{name} in {self._region.name} at revision {status['observedRevision']}"
        if ready["status"] == "True" and not any(answers):
            self._report(f"lies: Ready is True for {what}, and {moments[-1]} at {now:.1f}")
        settled = now - self._changed.get(name, now) > SEEN_SECONDS
        if ready["status"] != "True" and all(answers) and settled and ready["reason"] in OF_PODS:
            self._report(
                f"lies: Ready is False ({ready['reason']}: {ready['message']}) for {what}, "
                f"and {moments[-1]} at {now:.1f}"
            )

    def _process(self, writer: str) -> Process:
        return next(each for each in self._region.processes if each.name == writer)

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
        """Only the holder of the Lease writes; where nobody holds it, finalizers go."""
        lease = self._region.objects.table(LEASE).objects.get((NS, LEADER_LEASE))
        if lease is None or (kind == INFERENCE_ENDPOINT and not _holder(lease)):
            return
        if _holder(lease) != IDENTITY.get():
            self._report(
                f"two writers: {writer} wrote {kind.name} {name} though "
                f"{_holder(lease) or 'nobody'} leads"
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
        pods = [p for p in self._region.pods(name) if _app(p) == name and image_of(p) == image]
        ended = self._answered.get((name, image), float("-inf"))
        if not any(map(is_answering, pods)) and self._world.now - ended > STALE_SECONDS:
            self._report(
                f"unready: {name} in {self._region.name} says Ready at revision {revision}, and no pod "
                f"answers at {image}"
            )

    def _route_leads_somewhere(self, writer: str, kind, route: Any) -> None:
        """A route of any backend names Services that exist, as far as the writer can know."""
        services, now = self._region.objects.table(SERVICE).objects, self._world.now
        for service in services_of(kind, route):
            gone = now - self._unserved.get(service, -SEEN_SECONDS)
            unseen = gone < SEEN_SECONDS or now < self._process(writer).blind_until
            if (NS, service) not in services and not unseen:
                route_name = f"{kind.name} {route['metadata']['name']}"
                self._report(f"dangling: {route_name} leads to no Service {service}")

    def _nothing_leads_here(self, service: str) -> None:
        """A Service goes after the routes that lead to it."""
        for route in routes_to(self._region, service):
            self._report(f"dangling: {route} leads to the Service {service}, which GCO deletes")


def _holder(lease: Any) -> str:
    return lease["spec"].get("holderIdentity") or ""


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
    found = [
        f"an edit of {done.kind.name} {done.name} in {done.region} stands: {done.edit}"
        for region in world.regions
        for done in world.edits
        if done.region == region.name and done.stands(region.objects)
    ]
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
    serving = [p for p in own if is_answering(p) and image_of(p) == image]
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


def _objects(region: Region, name: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for kind in KINDS.values():
        found += [(kind.name, each) for each in owned(region, kind, name)]
    return found + [("Pod", pod["metadata"]["name"]) for pod in region.pods(name)]
