"""The records of desired state: an endpoint, its revisions, its targets, and what a write is."""

import dataclasses
import datetime as dt
import enum

from pydantic import Field

from gco.core.model.base import Model
from gco.core.model.ids import (
    Actor,
    EndpointName,
    EndpointUid,
    Generation,
    RegionName,
    RevisionNumber,
    Seq,
    TemplateKey,
)
from gco.core.model.spec import DEFAULT_NAMESPACE, EndpointSpec


class EndpointState(enum.StrEnum):
    """Where an endpoint stands as a whole."""

    DEPLOYING = "deploying"
    """Not every target region is Ready at the revision yet."""
    RUNNING = "running"
    STOPPED = "stopped"
    DELETED = "deleted"
    """A tombstone: kept until every region reports its objects gone, then purged."""


class TargetState(enum.StrEnum):
    """What one region is to do."""

    RUNNING = "running"
    STOPPED = "stopped"
    DELETED = "deleted"


class CanaryTarget(Model):
    """The canary that one region is to run beside the endpoint's own pods."""

    template_key: TemplateKey
    weight: int
    """Its share of the requests in per cent, once it is ready."""
    replicas: int
    promoting: bool = False
    """The endpoint's own pods become what it runs: it serves on until they are, and goes then."""


class CanaryBase(Model):
    """The revision that a canary runs, kept beside it: revisions are forgotten after a while."""

    revision: RevisionNumber
    spec: EndpointSpec


class RegionTarget(Model):
    """What one region is to make true. Only the state `deleted` ever deletes an object."""

    uid: EndpointUid
    revision: RevisionNumber
    template_key: TemplateKey
    state: TargetState
    replicas: int
    canary: CanaryTarget | None = None
    """None: no canary, and one that is there goes."""


class Endpoint(Model):
    """The record of one endpoint, written by people and the fleet on condition of `generation`."""

    name: EndpointName
    uid: EndpointUid
    namespace: str = DEFAULT_NAMESPACE
    labels: dict[str, str] = Field(default_factory=dict)
    spec: EndpointSpec
    canary_base: CanaryBase | None = None
    """Where the canary runs a revision: that one's spec."""
    state: EndpointState
    generation: Generation
    revision: RevisionNumber
    targets: dict[RegionName, RegionTarget]
    """A removed region keeps its target, as deleted, until it reports its objects gone."""
    created_at: dt.datetime
    updated_at: dt.datetime
    deleted_at: dt.datetime | None = None
    deleted_by: Actor | None = None
    """Who asked for the tombstone."""
    adopts: bool | None = None
    """Whether objects that the original monitor made under its names are taken over as they run."""


class Revision(Model):
    """What an endpoint's spec was from one accepted change by a person on; immutable."""

    name: EndpointName
    uid: EndpointUid
    number: RevisionNumber
    labels: dict[str, str] = Field(default_factory=dict)
    spec: EndpointSpec
    actor: Actor
    reason: str
    """What was asked, in a few words: `from llama.yaml`, `replicas 2 → 4`."""
    created_at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Write:
    """One conditional write of an endpoint's record."""

    name: EndpointName
    expected: Generation | None
    """The generation that was read; None: no record of that name may exist."""
    endpoint: Endpoint | None
    """The record as it shall be, its generation one above `expected`; None purges it."""
    revision: Revision | None = None
    """The new revision where a person changed the spec; the fleet writes none."""


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change log: the endpoints that one transaction changed."""

    seq: Seq
    names: tuple[EndpointName, ...]
