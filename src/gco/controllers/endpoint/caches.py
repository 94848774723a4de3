"""What is known of one namespace: an informer a kind, and which endpoint each object concerns."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from gco.cluster.port import Cluster, Manifest
from gco.controllers.endpoint.models import ANY_JOB, Models
from gco.core.model.canary import canary_name
from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName
from gco.core.model.model_source import job_name
from gco.core.model.names import (
    CANARY_SUFFIX,
    SELECT_OURS,
    autoscaler_name,
    deployment_name,
    disruption_budget_name,
    endpoint_of_route,
)
from gco.core.model.regional import Regional
from gco.core.region.actions import ObjectRef
from gco.core.region.autoscalers import Autoscaler, Autoscalers, autoscaler
from gco.core.region.notes import PODS_ONLY, Note, note, pod_of
from gco.core.region.observe import (
    PodSet,
    Route,
    Workload,
    child,
    frozen,
    pod_set,
    route,
    workload,
)
from gco.core.region.observed import CanaryObserved, Observed
from gco.core.region.pods import PodRecord, Pods, pod, sort_pods
from gco.core.region.routing import main_route, route_refs
from gco.core.region.scaling import task_of
from gco.core.sync.copies import Copy, read_copy
from gco.errors import InvalidSpecError
from gco.kinds.reading import quote
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    EVENT,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    INFERENCE_ENDPOINT,
    INGRESS,
    POD,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    SCALED_OBJECT,
    SERVICE,
    Kind,
    kind_of,
)
from gco.runtime.informer import Informer
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.runtime.optional import OptionalInformer

R = TypeVar("R")
OPTIONAL_SECONDS: Final = 10.0
"""How long a start waits for kinds that most endpoints can do without."""
_LONGEST: Final = 2000
"""Bytes of a problem with a spec that are kept: it names every wrong field."""


@dataclasses.dataclass(frozen=True, slots=True)
class Unread:
    """A custom resource whose spec is not one that this version of GCO knows."""

    copy: Copy
    generation: int
    problem: str


class Caches:
    """The informers of one namespace.

    Our own kinds are watched whole, not by label: a name taken by someone else's object must be
    seen before it would be overwritten. Pods and ReplicaSets are selected by our labels.
    """

    def __init__(
        self, cluster: Cluster, namespace: str, metrics: ControllerMetrics = SILENT
    ) -> None:
        self.namespace = namespace

        def watch(
            kind: Kind,
            project: Callable[[Manifest], R],
            *,
            labels: str = "",
            fields: str = "",
            index: Callable[[R], str | None] | None = None,
        ) -> Informer[R]:
            return Informer(
                cluster,
                kind,
                namespace,
                project=project,
                labels=labels,
                fields=fields,
                index=index,
                metrics=metrics,
            )

        self.resources = watch(INFERENCE_ENDPOINT, _resource)
        self.workloads = watch(DEPLOYMENT, workload)
        self.services = watch(SERVICE, child)
        self.budgets = watch(POD_DISRUPTION_BUDGET, child)
        self.routes = watch(INGRESS, route)
        self.http_routes = OptionalInformer(
            cluster, HTTP_ROUTE, namespace, project=route, metrics=metrics
        )
        self.autoscalers = watch(
            HORIZONTAL_POD_AUTOSCALER, autoscaler, index=lambda record: record.target
        )
        self.scaled = OptionalInformer(
            cluster,
            SCALED_OBJECT,
            namespace,
            project=autoscaler,
            index=lambda record: record.target,
            metrics=metrics,
        )
        self.frozen = watch(CONTROLLER_REVISION, frozen, index=lambda record: record.endpoint)
        self.pod_sets = watch(
            REPLICA_SET, pod_set, labels=SELECT_OURS, index=lambda record: record.app
        )
        self.pods = watch(POD, pod, labels=SELECT_OURS, index=lambda record: record.app)
        self.notes = watch(EVENT, note, fields=PODS_ONLY, index=pod_of)
        self.models = Models(cluster, namespace, metrics)
        self.resources.subscribe(self._note_models)

    def _note_models(
        self, name: str, old: Regional | Unread | None, new: Regional | Unread | None
    ) -> None:
        if new is None and not _is_deleted(old):
            return  # absence decides nothing: the sync loop makes the resource again
        self.models.ask(name, _asked_jobs(new))

    def informers(self) -> Iterator[Informer[Any]]:
        """Yield every informer, the one of the custom resources first."""
        yield self.resources
        yield self.workloads
        yield self.services
        yield self.budgets
        yield self.routes
        yield self.http_routes
        yield self.autoscalers
        yield self.scaled
        yield self.frozen
        yield self.pod_sets
        yield self.pods
        yield self.notes
        yield from self.models.informers()

    def optional(self) -> Sequence[Informer[Any]]:
        """Return the informers without which most endpoints can still be reconciled.

        Neither leadership nor another endpoint waits for them: see `unseen`.
        """
        scaling = (self.autoscalers, self.scaled)
        return [self.notes, self.http_routes, *scaling, *self.models.informers()]

    def required(self) -> Sequence[Informer[Any]]:
        """Return the informers without which nothing is known of any endpoint."""
        optional = self.optional()
        return [informer for informer in self.informers() if informer not in optional]

    async def synced(self) -> None:
        """Return once every required cache has been filled.

        Optional ones get `OPTIONAL_SECONDS` more, so that an ordinary start knows everything.
        """
        for informer in self.required():
            await informer.synced.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OPTIONAL_SECONDS):
                for informer in self.optional():
                    await informer.synced.wait()

    def unseen(self, name: EndpointName) -> Sequence[Informer[Any]]:
        """Return the informers that have never listed, and that the endpoint needs for its next step.

        Who owns the count shows in autoscalers, unless we state it and no autoscaler is wanted; what
        stops or goes needs to see every kind that it may have; a model needs its Job.
        """
        resource, found = self.resources.get(name), self.workloads.get(name)
        if not isinstance(resource, Regional):
            return ()
        needed: list[Informer[Any]] = []
        scaled = found is not None and not found.count_ours
        going = resource.spec.state is not TargetState.RUNNING
        if going or scaled or task_of(resource) is not None:
            needed += [self.autoscalers, self.scaled]
        if going or any(_jobs_of(resource)):
            needed.append(self.models.jobs)
        if going:
            needed.append(self.http_routes)
        return [informer for informer in needed if not informer.synced.is_set()]

    async def run(self) -> None:
        """Keep every cache current until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for informer in self.informers():
                tasks.create_task(informer.run(), name=f"{informer.kind.plural} {self.namespace}")

    def subscribe(self, enqueue: Callable[[EndpointName], None]) -> None:
        """Have `enqueue` called with the endpoint that a change concerns, where there is one."""

        def concerns(name: str) -> None:
            for each in dict.fromkeys((name, name.removesuffix(CANARY_SUFFIX))):
                if self.resources.get(each) is not None:
                    enqueue(EndpointName(each))

        def scaled(name: str, old: Autoscaler | None, new: Autoscaler | None) -> None:
            for known in {name, *(record.target for record in (old, new) if record is not None)}:
                concerns(known)

        def each() -> None:
            for name in self.resources.items():
                concerns(name)

        self.resources.subscribe(lambda name, _old, _new: enqueue(EndpointName(name)))
        self.workloads.subscribe(lambda name, _old, _new: concerns(name))
        self.services.subscribe(lambda name, _old, _new: concerns(name))
        self.budgets.subscribe(lambda name, _old, _new: concerns(name))
        self.routes.subscribe(lambda name, _old, _new: concerns(endpoint_of_route(name)))
        self.http_routes.subscribe(lambda name, _old, _new: concerns(endpoint_of_route(name)))
        self.http_routes.subscribe_served(lambda: self._routed_by(HTTP_ROUTE, enqueue))
        self.autoscalers.subscribe(scaled)
        self.scaled.subscribe(scaled)
        self.scaled.subscribe_served(each)
        self.frozen.subscribe(lambda name, _old, _new: concerns(name.rpartition("-")[0]))
        self.pod_sets.subscribe(lambda _, old, new: concerns(_app(old, new)))
        self.pods.subscribe(lambda _, old, new: concerns(_app(old, new)))
        self.notes.subscribe(lambda _, _old, new: concerns(self._app_of(pod_of(new))))
        self.models.subscribe(enqueue)

    def observe(self, name: EndpointName) -> Observed:
        """Return what there is of the endpoint."""
        found, (own, tried) = self.workloads.get(name), _jobs_of(self.resources.get(name))
        return Observed(
            workload=found,
            service=self.services.get(name),
            budget=self.budgets.get(disruption_budget_name(name)),
            routes=self._routes_of(name),
            absent=frozenset({HTTP_ROUTE.name} if self.http_routes.served is False else ()),
            frozen=self.frozen.indexed(name),
            pods=self._pods_of(name, found),
            autoscalers=Autoscalers(
                pods=_scaling(self.autoscalers, name),
                scaled=_scaling(self.scaled, name),
                keda=self.scaled.served is True,
            ),
            canary=self._canary_of(canary_name(name), tried),
            copying=self.models.copying(own),
        )

    def _canary_of(self, name: EndpointName, job: str) -> CanaryObserved:
        found = self.workloads.get(name)
        return CanaryObserved(
            workload=found,
            service=self.services.get(name),
            frozen=self.frozen.indexed(name),
            pods=self._pods_of(name, found),
            copying=self.models.copying(job),
        )

    def _pods_of(self, name: EndpointName, found: Workload | None) -> Pods:
        return sort_pods(
            found, self.pod_sets.indexed(name).values(), self.pods.indexed(name), self._notes_of
        )

    def _routes_of(self, name: EndpointName) -> Mapping[ObjectRef, Route]:
        informers = {INGRESS.name: self.routes, HTTP_ROUTE.name: self.http_routes}
        found = ((ref, informers[ref.kind].get(ref.name)) for ref in route_refs(name))
        return {ref: record for ref, record in found if record is not None}

    def _notes_of(self, pod: str) -> Iterator[Note]:
        return (found for found in self.notes.indexed(pod).values() if found is not None)

    def _app_of(self, pod: str | None) -> str:
        record = self.pods.get(pod) if pod else None
        return record.app if record is not None else ""

    def _routed_by(self, kind: Kind, enqueue: Callable[[EndpointName], None]) -> None:
        for name, resource in self.resources.items().items():
            if isinstance(resource, Regional) and main_route(resource).kind == kind.name:
                enqueue(EndpointName(name))

    def unplaced(self) -> set[EndpointName]:
        """Return the endpoints that have a pod which no node takes."""
        pods = self.pods.items().values()
        return {EndpointName(r.app) for r in pods if r.unscheduled and not r.node}

    def record(self, manifest: Manifest) -> None:
        """Take an own write's answer into the cache of its kind."""
        self._of(kind_of(manifest)).record(manifest)

    def forget(self, kind: Kind, name: str, uid: str) -> None:
        """Take an object that is known to be gone out of its cache."""
        self._of(kind).forget(name, uid)

    def _of(self, kind: Kind) -> Informer[Any]:
        return next(informer for informer in self.informers() if informer.kind == kind)


