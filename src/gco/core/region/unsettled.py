"""Objects that are not as the revision wants them, and which of them keep an endpoint from serving.

Ready is about serving. A PodDisruptionBudget that a policy engine rewrites, or a label of a Service,
changes no answer: the condition Drifted reports it, and Ready does not wait for it.
"""

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from typing import Final

from gco.core.region.actions import ObjectRef, Wait
from gco.core.region.causes import Cause
from gco.core.region.ending import how_to_release
from gco.core.region.stage import Stage
from gco.kinds.finalizers import kept_by
from gco.kinds.registry import DEPLOYMENT, HTTP_ROUTE, INGRESS, JOB, SERVICE


class Problem(enum.Enum):
    """Why an object is not as the revision wants it."""

    FOUGHT_OVER = "fought over"
    """Someone changes it back after each repair; the next repair waits."""
    REFUSED = "refused"
    """The API server refuses what is applied, or the name belongs to someone else."""
    PENDING = "pending"
    """It is being deleted, and is made again once it is gone."""
    UNDELETED = "undeleted"
    """It is not wanted, and the API server refuses to delete it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Unsettled:
    """One object that is not as the revision wants it."""

    ref: ObjectRef | None
    """None where nothing may be done to any object."""
    problem: Problem
    cause: Cause
    fields: tuple[str, ...] | None = None
    """Of an object that is fought over, the fields that differ; None where they are not known."""


_ANSWERS_BY: Final[Mapping[str, tuple[str, ...]]] = {
    DEPLOYMENT.name: ("spec.replicas", "spec.selector", "spec.template"),
    SERVICE.name: ("spec", "metadata.annotations"),
    INGRESS.name: ("spec", "metadata.annotations"),
    HTTP_ROUTE.name: ("spec", "metadata.annotations"),
}
"""The fields that decide which pods answer, by kind. Load balancers read annotations."""
_ROUTES: Final = frozenset({INGRESS.name, HTTP_ROUTE.name})
_LEAVING: Final = frozenset({Stage.CLOSE, Stage.DRAIN, Stage.REMOVE, Stage.GONE})


def affects_ready(found: Unsettled, stage: Stage) -> bool:
    """Whether `found` keeps Ready from becoming True in `stage`.

    While an endpoint serves: what keeps the wanted pods from running, or requests from reaching
    them. While it rests: what may keep a pod or a route. While it is removed: every object that is
    left.
    """
    if found.ref is None or stage in _LEAVING:
        return True
    kind = found.ref.kind
    if found.problem is Problem.UNDELETED:
        return stage is Stage.REST and kind in _ROUTES
    if kind == JOB.name:  # it exists only while pods wait for a model
        return found.problem is not Problem.FOUGHT_OVER
    if kind not in _ANSWERS_BY or (stage is Stage.REST and kind == SERVICE.name):
        return False
    if found.problem is not Problem.FOUGHT_OVER or found.fields is None:
        return True
    return any(_is_below(field, _ANSWERS_BY[kind]) for field in found.fields)


def is_of_pods(found: Unsettled) -> bool:
    """Whether `found` is about the pods themselves, rather than about how requests reach them."""
    return found.ref is None or found.ref.kind in (DEPLOYMENT.name, JOB.name)


def blocking(unsettled: Iterable[Unsettled], stage: Stage) -> tuple[Cause, ...]:
    """Return what keeps Ready from becoming True."""
    return tuple(found.cause for found in unsettled if affects_ready(found, stage))


def harmless(unsettled: Iterable[Unsettled], stage: Stage) -> tuple[Cause, ...]:
    """Return what is not as it should be, and keeps no request from its answer."""
    return tuple(found.cause for found in unsettled if not affects_ready(found, stage))


def leaving(action: Wait, namespace: str) -> Cause:
    """Return what a wanted object waits for that is being deleted, and how to end the wait."""
    ref = action.ref
    if not action.finalizers:
        return Cause("Terminating", f"{ref} is being deleted; GCO makes it again once it is gone")
    return Cause(
        "Terminating",
        f"{ref} is being deleted and keeps its {kept_by(action.finalizers)}; "
        f"{how_to_release(ref, namespace)}; GCO makes the object again once it is gone",
        final=action.overdue,
    )


def _is_below(field: str, parents: Iterable[str]) -> bool:
    """Whether a change of `field` changes one of `parents`; our own annotations steer nobody."""
    if field.startswith("metadata.annotations[gco.io/"):
        return False
    return any(field == p or field.startswith((f"{p}.", f"{p}[")) for p in parents)
