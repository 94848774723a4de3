"""What every cluster keeps: server-side apply, its field ownership and its strictness."""

import asyncio
import copy
import json
from pathlib import Path

import pytest

from gco.errors import AbsentError, ClusterConflictError, RejectedError
from gco.kinds.registry import CONTROLLER_REVISION, DEPLOYMENT, INGRESS, LEASE, SERVICE
from tests.cluster.manifests import (
    UNINSTALLED,
    WIDGET,
    controller_revision,
    deployment,
    ingress,
    lease,
    service,
    widget,
)
from tests.cluster.observing import WITHIN, absent, entry

pytestmark = pytest.mark.usefixtures("widgets")

FIELDS = json.loads((Path(__file__).parent / "golden" / "managed_fields.json").read_text())
"""What the API server records as owned after an apply of each builder's manifest, by kind."""
OURS = [
    pytest.param(DEPLOYMENT, deployment, id="Deployment"),
    pytest.param(SERVICE, service, id="Service"),
    pytest.param(INGRESS, ingress, id="Ingress"),
    pytest.param(CONTROLLER_REVISION, controller_revision, id="ControllerRevision"),
    pytest.param(LEASE, lease, id="Lease"),
    pytest.param(WIDGET, widget, id="custom-resource"),
]
QUIET = [each for each in OURS if each.id != "Deployment"]
"""Kinds that no controller writes to."""


@pytest.mark.parametrize(("kind", "manifest"), OURS)
async def test_apply_creates_what_is_absent_and_owns_what_it_says(
    cluster, namespace, kind, manifest
):
    applied = await cluster.apply(kind, manifest("web", namespace), manager="gco")
    assert applied["metadata"]["uid"]
    (ours,) = applied["metadata"]["managedFields"]
    assert ours.pop("time")
    assert ours == {
        "manager": "gco",
        "operation": "Apply",
        "apiVersion": kind.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": FIELDS[kind.name],
    }


@pytest.mark.parametrize(("kind", "manifest"), QUIET)
async def test_the_same_apply_again_changes_nothing_at_all(cluster, namespace, kind, manifest):
    first = await cluster.apply(kind, manifest("web", namespace), manager="gco")
    assert await cluster.apply(kind, manifest("web", namespace), manager="gco") == first


async def test_the_same_apply_of_a_deployment_changes_nothing_once_its_controller_is_done(
    cluster, namespace
):
    manifest = deployment("web", namespace, replicas=0)
    async with asyncio.timeout(WITHIN):
        before = await cluster.apply(DEPLOYMENT, manifest, manager="gco")
        while (after := await cluster.apply(DEPLOYMENT, manifest, manager="gco")) != before:
            before = after
    assert after["metadata"]["generation"] == 1


async def test_a_changed_apply_changes_the_object_and_moves_its_version(cluster, namespace):
    first = await cluster.apply(SERVICE, service("web", namespace), manager="gco")
    second = await cluster.apply(SERVICE, service("web", namespace, port=81), manager="gco")
    assert second["spec"]["ports"][0]["port"] == 81
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert int(second["metadata"]["resourceVersion"]) > int(first["metadata"]["resourceVersion"])


async def test_a_field_that_is_no_longer_applied_is_removed_and_others_fields_stay(
    cluster, namespace
):
    ours = lease("a", namespace, labels={"one": "1", "two": "2"})
    await cluster.apply(LEASE, ours, manager="gco")
    theirs = {
        **{key: ours[key] for key in ("apiVersion", "kind")},
        "metadata": {"name": "a", "namespace": namespace, "labels": {"three": "3"}},
    }
    await cluster.apply(LEASE, theirs, manager="someone")
    del ours["metadata"]["labels"]["two"]
    del ours["spec"]["renewTime"]
    applied = await cluster.apply(LEASE, ours, manager="gco")
    assert applied["metadata"]["labels"] == {"one": "1", "three": "3"}
    assert applied["spec"] == {"holderIdentity": "a", "leaseDurationSeconds": 15}


async def test_items_of_a_keyed_list_are_owned_and_removed_one_by_one(cluster, namespace):
    await cluster.apply(WIDGET, widget("a", namespace), manager="gco")
    theirs = widget("a", namespace)
    theirs["spec"] = {"ports": [{"name": "metrics", "port": 9000}]}
    both = await cluster.apply(WIDGET, theirs, manager="someone")
    assert [port["name"] for port in both["spec"]["ports"]] == ["http", "metrics"]
    ours = widget("a", namespace)
    ours["spec"]["ports"] = [{"name": "grpc", "port": 81}]
    applied = await cluster.apply(WIDGET, ours, manager="gco")
    assert {port["name"] for port in applied["spec"]["ports"]} == {"metrics", "grpc"}


