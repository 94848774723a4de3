"""What a real API server answers to requests that cannot be, through the whole transport."""

import contextlib
import itertools

import pytest

from gco.cluster.kubernetes import connect
from gco.cluster.kubernetes.client import PAGE_SIZE
from gco.cluster.port import LogOptions
from gco.errors import AbsentError, ForbiddenError, RejectedError, TransientError
from gco.kinds.registry import CONTROLLER_REVISION, DEPLOYMENT, LEASE, POD, Kind
from tests.cluster.manifests import controller_revision, deployment, lease, pod
from tests.waiting import eventually

pytestmark = [pytest.mark.real]

QUOTA = Kind("", "v1", "ResourceQuota", "resourcequotas")


@pytest.fixture
def implementation():
    return "real"


async def test_an_object_of_a_megabyte_is_taken_and_a_larger_one_rejected(cluster, namespace):
    fits = {**controller_revision("fits", namespace), "data": {"text": "x" * 1_000_000}}
    await cluster.apply(CONTROLLER_REVISION, fits, manager="gco")
    large = {**controller_revision("large", namespace), "data": {"text": "x" * 1_600_000}}
    with pytest.raises(RejectedError):
        await cluster.apply(CONTROLLER_REVISION, large, manager="gco")


async def test_a_duplicate_key_of_a_list_is_rejected(cluster, namespace):
    twice = deployment("web", namespace)
    env = twice["spec"]["template"]["spec"]["containers"][0]["env"]
    env.append(env[0])
    with pytest.raises(RejectedError, match="duplicate"):
        await cluster.apply(DEPLOYMENT, twice, manager="gco")


async def test_a_namespace_that_is_not_there_is_absent(cluster):
    with pytest.raises(AbsentError, match="nowhere"):
        await cluster.apply(LEASE, lease("a", "nowhere"), manager="gco")


async def test_an_exhausted_quota_is_a_rejection_not_a_missing_permission(cluster, namespace):
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none", "namespace": namespace},
        "spec": {"hard": {"pods": "0"}},
    }
    await cluster.apply(QUOTA, quota, manager="test")
    number = itertools.count()

    async def refused() -> str:
        """What a further pod is answered; the server's own view of quotas is late by a moment."""
        try:
            await cluster.create(POD, pod(f"a-{next(number)}", namespace))
        except RejectedError as error:
            return str(error)
        return ""

    assert "quota" in await eventually(refused)


async def test_a_pod_that_has_no_node_yet_has_said_nothing(cluster, namespace):
    await cluster.create(POD, pod("a", namespace))
    wanted = LogOptions("inference", 5)
    assert [line async for line in cluster.log_lines(namespace, "a", wanted)] == []
    with pytest.raises(AbsentError):
        await anext(cluster.log_lines(namespace, "b", wanted))


async def test_a_token_that_nobody_issued_is_refused(control_plane, tmp_path):
    config = control_plane.write_kubeconfig(tmp_path / "config", token="stolen")  # noqa: S106
    async with contextlib.aclosing(connect(config)) as stranger:
        with pytest.raises(ForbiddenError, match="HTTP 401"):
            await stranger.get(LEASE, "default", "a")


async def test_an_account_without_the_permission_is_told_which_one(
    control_plane, namespace, tmp_path
):
    token = control_plane.service_account_token("default", namespace=namespace)
    config = control_plane.write_kubeconfig(tmp_path / "config", token=token)
    async with contextlib.aclosing(connect(config)) as account:
        with pytest.raises(ForbiddenError, match='cannot get resource "leases"'):
            await account.get(LEASE, namespace, "a")
        with pytest.raises(ForbiddenError, match='cannot watch resource "leases"'):
            await anext(account.watch(LEASE, namespace, after="1"))


async def test_without_its_authority_the_server_is_not_trusted(control_plane, tmp_path):
    config = tmp_path / "config"
    told = control_plane.kubeconfig_path.read_text()
    config.write_text(told.replace("certificate-authority", "ignored"))
    async with contextlib.aclosing(connect(config)) as cluster:
        with pytest.raises(TransientError, match="did not prove who it is"):
            await cluster.get(LEASE, "default", "a")


async def test_the_audit_log_names_the_program(control_plane, namespace):
    mark = control_plane.audit_log.mark()
    cluster = connect(control_plane.kubeconfig_path, user_agent="gco-contract/1.0 (test)")
    async with contextlib.aclosing(cluster):
        async for _ in cluster.list(LEASE, namespace):
            pass
    (request,) = [
        each
        for each in control_plane.audit_log.requests(since=mark)
        if each.user_agent.startswith("gco-contract/1.0")
    ]
    assert (request.verb, request.resource) == ("list", "leases")
    assert f"limit={PAGE_SIZE}" in request.uri
