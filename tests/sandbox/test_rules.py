"""Which rule takes a request, and what path the backend sees."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.sandbox.router.http_routes import accepted, http_route
from gco.sandbox.router.ingresses import rules_of
from gco.sandbox.router.rules import Share, choose
from gco.sandbox.router.turns import Turns

ALB_STRIP = (
    '[{"type": "url-rewrite", "urlRewriteConfig": {"rewrites": '
    '[{"regex": "^/inference/web/?(.*)$", "replace": "/$1"}]}}]'
)


def ingress(name, *paths, host=None, annotations=None):
    rule = {"http": {"paths": [dict(path) for path in paths]}}
    if host:
        rule["host"] = host
    return {
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {"rules": [rule]},
    }


def path(value, service, kind="Prefix"):
    backend = {"service": {"name": service, "port": {"number": 80}}}
    return {"path": value, "pathType": kind, "backend": backend}


WEB = rules_of(ingress("web", path("/inference/web", "web")))
WEB_CHAT = rules_of(ingress("web-chat", path("/inference/web/chat", "web-chat")))
EXACT = rules_of(ingress("exact", path("/inference/web", "exact", kind="Exact")))
HOSTED = rules_of(ingress("hosted", path("/", "hosted"), host="models.example.com"))


@pytest.mark.parametrize(
    ("host", "requested", "service"),
    [
        pytest.param(
            "any", "/inference/web/v1/models", "web", id="a-prefix-takes-what-is-below-it"
        ),
        pytest.param("any", "/inference/webster", None, id="a-prefix-ends-at-a-slash"),
        pytest.param("any", "/inference/web/chat/x", "web-chat", id="the-longest-prefix-wins"),
        pytest.param("any", "/inference/web", "exact", id="exact-before-prefix"),
        pytest.param(
            "models.example.com", "/inference/web/x", "hosted", id="a-host-before-any-host"
        ),
        pytest.param("other.example.com", "/elsewhere", None, id="another-host-has-no-rule"),
    ],
)
def test_the_most_specific_rule_takes_a_request(host, requested, service):
    rule = choose((*WEB, *WEB_CHAT, *EXACT, *HOSTED), host, requested)

    assert (rule.service if rule else None) == service


@pytest.mark.parametrize(
    ("requested", "seen"),
    [
        pytest.param("/inference/web/v1/models", "/v1/models", id="below-the-prefix"),
        pytest.param("/inference/web", "/", id="the-bare-prefix"),
    ],
)
def test_albs_url_rewrite_is_honoured(requested, seen):
    annotations = {"alb.ingress.kubernetes.io/transforms.web": ALB_STRIP}
    rules = rules_of(ingress("web", path("/inference/web", "web"), annotations=annotations))

    assert choose(rules, "any", requested).rewritten(requested) == seen


def test_nginxs_regex_paths_and_rewrite_target_are_honoured():
    annotations = {
        "nginx.ingress.kubernetes.io/use-regex": "true",
        "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
    }
    stated = path("/inference/web(/|$)(.*)", "web", kind="ImplementationSpecific")
    rules = rules_of(ingress("web", stated, annotations=annotations))

    assert choose(rules, "any", "/inference/web/v1/models").rewritten(
        "/inference/web/v1/models"
    ) == ("/v1/models")
    assert choose(rules, "any", "/inference/webster") is None


def test_without_a_rewrite_the_backend_sees_the_whole_path():
    assert WEB[0].rewritten("/inference/web/v1/models") == "/inference/web/v1/models"


def test_albs_weighted_action_is_honoured():
    annotations = {
        "alb.ingress.kubernetes.io/actions.weighted-routing": json.dumps(
            {
                "type": "forward",
                "forwardConfig": {
                    "targetGroups": [
                        {"serviceName": "web", "servicePort": "80", "weight": 90},
                        {"serviceName": "web-canary", "servicePort": 80, "weight": 10},
                    ]
                },
            }
        )
    }
    stated = path("/inference/web", "weighted-routing")
    stated["backend"]["service"]["port"] = {"name": "use-annotation"}

    [rule] = rules_of(ingress("web", stated, annotations=annotations))

    assert rule.shares == (Share("web", 80, 90), Share("web-canary", 80, 10))


def canary(service, weight):
    annotations = {
        "nginx.ingress.kubernetes.io/canary": "true",
        "nginx.ingress.kubernetes.io/canary-weight": str(weight),
    }
    return rules_of(ingress("c", path("/inference/web", service), annotations=annotations))


@pytest.mark.parametrize(
    ("weight", "shares"),
    [
        pytest.param(25, (Share("web", 80, 75), Share("web-canary", 80, 25)), id="some"),
        pytest.param(0, (Share("web", 80, 1),), id="none-of-it"),
    ],
)
def test_nginxs_canary_ingress_takes_its_share_of_the_other_ones_rule(weight, shares):
    rules = (*canary("web-canary", weight), *WEB)

    assert choose(rules, "any", "/inference/web/x").shares == shares
    assert choose(canary("web-canary", weight), "any", "/inference/web/x") is None


def http_route_of(*rules, hostnames=()):
    return {
        "metadata": {"name": "web", "namespace": "default", "generation": 3},
        "spec": {"parentRefs": [{"name": "public"}], "hostnames": hostnames, "rules": rules},
    }


STRIPPED = {
    "matches": [{"path": {"type": "PathPrefix", "value": "/inference/web"}}],
    "filters": [
        {
            "type": "URLRewrite",
            "urlRewrite": {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}},
        }
    ],
    "backendRefs": [
        {"name": "web", "port": 80, "weight": 60},
        {"name": "web-canary", "port": 80, "weight": 40},
    ],
}


def test_an_http_routes_prefix_and_weights_are_honoured():
    [rule] = http_route(http_route_of(STRIPPED)).rules

    assert rule.shares == (Share("web", 80, 60), Share("web-canary", 80, 40))
    assert [rule.takes("any", p) for p in ("/inference/web", "/inference/webster")] == [True, False]
    assert rule.rewritten("/inference/web/v1/models") == "/v1/models"
    assert rule.rewritten("/inference/web") == "/"


@pytest.mark.parametrize(
    ("host", "service"),
    [
        pytest.param("llm.example.com", "exact", id="the-host-itself"),
        pytest.param("other.example.com", "below", id="below-a-wildcard"),
        pytest.param("example.com", None, id="not-the-wildcards-own-domain"),
    ],
)
def test_hosts_are_taken_by_the_closest_name(host, service):
    below = {"backendRefs": [{"name": "below", "port": 80}]}
    exact = {"backendRefs": [{"name": "exact", "port": 80}]}
    rules = (
        *http_route(http_route_of(below, hostnames=["*.example.com"])).rules,
        *http_route(http_route_of(exact, hostnames=["llm.example.com"])).rules,
    )

    found = choose(rules, host, "/v1/models")
    assert (found.service if found else None) == service


def test_a_route_that_is_taken_up_says_so_of_its_generation():
    told = accepted(http_route(http_route_of(STRIPPED)), now="2026-01-01T00:00:00Z")

    [parent] = told["parents"]
    assert parent["parentRef"] == {"name": "public"}
    assert {(c["type"], c["status"], c["observedGeneration"]) for c in parent["conditions"]} == {
        ("Accepted", "True", 3),
        ("ResolvedRefs", "True", 3),
    }


@pytest.mark.parametrize(
    ("weights", "taken"),
    [
        pytest.param((90, 10), {0: 90, 1: 10}, id="nine-to-one"),
        pytest.param((1,), {0: 100}, id="alone"),
        pytest.param((0, 5), {1: 100}, id="without-weight-no-turn"),
        pytest.param((1, 1, 2), {0: 25, 1: 25, 2: 50}, id="three"),
        pytest.param((0, 0), {None: 100}, id="nobody"),
    ],
)
def test_turns_follow_the_weights(weights, taken):
    turns = Turns()

    assert Counter(turns.take("web", weights) for _ in range(100)) == taken


@given(st.lists(st.integers(0, 20), min_size=1, max_size=4).filter(any))
def test_each_round_of_turns_is_exactly_as_weighted(weights):
    turns, total = Turns(), sum(weights)
    for _ in range(3):
        taken = Counter(turns.take("web", weights) for _ in range(total))
        assert [taken[position] for position in range(len(weights))] == weights
