"""What there is of one endpoint in its cluster, and under which name each of its objects is."""

import dataclasses
from collections.abc import Mapping

from gco.core.model.ids import EndpointName, EndpointUid
from gco.core.model.names import (
    deployment_name,
    disruption_budget_name,
    service_name,
)
from gco.core.region.actions import ObjectRef, Seen
from gco.core.region.observe import Child, Frozen, Route, Workload
from gco.core.region.owner import seen
from gco.core.region.pods import Pods
from gco.kinds import CONTROLLER_REVISION, DEPLOYMENT, POD_DISRUPTION_BUDGET, SERVICE


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

    def seen(self, name: EndpointName, uid: EndpointUid) -> dict[ObjectRef, Seen]:
        """Return what a plan needs to know of the objects that there are."""
        named = (
            (workload_ref(name), self.workload),
            (service_ref(name), self.service),
            (budget_ref(name), self.budget),
            *self.routes.items(),
            *((revision_ref(n), record) for n, record in self.frozen.items()),
        )
        return {ref: seen(record, name, uid) for ref, record in named if record is not None}


def workload_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's Deployment is."""
    return ObjectRef(DEPLOYMENT.name, deployment_name(name))


def service_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's Service is."""
    return ObjectRef(SERVICE.name, service_name(name))


def budget_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's PodDisruptionBudget is."""
    return ObjectRef(POD_DISRUPTION_BUDGET.name, disruption_budget_name(name))


def revision_ref(name: str) -> ObjectRef:
    """Return where the ControllerRevision of that name is."""
    return ObjectRef(CONTROLLER_REVISION.name, name)
