"""What differs between two specs, as a person reads it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.fleet.changes import describe
from gco.core.fleet.diff import diff_specs
from tests.fleet.builders import spec

OIDC = {
    "issuer": "https://id.example.com",
    "authorizationEndpoint": "https://id.example.com/authorize",
    "tokenEndpoint": "https://id.example.com/token",
    "userInfoEndpoint": "https://id.example.com/userinfo",
    "secretName": "oidc-client",
}


def lines(before, after, **labels):
    old = None if before is None else spec(**before)
    return [change.text for change in diff_specs(old, spec(**after), **labels)]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param({}, {}, [], id="nothing"),
        pytest.param(
            {},
            {"image": "vllm/vllm-openai:v0.8.5"},
            ["spec.image  vllm/vllm-openai:v0.8.4 → v0.8.5"],
            id="an-image",
        ),
        pytest.param(
            {"route": {"backend": "alb", "auth": {"oidc": OIDC}}},
            {"route": {"backend": "nginx", "auth": {"basic": {"secretName": "llm-users"}}}},
            [
                "spec.route.backend  alb → nginx",
                "spec.route.auth.basic.secretName  + llm-users",
                "spec.route.auth.oidc.issuer  - https://id.example.com",
                "spec.route.auth.oidc.authorizationEndpoint  - https://id.example.com/authorize",
                "spec.route.auth.oidc.tokenEndpoint  - https://id.example.com/token",
                "spec.route.auth.oidc.userInfoEndpoint  - https://id.example.com/userinfo",
                "spec.route.auth.oidc.secretName  - oidc-client",
            ],
            id="a-route-whose-references-are-no-secrets",
        ),
        pytest.param(
            {"image": "a/b:v1"},
            {"image": "c/d:v1"},
            ["spec.image  a/b:v1 → c/d:v1"],
            id="elsewhere",
        ),
        pytest.param(
            {"args": ["--a", "--b", "--max-model-len=8192"]},
            {"args": ["--a", "--b", "--max-model-len=16384"]},
            ["spec.args[2]  --max-model-len=8192 → 16384"],
            id="an-argument",
        ),
        pytest.param(
            {"args": ["--a", "--c"]},
            {"args": ["--a", "--b", "--c"]},
            ["spec.args[1]  + --b"],
            id="an-argument-in-the-middle-is-one-insertion",
        ),
        pytest.param(
            {"args": ["--a", "--b"]}, {"args": ["--b"]}, ["spec.args[0]  - --a"], id="one-goes"
        ),
        pytest.param(
            {"podOverrides": {"spec": {"containers": [{"name": "inference", "tty": True}]}}},
            {
                "podOverrides": {
                    "spec": {
                        "serviceAccountName": "other",
                        "containers": [
                            {"name": "inference", "livenessProbe": None},
                            {"name": "proxy", "image": "p:1"},
                        ],
                    }
                }
            },
            [
                "spec.podOverrides.spec.serviceAccountName  + other",
                "spec.podOverrides.spec.containers[inference].livenessProbe.$patch  + delete",
                "spec.podOverrides.spec.containers[inference].tty  - true",
                "spec.podOverrides.spec.containers[proxy].image  + p:1",
            ],
            id="an-overlay-by-its-fields",
        ),
        pytest.param({"replicas": 2}, {"replicas": 4}, ["spec.replicas  2 → 4"], id="replicas"),
        pytest.param({"replicas": 2}, {}, ["spec.replicas  - 2"], id="no-longer-stated"),
        pytest.param(
            {},
            {"resources": {"count": 2, "limits": {"memory": "8Gi"}}},
            ["spec.resources.count  + 2", "spec.resources.limits[memory]  + 8Gi"],
            id="nested",
        ),
        pytest.param(
            {"env": [{"name": "HF_HOME", "value": "/a"}, {"name": "X", "value": "1"}]},
            {"env": [{"name": "X", "value": "1"}, {"name": "HF_HOME", "value": "/b"}]},
            ["spec.env[HF_HOME].value  /a → b"],
            id="named-things-by-name-whatever-their-order",
        ),
        pytest.param(
            {"regions": [{"name": "a", "replicas": 1}]},
            {"regions": [{"name": "a", "replicas": 2}, {"name": "b"}]},
            ["spec.regions[a].replicas  1 → 2", "spec.regions[b]  + b"],
            id="regions",
        ),
    ],
)
def test_field_diff(before, after, expected):
    assert lines(before, after) == expected


def test_a_new_endpoint_is_all_new():
    assert lines(None, {"replicas": 1}) == [
        "spec.image  + vllm/vllm-openai:v0.8.4",
        "spec.replicas  + 1",
    ]


def test_labels_are_told():
    assert lines({}, {}, labels=({"team": "a"}, {"team": "b"})) == ["metadata.labels[team]  a → b"]


SECRET = "s3cr3t-horse-battery"  # noqa: S105  (an example that must not be shown)


@pytest.mark.parametrize(
    "stated",
    [
        pytest.param({"env": [{"name": "HF_TOKEN", "value": SECRET}]}, id="environment"),
        pytest.param({"args": [f"--api-key={SECRET}"]}, id="flag-with-value"),
        pytest.param({"args": ["--api-key", SECRET]}, id="flag-then-value"),
        pytest.param(
            {"podOverrides": {"env": [{"name": "PASSWORD", "value": SECRET}]}}, id="overlay"
        ),
        pytest.param(
            {
                "podOverrides": {
                    "spec": {
                        "initContainers": [
                            {"$patch": "replace"},
                            {"name": "x", "env": [{"name": "PASSWORD", "value": SECRET}]},
                        ]
                    }
                }
            },
            id="list-of-an-overlay",
        ),
    ],
)
def test_secrets_are_masked(stated):
    told = lines({}, stated)

    assert told
    assert SECRET not in str(told)


def test_a_reference_to_a_secret_is_shown():
    env = [{"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}}]

    assert "spec.env[HF_TOKEN].valueFrom.secretKeyRef.name  + hf" in lines({}, {"env": env})


def test_a_history_line_says_the_image_and_counts_the_rest():
    changes = diff_specs(
        spec(args=["--a=1"]),
        spec(image="vllm/vllm-openai:v0.8.5", args=["--a=2"], port=1, replicas=3),
    )

    assert describe(changes) == "image v0.8.4 → v0.8.5, args[0], port, 1 more"


STATED = st.fixed_dictionaries(
    {},
    optional={
        "args": st.lists(st.text(max_size=5), max_size=5),
        "replicas": st.integers(0, 5),
        "env": st.lists(
            st.builds(lambda n: {"name": n, "value": "v"}, st.sampled_from("ABC")),
            unique_by=lambda e: e["name"],
        ),
    },
)


@given(STATED, STATED)
def test_a_diff_is_empty_only_between_specs_that_ask_the_same(before, after):
    changes = diff_specs(spec(**before), spec(**after))

    def asked(stated):
        by_name = sorted(e["name"] for e in stated.get("env", []))
        return stated.get("args") or [], stated.get("replicas"), by_name

    assert (not changes) == (asked(before) == asked(after))
