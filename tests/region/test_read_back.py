"""Routes as those who route by them read them: with parsers that were not written here.

Programs below `testbed/go/readers` take rendered objects and print what the parsers of the AWS ALB
ingress controller, of ingress-nginx and of the Gateway API have of them; each ends with an error
where they refuse anything.
"""

import json
import subprocess
from typing import Any

import pytest

from gco.core.region.freeze import freeze
from gco.core.region.render.route import routes
from gco.core.region.render.template import pod_template
from testbed.build import program
from testbed.skipping import skipping
from tests.region.test_golden import CASES, CERTIFICATE, SPLITS

pytestmark = pytest.mark.real


def read(reader: str, case: str) -> list[dict[str, Any]]:
    """Return what the reader's parsers have of each object of a route."""
    regional = CASES[case]
    template = freeze(
        regional.name, regional.spec.template_key, regional.spec.revision, pod_template(regional)
    )
    made = routes(regional, template, SPLITS.get(case)).values()
    objects = json.dumps([rendered.manifest for rendered in made], default=dict)
    with skipping():
        path = program(reader)
    done = subprocess.run(  # noqa: S603 - our own program
        [path], input=objects, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_alb_controller_reads_weights_as_they_are_meant():
    [ingress] = read("read-alb", "alb-weighted")

    action = ingress["actions"]["Actions"]["weighted-routing"]
    assert action["Type"] == "forward"
    assert [
        (group["ServiceName"], group["ServicePort"], group["Weight"])
        for group in action["ForwardConfig"]["TargetGroups"]
    ] == [("web", "80", 90), ("web-canary", "80", 10)]


def test_the_alb_controller_reads_health_checks_ports_and_who_signs_in():
    [ingress] = read("read-alb", "alb-https-oidc")

    health, group = ingress["healthCheck"], ingress["targetGroup"]
    assert (health["Path"], health["IntervalSeconds"], health["TimeoutSeconds"]) == (
        "/health",
        30,
        5,
    )
    assert (group["HealthyThresholdCount"], group["UnhealthyThresholdCount"]) == (2, 5)
    assert (group["TargetType"], group["SuccessCodes"]) == ("ip", "200")
    assert ingress["loadBalancer"]["Ports"] == [{"Port": 443, "Scheme": "HTTPS"}]
    assert ingress["authType"] == "oidc"
    assert ingress["oidc"]["Issuer"] == "https://id.example.com"
    assert ingress["oidc"]["SecretName"] == "oidc-client"


def test_the_alb_controller_reads_a_user_pool():
    [ingress] = read("read-alb", "alb-cognito-without-rewrite")

    assert ingress["authType"] == "cognito"
    assert ingress["cognito"]["UserPoolArn"].endswith("userpool/us-east-1_a")
    assert ingress["cognito"]["UserPoolClientId"] == "1example23456789"
    assert ingress["cognito"]["UserPoolDomain"] == "models"
    assert CERTIFICATE not in json.dumps(ingress["cognito"])


@pytest.mark.parametrize(
    ("case", "weight"),
    [
        pytest.param("nginx-weighted", 25, id="some"),
        pytest.param("nginx-without-weight", 0, id="none"),
    ],
)
def test_nginx_reads_a_canary_and_its_weight(case: str, weight: int):
    main, canary = read("read-nginx", case)

    assert not main["canary"]["Enabled"]
    assert (canary["canary"]["Enabled"], canary["canary"]["Weight"]) == (True, weight)
    assert canary["canary"]["WeightTotal"] == 100


@pytest.mark.parametrize(
    ("case", "target"),
    [
        pytest.param("cpu-nginx", "/$2", id="a-prefix"),
        pytest.param("amd-in-place", "", id="no-prefix"),
    ],
)
def test_nginx_reads_what_takes_the_prefix_off(case: str, target: str):
    [ingress] = read("read-nginx", case)

    assert ingress["rewrite"]["target"] == target
    assert ingress["rewrite"]["useRegex"] is bool(target)
    assert (ingress["proxy"]["readTimeout"], ingress["proxy"]["bodySize"]) == (600, "64m")


def test_nginx_reads_where_passwords_are():
    [ingress] = read("read-nginx", "nginx-tls-basic")

    assert (ingress["basic"]["type"], ingress["basic"]["secured"]) == ("basic", True)
    assert ingress["basic"]["secret"].split("/") == ["gco-inference", "llm-users"]


def test_nginx_reads_whom_to_ask():
    [ingress] = read("read-nginx", "nginx-external")

    external = ingress["external"]
    assert external["url"] == "http://auth.gco-inference.svc.cluster.local/verify"
    assert external["responseHeaders"] == ["X-User", "X-Team"]


@pytest.mark.parametrize("case", [case for case in CASES if case.startswith("gateway")])
def test_the_gateway_apis_types_read_what_was_rendered(case: str):
    [route] = read("read-gateway", case)

    [parent] = route["spec"]["parentRefs"]
    [rule] = route["spec"]["rules"]
    stated = CASES[case].spec.endpoint.route
    assert (parent["kind"], parent["name"]) == ("Gateway", "public")
    assert parent.get("sectionName") == stated.gateway.listener
    assert parent.get("namespace") == stated.gateway.namespace
    assert (route["spec"].get("hostnames") or None) == ([stated.host] if stated.host else None)
    [match] = rule["matches"]
    assert match["path"]["type"] == "PathPrefix"
    assert bool(rule.get("filters")) is (match["path"]["value"] != "/")
    split = SPLITS.get(case)
    weights = [(each["name"], each["weight"]) for each in rule["backendRefs"]]
    assert weights == (list(split.shares("web")) if split else [("web", 1)])
