"""What every cluster keeps: deletion, its preconditions, finalizers and garbage collection."""

import pytest

from gco.cluster.port import EventType
from gco.errors import AbsentError, ClusterConflictError
from gco.kinds.registry import CONTROLLER_REVISION, DEPLOYMENT, LEASE, POD, REPLICA_SET
from tests.cluster.manifests import (
    WIDGET,
    binding,
    controller_revision,
    deployment,
    lease,
    owned_by,
    pod,
    widget,
)
from tests.cluster.observing import absent, events, listed, until, until_gone

pytestmark = pytest.mark.usefixtures("widgets")

FINALIZER = "gco.io/cleanup"
OWNER = CONTROLLER_REVISION
"""Owners are of a built-in kind: the collector learns of a new custom one only after 30 s."""
OTHER_UID = "00000000-0000-4000-8000-000000000000"


async def test_what_is_deleted_is_gone_and_a_second_delete_says_so(cluster, namespace):
    await cluster.create(LEASE, lease("a", namespace))
    await cluster.delete(LEASE, namespace, "a")
    with pytest.raises(AbsentError):
        await cluster.get(LEASE, namespace, "a")
    with pytest.raises(AbsentError):
        await cluster.delete(LEASE, namespace, "a")


async def test_a_recreated_object_has_another_uid(cluster, namespace):
    first = await cluster.create(LEASE, lease("a", namespace))
    await cluster.delete(LEASE, namespace, "a")
    second = await cluster.create(LEASE, lease("a", namespace))
    assert first["metadata"]["uid"] != second["metadata"]["uid"]


async def test_a_delete_meant_for_another_uid_is_a_conflict_and_deletes_nothing(cluster, namespace):
    live = await cluster.create(LEASE, lease("a", namespace))
    with pytest.raises(ClusterConflictError):
        await cluster.delete(LEASE, namespace, "a", uid=OTHER_UID)
    assert await cluster.get(LEASE, namespace, "a") == live
    await cluster.delete(LEASE, namespace, "a", uid=live["metadata"]["uid"])
    assert await absent(cluster, LEASE, namespace, "a")


async def test_a_finalizer_keeps_a_deleted_object_until_it_is_released(cluster, namespace):
    made = await cluster.create(WIDGET, widget("a", namespace, finalizers=[FINALIZER]))
    after = made["metadata"]["resourceVersion"]
    await cluster.delete(WIDGET, namespace, "a", uid=made["metadata"]["uid"])
    leaving = await cluster.get(WIDGET, namespace, "a")
    assert leaving["metadata"]["deletionTimestamp"]
    assert leaving["metadata"]["deletionGracePeriodSeconds"] == 0
    assert leaving["metadata"]["generation"] == 2, "asking to delete counts as a change"

    await cluster.delete(WIDGET, namespace, "a")
    assert await cluster.get(WIDGET, namespace, "a") == leaving, "asked once is asked"

    released = await cluster.patch(
        WIDGET, namespace, "a", [{"op": "remove", "path": "/metadata/finalizers"}], manager="gco"
    )
    assert "finalizers" not in released["metadata"]
    assert await absent(cluster, WIDGET, namespace, "a")
    seen = await events(cluster, WIDGET, namespace, after=after, count=2)
    assert [event.type for event in seen] == [EventType.MODIFIED, EventType.DELETED]


async def test_an_apply_that_drops_our_finalizer_releases_a_deleted_object(cluster, namespace):
    await cluster.apply(WIDGET, widget("a", namespace, finalizers=[FINALIZER]), manager="gco")
    await cluster.delete(WIDGET, namespace, "a")
    await cluster.apply(WIDGET, widget("a", namespace), manager="gco")
    assert await absent(cluster, WIDGET, namespace, "a")


async def test_an_object_on_its_way_out_still_accepts_applies(cluster, namespace):
    await cluster.apply(WIDGET, widget("a", namespace, finalizers=[FINALIZER]), manager="gco")
    await cluster.delete(WIDGET, namespace, "a")
    applied = await cluster.apply(
        WIDGET, widget("a", namespace, size=5, finalizers=[FINALIZER]), manager="gco"
    )
    assert applied["spec"]["size"] == 5
    assert applied["metadata"]["deletionTimestamp"]