async def test_without_force_another_managers_value_is_a_conflict_that_names_it(cluster, namespace):
    await cluster.apply(LEASE, lease("a", namespace, holder="a"), manager="someone")
    with pytest.raises(ClusterConflictError, match="someone"):
        await cluster.apply(LEASE, lease("a", namespace, holder="b"), manager="gco", force=False)
    assert (await cluster.get(LEASE, namespace, "a"))["spec"]["holderIdentity"] == "a"


async def test_force_takes_the_field_and_only_that_field(cluster, namespace):
    await cluster.apply(LEASE, lease("a", namespace, holder="a"), manager="someone")
    taken = await cluster.apply(LEASE, lease("a", namespace, holder="b"), manager="gco")
    assert taken["spec"]["holderIdentity"] == "b"
    assert entry(taken, "gco") == FIELDS["Lease"]
    assert entry(taken, "someone")["f:spec"].keys() == {"f:leaseDurationSeconds", "f:renewTime"}


async def test_equal_values_are_owned_by_both_without_force(cluster, namespace):
    await cluster.apply(LEASE, lease("a", namespace), manager="someone")
    shared = await cluster.apply(LEASE, lease("a", namespace), manager="gco", force=False)
    assert entry(shared, "gco") == entry(shared, "someone") == FIELDS["Lease"]


async def test_a_field_changed_by_hand_leaves_our_entry_and_the_writer_is_named(cluster, namespace):
    await cluster.apply(SERVICE, service("web", namespace), manager="gco")
    path = "/spec/selector/app"
    edited = await cluster.patch(
        SERVICE,
        namespace,
        "web",
        [{"op": "replace", "path": path, "value": "other"}],
        manager="kubectl-edit",
    )
    assert entry(edited, "kubectl-edit", "Update") == {"f:spec": {"f:selector": {}}}
    assert "f:selector" not in entry(edited, "gco")["f:spec"]


async def test_a_field_removed_by_hand_leaves_our_entry_and_nobody_is_named(cluster, namespace):
    await cluster.apply(LEASE, lease("a", namespace), manager="gco")
    edited = await cluster.patch(
        LEASE,
        namespace,
        "a",
        [{"op": "remove", "path": "/spec/renewTime"}],
        manager="kubectl-edit",
    )
    assert "f:renewTime" not in entry(edited, "gco")["f:spec"]
    assert entry(edited, "kubectl-edit", "Update") == {}


async def test_an_apply_with_the_live_uid_is_accepted(cluster, namespace):
    first = await cluster.apply(LEASE, lease("a", namespace), manager="gco")
    again = lease("a", namespace, holder="b", uid=first["metadata"]["uid"])
    assert (await cluster.apply(LEASE, again, manager="gco"))["spec"]["holderIdentity"] == "b"


@pytest.mark.parametrize("recreated", [True, False], ids=["recreated", "gone"])
@pytest.mark.parametrize(("kind", "manifest"), OURS)
async def test_an_apply_with_the_uid_of_a_deleted_object_is_a_conflict_not_a_resurrection(
    cluster, namespace, *, kind, manifest, recreated
):
    """The API server says 409 where the name is free, and 422 where it has another uid."""
    if recreated:
        await cluster.create(kind, manifest("web", namespace))
    stale = manifest("web", namespace, uid="00000000-0000-4000-8000-000000000000")
    with pytest.raises(ClusterConflictError):
        await cluster.apply(kind, stale, manager="gco")
    assert recreated or await absent(cluster, kind, namespace, "web")


async def test_an_apply_of_an_unknown_kind_is_absent(cluster, namespace):
    manifest = {
        "apiVersion": UNINSTALLED.api_version,
        "kind": UNINSTALLED.name,
        "metadata": {"name": "a", "namespace": namespace},
    }
    with pytest.raises(AbsentError):
        await cluster.apply(UNINSTALLED, manifest, manager="gco")


def _with(manifest, path, value):
    changed = copy.deepcopy(manifest)
    *parents, last = path
    at = changed
    for step in parents:
        at = at[step]
    at[last] = value
    return changed


CONTAINER = ("spec", "template", "spec", "containers", 0)


@pytest.mark.parametrize(
    ("kind", "manifest", "path", "named"),
    [
        pytest.param(DEPLOYMENT, deployment, ("spec", "replica"), "replica", id="spec"),
        pytest.param(DEPLOYMENT, deployment, (*CONTAINER, "imagee"), "imagee", id="container"),
        pytest.param(SERVICE, service, ("spec", "ports", 0, "prt"), "prt", id="list-item"),
        pytest.param(LEASE, lease, ("metadata", "lables"), "lables", id="metadata"),
        pytest.param(LEASE, lease, ("sepc",), "sepc", id="top"),
        pytest.param(WIDGET, widget, ("spec", "sze"), "sze", id="custom-resource"),
    ],
)
@pytest.mark.parametrize("verb", ["apply", "create"])
async def test_an_unknown_field_is_rejected_by_name(
    cluster, namespace, *, kind, manifest, path, named, verb
):
    wrong = _with(manifest("web", namespace), path, "x")
    send = cluster.apply(kind, wrong, manager="gco") if verb == "apply" else None
    with pytest.raises(RejectedError, match=named):
        await (send or cluster.create(kind, wrong))


