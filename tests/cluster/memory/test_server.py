"""Rules of the API server that loops meet, beyond the contract that the real one is held to."""

import asyncio

import pytest

from gco.cluster.memory import MemoryCluster
from gco.errors import AbsentError, ForbiddenError, RejectedError, TransientError
from gco.kinds.differences import differences
from gco.kinds.ownership import expected_owned_hash, owned_hash
from gco.kinds.registry import (
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    LEASE,
    NAMESPACE,
    POD,
    SERVICE,
)
from tests.cluster.manifests import (
    WIDGET,
    deployment,
    lease,
    service,
    widget,
    widget_definition,
)
from tests.cluster.memory.world import NAMESPACE as PLACE
from tests.cluster.memory.world import world
from tests.kinds.manifests import DEPLOYMENT as RENDERED
from tests.virtual_time import until as eventually

pytestmark = pytest.mark.looptime

CONTAINER = "/spec/template/spec/containers/0"


async def edited(cluster, kind, name, *operations):
    return await cluster.patch(kind, PLACE, name, list(operations), manager="kubectl-edit")


async def test_what_was_rendered_reads_as_in_sync_after_its_apply():
    cluster = MemoryCluster()
    manifest = {**RENDERED, "metadata": {**RENDERED["metadata"], "namespace": PLACE}}
    applied = await cluster.apply(DEPLOYMENT, manifest, manager="gco")
    assert owned_hash(applied, "gco") == expected_owned_hash(manifest)


async def test_a_hand_edit_reads_as_drift_with_its_path_and_author():
    cluster = MemoryCluster()
    manifest = deployment("web", PLACE)
    await cluster.apply(DEPLOYMENT, manifest, manager="gco")
    live = await edited(
        cluster, DEPLOYMENT, "web", {"op": "replace", "path": f"{CONTAINER}/image", "value": "x"}
    )
    assert owned_hash(live, "gco") != expected_owned_hash(manifest)
    (found,) = differences(manifest, live, "gco")
    assert found.path == "spec.template.spec.containers[inference].image"
    assert found.manager == "kubectl-edit"
    healed = await cluster.apply(DEPLOYMENT, manifest, manager="gco")
    assert owned_hash(healed, "gco") == expected_owned_hash(manifest)


@pytest.mark.parametrize(
    ("kind", "manifest", "operation"),
    [
        pytest.param(
            SERVICE,
            service,
            {"op": "replace", "path": "/spec/ports/0/port", "value": 81},
            id="service-port",
        ),
        pytest.param(
            DEPLOYMENT,
            deployment,
            {"op": "replace", "path": f"{CONTAINER}/ports/0/containerPort", "value": 1},
            id="container-port",
        ),
        pytest.param(
            DEPLOYMENT,
            deployment,
            {
                "op": "replace",
                "path": f"{CONTAINER}/env/0",
                "value": {
                    "name": "MODE",
                    "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                },
            },
            id="env-value-from",
        ),
        pytest.param(
            DEPLOYMENT,
            deployment,
            {
                "op": "replace",
                "path": f"{CONTAINER}/readinessProbe",
                "value": {"tcpSocket": {"port": 8000}},
            },
            id="probe-type",
        ),
    ],
)
async def test_hand_edits_that_force_alone_does_not_heal(kind, manifest, operation):
    cluster = MemoryCluster()
    await cluster.apply(kind, manifest("web", PLACE), manager="gco")
    await edited(cluster, kind, "web", operation)
    with pytest.raises(RejectedError):
        await cluster.apply(kind, manifest("web", PLACE), manager="gco")


async def test_dropping_replicas_that_only_we_own_goes_back_to_the_default():
    cluster = MemoryCluster()
    manifest = deployment("web", PLACE, replicas=3)
    await cluster.apply(DEPLOYMENT, manifest, manager="gco")
    del manifest["spec"]["replicas"]
    applied = await cluster.apply(DEPLOYMENT, manifest, manager="gco")
    assert applied["spec"]["replicas"] == 1


async def test_replicas_that_another_owns_too_are_kept_when_we_drop_them():
    cluster = MemoryCluster()
    manifest = deployment("web", PLACE, replicas=3)
    await cluster.apply(DEPLOYMENT, manifest, manager="gco")
    metadata = {"name": "web", "namespace": PLACE}
    kept = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}
    kept["spec"] = {"replicas": 3}
    await cluster.apply(DEPLOYMENT, kept, manager="gco-replicas", force=False)
    del manifest["spec"]["replicas"]
    applied = await cluster.apply(DEPLOYMENT, manifest, manager="gco")
    assert applied["spec"]["replicas"] == 3


async def test_quantities_are_stored_in_canonical_form():
    cluster = MemoryCluster()
    manifest = deployment("web", PLACE)
    container = manifest["spec"]["template"]["spec"]["containers"][0]
    container["resources"]["requests"] = {"cpu": "1000m", "memory": "4096Mi"}
    applied = await cluster.apply(DEPLOYMENT, manifest, manager="gco")
    (stored,) = applied["spec"]["template"]["spec"]["containers"]
    assert stored["resources"]["requests"] == {"cpu": "1", "memory": "4Gi"}


