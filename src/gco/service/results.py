"""What the use cases answer: frozen, and with a JSON form that has the same facts as the tables."""

import datetime as dt
import enum
import functools

from gco.core.fleet.changes import FieldChange
from gco.core.fleet.summary import RegionView
from gco.core.model.base import Model
from gco.core.model.defaults import with_defaults
from gco.core.model.endpoint import EndpointState
from gco.core.model.ids import (
    Actor,
    EndpointName,
    EndpointUid,
    Generation,
    RegionName,
    RevisionNumber,
)
from gco.core.model.spec import EndpointSpec
from gco.core.model.status import Region
from gco.errors import Problem


class Outcome(enum.StrEnum):
    """What became of a request to change an endpoint."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """Nothing differed, and nothing was written."""
    UNREADABLE = "unreadable"
    """This version cannot read what is stored of the endpoint: nothing was written."""


class Effect(enum.StrEnum):
    """What a change means for one region."""

    JOINS = "joins"
    LEAVES = "leaves"
    RESTARTS = "restarts"
    """The pod template changes: pods are replaced as the rollout strategy says."""
    UPDATES = "updates"
    """Something changes, and no pod restarts."""
    TRIES = "tries"
    """A canary begins, or runs something else; the endpoint's own pods stay."""
    STARTS = "starts"
    STOPS = "stops"
    NONE = "none"
    UNREADABLE = "unreadable"
    """The region's record cannot be read: what runs there stays as it is until the next apply."""


class Restart(enum.StrEnum):
    """How pods are replaced in a region, as far as can be told before it begins."""

    IN_PLACE = "in-place"
    """An old pod goes first, one at a time."""
    SURGE = "surge"
    """A new pod comes first."""
    WAITS = "waits"
    """A new pod comes first, once there is room for it: the only one there is serves on."""
    ROLLING = "rolling"
    """One goes while one comes: nothing was counted, or nothing is to be."""
    RECREATE = "recreate"
    """Every old pod goes first."""


class RegionEffect(Model):
    """What a change means for one region, and what room there is for it."""

    region: RegionName
    effect: Effect
    resource: str | None = None
    """The accelerator that a replica asks for, `nvidia.com/gpu`; None where it asks for none."""
    free: int | None = None
    """Free accelerators there when the region last counted; None where that is unknown."""
    total: int | None = None
    restart: Restart | None = None
    """How pods are replaced; None where none is."""


class Kept(Model):
    """A field that the request left out, and that therefore keeps its value."""

    path: str
    value: str


class Applied(Model):
    """What one request did, or would do (`dry_run`), to one endpoint."""

    name: EndpointName
    outcome: Outcome
    dry_run: bool
    revision: RevisionNumber
    """The new revision, or the present one where nothing changed; 0 where it is unreadable."""
    previous: RevisionNumber | None
    """The revision before; None for a new endpoint."""
    actor: Actor
    reason: str
    changes: tuple[FieldChange, ...]
    kept: tuple[Kept, ...] = ()
    regions: tuple[RegionEffect, ...] = ()
    warnings: tuple[Problem, ...] = ()
    """What is accepted, and better done otherwise."""
    error: str | None = None
    """What cannot be read, why, and what helps; None unless `outcome` is unreadable."""

    @property
    def restarts(self) -> tuple[RegionEffect, ...]:
        """The regions in which pods are replaced."""
        return tuple(r for r in self.regions if r.effect is Effect.RESTARTS)


class Fate(enum.StrEnum):
    """What becomes of one row of the original monitor's table."""

    CREATED = "created"
    CHANGED = "changed"
    """It was imported before, and the row or its regions have changed since."""
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    """None of its regions is registered yet."""
    LEFT = "left"
    """It is not to be written, or someone has changed the endpoint here."""
    REFUSED = "refused"
    """It cannot be written as it is; the problems say why."""


class Moved(Model):
    """What became of one row, or would become of it where it is not `written`."""

    name: EndpointName
    fate: Fate
    written: bool = False
    why: str = ""
    """Why nothing is written, where a problem does not say it."""
    revision: RevisionNumber | None = None
    regions: tuple[RegionName, ...] = ()
    """Where what the original made is taken over."""
    waiting: tuple[RegionName, ...] = ()
    """Where it runs too, and where no monitor of GCO's is registered yet."""
    changes: tuple[FieldChange, ...] = ()
    lost: tuple[Problem, ...] = ()
    """What the row says and the endpoint cannot, by the row's own names."""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


class Deleted(Model):
    """What a request to delete did to one endpoint."""

    name: EndpointName
    already: bool
    """Someone had asked before; the deletion goes on."""
    regions: tuple[RegionName, ...]
    """Where objects are still to go."""
    discarded: bool = False
    """Its record could not be read and was removed; what runs in its regions stays."""


class EndpointView(Model):
    """An endpoint as a person sees it: desired state, and what every region says now."""

    name: EndpointName
    uid: EndpointUid
    namespace: str
    labels: dict[str, str]
    state: EndpointState
    revision: RevisionNumber
    generation: Generation
    ready: bool
    """Every region where it is to exist has made the revision true."""
    failed: bool
    """Some region says that it will not get there by itself."""
    summary: str
    """One line over all regions: `3/4 regions ready; eu-west-1: WaitingForGPU (…)`."""
    regions: tuple[RegionView, ...]
    spec: EndpointSpec
    """As people stated it."""
    created_at: dt.datetime
    updated_at: dt.datetime
    deleted_at: dt.datetime | None = None

    @functools.cached_property
    def effective(self) -> EndpointSpec:
        """The spec with every default filled in; made when it is asked for, which a list never does."""
        return with_defaults(self.spec, self.name)


class HistoryEntry(Model):
    """One revision, and what it changed of the one before."""

    number: RevisionNumber
    created_at: dt.datetime
    actor: Actor
    what: str
    """`image v0.8.4 → v0.8.5, args[2]`, or the request's own words."""
    reason: str
    changes: tuple[FieldChange, ...]
    """Empty where the revision before is no longer kept."""
    current: bool


class RegionInfo(Model):
    """A registered region, and what runs there."""

    region: Region
    silent_seconds: float | None
    """How long it has not been heard of; None while it is heard."""
    endpoints: int
    """Endpoints that have a target there, those being removed included."""
    ready: int | None
    """Those that are done; None while the region is silent."""
