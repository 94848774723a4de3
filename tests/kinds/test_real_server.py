"""The shipped table and the field sets computed from it, held to a real API server."""

import copy
import json
from importlib import resources

import pytest

from gco.cluster.kubernetes import connect
from gco.kinds.differences import differences
from gco.kinds.fieldset import fieldset, owned_fields
from gco.kinds.openapi import table_from_openapi
from gco.kinds.ownership import expected_owned_hash, owned_hash
from gco.kinds.registry import DEPLOYMENT, KINDS
from tests.kinds.manifests import DEPLOYMENT as RENDERED

pytestmark = pytest.mark.real

DOCUMENTS = (
    "api/v1",
    "apis/apiextensions.k8s.io/v1",
    "apis/apps/v1",
    "apis/autoscaling/v2",
    "apis/batch/v1",
    "apis/coordination.k8s.io/v1",
    "apis/events.k8s.io/v1",
    "apis/gateway.networking.k8s.io/v1",
    "apis/karpenter.sh/v1",
    "apis/keda.sh/v1alpha1",
    "apis/networking.k8s.io/v1",
    "apis/policy/v1",
)


def test_the_table_is_what_the_api_server_serves(control_plane):
    documents = [
        json.loads(control_plane.kubectl("get", "--raw", f"/openapi/v3/{path}"))
        for path in DOCUMENTS
    ]
    shipped = json.loads((resources.files("gco.kinds") / "schema.json").read_text())
    made = table_from_openapi(documents, KINDS)
    assert {name: shipped[name] for name in made} == made


@pytest.fixture
async def cluster(control_plane):
    real = connect(kubeconfig=control_plane.kubeconfig_path)
    yield real
    await real.close()


async def test_a_rich_deployment_is_owned_as_computed_and_reads_as_in_sync(cluster):
    manifest = copy.deepcopy(RENDERED)
    manifest["metadata"] |= {"name": "kinds-rich", "namespace": "default"}
    manifest["spec"]["replicas"] = 0
    try:
        applied = await cluster.apply(DEPLOYMENT, manifest, manager="gco")
        assert owned_fields(applied, "gco") == fieldset(manifest)
        assert owned_hash(applied, "gco") == expected_owned_hash(manifest)
        assert differences(manifest, applied, "gco") == ()
        path = "/spec/template/spec/containers/0/resources/limits/cpu"
        edit = {"op": "replace", "path": path, "value": "2"}
        edited = await cluster.patch(
            DEPLOYMENT, "default", "kinds-rich", [edit], manager="kubectl-edit"
        )
        (found,) = differences(manifest, edited, "gco")
        assert found.path == "spec.template.spec.containers[inference].resources.limits.cpu"
        assert found.manager == "kubectl-edit"
    finally:
        await cluster.delete(DEPLOYMENT, "default", "kinds-rich")