async def test_nothing_is_made_in_a_namespace_that_is_not_there():
    with pytest.raises(AbsentError, match="nowhere"):
        await MemoryCluster().create(LEASE, lease("a", "nowhere"))


async def test_a_deleted_namespace_empties_itself_takes_nothing_new_and_goes():
    async with world() as (cluster, _):
        await cluster.create(NAMESPACE, {"metadata": {"name": "place"}})
        await cluster.create(LEASE, lease("a", "place"))
        await cluster.create(LEASE, lease("b", "place", finalizers=["gco.io/cleanup"]))
        await cluster.delete(NAMESPACE, None, "place")
        leases = cluster.server.storage.table(LEASE).objects
        await eventually(lambda: ("place", "a") not in leases)
        with pytest.raises(ForbiddenError, match="terminated"):
            await cluster.create(LEASE, lease("c", "place"))
        await edited_in(cluster, "place", "b")
        namespaces = cluster.server.storage.table(NAMESPACE).objects
        await eventually(lambda: ("", "place") not in namespaces)


async def edited_in(cluster, namespace, name):
    release = {"op": "replace", "path": "/metadata/finalizers", "value": []}
    await cluster.patch(LEASE, namespace, name, [release], manager="test")


async def test_a_deleted_definition_waits_for_its_resources_and_is_then_unknown():
    cluster = MemoryCluster()
    definition = widget_definition()
    await cluster.apply(CUSTOM_RESOURCE_DEFINITION, definition, manager="test")
    await cluster.create(WIDGET, widget("free", PLACE))
    await cluster.create(WIDGET, widget("held", PLACE, finalizers=["gco.io/cleanup"]))
    name = definition["metadata"]["name"]
    await cluster.delete(CUSTOM_RESOURCE_DEFINITION, None, name)
    with pytest.raises(AbsentError):
        await cluster.get(WIDGET, PLACE, "free")
    held = await cluster.get(WIDGET, PLACE, "held")
    assert held["metadata"]["deletionTimestamp"]
    with pytest.raises(TransientError):
        await cluster.create(WIDGET, widget("new", PLACE))
    release = {"op": "remove", "path": "/metadata/finalizers"}
    await cluster.patch(WIDGET, PLACE, "held", [release], manager="test")
    with pytest.raises(AbsentError):
        await cluster.get(CUSTOM_RESOURCE_DEFINITION, None, name)
    with pytest.raises(AbsentError):
        await cluster.get(WIDGET, PLACE, "held")
    await cluster.apply(CUSTOM_RESOURCE_DEFINITION, definition, manager="test")
    await cluster.create(WIDGET, widget("again", PLACE))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        pytest.param({"strategy": {"type": "Recreate"}}, None, id="valid"),
        pytest.param(
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
            "maxUnavailable",
            id="no-way-to-roll",
        ),
        pytest.param({"replicas": 1.5}, "replicas", id="float"),
        pytest.param({"selector": {}}, "selector", id="empty-selector"),
    ],
)
async def test_what_a_deployment_may_say(change, named):
    cluster = MemoryCluster()
    manifest = deployment("web", PLACE)
    manifest["spec"] |= change
    if named is None:
        await cluster.apply(DEPLOYMENT, manifest, manager="gco")
        return
    with pytest.raises(RejectedError, match=named):
        await cluster.apply(DEPLOYMENT, manifest, manager="gco")


async def test_dependents_of_a_kind_that_is_not_served_are_left_alone():
    async with world() as (cluster, _):
        owner = {"apiVersion": "absent.gco.io/v1", "kind": "Nothing", "name": "n", "uid": "u"}
        await cluster.create(LEASE, lease("child", PLACE, ownerReferences=[owner]))
        await asyncio.sleep(60)
        assert await cluster.get(LEASE, PLACE, "child")


async def test_a_refused_pod_is_a_condition_and_is_made_once_it_is_allowed():
    async with world() as (cluster, _):

        def quota(kind, _):
            if kind == POD:
                raise ForbiddenError("exceeded quota: gpus")

        allow = cluster.admit(quota)
        await cluster.apply(DEPLOYMENT, deployment("web", PLACE), manager="gco")

        def condition(name):
            live = cluster.server.get(DEPLOYMENT, PLACE, "web")
            conditions = live.get("status", {}).get("conditions", ())
            return next((c for c in conditions if c["type"] == name), None)

        await eventually(lambda: condition("ReplicaFailure"))
        assert condition("ReplicaFailure")["reason"] == "FailedCreate"
        assert "exceeded quota" in condition("ReplicaFailure")["message"]
        allow()
        await eventually(lambda: condition("Available")["status"] == "True")
        assert condition("ReplicaFailure") is None
