"""What every cluster keeps: create, replace, JSON patch, generations, status and scale."""

import pytest

from gco.errors import AbsentError, ClusterConflictError, RejectedError
from gco.kinds.registry import DEPLOYMENT, INGRESS, LEASE, POD
from tests.cluster.manifests import WIDGET, binding, deployment, ingress, lease, pod, widget
from tests.cluster.observing import entry

pytestmark = pytest.mark.usefixtures("widgets")

SCALE = {"apiVersion": "autoscaling/v1", "kind": "Scale"}


async def test_create_of_a_taken_name_is_a_conflict(cluster, namespace):
    await cluster.create(LEASE, lease("a", namespace))
    with pytest.raises(ClusterConflictError):
        await cluster.create(LEASE, lease("a", namespace, holder="b"))


async def test_generate_name_makes_a_new_name_each_time(cluster, namespace):
    manifest = lease("", namespace, generateName="web-")
    del manifest["metadata"]["name"]
    first = await cluster.create(LEASE, manifest)
    second = await cluster.create(LEASE, manifest)
    names = {made["metadata"]["name"] for made in (first, second)}
    assert len(names) == 2
    assert all(name.startswith("web-") and len(name) == 9 for name in names)


async def test_replace_with_the_live_version_replaces_the_whole(cluster, namespace):
    live = await cluster.create(LEASE, lease("a", namespace, labels={"x": "y"}))
    del live["metadata"]["labels"], live["spec"]["renewTime"]
    replaced = await cluster.replace(LEASE, live)
    assert "labels" not in replaced["metadata"]
    assert replaced["spec"] == {"holderIdentity": "a", "leaseDurationSeconds": 15}
    assert replaced["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]


async def test_replace_with_a_stale_version_is_a_conflict_and_changes_nothing(cluster, namespace):
    stale = await cluster.create(LEASE, lease("a", namespace))
    await cluster.apply(LEASE, lease("a", namespace, holder="b"), manager="gco")
    with pytest.raises(ClusterConflictError):
        await cluster.replace(LEASE, stale)
    assert (await cluster.get(LEASE, namespace, "a"))["spec"]["holderIdentity"] == "b"


async def test_replace_of_what_was_deleted_never_resurrects_it(cluster, namespace):
    stale = await cluster.create(LEASE, lease("a", namespace))
    await cluster.delete(LEASE, namespace, "a")
    with pytest.raises((ClusterConflictError, AbsentError)):
        await cluster.replace(LEASE, stale)
    with pytest.raises(AbsentError):
        await cluster.get(LEASE, namespace, "a")


async def test_replace_with_what_is_there_changes_nothing(cluster, namespace):
    live = await cluster.create(LEASE, lease("a", namespace))
    assert await cluster.replace(LEASE, live) == live


async def test_a_json_patch_with_the_live_version_is_applied(cluster, namespace):
    live = await cluster.create(LEASE, lease("a", namespace))
    patched = await cluster.patch(
        LEASE,
        namespace,
        "a",
        [
            _guard(live),
            {"op": "test", "path": "/spec/holderIdentity", "value": "a"},
            {"op": "replace", "path": "/spec/holderIdentity", "value": "b"},
            {"op": "add", "path": "/metadata/annotations", "value": {"gco.io/a": "1"}},
            {"op": "remove", "path": "/spec/renewTime"},
        ],
        manager="patcher",
    )
    assert patched["spec"] == {"holderIdentity": "b", "leaseDurationSeconds": 15}
    assert patched["metadata"]["annotations"] == {"gco.io/a": "1"}
    assert entry(patched, "patcher", "Update") == {
        "f:metadata": {"f:annotations": {".": {}, "f:gco.io/a": {}}},
        "f:spec": {"f:holderIdentity": {}},
    }


async def test_a_json_patch_with_a_stale_version_is_a_conflict(cluster, namespace):
    stale = await cluster.create(LEASE, lease("a", namespace))
    await cluster.apply(LEASE, lease("a", namespace, holder="b"), manager="gco")
    operations = [_guard(stale), {"op": "replace", "path": "/spec/holderIdentity", "value": "c"}]
    with pytest.raises(ClusterConflictError):
        await cluster.patch(LEASE, namespace, "a", operations, manager="gco")


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param({"op": "test", "path": "/spec/holderIdentity", "value": "z"}, id="test-fails"),
        pytest.param({"op": "remove", "path": "/spec/nothing"}, id="no-such-path"),
    ],
)
async def test_a_json_patch_that_does_not_fit_is_rejected(cluster, namespace, operation):
    await cluster.create(LEASE, lease("a", namespace))
    with pytest.raises(RejectedError):
        await cluster.patch(LEASE, namespace, "a", [operation], manager="gco")


async def test_a_json_patch_of_what_is_absent_says_so(cluster, namespace):
    operations = [{"op": "remove", "path": "/spec/renewTime"}]
    with pytest.raises(AbsentError):
        await cluster.patch(LEASE, namespace, "a", operations, manager="gco")


