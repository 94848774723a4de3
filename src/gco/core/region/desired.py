"""Which objects a stage wants of an endpoint, each as it should be."""

import dataclasses
from collections.abc import Iterator, Mapping

from gco.core.model.regional import Regional
from gco.core.region.actions import ObjectRef, Rendered
from gco.core.region.freeze import Template, kept
from gco.core.region.observed import (
    Observed,
    budget_ref,
    revision_ref,
    route_ref,
    service_ref,
    workload_ref,
)
from gco.core.region.render.deployment import deployment
from gco.core.region.render.disruption import disruption_budget
from gco.core.region.render.ingress import ingress
from gco.core.region.render.revision import revision
from gco.core.region.render.service import service
from gco.core.region.stage import Stage, wanted_replicas


@dataclasses.dataclass(frozen=True, slots=True)
class Desired:
    """What should exist, and what else is left as it is."""

    objects: Mapping[ObjectRef, Rendered]
    keep: frozenset[ObjectRef] = frozenset()


def desired(
    regional: Regional, observed: Observed, stage: Stage, template: Template | None
) -> Desired:
    """Return what should exist in `stage`; `template` is needed to serve and to rest."""
    name = regional.name
    match stage, template:
        case ((Stage.SERVE | Stage.REST), Template()):
            return Desired(dict(_objects(regional, observed, stage, template)))
        case Stage.CLOSE, _:
            every = observed.seen(name, regional.spec.uid).keys()
            return Desired({}, frozenset(every - {route_ref(name)}))
        case Stage.DRAIN, _:
            kept_refs = (service_ref(name), budget_ref(name), *map(revision_ref, observed.frozen))
            return Desired({}, frozenset(kept_refs))
        case _:
            return Desired({})


def _objects(
    regional: Regional, observed: Observed, stage: Stage, template: Template
) -> Iterator[tuple[ObjectRef, Rendered]]:
    for held in kept(template, regional.spec.uid, observed.frozen):
        yield revision_ref(held.name), revision(regional, held)
    replicas = wanted_replicas(regional)
    yield workload_ref(regional.name), deployment(regional, template, replicas)
    yield service_ref(regional.name), service(regional, template)
    yield budget_ref(regional.name), disruption_budget(regional)
    if stage is Stage.SERVE and (observed.route is not None or observed.pods.answering):
        yield route_ref(regional.name), ingress(regional, template)
