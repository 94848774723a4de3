"""What has to be taken back from an editor before an apply, and what the apply takes by itself."""

import copy

import pytest

from gco.core.region.freeze import freeze
from gco.core.region.render.service import service
from gco.core.region.render.template import pod_template
from gco.core.region.takeback import take_back
from gco.kinds.fieldset import fieldset
from tests.builders import a_regional

REGIONAL = a_regional()
WANTED = service(REGIONAL, freeze("web", REGIONAL.spec.template_key, 1, pod_template(REGIONAL)))
PORT = 'k:{"port":80,"protocol":"TCP"}'
OTHER = 'k:{"port":8080,"protocol":"TCP"}'


def edited(fields, change):
    """Return the Service after someone made `change`, and holds `fields` of its spec since."""
    live = copy.deepcopy(WANTED.manifest)
    change(live["spec"])
    live["metadata"]["resourceVersion"] = "7"
    live["metadata"]["managedFields"] = [
        {"manager": "gco", "operation": "Apply", "fieldsV1": fieldset(WANTED.manifest)},
        {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:spec": fields}},
    ]
    return live


@pytest.mark.parametrize(
    ("fields", "change", "needed"),
    [
        pytest.param({}, lambda _: None, False, id="nothing"),
        pytest.param(
            {"f:ports": {PORT: {"f:targetPort": {}}}},
            lambda spec: spec["ports"][0].update(targetPort=1),
            False,
            id="a-value-of-ours-changed",
        ),
        pytest.param(
            {"f:ports": {PORT: {"f:targetPort": {}}}},
            lambda _: None,
            True,
            id="a-value-of-ours-written-unchanged",
        ),
        pytest.param(
            {"f:ports": {OTHER: {".": {}, "f:port": {}}}},
            lambda spec: spec["ports"].append({"port": 8080, "protocol": "TCP"}),
            True,
            id="an-item-added",
        ),
        pytest.param(
            {"f:externalName": {}},
            lambda spec: spec.update(externalName="x"),
            False,
            id="a-field-that-is-not-ours-alone",
        ),
        pytest.param(
            {"f:ports": {OTHER: {".": {}, "f:port": {}}, PORT: {"f:targetPort": {}}}},
            lambda spec: spec["ports"][0].update(targetPort=1),
            True,
            id="a-value-changed-and-an-item-added",
        ),
    ],
)
def test_only_what_an_apply_leaves_to_the_editor_is_taken_back(fields, change, needed):
    assert (take_back(edited(fields, change), WANTED.manifest) is not None) is needed
