"""The custom resource: a region's durable copy of what it is to make true.

Its spec is the endpoint's own, resolved for this region (region overrides applied, regions left
out), with the identity of the target beside it. Written by the sync loop alone, read by the
endpoint loop. Its status is written by the endpoint loop alone, and read by the sync loop.
"""

import datetime as dt
from typing import Any

import pydantic
from pydantic import Field

from gco.core.model.base import Model
from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName, EndpointUid, RevisionNumber, TemplateKey
from gco.core.model.spec import EndpointSpec
from gco.core.model.status import Condition, RegionState


class RegionalSpec(Model):
    """The `spec` of the custom resource in a region."""

    uid: EndpointUid
    revision: RevisionNumber
    template_key: TemplateKey
    state: TargetState
    replicas: int
    labels: dict[str, str] = Field(default_factory=dict)
    """What a person stated in metadata.labels."""
    endpoint: EndpointSpec
    """The endpoint's spec as stated, resolved for this region; `regions` and `state` are absent."""

    def to_wire(self) -> dict[str, Any]:
        """Return the spec as JSON-like data, with only what was stated."""
        return self.model_dump(mode="json", exclude_none=True)


class Regional(Model):
    """A custom resource as the endpoint loop sees it."""

    model_config = pydantic.ConfigDict(extra="ignore")

    name: EndpointName
    namespace: str
    resource_uid: str
    """The custom resource's own metadata.uid: new when it is made again, unlike `spec.uid`."""
    generation: int
    deleting: bool
    finalizers: tuple[str, ...] = ()
    recreated_at: str | None = None
    spec: RegionalSpec


class RegionalStatus(Model):
    """The `status` of the custom resource: what its region says, RegionStatus less its keys."""

    model_config = pydantic.ConfigDict(extra="ignore")

    uid: EndpointUid
    """Which endpoint it was said of: a status of another uid than the spec's is out of date."""
    state: RegionState
    replicas_ready: int = 0
    replicas_desired: int = 0
    observed_revision: RevisionNumber
    last_transition: dt.datetime
    error: str | None = None
    conditions: tuple[Condition, ...] = ()

    def to_wire(self) -> dict[str, Any]:
        """Return the status as JSON-like data; timestamps in whole seconds, as Kubernetes has."""
        return self.model_dump(mode="json", exclude_none=True)
