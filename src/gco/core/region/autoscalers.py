"""What is kept of autoscalers, ours and others', and which of them scale an endpoint's Deployment."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gco.core.model.ids import EndpointName, EndpointUid
from gco.core.model.names import autoscaler_name, deployment_name
from gco.core.region.actions import Manifest, ObjectRef, Owner
from gco.core.region.observe import Child, child
from gco.core.region.owner import owner_of
from gco.kinds.reading import LONGEST_NAME, as_int, as_mapping, as_mappings, as_text, clip, quote
from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT

_WORKS: Final = ("AbleToScale", "ScalingActive", "Ready")
"""Conditions that are True of an autoscaler that works; the last one is KEDA's."""


@dataclasses.dataclass(frozen=True, slots=True)
class Autoscaler(Child):
    """A HorizontalPodAutoscaler, or KEDA's ScaledObject."""

    target: str
    """The Deployment that it scales; empty for anything else."""
    made_by: str
    """The ScaledObject for which KEDA made it; empty where a person did."""
    works: bool
    """Its controller has looked at it, and found nothing wrong."""
    problem: str
    """What its controller found wrong, in that controller's words."""
    fewest: int = dataclasses.field(default=1, kw_only=True)
    """The fewest replicas that it may set, but at least 1. KEDA may go below what a ScaledObject, or
    the HorizontalPodAutoscaler made for one, states (idle, paused): 1 for those."""


@dataclasses.dataclass(frozen=True, slots=True)
class Autoscalers:
    """Those that have the endpoint's name, or scale its Deployment."""

    pods: Mapping[str, Autoscaler] = dataclasses.field(default_factory=dict)
    """HorizontalPodAutoscalers by name."""
    scaled: Mapping[str, Autoscaler] = dataclasses.field(default_factory=dict)
    """ScaledObjects by name."""
    keda: bool = False
    """Whether the cluster has KEDA's kinds."""
    given_up: frozenset[str] = frozenset()
    """ScaledObjects that are being deleted, and that nobody waits for any longer."""

    def named(self, name: EndpointName) -> Iterator[tuple[ObjectRef, Autoscaler]]:
        """Yield those under the name that we would give, whosoever they are."""
        own = autoscaler_name(name)
        for ref, record in self._all():
            if ref.name == own:
                yield ref, record

    def ours(self, name: EndpointName, uid: EndpointUid) -> dict[ObjectRef, Autoscaler]:
        """Return those that we made, and that which KEDA made for one of ours: all that may scale."""
        if not (self.pods or self.scaled):
            return {}  # of most endpoints, and asked a dozen times a look
        own = autoscaler_name(name)
        return {
            ref: record
            for ref, record in self._all()
            if not self._is_given_up(ref)
            and (
                record.made_by == own
                or (ref.name == own and owner_of(record, name, uid) is Owner.OURS)
            )
        }

    def others(self, name: EndpointName, uid: EndpointUid) -> dict[ObjectRef, Autoscaler]:
        """Return those of someone else that scale the endpoint's Deployment."""
        if not (self.pods or self.scaled):
            return {}
        ours, target = self.ours(name, uid), deployment_name(name)
        return {
            r: a
            for r, a in self._all()
            if r not in ours and a.target == target and not self._is_given_up(r)
        }

    def left_by_keda(self, name: EndpointName) -> dict[ObjectRef, Autoscaler]:
        """Return what KEDA made for a ScaledObject that was given up, and would go on scaling."""
        own = autoscaler_name(name)
        return {
            ref: record
            for ref, record in self._all()
            if own in self.given_up and record.made_by == own and not record.deleting
        }

    def _is_given_up(self, ref: ObjectRef) -> bool:
        return ref.kind == SCALED_OBJECT.name and ref.name in self.given_up

    def _all(self) -> Iterator[tuple[ObjectRef, Autoscaler]]:
        for name, record in sorted(self.pods.items()):
            yield ObjectRef(HORIZONTAL_POD_AUTOSCALER.name, name), record
        for name, record in sorted(self.scaled.items()):
            yield ObjectRef(SCALED_OBJECT.name, name), record


def autoscaler(manifest: Manifest) -> Autoscaler:
    """Return the record of a HorizontalPodAutoscaler or a ScaledObject."""
    spec, status = as_mapping(manifest.get("spec")), as_mapping(manifest.get("status"))
    conditions = [
        c for c in as_mappings(status.get("conditions")) if as_text(c.get("type")) in _WORKS
    ]
    wrong = [c for c in conditions if c.get("status") == "False"]
    maker = _maker(manifest)
    of_keda = bool(maker) or manifest["kind"] == SCALED_OBJECT.name
    return Autoscaler(
        **dataclasses.asdict(child(manifest)),
        target=_target(as_mapping(spec.get("scaleTargetRef"))),
        made_by=maker,
        works=bool(conditions) and not wrong,
        problem=next((quote(c.get("message")) or quote(c.get("reason")) for c in wrong), ""),
        fewest=1 if of_keda else max(1, as_int(spec.get("minReplicas")) or 1),
    )


def _target(reference: Mapping[str, Any]) -> str:
    kind = reference.get("kind") or DEPLOYMENT.name  # KEDA's default
    return clip(reference.get("name"), LONGEST_NAME) if kind == DEPLOYMENT.name else ""


def _maker(manifest: Manifest) -> str:
    references = manifest["metadata"].get("ownerReferences") or ()
    makers = (r["name"] for r in references if r.get("kind") == SCALED_OBJECT.name)
    return next(makers, "")
