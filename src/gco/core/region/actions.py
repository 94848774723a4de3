"""The vocabulary of a plan: everything a reconcile may do to a cluster."""

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from typing_extensions import override

Manifest: TypeAlias = Mapping[str, Any]


class ObjectRef(NamedTuple):
    """Identifies one Kubernetes object within a namespace."""

    kind: str
    name: str

    @override
    def __str__(self) -> str:
        """Return it as a person writes it: `Deployment web`."""
        return f"{self.kind} {self.name}"


class Owner(enum.Enum):
    """Whose object it is that stands under a name we want."""

    OURS = "ours"
    ADOPTABLE = "adoptable"
    """Made by the original monitor, with its labels and names, and never applied by us."""
    FOREIGN = "foreign"


@dataclasses.dataclass(frozen=True, slots=True)
class Rendered:
    """An object as it should be."""

    manifest: Manifest
    hash: str
    owned_hash: str
    """Over the fields and values that our managedFields entry should cover."""


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """The little that is kept of an object in the cluster."""

    uid: str
    owner: Owner
    deleting: bool
    """It has a deletionTimestamp: it may linger, and applies to it would still be answered."""
    applied_hash: str | None
    """What our annotation says was applied; None on an object that we never applied."""
    owned_hash: str | None
    """Over the fields that our managedFields entry covers now, and their live values."""
    written: str | None = None
    """When someone else last wrote its spec; of an object that we never applied alone."""
    finalizers: tuple[str, ...] = ()
    """What its deletion waits for; empty while nobody has asked for it."""


class Why(enum.StrEnum):
    """The cause of an action, as logs and events name it."""

    MISSING = "missing"
    CHANGED = "changed"
    DRIFTED = "drifted"
    """What others hold of subtrees that are wholly ours is to be taken back first."""
    ADOPTED = "made by another client, and ours from now on"
    UNWANTED = "no longer wanted"
    SILENT = "nothing has answered behind it for too long"
    CONTESTED = "another endpoint has its host and path"
    LEAVING = "being deleted"
    TAKEN = "the name belongs to an object that is not ours"
    NOT_ADOPTED = "the name belongs to an object that another client made"


@dataclasses.dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply `rendered` as `ref`, to the object that has `uid` (None: to a new one)."""

    ref: ObjectRef
    rendered: Rendered
    why: Why
    uid: str | None = None
    owned_hash: str | None = None
    """Over the fields that our managedFields entry covers now; of an object that drifted alone."""


@dataclasses.dataclass(frozen=True, slots=True)
class Delete:
    """Delete `ref` if it still has `uid`; absent already counts as done."""

    ref: ObjectRef
    uid: str
    why: Why


@dataclasses.dataclass(frozen=True, slots=True)
class Refuse:
    """Leave `ref` alone and say so in the status."""

    ref: ObjectRef
    why: Why


@dataclasses.dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing to `ref` until it has changed by itself."""

    ref: ObjectRef
    why: Why
    finalizers: tuple[str, ...] = ()
    """What its deletion waits for."""
    overdue: bool = False
    """It should have been gone by now: a person has to act."""


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """Have the manager gco-replicas state the number of replicas of `ref`, as it is, beside us.

    Never by force: where someone else states another number, that one is right.
    """

    ref: ObjectRef
    uid: str
    replicas: int


Action: TypeAlias = Apply | Delete | Refuse | Wait | Claim
