"""The custom resource: a region's durable copy of what it is to make true.

Its spec is the endpoint's own, resolved for this region (region overrides applied, regions left
out), with the identity of the target beside it. Written by the sync loop alone, read by the
endpoint loop. Its status is written by the endpoint loop alone, and read by the sync loop.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Self, TypeAlias

import pydantic
from pydantic import AfterValidator, Field, computed_field

from gco.core.model.base import Model
from gco.core.model.bounds import bounded_status
from gco.core.model.endpoint import TargetState
from gco.core.model.ids import (
    EndpointName,
    EndpointUid,
    RegionName,
    RevisionNumber,
    TemplateKey,
)
from gco.core.model.model_source import job_name
from gco.core.model.names import (
    CREATED_ANNOTATION,
    RECREATED_ANNOTATION,
    SPEC_HASH_ANNOTATION,
    STATUS_MANAGER,
)
from gco.core.model.problems import invalid
from gco.core.model.spec import MOST_WEIGHT, EndpointSpec
from gco.core.model.status import ConditionType, RegionStatus, Report
from gco.kinds.canonical import digest


def _with_a_source(spec: EndpointSpec) -> EndpointSpec:
    """Refuse weights whose place cannot be read: a hand edit passes no rule at the door."""
    if spec.model is not None:
        job_name(spec.model)
    return spec


Resolved: TypeAlias = Annotated[EndpointSpec, AfterValidator(_with_a_source)]
"""An endpoint's spec, resolved for a region."""


class RegionalCanary(Model):
    """The canary of the endpoint in this region."""

    template_key: TemplateKey
    """A hash over what shapes its pods: that of the endpoint's own pods after a promotion."""
    weight: Annotated[int, Field(ge=1, le=MOST_WEIGHT)]
    """Its share of the requests in per cent, once it is ready."""
    replicas: Annotated[int, Field(ge=1)]
    """How many pods it has in this region."""
    promoting: bool = False
    """It is made no more, and serves until the endpoint's own pods run the revision."""
    endpoint: Resolved | None = None
    """What shapes its pods, resolved for this region; absent while it is promoted."""


class RegionalSpec(Model):
    """The `spec` of the custom resource in a region."""

    uid: EndpointUid
    """Which creation of the endpoint this is: the store's uid of it."""
    revision: RevisionNumber
    """The endpoint's revision that this region is to run."""
    template_key: TemplateKey
    """A hash over what in the spec shapes the pods; while it stays, no pod restarts."""
    state: TargetState
    """Only `deleted` ever deletes an object."""
    replicas: Annotated[int, Field(ge=0)]
    """How many pods this region is to run."""
    labels: dict[str, str] = Field(default_factory=dict)
    """What a person stated in metadata.labels."""
    adopts: bool | None = None
    """Whether objects that the original monitor made under its names are taken over as they run."""
    endpoint: Resolved
    """The endpoint's spec as stated, resolved for this region, without what stands beside it here:
    `regions`, `state` and `canary`."""
    canary: RegionalCanary | None = None
    """A second version that takes a share of the traffic."""

    def to_wire(self) -> dict[str, Any]:
        """Return the spec as JSON-like data, with only what was stated."""
        return self.model_dump(mode="json", exclude_none=True)


def spec_hash(spec: RegionalSpec) -> str:
    """Return the hash that the sync loop writes beside `spec`, to tell a hand edit by."""
    return digest(spec.to_wire())


