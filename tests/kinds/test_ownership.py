"""In sync or not, and which fields of ours changed at whose hands."""

import copy

import pytest

from gco.kinds.differences import differences
from gco.kinds.ownership import expected_owned_hash, owned_hash
from tests.kinds.manifests import DEPLOYMENT, stored

CONTAINER_PATH = "spec.template.spec.containers[inference]"


def container(obj):
    return obj["spec"]["template"]["spec"]["containers"][0]


def our_container_fields(obj):
    spec = obj["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]
    return spec["f:containers"]['k:{"name":"inference"}']


def as_served(obj):
    """What the API server adds to and leaves out of what was applied."""
    obj["spec"] |= {"revisionHistoryLimit": 10}
    del obj["spec"]["paused"]
    del container(obj)["args"], container(obj)["command"], container(obj)["env"][0]["value"]
    container(obj)["ports"][0]["protocol"] = "TCP"
    container(obj)["env"][1]["valueFrom"]["fieldRef"]["apiVersion"] = "v1"
    container(obj)["terminationMessagePath"] = "/dev/termination-log"
    container(obj)["readinessProbe"]["httpGet"]["scheme"] = "HTTP"
    return obj


def with_a_sidecar(obj):
    obj["spec"]["template"]["spec"]["containers"].insert(0, {"name": "proxy", "image": "envoy"})
    return obj


def with_quantities(obj):
    container(obj)["resources"]["requests"]["cpu"] = "1000m"
    container(obj)["resources"]["limits"]["nvidia.com/gpu"] = 1
    return obj


@pytest.mark.parametrize("change", [as_served, with_a_sidecar, with_quantities])
def test_what_is_not_ours_or_only_written_otherwise_is_no_drift(change):
    obj = change(stored(DEPLOYMENT))
    assert owned_hash(obj, "gco") == expected_owned_hash(DEPLOYMENT)
    assert differences(DEPLOYMENT, obj, "gco") == ()


def image_taken(obj):
    container(obj)["image"] = "evil"
    del our_container_fields(obj)["f:image"]


def image_changed_on_admission(obj):
    container(obj)["image"] = "mirror/vllm"


def limits_removed(obj):
    del container(obj)["resources"]["limits"]
    del our_container_fields(obj)["f:resources"]["f:limits"]


def container_renamed(obj):
    container(obj)["name"] = "other"
    spec = obj["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]["f:template"]["f:spec"]
    del spec["f:containers"]


def another_field_under_our_name(obj):
    container(obj)["tty"] = True
    our_container_fields(obj)["f:tty"] = {}


def toleration_added(obj):
    spec = obj["spec"]["template"]["spec"]
    spec["tolerations"] = [*spec["tolerations"], {"operator": "Exists"}]


@pytest.mark.parametrize(
    ("change", "path", "manager"),
    [
        pytest.param(image_taken, f"{CONTAINER_PATH}.image", "kubectl", id="taken"),
        pytest.param(image_changed_on_admission, f"{CONTAINER_PATH}.image", None, id="admission"),
        pytest.param(limits_removed, f"{CONTAINER_PATH}.resources.limits", None, id="removed"),
        pytest.param(container_renamed, CONTAINER_PATH, None, id="renamed"),
        pytest.param(another_field_under_our_name, f"{CONTAINER_PATH}.tty", "gco", id="extra"),
        pytest.param(toleration_added, "spec.template.spec.tolerations", None, id="atomic-list"),
    ],
)
def test_a_change_to_a_field_of_ours_is_seen_with_its_path_and_holder(change, path, manager):
    image = {"f:containers": {'k:{"name":"inference"}': {"f:image": {}}}}
    others = (
        {"kubectl": {"f:spec": {"f:template": {"f:spec": image}}}} if manager == "kubectl" else {}
    )
    obj = stored(copy.deepcopy(DEPLOYMENT), **others)
    change(obj)
    assert owned_hash(obj, "gco") != expected_owned_hash(DEPLOYMENT)
    assert [(d.path, d.manager) for d in differences(DEPLOYMENT, obj, "gco")] == [(path, manager)]


def test_an_object_that_we_never_applied_has_no_hash():
    assert owned_hash(stored(DEPLOYMENT, manager="helm"), "gco") is None