@pytest.mark.parametrize(
    ("kind", "manifest", "path", "value"),
    [
        pytest.param(DEPLOYMENT, deployment, ("spec", "replicas"), "two", id="type"),
        pytest.param(DEPLOYMENT, deployment, ("spec", "replicas"), -1, id="range"),
        pytest.param(
            DEPLOYMENT,
            deployment,
            ("spec", "selector"),
            {"matchLabels": {"app": "other"}},
            id="selector-of-other-pods",
        ),
        pytest.param(DEPLOYMENT, deployment, ("metadata", "name"), "UPPER", id="name"),
        pytest.param(WIDGET, widget, ("spec", "size"), "big", id="custom-resource-type"),
    ],
)
async def test_an_invalid_value_is_rejected_and_nothing_is_made(
    cluster, namespace, *, kind, manifest, path, value
):
    wrong = _with(manifest("web", namespace), path, value)
    with pytest.raises(RejectedError):
        await cluster.apply(kind, wrong, manager="gco")
    with pytest.raises(AbsentError):
        await cluster.get(kind, namespace, "web")


@pytest.mark.parametrize(
    ("kind", "manifest", "path", "value"),
    [
        pytest.param(
            DEPLOYMENT,
            lambda name, namespace: _relabelled(deployment(name, namespace)),
            ("spec", "selector"),
            {"matchLabels": {"tier": "front"}},
            id="selector-of-a-deployment",
        ),
        pytest.param(
            CONTROLLER_REVISION,
            controller_revision,
            ("data",),
            {"spec": {}},
            id="data-of-a-controller-revision",
        ),
    ],
)
async def test_a_change_of_what_is_immutable_is_rejected(
    cluster, namespace, *, kind, manifest, path, value
):
    first = manifest("web", namespace)
    await cluster.apply(kind, first, manager="gco")
    with pytest.raises(RejectedError, match="immutable"):
        await cluster.apply(kind, _with(first, path, value), manager="gco")


def _relabelled(manifest):
    manifest["spec"]["template"]["metadata"]["labels"]["tier"] = "front"
    return manifest


async def test_ports_get_their_default_protocol(cluster, namespace):
    made = await cluster.apply(SERVICE, service("web", namespace), manager="gco")
    assert made["spec"]["ports"][0]["protocol"] == "TCP"
    made = await cluster.apply(DEPLOYMENT, deployment("web", namespace), manager="gco")
    (container,) = made["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"name": "http", "containerPort": 8000, "protocol": "TCP"}]


async def test_what_others_hold_is_taken_back_by_moving_their_entry(cluster, namespace):
    """The repair of what force alone does not heal: managedFields themselves are patched."""
    ours = deployment("web", namespace, replicas=0)
    await cluster.apply(DEPLOYMENT, ours, manager="gco")
    added = {"name": "DEBUG", "value": "1"}
    edited = await cluster.patch(
        DEPLOYMENT,
        namespace,
        "web",
        [{"op": "add", "path": f"/{'/'.join(map(str, CONTAINER))}/env/-", "value": added}],
        manager="kubectl-edit",
    )
    assert entry(edited, "kubectl-edit", "Update")
    await _move_entry(cluster, namespace, "kubectl-edit")
    healed = await cluster.apply(DEPLOYMENT, ours, manager="gco")
    (container,) = healed["spec"]["template"]["spec"]["containers"]
    assert container["env"] == [{"name": "MODE", "value": "fast"}]
    assert not entry(healed, "kubectl-edit", "Update")
    assert entry(healed, "gco") == FIELDS["Deployment"]


async def _move_entry(cluster, namespace, manager):
    """Give `manager`'s env fields to our entry, and drop its own."""
    async with asyncio.timeout(WITHIN):
        while True:
            live = await cluster.get(DEPLOYMENT, namespace, "web")
            env = 'k:{"name":"DEBUG"}'
            entries = [
                each for each in live["metadata"]["managedFields"] if each["manager"] != manager
            ]
            (ours,) = (each for each in entries if each["manager"] == "gco")
            pod = ours["fieldsV1"]["f:spec"]["f:template"]["f:spec"]
            pod["f:containers"]['k:{"name":"inference"}']["f:env"][env] = {
                ".": {},
                "f:name": {},
                "f:value": {},
            }
            guard = {
                "op": "replace",
                "path": "/metadata/resourceVersion",
                "value": live["metadata"]["resourceVersion"],
            }
            move = {"op": "replace", "path": "/metadata/managedFields", "value": entries}
            try:
                return await cluster.patch(
                    DEPLOYMENT, namespace, "web", [guard, move], manager="gco"
                )
            except ClusterConflictError:
                continue  # its controller wrote in between