def _scaling(known: Informer[Autoscaler], name: EndpointName) -> Mapping[str, Autoscaler]:
    """Return the autoscalers under the endpoint's name, and those of its Deployment."""
    named = known.get(autoscaler_name(name))
    own = {} if named is None else {autoscaler_name(name): named}
    return {**known.indexed(deployment_name(name)), **own}


def _jobs_of(resource: Regional | Unread | None) -> tuple[str, str]:
    """Return the names of the Jobs that copy the endpoint's model and its canary's; empty for none."""
    if not isinstance(resource, Regional) or resource.spec.state is TargetState.DELETED:
        return "", ""
    model, canary = resource.spec.endpoint.model, resource.spec.canary
    own = job_name(model) if model is not None else ""
    if canary is None or canary.endpoint is None:
        return own, own if canary is not None else ""
    tried = canary.endpoint.model
    return own, job_name(tried) if tried is not None else ""


def _asked_jobs(resource: Regional | Unread | None) -> frozenset[str]:
    """Return the Jobs that an endpoint asks for: any of them, where its spec decides nothing.

    An edited spec and a deletion by hand are undone by the sync loop, which knows the model.
    """
    asked = frozenset(job for job in _jobs_of(resource) if job)
    if isinstance(resource, Regional):
        decides = not resource.edited and (not resource.deleting or _is_deleted(resource))
        return asked if decides else asked | {ANY_JOB}
    return frozenset({ANY_JOB}) if isinstance(resource, Unread) else asked


def _is_deleted(resource: Regional | Unread | None) -> bool:
    """Whether the sync loop asks for the endpoint's end, rather than somebody's hand."""
    if not isinstance(resource, Regional) or resource.edited:
        return False
    return resource.spec.state is TargetState.DELETED


def _app(old: PodSet | PodRecord | None, new: PodSet | PodRecord | None) -> str:
    record = new or old
    return record.app if record is not None else ""


def _resource(manifest: Manifest) -> Regional | Unread:
    try:
        return Regional.from_manifest(manifest)
    except InvalidSpecError as error:
        generation: int = manifest["metadata"].get("generation", 0)
        return Unread(read_copy(manifest), generation, quote(str(error), _LONGEST))