@pytest.mark.parametrize(
    ("kind", "manifest", "change"),
    [
        pytest.param(
            DEPLOYMENT,
            deployment,
            {"op": "replace", "path": "/spec/replicas", "value": 0},
            id="Deployment",
        ),
        pytest.param(
            INGRESS,
            ingress,
            {"op": "replace", "path": "/spec/ingressClassName", "value": "nginx"},
            id="Ingress",
        ),
        pytest.param(
            WIDGET,
            widget,
            {"op": "replace", "path": "/spec/size", "value": 2},
            id="custom-resource",
        ),
    ],
)
async def test_the_generation_counts_changes_of_the_spec_alone(
    cluster, namespace, kind, manifest, change
):
    async def patched(operation):
        made = await cluster.patch(kind, namespace, "web", [operation], manager="gco")
        return made["metadata"]["generation"]

    made = await cluster.apply(kind, manifest("web", namespace), manager="gco")
    assert made["metadata"]["generation"] == 1
    label = {"op": "add", "path": "/metadata/labels", "value": {"x": "y"}}
    assert await patched(label) == 1
    assert await patched(change) == 2
    assert await patched(change) == 2


async def test_the_status_is_written_only_through_its_subresource(cluster, namespace):
    with_status = {**widget("a", namespace), "status": {"state": "claimed"}}
    made = await cluster.create(WIDGET, with_status)
    assert "status" not in made

    status = {
        "apiVersion": WIDGET.api_version,
        "kind": WIDGET.name,
        "metadata": {"name": "a", "namespace": namespace},
        "status": {"state": "running", "replicas": 1},
    }
    written = await cluster.apply(WIDGET, status, manager="gco-status", subresource="status")
    assert written["status"] == {"state": "running", "replicas": 1}
    assert written["metadata"]["generation"] == 1
    assert written["spec"] == made["spec"]
    assert entry(written, "gco-status", "Apply", "status") == {
        "f:status": {"f:replicas": {}, "f:state": {}}
    }
    again = await cluster.apply(WIDGET, status, manager="gco-status", subresource="status")
    assert again == written


async def test_a_write_of_the_object_leaves_the_status_and_the_reverse(cluster, namespace):
    live = await cluster.create(WIDGET, widget("a", namespace))
    live["status"] = {"state": "running"}
    live["spec"]["size"] = 7
    live = await cluster.replace(WIDGET, live, subresource="status")
    assert (live["spec"]["size"], live["status"]) == (1, {"state": "running"})
    live["status"] = {"state": "gone"}
    live["spec"]["size"] = 7
    live = await cluster.replace(WIDGET, live)
    assert (live["spec"]["size"], live["status"]) == (7, {"state": "running"})


async def test_the_scale_subresource_sets_replicas_and_their_owner(cluster, namespace):
    await cluster.apply(DEPLOYMENT, deployment("web", namespace, replicas=0), manager="gco")
    scale = await cluster.patch(
        DEPLOYMENT,
        namespace,
        "web",
        [{"op": "replace", "path": "/spec/replicas", "value": 1}],
        manager="scaler",
        subresource="scale",
    )
    assert (scale["kind"], scale["spec"]) == ("Scale", {"replicas": 1})
    assert scale["status"]["selector"] == "app=web"
    live = await cluster.get(DEPLOYMENT, namespace, "web")
    assert live["spec"]["replicas"] == 1
    assert live["metadata"]["generation"] == 2
    assert entry(live, "scaler", "Update", "scale") == {"f:spec": {"f:replicas": {}}}
    assert "f:replicas" not in entry(live, "gco")["f:spec"]


async def test_a_scale_to_the_value_that_is_there_takes_nothing(cluster, namespace):
    await cluster.apply(DEPLOYMENT, deployment("web", namespace, replicas=0), manager="gco")
    await cluster.patch(
        DEPLOYMENT,
        namespace,
        "web",
        [{"op": "replace", "path": "/spec/replicas", "value": 0}],
        manager="scaler",
        subresource="scale",
    )
    live = await cluster.get(DEPLOYMENT, namespace, "web")
    assert live["metadata"]["generation"] == 1
    assert "f:replicas" in entry(live, "gco")["f:spec"]


async def test_a_binding_puts_a_pod_on_a_node_once(cluster, namespace):
    await cluster.create(POD, pod("a", namespace))
    await cluster.create(POD, binding("a", namespace), subresource="binding")
    live = await cluster.get(POD, namespace, "a")
    assert live["spec"]["nodeName"] == namespace
    (scheduled,) = (c for c in live["status"]["conditions"] if c["type"] == "PodScheduled")
    assert scheduled["status"] == "True"
    with pytest.raises(ClusterConflictError):
        await cluster.create(POD, binding("a", namespace), subresource="binding")


def _guard(live):
    version = live["metadata"]["resourceVersion"]
    return {"op": "replace", "path": "/metadata/resourceVersion", "value": version}
