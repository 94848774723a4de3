"""Which objects a stage wants of an endpoint, each as it should be."""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Final

from gco.core.model.canary import canary_name
from gco.core.model.ids import EndpointName
from gco.core.model.names import service_name
from gco.core.model.regional import Regional
from gco.core.model.spec import RouteBackend
from gco.core.region.actions import Claim, ObjectRef, Owner, Rendered, Why
from gco.core.region.canary import NO_TRIAL, Step, Trial, as_endpoint
from gco.core.region.copy_jobs import copy_jobs, job_refs
from gco.core.region.freeze import Template, kept
from gco.core.region.observe import Route
from gco.core.region.observed import (
    Observed,
    budget_ref,
    revision_ref,
    service_ref,
    workload_ref,
)
from gco.core.region.owner import claimed, owner_of
from gco.core.region.render.alb import alb_backend
from gco.core.region.render.autoscaler import autoscaler
from gco.core.region.render.container import port_number
from gco.core.region.render.deployment import deployment
from gco.core.region.render.disruption import disruption_budget
from gco.core.region.render.revision import revision
from gco.core.region.render.route import routes
from gco.core.region.render.service import service
from gco.core.region.render.split import Split
from gco.core.region.replacing import Replacing
from gco.core.region.routing import backend_of, main_route, own_routes, route_refs
from gco.core.region.scaling import (
    Hold,
    autoscaler_wanted,
    count_of,
    fewest_replicas,
    task_of,
)
from gco.core.region.stage import Stage

_ALL: Final = 100
"""Per cent of the replicas: all of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Desired:
    """What should exist, and what else is left as it is."""

    objects: Mapping[ObjectRef, Rendered]
    keep: frozenset[ObjectRef] = frozenset()
    why: Mapping[ObjectRef, Why] = dataclasses.field(default_factory=dict)
    """Why an object is not wanted, where there is more to say than that."""
    claim: Claim | None = None
    """The next step of handing the number of replicas over, where that is one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Served:
    """What serves: the template, how its pods replace others, and the canary beside it."""

    template: Template
    replacing: Replacing | None
    trial: Trial
    unavailable: int


def desired(
    regional: Regional,
    observed: Observed,
    stage: Stage,
    template: Template | None,
    *,
    silent: bool = False,
    contested: bool = False,
    replacing: Replacing | None = None,
    unavailable: int = 0,
    trial: Trial = NO_TRIAL,
    canary: Template | None = None,
    image: str = "",
) -> Desired:
    """Return what should exist in `stage`.

    `template` is needed to serve and to rest. It is the one that runs already while the model of
    the wanted one is being copied, None where nothing runs; `image` is GCO's own, which copies.

    `silent`: nothing has answered for so long that no request is to come this way; `contested`:
    another endpoint has the host and path. `replacing` is how
    pods of a new template replace the others, where that was chosen, and `unavailable` the per cent
    of them that may be missing meanwhile, where that is more than one pod. `trial` is what is to be made
    true of the canary, and `canary` the template of its pods.
    """
    name = regional.name
    match stage, template:
        case ((Stage.SERVE | Stage.REST), Template()):
            beside = _canary(regional, observed, trial, canary)
            copies, stay = copy_jobs(regional, observed, template, trial, canary, image=image)
            served = Served(template, replacing, trial, unavailable)
            objects = {
                **copies,
                **beside.objects,  # before the route that gives it a share
                **dict(_objects(regional, observed, stage, served)),
            }
            waits = _waits_for_count(regional, observed, template)
            waiting = frozenset({workload_ref(name)} if waits else ())
            if silent or contested:
                return Desired(
                    {ref: o for ref, o in objects.items() if ref not in route_refs(name)},
                    beside.keep | stay | waiting,
                    why=dict.fromkeys(observed.routes, Why.CONTESTED if contested else Why.SILENT),
                    claim=_claim(regional, observed),
                )
            keep = _outlived(regional, observed, stage) | beside.keep | stay | waiting
            return Desired(objects, keep, claim=_claim(regional, observed))
        case ((Stage.SERVE | Stage.REST), None):
            copies, stay = copy_jobs(regional, observed, None, trial, canary, image=image)
            others = observed.seen(name, regional.spec.uid).keys() - job_refs(observed)
            return Desired(copies, stay | others)
        case Stage.CLOSE, _:
            every = observed.seen(name, regional.spec.uid).keys()
            leaving = {*observed.routes, *dict(observed.autoscalers.named(name))}
            return Desired({}, frozenset(every - leaving))
        case Stage.DRAIN, _:
            return Desired({}, _guarding(name, observed))
        case _:
            return Desired({})


def _guarding(name: EndpointName, observed: Observed) -> frozenset[ObjectRef]:
    """Return what serves and guards pods while they finish, and what names their templates."""
    frozen = map(revision_ref, (*observed.frozen, *observed.canary.frozen))
    beside = (service_ref(canary_name(name)),) if observed.canary.service else ()
    return frozenset((service_ref(name), *beside, budget_ref(name), *frozen))


