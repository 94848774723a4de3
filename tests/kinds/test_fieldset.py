"""What an apply owns: the API server's own entries, and the algebra of field sets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.kinds.fieldset import difference, fieldset, intersection, union
from tests.kinds.manifests import DEPLOYMENT

CONTAINER = {
    ".": {},
    "f:name": {},
    "f:image": {},
    "f:args": {},
    "f:command": {},
    "f:env": {
        'k:{"name":"MODE"}': {".": {}, "f:name": {}, "f:value": {}},
        'k:{"name":"POD"}': {".": {}, "f:name": {}, "f:valueFrom": {"f:fieldRef": {}}},
    },
    "f:ports": {
        'k:{"containerPort":8000,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
    },
    "f:volumeMounts": {
        'k:{"mountPath":"/scratch"}': {".": {}, "f:name": {}, "f:mountPath": {}},
    },
    "f:resources": {
        "f:requests": {"f:cpu": {}, "f:nvidia.com/gpu": {}},
        "f:limits": {"f:cpu": {}, "f:memory": {}, "f:nvidia.com/gpu": {}},
    },
    "f:readinessProbe": {"f:httpGet": {"f:path": {}, "f:port": {}}},
}
ENTRY = {
    "f:metadata": {
        "f:labels": {"f:app": {}, "f:gco.io/type": {}},
        "f:annotations": {"f:gco.io/rendered-hash": {}},
    },
    "f:spec": {
        "f:replicas": {},
        "f:paused": {},
        "f:selector": {},
        "f:strategy": {"f:type": {}, "f:rollingUpdate": {"f:maxSurge": {}}},
        "f:template": {
            "f:metadata": {"f:labels": {"f:app": {}}},
            "f:spec": {
                "f:tolerations": {},
                "f:nodeSelector": {},
                "f:imagePullSecrets": {'k:{"name":"registry"}': {}},
                "f:volumes": {
                    'k:{"name":"scratch"}': {".": {}, "f:name": {}, "f:emptyDir": {}},
                },
                "f:containers": {'k:{"name":"inference"}': CONTAINER},
            },
        },
    },
}


def test_a_deployment_is_owned_as_the_api_server_records_it():
    assert fieldset(DEPLOYMENT) == ENTRY


@pytest.mark.parametrize(
    ("api_version", "kind", "body", "expected"),
    [
        pytest.param(
            "v1",
            "Service",
            {"spec": {"selector": {"app": "a"}, "ports": [{"port": 80, "targetPort": 8000}]}},
            {
                "f:spec": {
                    "f:selector": {},
                    "f:ports": {
                        'k:{"port":80,"protocol":"TCP"}': {
                            ".": {},
                            "f:port": {},
                            "f:targetPort": {},
                        }
                    },
                }
            },
            id="service-ports-are-keyed-by-port-and-defaulted-protocol",
        ),
        pytest.param(
            "networking.k8s.io/v1",
            "Ingress",
            {"spec": {"ingressClassName": "alb", "rules": [{"host": "h"}]}},
            {"f:spec": {"f:ingressClassName": {}, "f:rules": {}}},
            id="ingress-rules-are-one-value",
        ),
        pytest.param(
            "apps/v1",
            "ControllerRevision",
            {"revision": 1, "data": {"spec": {"a": 1}}},
            {"f:revision": {}, "f:data": {}},
            id="controller-revision-data-is-one-value",
        ),
        pytest.param(
            "v1",
            "Pod",
            {"metadata": {"finalizers": ["gco.io/a&b"], "ownerReferences": [{"uid": "u"}]}},
            {
                "f:metadata": {
                    "f:finalizers": {'v:"gco.io/a\\u0026b"': {}},
                    "f:ownerReferences": {'k:{"uid":"u"}': {}},
                }
            },
            id="finalizers-are-a-set-and-owners-one-value-each",
        ),
        pytest.param(
            "gco.io/v1alpha1",
            "InferenceEndpoint",
            {"spec": {"uid": "u", "endpoint": {"env": [{"name": "A"}], "resources": {}}}},
            {"f:spec": {"f:uid": {}, "f:endpoint": {"f:env": {}, "f:resources": {}}}},
            id="a-custom-resource-has-granular-objects-and-atomic-lists",
        ),
        pytest.param(
            "apps/v1",
            "Deployment",
            {"metadata": {"name": "a", "uid": "u"}, "status": {"replicas": 1}},
            {},
            id="identity-and-status-are-nobodys",
        ),
    ],
)
def test_fieldset(api_version, kind, body, expected):
    assert fieldset({"apiVersion": api_version, "kind": kind, **body}) == expected


def sets():
    keys = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}'])

    def nest(below):
        return st.tuples(st.dictionaries(keys, below, min_size=1), st.booleans()).map(
            lambda pair: {".": {}, **pair[0]} if pair[1] else pair[0]
        )

    below = st.recursive(st.just({}), nest, max_leaves=6)
    return st.dictionaries(keys, below, max_size=3)


def members(fields, path=()):
    if not fields:
        return {path} if path else set()
    own = {path} if "." in fields else set()
    return own.union(*(members(sub, (*path, key)) for key, sub in fields.items() if key != "."))


@given(sets(), sets())
def test_the_algebra_is_that_of_sets_of_paths(a, b):
    assert members(union(a, b)) == members(a) | members(b)
    assert members(difference(a, b)) == members(a) - members(b)
    assert members(intersection(a, b)) == members(a) & members(b)
