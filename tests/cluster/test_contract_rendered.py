"""What GCO renders is taken as it is by every cluster, and reads as in sync from then on."""

import pytest

from gco.cluster.port import Cluster, Manifest
from gco.core.model.names import MANAGER
from gco.core.region.freeze import freeze
from gco.core.region.observe import pod_set, workload
from gco.core.region.render.deployment import deployment
from gco.core.region.render.template import pod_template
from gco.kinds.differences import differences
from gco.kinds.ownership import owned_hash
from gco.kinds.registry import DEPLOYMENT, REPLICA_SET, kind_of
from tests.cluster.observing import events, listed, until, version_of
from tests.region.test_golden import CASES, SPLITS, objects_of


@pytest.mark.parametrize("case", CASES)
async def test_a_rendered_object_is_in_sync_once_applied(cluster, namespace, case):
    regional = CASES[case].model_copy(update={"namespace": namespace})
    for rendered in objects_of(regional, SPLITS.get(case)):
        kind = kind_of(rendered.manifest)
        applied = await cluster.apply(kind, rendered.manifest, manager=MANAGER, force=False)

        assert differences(rendered.manifest, applied, MANAGER) == ()
        assert owned_hash(applied, MANAGER) == rendered.owned_hash


async def test_a_deployments_replica_set_is_known_by_its_template(cluster, namespace):
    regional = CASES["everything"].model_copy(update={"namespace": namespace})
    template = freeze(regional.name, regional.spec.template_key, 1, pod_template(regional))
    applied = await cluster.apply(
        DEPLOYMENT, deployment(regional, template, 1).manifest, manager=MANAGER
    )

    def made(found: Manifest) -> bool:
        record = pod_set(found)
        return record.deployment == applied["metadata"]["uid"]

    (name,) = await _replica_sets(cluster, namespace)
    found = await until(cluster, REPLICA_SET, namespace, name, made)
    assert pod_set(found).template == workload(applied).template


async def _replica_sets(cluster: Cluster, namespace: str) -> list[str]:
    version = await version_of(cluster, REPLICA_SET, namespace)
    found = await listed(cluster, REPLICA_SET, namespace)
    if not found:
        (event,) = await events(cluster, REPLICA_SET, namespace, after=version, count=1)
        return [event.object["metadata"]["name"]]
    return list(found)
