"""A GCO whose rendering has changed, on a real control plane: no pod that runs is touched by it.

Other tests' clusters are in memory; here the Deployment controller decides whether a pod goes.
"""

import uuid

import pytest

from gco.clock import SystemClock
from gco.cluster.kubernetes import connect
from gco.controllers.endpoint import EndpointController, templates
from gco.core.model.crd import crd
from gco.core.model.names import SERVICE_ACCOUNT, SYNC_MANAGER
from gco.core.model.regional import Regional
from gco.core.model.status import ConditionType
from gco.core.region.render.template import pod_template
from gco.kinds.registry import (
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    NAMESPACE,
    NODE,
    POD,
)
from tests.builders import WEB, a_custom_resource
from tests.cluster.conftest import SERVICE_ACCOUNT as ACCOUNTS
from tests.cluster.observing import listed
from tests.kubelet import Kubelet, add_node
from tests.waiting import background, eventually

pytestmark = pytest.mark.real

IMAGE = "vllm/vllm-openai:v0.8.4"
GRACE = "terminationGracePeriodSeconds"
OLD_GRACE = 45
"""Seconds that pods had in the version before; none of ours has it."""


def as_the_version_before_rendered(regional, directory=None):
    template = pod_template(regional, directory)
    return {**template, "spec": {**template["spec"], GRACE: OLD_GRACE}}


class Place:
    """A namespace of a real cluster, with one endpoint and whoever acts on it."""

    def __init__(self, cluster, namespace):
        self.cluster = cluster
        self.namespace = namespace

    async def want(self, revision, **spec):
        told = a_custom_resource(revision=revision, image=IMAGE, **spec)
        told["metadata"]["namespace"] = self.namespace
        await self.cluster.apply(INFERENCE_ENDPOINT, told, manager=SYNC_MANAGER)

    async def answered(self, revision):
        async def told():
            found = await self.cluster.get(INFERENCE_ENDPOINT, self.namespace, WEB)
            status = Regional.from_manifest(found).status
            if status is None or status.observed_revision != revision:
                return False
            return status.condition(ConditionType.WORKLOAD_READY).status == "True"

        await eventually(told, within=60, what=f"pods of revision {revision}")

    async def deployment(self):
        return await self.cluster.get(DEPLOYMENT, self.namespace, WEB)

    async def pods(self):
        found = await listed(self.cluster, POD, self.namespace, labels=f"app={WEB}")
        return {pod["metadata"]["uid"] for pod in found.values()}


@pytest.fixture
async def place(control_plane):
    cluster = connect(kubeconfig=control_plane.kubeconfig_path)
    name, node = f"upgrade-{uuid.uuid4().hex[:8]}", f"upgrade-{uuid.uuid4().hex[:8]}"
    await cluster.apply(CUSTOM_RESOURCE_DEFINITION, crd(), manager="kubectl")
    await cluster.create(NAMESPACE, {"metadata": {"name": name}})
    account = {"metadata": {"name": SERVICE_ACCOUNT, "namespace": name}}
    await cluster.create(ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", **account})
    await add_node(cluster, node)
    made = Place(cluster, name)
    try:
        async with background(Kubelet(cluster).run()):
            yield made
    finally:
        await cluster.delete(NODE, None, node)
        await cluster.delete(NAMESPACE, None, name)
        await cluster.close()


def loop(place):
    return EndpointController(place.cluster, [place.namespace], SystemClock())


async def test_an_upgrade_restarts_no_pod_repairs_to_what_was_frozen_and_serves_what_is_next(
    place, monkeypatch
):
    spec = {"resources": {"accelerator": "none"}, "replicas": 2}
    with monkeypatch.context() as before:
        before.setattr(templates, "pod_template", as_the_version_before_rendered)
        async with background(loop(place).run()):
            await place.want(1, **spec)
            await place.answered(1)
    running, applied = await place.pods(), (await place.deployment())["metadata"]["generation"]

    async with background(loop(place).run()):
        await place.want(2, **spec, route={"path": "/elsewhere"})  # it shapes no pod
        await place.answered(2)
        assert await place.pods() == running
        assert (await place.deployment())["metadata"]["generation"] == applied

        edit = [{"op": "replace", "path": f"/spec/template/spec/{GRACE}", "value": 99}]
        await place.cluster.patch(DEPLOYMENT, place.namespace, WEB, edit, manager="kubectl-edit")

        async def repaired():
            template = (await place.deployment())["spec"]["template"]
            return template["spec"][GRACE] == OLD_GRACE

        await eventually(repaired, within=30, what="the frozen template")

        await place.want(3, **spec, env=[{"name": "LEVEL", "value": "debug"}])
        await place.answered(3)
        template = (await place.deployment())["spec"]["template"]
        assert template["spec"][GRACE] != OLD_GRACE

        async def replaced():
            return not running & await place.pods()

        await eventually(replaced, within=30, what="the end of the old pods")
