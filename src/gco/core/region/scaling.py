"""Who owns the number of replicas, what it is, and which autoscaler there is to be.

The number is handed over without ever being nobody's, since what nobody states falls back to one:
held by a manager of its own first (gco-replicas), then no longer stated by us, and only then is there
an autoscaler. On the way back the autoscaler goes first, and is seen gone. Each step shows in the
Deployment's managedFields, so that a step that was not taken is taken by the next run.
"""

import dataclasses
import enum
from collections.abc import Iterator

from gco.core.model.endpoint import TargetState
from gco.core.model.names import autoscaler_name
from gco.core.model.regional import Regional
from gco.core.model.scaling import Scaling, fewest_stated, scaling_of
from gco.core.region.actions import ObjectRef
from gco.core.region.autoscalers import Autoscaler, Autoscalers
from gco.core.region.causes import Cause
from gco.core.region.ending import how_to_release
from gco.core.region.observe import Workload
from gco.core.region.owner import claimed
from gco.kinds.finalizers import kept_by
from gco.kinds.registry import HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT


class Hold(enum.Enum):
    """How far the number of replicas is handed over."""

    OURS = "ours"
    """We state it, and no autoscaler does."""
    CLAIMED = "claimed"
    """We state it, and have yet to give it to the manager that holds it for an autoscaler."""
    HANDED = "handed over"
    """Others state it; we state it no longer, or not after the next apply."""


@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """The number of replicas, and who owns it."""

    hold: Hold
    replicas: int


def task_of(regional: Regional) -> Scaling | None:
    """Return what an autoscaler is to do; None where none is wanted, as while nothing runs."""
    return scaling_of(regional.spec.endpoint) if _runs(regional) else None


def count_of(regional: Regional, workload: Workload | None, found: Autoscalers) -> Count:
    """Return how many replicas there are to be, and whose number that is."""
    spec = regional.spec
    wanted = spec.replicas if spec.state is TargetState.RUNNING else 0
    if not wanted or workload is None or not _scaled(regional, found):
        return Count(Hold.OURS, wanted)
    if workload.replicas == 0 and not _asleep(regional, workload, found):
        return Count(Hold.OURS, _restart(regional))
    if workload.count_ours and not workload.count_others:
        return Count(Hold.CLAIMED, workload.replicas)
    return Count(Hold.HANDED, workload.replicas)


def running_replicas(regional: Regional, workload: Workload | None, found: Autoscalers) -> int:
    """Return how many pods should run now, whoever decides on it."""
    return count_of(regional, workload, found).replicas


def fewest_replicas(regional: Regional, workload: Workload | None, found: Autoscalers) -> int:
    """Return the fewest pods that may run before our next write; at least 1.

    That is the smallest of what runs now, what the spec states, the minimum of its autoscaler, and
    that of each autoscaler of someone else, which may change the count at any time.
    """
    spec = regional.spec
    others = (other.fewest for other in found.others(regional.name, spec.uid).values())
    stated = fewest_stated(spec.endpoint.autoscaling, spec.replicas)
    running = running_replicas(regional, workload, found)
    return min((count for count in (stated, running, *others) if count > 0), default=1)


def autoscaler_wanted(
    regional: Regional, workload: Workload | None, found: Autoscalers
) -> ObjectRef | None:
    """Return which autoscaler there is to be now; None for none, or not yet."""
    ref = wanted_ref(regional)
    if ref is None or not _available(ref, found):
        return None
    if ref in found.ours(regional.name, regional.spec.uid):
        return ref
    handed = workload is not None and not workload.count_ours and workload.replicas > 0
    alone = not any(a.target for a in _beside(ref, regional, found).values())
    return ref if handed and alone else None


def wanted_ref(regional: Regional) -> ObjectRef | None:
    """Return which autoscaler the spec asks for, whether it can be made or not."""
    task = task_of(regional)
    if task is None:
        return None
    kind = SCALED_OBJECT if task.needs_keda else HORIZONTAL_POD_AUTOSCALER
    return ObjectRef(kind.name, autoscaler_name(regional.name))


def scaling_causes(regional: Regional, found: Autoscalers) -> Iterator[Cause]:
    """Yield why the number of replicas does not follow the load as the spec says."""
    wanted = wanted_ref(regional)
    if wanted is None and _runs(regional):
        yield from _leaving(regional, found)
    every = found.others(regional.name, regional.spec.uid)
    others = [r for r, record in every.items() if r != wanted and not claimed(record, regional)]
    if others and regional.spec.state is TargetState.RUNNING:
        listed = " and ".join(map(str, others))
        asked = "" if task_of(regional) else ", which has no spec.autoscaling"
        message = f"{listed} scales this endpoint's Deployment{asked}; delete it, the count is kept"
        yield Cause("SecondAutoscaler", message, final=True)
    if wanted is not None and not _available(wanted, found):
        message = (
            "spec.autoscaling names metrics that KEDA reads, and this cluster has no ScaledObject; "
            "install KEDA, or scale by cpu and memory alone"
        )
        yield Cause("KedaNotInstalled", message, final=True)


def _runs(regional: Regional) -> bool:
    return regional.spec.state is TargetState.RUNNING and regional.spec.replicas > 0


def _leaving(regional: Regional, found: Autoscalers) -> Iterator[Cause]:
    """Yield that the count is not ours yet, while an autoscaler leaves that is not wanted any more."""
    ours = found.ours(regional.name, regional.spec.uid)
    if not ours:
        return
    kept = sorted({f for record in ours.values() for f in record.finalizers})
    first = next((ref for ref, record in ours.items() if record.finalizers), None)
    how = "" if first is None else how_to_release(first, regional.namespace)
    keeper = f", which keeps its {kept_by(kept)}; {how}" if how else ""
    listed = " and ".join(map(str, ours))
    message = f"the replica count stays until {listed} is deleted{keeper}"
    yield Cause("Terminating", message)


def _scaled(regional: Regional, found: Autoscalers) -> bool:
    """Whether an autoscaler owns the number, or is about to: ours, one that leaves, or another's."""
    name, uid = regional.name, regional.spec.uid
    ref = wanted_ref(regional)
    wanted = ref is not None and _available(ref, found)
    return wanted or bool(found.ours(name, uid) or found.others(name, uid))


def _available(ref: ObjectRef, found: Autoscalers) -> bool:
    return found.keda or ref.kind != SCALED_OBJECT.name


def _asleep(regional: Regional, workload: Workload, found: Autoscalers) -> bool:
    """Whether it is an autoscaler that took the last replica away, and will bring it back."""
    task = task_of(regional)
    own = wanted_ref(regional) in found.ours(regional.name, regional.spec.uid)
    return own and task is not None and task.least == 0 and not workload.count_ours


def _restart(regional: Regional) -> int:
    """Return with how many replicas what was at none begins anew."""
    task = task_of(regional)
    return regional.spec.replicas if task is None else max(1, task.least)


def _beside(ref: ObjectRef, regional: Regional, found: Autoscalers) -> dict[ObjectRef, Autoscaler]:
    """Return the autoscalers that `ref` would meet, but for the one that KEDA made for it."""
    name, uid = regional.name, regional.spec.uid
    every = {**found.ours(name, uid), **found.others(name, uid)}
    return {
        other: record
        for other, record in every.items()
        if other != ref and not (ref.kind == SCALED_OBJECT.name and record.made_by == ref.name)
    }