async def test_a_dependent_follows_its_owner_in_the_background(cluster, namespace):
    owner = await cluster.create(OWNER, controller_revision("owner", namespace))
    await cluster.create(LEASE, lease("child", namespace, ownerReferences=[owned_by(owner)]))
    await cluster.create(LEASE, lease("stranger", namespace))
    await cluster.delete(OWNER, namespace, "owner")
    assert await absent(cluster, OWNER, namespace, "owner")
    await until_gone(cluster, LEASE, namespace, "child")
    assert not await absent(cluster, LEASE, namespace, "stranger")


async def test_a_dependent_of_a_uid_that_is_not_there_is_collected(cluster, namespace):
    owner = await cluster.create(OWNER, controller_revision("owner", namespace))
    stale = owned_by(owner, uid=OTHER_UID)
    await cluster.create(LEASE, lease("child", namespace, ownerReferences=[stale]))
    await until_gone(cluster, LEASE, namespace, "child")


async def test_an_orphaned_dependent_stays_without_its_owner(cluster, namespace):
    owner = await cluster.create(OWNER, controller_revision("owner", namespace))
    await cluster.create(LEASE, lease("child", namespace, ownerReferences=[owned_by(owner)]))
    await _collector_is_up_to_date(cluster, namespace)
    await cluster.delete(OWNER, namespace, "owner", propagation="Orphan")
    await until_gone(cluster, OWNER, namespace, "owner")
    child = await cluster.get(LEASE, namespace, "child")
    assert not child["metadata"].get("ownerReferences")


async def test_a_foreground_delete_takes_the_dependents_first_finalizer_or_not(cluster, namespace):
    owner = await cluster.create(
        OWNER, controller_revision("owner", namespace, finalizers=[FINALIZER])
    )
    reference = {**owned_by(owner), "blockOwnerDeletion": True}
    await cluster.create(LEASE, lease("child", namespace, ownerReferences=[reference]))
    await _collector_is_up_to_date(cluster, namespace)
    await cluster.delete(OWNER, namespace, "owner", propagation="Foreground")
    await until_gone(cluster, LEASE, namespace, "child")
    leaving = await until(
        cluster,
        OWNER,
        namespace,
        "owner",
        lambda live: live["metadata"]["finalizers"] == [FINALIZER],
    )
    assert leaving["metadata"]["deletionTimestamp"]


async def test_a_deleted_deployment_takes_its_replica_sets_and_pods_along(cluster, namespace):
    await cluster.apply(DEPLOYMENT, deployment("web", namespace, replicas=2), manager="gco")
    await until(cluster, DEPLOYMENT, namespace, "web", lambda live: _status(live, "replicas") == 2)
    (replica_set,) = (await listed(cluster, REPLICA_SET, namespace)).values()
    assert replica_set["metadata"]["ownerReferences"][0]["kind"] == "Deployment"
    pods = await listed(cluster, POD, namespace, labels="app=web")
    assert len(pods) == 2
    await cluster.delete(DEPLOYMENT, namespace, "web")
    for name in pods:
        await until_gone(cluster, POD, namespace, name)
    await until_gone(cluster, REPLICA_SET, namespace, replica_set["metadata"]["name"])


async def test_a_pod_on_a_node_goes_when_its_node_says_so(cluster, namespace):
    """Grace is the kubelet's: the object stays with a deletionTimestamp until grace 0."""
    await cluster.create(POD, pod("a", namespace))
    await cluster.create(POD, binding("a", namespace), subresource="binding")
    await cluster.delete(POD, namespace, "a")
    leaving = await cluster.get(POD, namespace, "a")
    assert leaving["metadata"]["deletionGracePeriodSeconds"] == 30
    await cluster.delete(POD, namespace, "a", grace_seconds=0)
    assert await absent(cluster, POD, namespace, "a")


async def test_a_pod_on_no_node_goes_at_once(cluster, namespace):
    await cluster.create(POD, pod("a", namespace))
    await cluster.delete(POD, namespace, "a")
    assert await absent(cluster, POD, namespace, "a")


def _status(live, field):
    return live.get("status", {}).get(field)


async def _collector_is_up_to_date(cluster, namespace):
    """It knows every Lease made so far: it hears of them in order, and has acted on a later one.

    To orphan, or to delete in the foreground, is decided on the dependents that it knows of.
    """
    owner = await cluster.create(OWNER, controller_revision("probe", namespace))
    stale = owned_by(owner, uid=OTHER_UID)
    await cluster.create(LEASE, lease("probe", namespace, ownerReferences=[stale]))
    await until_gone(cluster, LEASE, namespace, "probe")
