"""Finds the frozen pod template of an endpoint and of its canary, or freezes one."""

from collections.abc import Mapping

from gco.cluster.port import Cluster
from gco.core.model.model_source import job_name
from gco.core.model.regional import Regional
from gco.core.region.canary import Step, Trial, as_endpoint
from gco.core.region.copying import directory_of
from gco.core.region.freeze import (
    Template,
    freeze,
    frozen_for,
    frozen_in,
    live_template,
    runs,
    template_in,
    with_labels,
)
from gco.core.region.observe import Frozen, Workload
from gco.core.region.observed import Observed
from gco.core.region.owner import adoptable
from gco.core.region.render.template import pod_template
from gco.core.region.stage import Stage
from gco.kinds.registry import DEPLOYMENT


class Templates:
    """Reads a Deployment where its own template is the one to freeze, and nothing otherwise."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def own(self, regional: Regional, observed: Observed, stage: Stage) -> Template | None:
        """Return the endpoint's, frozen now where it was not yet.

        While its model is being copied, that is the one which runs already, or none. Raises
        ClusterError.
        """
        if stage not in (Stage.SERVE, Stage.REST):
            return None
        found = await self._frozen(regional, observed, observed.frozen, observed.workload)
        if found is None:
            return frozen_in(observed.workload, regional.spec.uid, observed.frozen)
        return found

    async def canary(self, regional: Regional, observed: Observed, trial: Trial) -> Template | None:
        """Return that of the canary; None where none is needed. Raises ClusterError.

        One that is promoted is made no more: without its template, it stays as it is. So does one
        whose model is being copied.
        """
        stated, found = regional.spec.canary, observed.canary
        if stated is None or trial.step not in (Step.TRY, Step.REST):
            return None
        own = as_endpoint(regional, stated)
        return await self._frozen(
            own, observed, found.frozen, found.workload, made=not stated.promoting
        )

    async def _frozen(
        self,
        regional: Regional,
        observed: Observed,
        records: Mapping[str, Frozen],
        workload: Workload | None,
        *,
        made: bool = True,
    ) -> Template | None:
        key, uid = regional.spec.template_key, regional.spec.uid
        name, number = regional.name, regional.spec.revision
        if workload is not None and adoptable(workload, regional):
            live = await self._cluster.get(DEPLOYMENT, regional.namespace, name)
            return freeze(name, key, number, live_template(live), adopted=True)
        found = frozen_for(key, uid, records)
        if found is not None:
            return found
        if runs(workload, key, uid):
            live = await self._cluster.get(DEPLOYMENT, regional.namespace, name)
            return freeze(name, key, number, template_in(live))
        return _rendered(regional, observed, workload) if made else None


def _rendered(regional: Regional, observed: Observed, workload: Workload | None) -> Template | None:
    """Return the template that the spec asks for, None until its model has been copied."""
    model = regional.spec.endpoint.model
    directory = directory_of(regional, observed)
    if model is not None and directory is None:
        return None
    selected = workload.match_labels if workload else None
    body = with_labels(pod_template(regional, directory), selected or {})
    job = job_name(model) if model is not None else ""
    key, number = regional.spec.template_key, regional.spec.revision
    return freeze(regional.name, key, number, body, model_job=job)
