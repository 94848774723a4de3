"""What there is of one endpoint in its cluster, and under which name each of its objects is."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Final

from gco.core.model.canary import canary_name
from gco.core.model.ids import EndpointName, EndpointUid
from gco.core.model.names import (
    deployment_name,
    disruption_budget_name,
    service_name,
)
from gco.core.region.actions import ObjectRef, Seen
from gco.core.region.autoscalers import Autoscalers
from gco.core.region.model_jobs import Copying
from gco.core.region.observe import Child, Frozen, Route, Workload
from gco.core.region.owner import seen
from gco.core.region.pods import Pods, all_old
from gco.kinds.registry import CONTROLLER_REVISION, DEPLOYMENT, JOB, POD_DISRUPTION_BUDGET, SERVICE


@dataclasses.dataclass(frozen=True, slots=True)
class CanaryObserved:
    """What there is of an endpoint's canary."""

    workload: Workload | None
    service: Child | None
    frozen: Mapping[str, Frozen]
    pods: Pods
    copying: Copying = dataclasses.field(default_factory=Copying)

    def records(self, name: EndpointName) -> Iterator[tuple[ObjectRef, Child]]:
        """Yield its objects, which are under `name`."""
        if self.workload is not None:
            yield workload_ref(name), self.workload
        if self.service is not None:
            yield service_ref(name), self.service
        for held, record in self.frozen.items():
            yield revision_ref(held), record

    def seen(self, name: EndpointName, uid: EndpointUid) -> dict[ObjectRef, Seen]:
        """Return what a plan needs to know of its objects, which are under `name`."""
        return {ref: seen(record, name, uid) for ref, record in self.records(name)}


NO_CANARY: Final = CanaryObserved(None, None, {}, Pods({}, {}, 0, ""))


@dataclasses.dataclass(frozen=True, slots=True)
class Observed:
    """What there is of one endpoint in the cluster, as the informers know it."""

    workload: Workload | None
    service: Child | None
    budget: Child | None
    routes: Mapping[ObjectRef, Route]
    """Every object that sends requests here: of one backend, or of two while the route moves."""
    frozen: Mapping[str, Frozen]
    pods: Pods
    absent: frozenset[str] = frozenset()
    """Kinds that are not installed in this cluster, of those that need not be."""
    canary: CanaryObserved = NO_CANARY
    autoscalers: Autoscalers = dataclasses.field(default_factory=Autoscalers)
    copying: Copying = dataclasses.field(default_factory=Copying)
    given_up: frozenset[ObjectRef] = frozenset()
    """Objects that are being deleted, and that nobody waits for any longer."""

    @property
    def weighted(self) -> bool:
        """Whether a canary has a share of the requests, as the route was last read."""
        return any(route.weighted for route in self.routes.values())

    @property
    def holding(self) -> int:
        """How many pods hold resources, a canary's and those on their way out included."""
        return self.pods.count + self.canary.pods.count

    def records(self, name: EndpointName) -> Iterator[tuple[ObjectRef, Child]]:
        """Yield the endpoint's own objects, without a canary's."""
        named = (
            (workload_ref(name), self.workload),
            (service_ref(name), self.service),
            (budget_ref(name), self.budget),
            *self.routes.items(),
            *self.autoscalers.named(name),
            (job_ref(self.copying.name), self.copying.job),
            (job_ref(self.canary.copying.name), self.canary.copying.job),
            *((job_ref(n), record) for n, record in self.copying.abandoned.items()),
            *((revision_ref(n), record) for n, record in self.frozen.items()),
        )
        return ((ref, record) for ref, record in named if record is not None)

    def seen(self, name: EndpointName, uid: EndpointUid) -> dict[ObjectRef, Seen]:
        """Return what a plan needs to know of the objects that there are, a canary's included."""
        own = {ref: seen(record, name, uid) for ref, record in self.records(name)}
        return own | self.canary.seen(canary_name(name), uid)


def is_canarys(ref: ObjectRef, name: EndpointName) -> bool:
    """Whether `ref` is of the canary of the endpoint `name`, rather than of the endpoint itself."""
    known = ref.name.rpartition("-")[0] if ref.kind == CONTROLLER_REVISION.name else ref.name
    return known == canary_name(name)


def still_old(observed: Observed) -> Observed:
    """Return `observed` where the Deployment cannot have the template that is wanted yet."""
    return dataclasses.replace(observed, pods=all_old(observed.pods))


def workload_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's Deployment is."""
    return ObjectRef(DEPLOYMENT.name, deployment_name(name))


def service_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's Service is."""
    return ObjectRef(SERVICE.name, service_name(name))


def budget_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's PodDisruptionBudget is."""
    return ObjectRef(POD_DISRUPTION_BUDGET.name, disruption_budget_name(name))


def job_ref(name: str) -> ObjectRef:
    """Return where the Job of that name is."""
    return ObjectRef(JOB.name, name)


def revision_ref(name: str) -> ObjectRef:
    """Return where the ControllerRevision of that name is."""
    return ObjectRef(CONTROLLER_REVISION.name, name)
