"""Whatever field of ours is edited, taking it back and applying heals it on every cluster."""

import contextlib

import pytest

from gco.core.model.names import MANAGER
from gco.core.region.freeze import freeze
from gco.core.region.render.deployment import deployment
from gco.core.region.render.disruption import disruption_budget
from gco.core.region.render.route import routes
from gco.core.region.render.service import service
from gco.core.region.render.template import pod_template
from gco.core.region.routing import main_route
from gco.core.region.takeback import take_back
from gco.errors import ClusterConflictError
from gco.kinds.differences import differences
from gco.kinds.registry import DEPLOYMENT, HTTP_ROUTE, INGRESS, POD_DISRUPTION_BUDGET, SERVICE
from tests.builders import a_regional
from tests.scenario.test_endpoint_drift import EDITS, SPEC

GATEWAY = {"route": {"backend": "gateway", "gateway": {"name": "public"}}}
ROUTE_EDITS = [
    pytest.param(
        HTTP_ROUTE,
        [{"op": "replace", "path": "/spec/rules/0/backendRefs/0/weight", "value": 0}],
        "spec.rules",
        id="weight",
    ),
    pytest.param(
        HTTP_ROUTE,
        [{"op": "remove", "path": "/spec/rules/0/filters"}],
        "spec.rules",
        id="rewrite",
    ),
    pytest.param(
        HTTP_ROUTE,
        [{"op": "add", "path": "/spec/hostnames", "value": ["other.example.com"]}],
        "spec.hostnames",
        id="host",
    ),
    pytest.param(
        HTTP_ROUTE,
        [{"op": "replace", "path": "/spec/parentRefs/0/name", "value": "another"}],
        "spec.parentRefs",
        id="gateway",
    ),
]


@pytest.mark.parametrize(("kind", "operations", "path"), [*EDITS, *ROUTE_EDITS])
async def test_an_edit_is_healed(cluster, namespace, kind, operations, path):
    spec = {**SPEC, **GATEWAY} if kind == HTTP_ROUTE else SPEC
    regional = a_regional(**spec).model_copy(update={"namespace": namespace})
    template = freeze(regional.name, regional.spec.template_key, 1, pod_template(regional))
    rendered = {
        DEPLOYMENT: deployment(regional, template, 1),
        SERVICE: service(regional, template),
        POD_DISRUPTION_BUDGET: disruption_budget(regional),
        INGRESS: (route := routes(regional, template)[main_route(regional)]),
        HTTP_ROUTE: route,
    }[kind]
    name = rendered.manifest["metadata"]["name"]
    await cluster.apply(kind, rendered.manifest, manager=MANAGER)
    await cluster.patch(kind, namespace, name, operations, manager="kubectl-edit")

    found = differences(rendered.manifest, await cluster.get(kind, namespace, name), MANAGER)
    assert any(path in difference.path for difference in found)
    await _take_back(cluster, kind, namespace, name, rendered.manifest)
    healed = await cluster.apply(kind, rendered.manifest, manager=MANAGER)

    assert differences(rendered.manifest, healed, MANAGER) == ()
    assert take_back(healed, rendered.manifest) is None  # nobody holds a part of it any more
    if kind == DEPLOYMENT:
        assert len(healed["spec"]["template"]["spec"]["containers"]) == 1
    if kind == SERVICE:
        assert len(healed["spec"]["ports"]) == 1


async def _take_back(cluster, kind, namespace, name, wanted):
    while True:
        operations = take_back(await cluster.get(kind, namespace, name), wanted)
        if operations is None:
            return
        with contextlib.suppress(ClusterConflictError):  # its controllers write at the same time
            await cluster.patch(kind, namespace, name, operations, manager=MANAGER)
            return