class RegionalStatus(Report):
    """What this region says of the endpoint: the `status` of its custom resource."""

    model_config = pydantic.ConfigDict(extra="ignore")

    silent_since: dt.datetime | None = None
    """Since when nothing answers behind the route; None while something does, or there was none."""

    @classmethod
    def of(cls, status: RegionStatus) -> Self:
        """Return `status` without the keys under which the store has it."""
        return cls.model_validate(status.model_dump(exclude={"name", "region"}, by_alias=False))

    def to_region_status(self, name: EndpointName, region: RegionName) -> RegionStatus:
        """Return the status that the store has of `name` in `region`, as far as it has room for it."""
        fields = set(RegionStatus.model_fields) - {"name", "region", "models_omitted"}
        said = self.model_dump(include=fields, by_alias=False)
        return bounded_status(RegionStatus.model_validate({**said, "name": name, "region": region}))

    @computed_field  # type: ignore[prop-decorator]  # mypy has no decorated properties
    @property
    def ready(self) -> str:
        """How many of the wanted pods answer, for kubectl's table: `1/2`."""
        return f"{self.replicas_ready}/{self.replicas_desired}"

    @computed_field  # type: ignore[prop-decorator]  # mypy has no decorated properties
    @property
    def reason(self) -> str:
        """The reason of the condition Ready: the one cause that wins."""
        found = self.condition(ConditionType.READY)
        return found.reason if found else ""

    @computed_field  # type: ignore[prop-decorator]  # mypy has no decorated properties
    @property
    def message(self) -> str:
        """The message of the condition Ready: what to do next."""
        found = self.condition(ConditionType.READY)
        return found.message if found else ""

    def to_wire(self) -> dict[str, Any]:
        """Return the status as JSON-like data, `ready`, `reason` and `message` included."""
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
    created: str = ""
    """When the endpoint was created, as the sync loop wrote it; else the custom resource."""
    stated_hash: str | None = None
    """What the annotation says that the hash of `spec` is."""
    spec: RegionalSpec
    status: RegionalStatus | None = None
    """None where nothing was reported yet, or what stands there cannot be read and is replaced."""

    @property
    def edited(self) -> bool:
        """Whether the spec is not the one that the sync loop wrote, and not to be acted on."""
        return self.stated_hash != spec_hash(self.spec)

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> Self:
        """Read a custom resource as an API server returns it.

        Raises InvalidSpecError with each problem's path where the spec is not one this version
        knows: a hand edit, or the work of a newer version of GCO.
        """
        meta = manifest["metadata"]
        annotations = meta.get("annotations") or {}
        return cls(
            name=EndpointName(meta["name"]),
            namespace=meta["namespace"],
            resource_uid=meta.get("uid", ""),
            generation=meta.get("generation", 0),
            deleting=meta.get("deletionTimestamp") is not None,
            finalizers=tuple(meta.get("finalizers") or ()),
            created=annotations.get(CREATED_ANNOTATION) or meta.get("creationTimestamp") or "",
            recreated_at=annotations.get(RECREATED_ANNOTATION),
            stated_hash=annotations.get(SPEC_HASH_ANNOTATION),
            spec=_read_spec(manifest),
            status=_read_status(manifest),
        )


def _read_spec(manifest: Mapping[str, Any]) -> RegionalSpec:
    data = manifest.get("spec")
    try:
        return RegionalSpec.model_validate(data)
    except pydantic.ValidationError as error:
        raise invalid(error, RegionalSpec, data, ("spec",)) from error


def _read_status(manifest: Mapping[str, Any]) -> RegionalStatus | None:
    if "status" not in manifest:
        return None
    try:
        status = RegionalStatus.model_validate(manifest["status"])
    except pydantic.ValidationError:
        return None  # such as an older version's: the endpoint loop writes a whole one anew
    if _observed_by_another(manifest):
        return status.model_copy(update={"observed_revision": RevisionNumber(0)})
    return status


def _observed_by_another(manifest: Mapping[str, Any]) -> bool:
    """Say whether somebody else wrote the observed revision last.

    It decides which revisions are outdated, so an edit by hand must not count: with a number that is
    too high, no later revision would be applied. 0 makes the endpoint loop write its own again.
    """
    owners = {
        entry.get("manager")
        for entry in manifest["metadata"].get("managedFields") or ()
        if "f:observedRevision" in ((entry.get("fieldsV1") or {}).get("f:status") or {})
    }
    return bool(owners) and STATUS_MANAGER not in owners
