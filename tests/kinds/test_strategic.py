"""Strategic merge: what an overlay changes, and that the real API server merges the same way."""

import json

import pytest

from gco.kinds.schema import type_named
from gco.kinds.strategic import normal, strategic_merge

POD = type_named("PodTemplateSpec")


def template(**spec):
    return {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "a"}], **spec}}


def merged(original, patch):
    return strategic_merge(original, patch, POD)["spec"]


TABLE = [
    pytest.param(
        {}, {"serviceAccountName": "other"}, {"serviceAccountName": "other"}, id="new-scalar"
    ),
    pytest.param(
        {"containers": [{"name": "a", "image": "x"}]},
        {"containers": [{"name": "a", "tty": True}, {"name": "b", "image": "y"}]},
        {"containers": [{"name": "a", "image": "x", "tty": True}, {"name": "b", "image": "y"}]},
        id="containers-by-name-new-ones-behind",
    ),
    pytest.param(
        {"containers": [{"name": "a"}, {"name": "b"}]},
        {"containers": [{"name": "b", "$patch": "delete"}]},
        {"containers": [{"name": "a"}]},
        id="an-item-is-deleted",
    ),
    pytest.param(
        {"containers": [{"name": "a", "image": "x", "tty": True}]},
        {"containers": [{"name": "a", "image": "y", "$patch": "replace"}]},
        {"containers": [{"name": "a", "image": "y"}]},
        id="an-item-is-replaced",
    ),
    pytest.param(
        {"volumes": [{"name": "a", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}]},
        {"volumes": [{"name": "a", "emptyDir": {"sizeLimit": "2Gi"}}]},
        {"volumes": [{"name": "a", "emptyDir": {"medium": "Memory", "sizeLimit": "2Gi"}}]},
        id="a-volume-of-the-same-source-is-merged",
    ),
    pytest.param(
        {"volumes": [{"name": "a", "emptyDir": {}}]},
        {"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "c"}}]},
        {"volumes": [{"name": "a", "persistentVolumeClaim": {"claimName": "c"}}]},
        id="a-volume-of-another-source-loses-the-one-it-had",
    ),
    pytest.param(
        {"volumes": [{"name": "a", "emptyDir": {}}]},
        {"volumes": [{"$patch": "replace"}, {"name": "b", "emptyDir": {}}]},
        {"volumes": [{"name": "b", "emptyDir": {}}]},
        id="a-whole-list-is-replaced",
    ),
    pytest.param(
        {"containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "http"}]}]},
        {"containers": [{"name": "a", "ports": [{"containerPort": 81}, {"containerPort": 80}]}]},
        {
            "containers": [
                {"name": "a", "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 81}]}
            ]
        },
        id="ports-by-number",
    ),
    pytest.param(
        {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}]}]},
        {"containers": [{"name": "a", "env": [{"name": "X", "value": "2"}]}]},
        {"containers": [{"name": "a", "env": [{"name": "X", "value": "2"}]}]},
        id="env-by-name",
    ),
    pytest.param(
        {"containers": [{"name": "a", "args": ["1", "2"]}]},
        {"containers": [{"name": "a", "args": ["3"]}]},
        {"containers": [{"name": "a", "args": ["3"]}]},
        id="a-list-without-keys-is-replaced",
    ),
    pytest.param(
        {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"b": "2"}},
        {"nodeSelector": {"a": "1", "b": "2"}}, id="maps-are-merged",
    ),
    pytest.param(
        {"nodeSelector": {"a": "1"}}, {"nodeSelector": {"$patch": "replace", "b": "2"}},
        {"nodeSelector": {"b": "2"}}, id="a-map-is-replaced",
    ),
    pytest.param(
        {"priorityClassName": "p", "affinity": {"nodeAffinity": {}}},
        {"priorityClassName": {"$patch": "delete"}, "affinity": {"$patch": "delete"}},
        {}, id="fields-are-taken-away",
    ),
    pytest.param(
        {}, {"affinity": {"nodeAffinity": {"$patch": "delete"}, "podAffinity": {}}},
        {"affinity": {"podAffinity": {}}}, id="what-is-new-carries-no-directive",
    ),
    pytest.param(
        {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": 1}, "periodSeconds": 2}}]},
        {"containers": [{"name": "a", "livenessProbe": {"$patch": "replace", "exec": {"command": ["x"]}}}]},
        {"containers": [{"name": "a", "livenessProbe": {"exec": {"command": ["x"]}}}]},
        id="a-probe-of-another-kind",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("original", "patch", "expected"), TABLE)
def test_an_overlay_changes_what_it_names(original, patch, expected):
    before = template(**original)
    kept = json.dumps(before)

    assert merged(before, {"spec": patch}) == template(**expected)["spec"]
    assert json.dumps(before) == kept


def test_quantities_are_canonical_and_empty_granular_maps_left_out():
    value = {
        "metadata": {"annotations": {}},
        "spec": {
            "nodeSelector": {},
            "containers": [
                {"name": "a", "resources": {"limits": {"cpu": "1000m", "amd.com/gpu": 2}}},
                {"name": "b", "resources": {"limits": {}}},
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
    }

    assert normal(value, POD) == {
        "metadata": {},
        "spec": {
            "nodeSelector": {},
            "containers": [
                {"name": "a", "resources": {"limits": {"cpu": "1", "amd.com/gpu": "2"}}},
                {"name": "b", "resources": {}},
            ],
            "volumes": [{"name": "v", "emptyDir": {}}],
        },
    }


ORIGINAL = {
    "metadata": {"labels": {"app": "web"}},
    "spec": {
        "nodeSelector": {"a": "1"},
        "priorityClassName": "system-node-critical",
        "volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}],
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
        ],
        "containers": [
            {
                "name": "a",
                "image": "x",
                "args": ["1"],
                "env": [{"name": "X", "value": "1"}, {"name": "Y", "value": "1"}],
                "ports": [{"containerPort": 80, "name": "http"}],
                "volumeMounts": [{"name": "v", "mountPath": "/v"}],
                "livenessProbe": {"httpGet": {"port": "http"}},
                "resources": {"limits": {"cpu": "1"}},
            }
        ],
    },
}
OVERLAYS = {
    "maps": {"metadata": {"annotations": {"a": "b"}}, "spec": {"nodeSelector": {"b": "2"}}},
    "replaced-map": {"spec": {"nodeSelector": {"$patch": "replace", "b": "2"}}},
    "sidecar": {"spec": {"containers": [{"name": "b", "image": "y", "tty": True}]}},
    "container": {
        "spec": {
            "containers": [
                {
                    "name": "a",
                    "args": ["2"],
                    "env": [{"name": "X", "value": "2"}, {"name": "Y", "$patch": "delete"}],
                    "ports": [{"containerPort": 81}],
                    "volumeMounts": [{"name": "v", "mountPath": "/w"}],
                    "livenessProbe": {"$patch": "replace", "exec": {"command": ["x"]}},
                    "resources": {"limits": {"memory": "1Gi"}},
                }
            ]
        }
    },
    "volumes": {
        "spec": {
            "volumes": [
                {"name": "v", "emptyDir": {"sizeLimit": "2Gi"}},
                {"name": "c", "persistentVolumeClaim": {"claimName": "c"}},
            ]
        }
    },
    "replaced-list": {
        "spec": {
            "volumes": [{"$patch": "replace"}, {"name": "v", "emptyDir": {}}],
            "tolerations": [{"operator": "Exists"}],
        }
    },
    "spread": {
        "spec": {
            "topologySpreadConstraints": [
                {"maxSkew": 2, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
            ]
        }
    },
}


def deployment(pod):
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web"},
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": pod},
    }


def unordered(value):
    """Return `value` with lists sorted: the server puts what is new before what was there."""
    match value:
        case dict():
            return {k: unordered(v) for k, v in value.items() if k != "creationTimestamp"}
        case list():
            return sorted((unordered(v) for v in value), key=json.dumps)
        case _:
            return value


@pytest.fixture(scope="module")
def patched(control_plane):
    """A Deployment on a real API server, and a way to ask what a patch would make of it."""
    name = "strategic"
    control_plane.kubectl("create", "namespace", name)
    args = (f"--namespace={name}", "--output=json")
    control_plane.kubectl("create", "-f-", *args, input=json.dumps(deployment(ORIGINAL)))

    def ask(patch):
        whole = json.dumps({"spec": {"template": patch}})
        told = control_plane.kubectl(
            "patch",
            "deployment/web",
            "--type=strategic",
            "--dry-run=server",
            f"--patch={whole}",
            *args,
        )
        return json.loads(told)["spec"]["template"]

    def make(pod):
        body = {**deployment(pod), "metadata": {"name": "other"}}
        told = control_plane.kubectl(
            "create", "-f-", "--dry-run=server", *args, input=json.dumps(body)
        )
        return json.loads(told)["spec"]["template"]

    yield ask, make
    control_plane.kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.real
@pytest.mark.parametrize("case", OVERLAYS)
def test_the_real_api_server_merges_the_same_way(patched, case):
    ask, make = patched
    ours = strategic_merge(ORIGINAL, OVERLAYS[case], POD)

    assert unordered(make(ours)) == unordered(ask(OVERLAYS[case]))
