"""An object that another client made becomes ours without a change, on every cluster."""

import contextlib

import pytest

from gco.core.model.names import MANAGER
from gco.core.region.adoption import moved_from_maker
from gco.core.region.freeze import freeze, live_template
from gco.core.region.render.alb import ALB
from gco.core.region.render.deployment import deployment
from gco.core.region.render.route import routes
from gco.core.region.render.service import service
from gco.errors import ClusterConflictError
from gco.kinds.ownership import owned_hash
from gco.kinds.registry import DEPLOYMENT, INGRESS, SERVICE
from tests import originals
from tests.builders import WEB, a_regional


async def take(cluster, kind, namespace, rendered):
    """Do what the endpoint loop does to take one object over; return what it became."""
    name = rendered.manifest["metadata"]["name"]
    while True:
        live = await cluster.get(kind, namespace, name)
        operations = moved_from_maker(live, rendered.manifest)
        if operations is None:
            break
        with contextlib.suppress(ClusterConflictError):  # its controllers write at the same time
            await cluster.patch(kind, namespace, name, operations, manager=MANAGER)
    meta = {**rendered.manifest["metadata"], "uid": live["metadata"]["uid"]}
    return await cluster.apply(kind, {**rendered.manifest, "metadata": meta}, manager=MANAGER)


def managers(found):
    entries = found["metadata"]["managedFields"]
    return {e["manager"] for e in entries if "f:spec" in e["fieldsV1"] and "subresource" not in e}


def placed(manifest, namespace):
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}


@pytest.fixture
def regional(namespace):
    return a_regional(adopts=True, replicas=3).model_copy(update={"namespace": namespace})


async def test_a_deployment_is_taken_over_without_a_new_generation(cluster, namespace, regional):
    told = originals.deployment(WEB, replicas=3, env={"A": "1", "EMPTY": ""})
    made = await cluster.create(DEPLOYMENT, placed(told, namespace))
    template = freeze(WEB, regional.spec.template_key, 1, live_template(made), adopted=True)
    rendered = deployment(regional, template, 3)

    became = await take(cluster, DEPLOYMENT, namespace, rendered)

    assert became["spec"]["template"] == made["spec"]["template"]
    assert managers(became) == {MANAGER}
    assert owned_hash(became, MANAGER) == rendered.owned_hash

    body = {**template.body, "spec": {**template.body["spec"]}}
    body["spec"]["containers"] = [{**c, "env": []} for c in body["spec"]["containers"]]
    for container in body["spec"]["containers"]:
        del container["env"]
    without = deployment(regional, freeze(WEB, template.key, 2, body), 3)
    after = await cluster.apply(DEPLOYMENT, without.manifest, manager=MANAGER)
    assert "env" not in after["spec"]["template"]["spec"]["containers"][0]


async def test_a_count_that_an_autoscaler_owns_survives(cluster, namespace, regional):
    made = await cluster.create(
        DEPLOYMENT, placed(originals.deployment(WEB, replicas=3), namespace)
    )
    template = freeze(WEB, regional.spec.template_key, 1, live_template(made), adopted=True)
    stated = deployment(regional, template, 1)
    spec = {k: v for k, v in stated.manifest["spec"].items() if k != "replicas"}
    unstated = type(stated)({**stated.manifest, "spec": spec}, "", "")

    became = await take(cluster, DEPLOYMENT, namespace, unstated)

    assert became["spec"]["replicas"] == 3
    assert managers(became) == {MANAGER, *managers(made)}


async def test_a_service_keeps_its_address_and_its_port(cluster, namespace, regional):
    made = await cluster.create(SERVICE, placed(originals.service(WEB), namespace))
    body = originals.deployment(WEB)["spec"]["template"]
    template = freeze(WEB, regional.spec.template_key, 1, body, adopted=True)
    rendered = service(regional, template)

    became = await take(cluster, SERVICE, namespace, rendered)

    for field in ("clusterIP", "ports", "selector"):
        assert became["spec"].get(field) == made["spec"].get(field)
    assert managers(became) == {MANAGER}
    assert owned_hash(became, MANAGER) == rendered.owned_hash


async def test_an_ingress_keeps_its_path_and_loses_what_only_its_maker_said(
    cluster, namespace, regional
):
    made = await cluster.create(INGRESS, placed(originals.ingress(WEB), namespace))
    body = originals.deployment(WEB)["spec"]["template"]
    template = freeze(WEB, regional.spec.template_key, 1, body, adopted=True)
    [rendered] = routes(regional, template).values()

    became = await take(cluster, INGRESS, namespace, rendered)

    assert became["spec"] == made["spec"]
    annotations = became["metadata"]["annotations"]
    assert annotations[f"{ALB}/healthcheck-path"] == f"/inference/{WEB}/health"
    assert "example.com/left-over" not in annotations
    assert owned_hash(became, MANAGER) == rendered.owned_hash