def _canary(
    regional: Regional, observed: Observed, trial: Trial, template: Template | None
) -> Desired:
    """Return what should exist of the canary.

    It has no disruption budget: with a pod that is evicted its share goes, and comes back. Its last
    ready pod stays while it has a share, also where someone else restarts its Deployment; without
    one, all pods make room for a new version at once, however few of them have room.
    """
    stated = regional.spec.canary
    if trial.step in (Step.ABSENT, Step.REMOVE):
        return Desired({})
    if trial.step is Step.WITHDRAW or stated is None or template is None:
        there = observed.canary.seen(canary_name(regional.name), regional.spec.uid)
        return Desired({}, frozenset(there))
    own = as_endpoint(regional, stated)
    selector = observed.canary.workload.match_labels if observed.canary.workload else None
    replicas = 0 if trial.step is Step.REST else stated.replicas
    told = alb_backend(template) if backend_of(regional) is RouteBackend.ALB else {}
    return Desired(
        {
            revision_ref(template.name): revision(own, template),
            workload_ref(own.name): deployment(
                own,
                template,
                replicas,
                selector,
                covered=trial.replaced,
                unavailable=_ALL if trial.replaced else 0,
            ),
            service_ref(own.name): service(own, template, annotations=told),
        }
    )


def _split(regional: Regional, observed: Observed, trial: Trial) -> Split | None:
    """Return how requests are shared; not before the canary's Service exists to lead them to."""
    name, found = canary_name(regional.name), observed.canary.service
    if trial.step not in (Step.TRY, Step.WITHDRAW) or found is None or found.deleting:
        return None
    if owner_of(found, name, regional.spec.uid) is not Owner.OURS:
        return None
    return Split(service_name(name), trial.weight)


def _objects(
    regional: Regional, observed: Observed, stage: Stage, served: Served
) -> Iterator[tuple[ObjectRef, Rendered]]:
    template = served.template
    for held in kept(template, regional.spec.uid, observed.frozen):
        yield revision_ref(held.name), revision(regional, held)
    count = count_of(regional, observed.workload, observed.autoscalers)
    replicas = None if count.hold is Hold.HANDED else count.replicas
    led = routes(regional, template, _split(regional, observed, served.trial))
    selector = observed.workload.match_labels if observed.workload else None
    covered = served.trial.covers and _read_back(led, observed)
    if not _waits_for_count(regional, observed, template):
        yield (
            workload_ref(regional.name),
            deployment(
                regional,
                template,
                replicas,
                selector,
                covered=covered,
                replacing=served.replacing,
                fewest=fewest_replicas(regional, observed.workload, observed.autoscalers),
                running=count.replicas,
                unavailable=served.unavailable,
            ),
        )
    number = _bridge(template, observed)
    yield service_ref(regional.name), service(regional, template, number=number)
    yield budget_ref(regional.name), disruption_budget(regional)
    if stage is Stage.SERVE and _routed(regional, observed):
        yield from led.items()
    ref = autoscaler_wanted(regional, observed.workload, observed.autoscalers)
    task = task_of(regional)
    if ref is not None and task is not None:
        yield ref, autoscaler(regional, task)


def _waits_for_count(regional: Regional, observed: Observed, template: Template) -> bool:
    """Whether a new template waits until our autoscaler has given the number of replicas back.

    One write then changes both. With the template first, a smaller number arrives in the middle of
    its rollout: Kubernetes takes it from each template's pods in proportion, the ready ones included.
    """
    workload, found = observed.workload, observed.autoscalers
    if workload is None or workload.template_key == template.key or task_of(regional) is not None:
        return False
    uid = regional.spec.uid
    leaving = found.ours(regional.name, uid) and not found.others(regional.name, uid)
    return bool(leaving) and count_of(regional, workload, found).hold is Hold.HANDED


def _claim(regional: Regional, observed: Observed) -> Claim | None:
    workload = observed.workload
    count = count_of(regional, workload, observed.autoscalers)
    if workload is None or workload.deleting or count.hold is not Hold.CLAIMED:
        return None
    if owner_of(workload, regional.name, regional.spec.uid) is not Owner.OURS:
        return None
    return Claim(workload_ref(regional.name), workload.uid, count.replicas)


def _read_back(led: Mapping[ObjectRef, Rendered], observed: Observed) -> bool:
    """Whether the route stands as it is wanted, so that it may be relied upon."""
    found = ((observed.routes.get(ref), rendered) for ref, rendered in led.items())
    return all(
        route is not None and route.applied_hash == rendered.hash for route, rendered in found
    )


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
    """Whether the route is wanted: made once a pod answers behind a Service, it outlasts short gaps."""
    if main_route(regional).kind in observed.absent:
        return False
    ours = any(_ours(regional, record) for record in observed.routes.values())
    leads = observed.service is not None and observed.pods.answering
    return bool(ours or main_route(regional) in observed.routes or leads)


def _outlived(regional: Regional, observed: Observed, stage: Stage) -> frozenset[ObjectRef]:
    """Return the routes of another backend: they answer until the wanted one has been taken up."""
    wanted = observed.routes.get(main_route(regional))
    answers = wanted is not None and wanted.taken_up and _ours(regional, wanted)
    if stage is not Stage.SERVE or answers:
        return frozenset()
    return frozenset(observed.routes) - own_routes(regional)


def _ours(regional: Regional, record: Route) -> bool:
    return claimed(record, regional)
