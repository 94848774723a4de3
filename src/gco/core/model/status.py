"""What a region says about an endpoint, and a region about itself."""

import datetime as dt
import enum
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from gco.core.model.base import Model
from gco.core.model.ids import EndpointName, EndpointUid, Epoch, RegionName, RevisionNumber
from gco.core.model.sharing import Shared
from gco.core.model.spec import GatewayRef, RouteBackend
from gco.core.model.unknown import KEEPS_UNKNOWN


class RegionState(enum.StrEnum):
    """Where an endpoint stands in one region."""

    PENDING = "pending"
    CREATING = "creating"
    RUNNING = "running"
    UPDATING = "updating"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DELETING = "deleting"
    DELETED = "deleted"
    """Every object of the endpoint is gone from the region."""
    ERROR = "error"


ConditionStatus = Literal["True", "False", "Unknown"]


class ConditionType(enum.StrEnum):
    """The conditions of an endpoint in a region; `Ready` is the summary of the others."""

    READY = "Ready"
    MODEL_READY = "ModelReady"
    WORKLOAD_READY = "WorkloadReady"
    ROUTE_READY = "RouteReady"
    AUTOSCALER_READY = "AutoscalerReady"
    CANARY_READY = "CanaryReady"
    DRIFTED = "Drifted"
    STALLED = "Stalled"


_READ_BY_OLDER = ConfigDict(extra="ignore")
"""For what processes of several versions read of each other while an upgrade rolls through the
regions: a field that only the newer one knows is no reason for the older one to stop."""


class Condition(Model):
    """One aspect of an endpoint in a region, with its cause, as Kubernetes writes conditions."""

    model_config = _READ_BY_OLDER

    type: Annotated[ConditionType, KEEPS_UNKNOWN]
    """Which aspect."""
    status: Annotated[ConditionStatus, KEEPS_UNKNOWN]
    """Whether it holds."""
    reason: str
    """One CamelCase word that names the cause: `WaitingForGPU`."""
    message: str = ""
    """A sentence for a person, with what to do next."""
    last_transition_time: dt.datetime
    """When `status` last changed."""
    observed_generation: int = 0
    """The custom resource's metadata.generation that this was said of."""


_CONDITIONS: Shared[Condition] = Shared()
"""A monitor has each endpoint's conditions three times: two caches, and what the store holds."""


def _shared(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
    return tuple(map(_CONDITIONS.one, conditions))


class CanaryReport(Model):
    """What a region says of an endpoint's canary."""

    model_config = _READ_BY_OLDER

    ready: int
    """Its pods of the wanted template that answer."""
    desired: int
    """Its pods that are wanted."""
    weight: int
    """The share of the requests that its route gives it now, in per cent."""


class Report(Model):
    """What a region says of one endpoint, wherever that is kept."""

    model_config = _READ_BY_OLDER

    uid: EndpointUid
    """Which endpoint it was said of: a status of another uid than the spec's is out of date."""
    state: Annotated[RegionState, KEEPS_UNKNOWN]
    """Where the endpoint stands in this region."""
    replicas_ready: int = 0
    """Pods of the wanted template that answer."""
    replicas_desired: int = 0
    """Pods that are wanted."""
    observed_revision: RevisionNumber
    """The revision that this status was said of."""
    last_transition: dt.datetime
    """When `state`, the revision or the readiness last changed."""
    error: str | None = None
    """What stands in the way, where the state is error."""
    conditions: Annotated[tuple[Condition, ...], AfterValidator(_shared)] = ()
    """One for each aspect of the endpoint in this region."""
    canary: CanaryReport | None = None
    """Absent where there is no canary, and nothing is left of one."""
    models: tuple[str, ...] | None = None
    """Folders of the region's cache of models that its pods mount, or would after a rollback; absent
    where there are none."""

    def condition(self, kind: ConditionType) -> Condition | None:
        """Return the condition of that type, or None where the region says nothing about it."""
        return next((c for c in self.conditions if c.type is kind), None)


class RegionStatus(Report):
    """A report as the store keeps it, beside those of other endpoints and regions."""

    name: EndpointName
    region: RegionName
    models_omitted: int = 0
    """How many folders `models` leaves out, where a store has no room for all of them."""

    @property
    def ready(self) -> bool:
        """Whether the region says that the endpoint answers at the observed revision."""
        found = self.condition(ConditionType.READY)
        return found is not None and found.status == "True"


class AcceleratorCapacity(Model):
    """Devices of one resource name over the nodes of a region."""

    model_config = _READ_BY_OLDER

    total: int
    free: int
    nodes: int
    """Nodes that offer the resource."""
    largest: int | None = None
    """The most that is free on one node: what a pod with several of them needs; None: not told."""


class Lost(Model):
    """What a custom resource says of an endpoint that the store knows nothing of."""

    model_config = _READ_BY_OLDER

    uid: EndpointUid
    revision: RevisionNumber


class Region(Model):
    """A registered region: a name bound to one cluster, and what that cluster can do."""

    model_config = _READ_BY_OLDER

    name: RegionName
    cluster_uid: str
    """The uid of the cluster's namespace kube-system; another cluster is refused under this name."""
    cluster_name: str = ""
    aws_region: str = ""
    """Where ECR images are rewritten to; empty where the cluster is not on AWS."""
    namespaces: tuple[str, ...] = ()
    """The namespaces in which endpoints are allowed."""
    route_backend: Annotated[RouteBackend, KEEPS_UNKNOWN] = RouteBackend.ALB
    """What routes requests here unless a spec names another backend."""
    gateway: GatewayRef | None = None
    """The Gateway that HTTPRoutes attach to unless a spec names another one."""
    alb_rewrites: bool = True
    """Its AWS Load Balancer Controller takes prefixes off (2.14.1 and later)."""
    pod_overrides_allow: tuple[str, ...] | None = None
    """Which rules of the pod policy do not hold there; None where nothing holds pods to a policy."""
    capacity: dict[str, AcceleratorCapacity] | None = None
    """By resource name (`nvidia.com/gpu`); None where the monitor may not read nodes: unknown."""
    omitted: int = 0
    """How many namespaces, rules and resources are left out, where a store has no room for all."""
    elastic: bool = False
    """Nodes are made there on demand (Karpenter): none free is normal."""
    address: str = ""
    """The URL at which the region's routes answer; empty while unknown."""
    version: str = ""
    """The version of GCO that the leader runs."""
    orphans: tuple[str, ...] = ()
    """Custom resources there (`namespace/name`) that the store knows nothing of; left alone.

    The first 100: the record of a region must fit the store however many there are.
    """
    orphan_count: int = 0
    """How many there are in all."""
    lost: dict[str, Lost] = Field(default_factory=dict)
    """What those say of themselves, by `namespace/name`: an endpoint made again is known by it.

    The first 500; the next ones follow as these are applied again or deleted.
    """
    heartbeat: dt.datetime
    heartbeat_seconds: Annotated[int, Field(ge=1)] = 30
    """How often the leader renews `heartbeat`; the region is silent after three."""
    epoch: Epoch
