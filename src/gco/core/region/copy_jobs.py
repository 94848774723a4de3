"""Which copies of models are waited for, by the endpoint or its canary, and the Jobs that make them."""

from gco.core.model.regional import Regional
from gco.core.region.actions import ObjectRef, Rendered
from gco.core.region.canary import Step, Trial, as_endpoint
from gco.core.region.copying import wanted_job
from gco.core.region.freeze import Template
from gco.core.region.model_jobs import Copying
from gco.core.region.observed import Observed, job_ref
from gco.core.region.stage import wanted_replicas


def copy_jobs(
    regional: Regional,
    observed: Observed,
    template: Template | None,
    trial: Trial,
    canary: Template | None,
    *,
    image: str,
) -> tuple[dict[ObjectRef, Rendered], frozenset[ObjectRef]]:
    """Return the Jobs to have, and those to leave as they are.

    `template` and `canary` are what the endpoint's own pods and its canary's run, or are to run. A
    Job whose copy is not waited for any more stays: it ends by itself.
    """
    there = {c.name for c in (observed.copying, observed.canary.copying) if c.job is not None}
    awaited = _awaited(regional, observed, template, trial, canary)
    jobs: dict[ObjectRef, Rendered] = {}
    keep = {job_ref(name) for name in there - awaited.keys()}
    for name, (asker, copying) in awaited.items():
        job, stays = wanted_job(asker, copying, image)
        if job is not None:
            jobs[job_ref(name)] = job
        elif stays:
            keep.add(job_ref(name))
    return jobs, frozenset(keep)


def job_refs(observed: Observed) -> set[ObjectRef]:
    """Return where the Jobs are that an endpoint has to do with."""
    names = (observed.copying.name, observed.canary.copying.name, *observed.copying.abandoned)
    return set(map(job_ref, names))


def _awaited(
    regional: Regional,
    observed: Observed,
    template: Template | None,
    trial: Trial,
    canary: Template | None,
) -> dict[str, tuple[Regional, Copying]]:
    """Return who waits for which copy, by the name of its Job."""
    found: dict[str, tuple[Regional, Copying]] = {}
    waits = template is None or template.key != regional.spec.template_key
    if waits and wanted_replicas(regional) and regional.spec.endpoint.model is not None:
        found[observed.copying.name] = (regional, observed.copying)
    stated = regional.spec.canary
    if trial.step is Step.TRY and stated is not None and canary is None and not stated.promoting:
        own = as_endpoint(regional, stated)
        if own.spec.endpoint.model is not None:
            found.setdefault(observed.canary.copying.name, (own, observed.canary.copying))
    return found
