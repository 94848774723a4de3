"""Which objects a stage wants of an endpoint, each as it should be."""

import dataclasses
from collections.abc import Iterator, Mapping

from gco.core.model.regional import Regional
from gco.core.region.actions import ObjectRef, Rendered, Why
from gco.core.region.freeze import Template, kept
from gco.core.region.observe import Route
from gco.core.region.observed import (
    Observed,
    budget_ref,
    revision_ref,
    service_ref,
    workload_ref,
)
from gco.core.region.owner import claimed
from gco.core.region.render.container import port_number
from gco.core.region.render.deployment import deployment
from gco.core.region.render.disruption import disruption_budget
from gco.core.region.render.revision import revision
from gco.core.region.render.route import routes
from gco.core.region.render.service import service
from gco.core.region.routing import main_route, own_routes, route_refs
from gco.core.region.stage import Stage, wanted_replicas


@dataclasses.dataclass(frozen=True, slots=True)
class Desired:
    """What should exist, and what else is left as it is."""

    objects: Mapping[ObjectRef, Rendered]
    keep: frozenset[ObjectRef] = frozenset()
    why: Mapping[ObjectRef, Why] = dataclasses.field(default_factory=dict)
    """Why an object is not wanted, where there is more to say than that."""


def desired(
    regional: Regional,
    observed: Observed,
    stage: Stage,
    template: Template | None,
    *,
    silent: bool = False,
) -> Desired:
    """Return what should exist in `stage`; `template` is needed to serve and to rest.

    `silent`: nothing has answered for so long that no request is to come this way.
    """
    name = regional.name
    match stage, template:
        case ((Stage.SERVE | Stage.REST), Template()):
            objects = dict(_objects(regional, observed, stage, template))
            if silent:
                return Desired(
                    {ref: o for ref, o in objects.items() if ref not in route_refs(name)},
                    why=dict.fromkeys(observed.routes, Why.SILENT),
                )
            return Desired(objects, _outlived(regional, observed, stage))
        case Stage.CLOSE, _:
            every = observed.seen(name, regional.spec.uid).keys()
            return Desired({}, frozenset(every - observed.routes.keys()))
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
    selector = observed.workload.match_labels if observed.workload else None
    yield workload_ref(regional.name), deployment(regional, template, replicas, selector)
    number = _bridge(template, observed)
    yield service_ref(regional.name), service(regional, template, number=number)
    yield budget_ref(regional.name), disruption_budget(regional)
    if stage is Stage.SERVE and _routed(regional, observed):
        yield from routes(regional, template).items()


def _bridge(template: Template, observed: Observed) -> int | None:
    """Return the port by whose number pods of an adopted template are reached, for as long as any runs.

    The name of ours is unknown to them: a Service that went by it would lose them before the pods
    that replace them answer. None where a name does for all, or where the ports differ.
    """
    number = port_number(template.body)
    unnamed = any(record.unnamed_port == number for record in observed.frozen.values())
    runs = observed.workload.template_key if observed.workload else template.key
    others = observed.pods.old or (observed.pods.wanted and runs != template.key)
    return number if unnamed and others else None


def _routed(regional: Regional, observed: Observed) -> bool:
    """Whether the route is wanted: it is made once a pod answers, and outlasts short gaps."""
    if main_route(regional).kind in observed.absent:
        return False
    ours = any(_ours(regional, record) for record in observed.routes.values())
    return bool(ours or main_route(regional) in observed.routes or observed.pods.answering)


def _outlived(regional: Regional, observed: Observed, stage: Stage) -> frozenset[ObjectRef]:
    """Return the routes of another backend: they answer until the wanted one has been taken up."""
    wanted = observed.routes.get(main_route(regional))
    answers = wanted is not None and wanted.taken_up and _ours(regional, wanted)
    if stage is not Stage.SERVE or answers:
        return frozenset()
    return frozenset(observed.routes) - own_routes(regional)


def _ours(regional: Regional, record: Route) -> bool:
    return claimed(record, regional)
