"""Which rule takes a request, and what path the backend sees."""

import pytest

from gco.sandbox.router.rules import choose, rules_of

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
