"""Routes that a region's backend can make are accepted, and all else is refused with what it can."""

import json

import pytest

from gco.core.model.spec import GatewayRef
from gco.core.model.status import Region
from gco.core.model.validation import check, parse_documents
from gco.errors import InvalidSpecError
from tests.model.specs import a_document
from tests.model.test_validation import a_region

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
COGNITO = {
    "cognito": {
        "userPoolArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a",
        "userPoolClientId": "1example23456789",
        "userPoolDomain": "models",
    }
}
BASIC = {"basic": {"secretName": "users"}}
REGIONS = (
    a_region("alb"),
    a_region("old-alb", alb_rewrites=False),
    a_region("nginx", route_backend="nginx"),
    a_region("gw", route_backend="gateway", gateway=GatewayRef(name="public", namespace="gw")),
    a_region("gw-unnamed", route_backend="gateway"),
    Region.model_validate(a_region("newer").model_dump() | {"routeBackend": "warp"}),
)


def told(spec: dict) -> tuple[dict, dict]:
    """Return what is refused and what is warned of, by path."""
    document = json.dumps(a_document(spec))
    try:
        [parsed] = parse_documents(document, "a.json", regions=REGIONS)
        warnings = check(parsed, regions=REGIONS, namespaces=None)
    except InvalidSpecError as error:
        return {p.path: (p.given, p.allowed) for p in error.problems}, {}
    return {}, {p.path: (p.given, p.allowed) for p in warnings}


def one(region: str, **route) -> dict:
    return {"regions": [region], "route": route}


REFUSED = [
    pytest.param(one("gw-unnamed"), "spec.route.gateway", "nothing", "the name and namespace of a Gateway, as gw-unnamed names none", id="no-gateway-known"),
    pytest.param(one("alb", gateway={"name": "public"}), "spec.route.gateway", "public", "left out, as the backend is alb, by alb", id="a-gateway-for-an-alb"),
    pytest.param(one("alb", tls={"secretName": "cert"}), "spec.route.tls.secretName", "cert", "left out: backend alb takes certificateArn", id="a-secret-for-an-alb"),
    pytest.param(one("alb", backend="nginx", host="a.b", tls={"certificateArn": CERTIFICATE}), "spec.route.tls.certificateArn", CERTIFICATE[:10], "left out: backend nginx takes secretName", id="a-certificate-for-nginx"),
    pytest.param(one("nginx", tls={"secretName": "cert"}), "spec.route.host", "nothing", "the host name that the certificate is for", id="tls-without-a-host"),
    pytest.param(one("gw", tls={"secretName": "cert"}), "spec.route.tls.secretName", "cert", "left out: with backend gateway the certificate is the listener's", id="tls-at-a-gateway"),
    pytest.param(one("alb", tls={}), "spec.route.tls", "no certificateArn", "certificateArn, for backend alb", id="tls-without-a-certificate"),
    pytest.param(one("nginx", healthCheck={"intervalSeconds": 30}), "spec.route.healthCheck", "a health check", "left out: backend nginx, by nginx goes by the pods' readiness", id="a-health-check-of-nginx"),
    pytest.param(one("alb", healthCheck={"timeoutSeconds": 20}), "spec.route.healthCheck.timeoutSeconds", "20", "less than the interval, 15", id="a-health-check-that-never-ends"),
    pytest.param(one("alb", healthCheck={"intervalSeconds": 1}), "spec.route.healthCheck.intervalSeconds", "1", "a whole number, 5 to 300", id="a-health-check-too-often"),
    pytest.param(one("alb", auth={}), "spec.route.auth", "nothing", "exactly one of", id="no-way-to-authenticate"),
    pytest.param(one("alb", auth={**COGNITO, **BASIC}), "spec.route.auth", "cognito and basic", "exactly one of", id="two-ways"),
    pytest.param(one("alb", tls={"certificateArn": CERTIFICATE}, auth=BASIC), "spec.route.auth", "basic", "oidc or cognito, which is what backend alb can ask", id="passwords-at-an-alb"),
    pytest.param(one("nginx", auth=COGNITO), "spec.route.auth", "cognito", "basic or external, which is what backend nginx can ask", id="cognito-at-nginx"),
    pytest.param(one("gw", auth=BASIC), "spec.route.auth", "basic", "left out: a Gateway asks callers by policies", id="auth-at-a-gateway"),
    pytest.param(one("alb", auth=COGNITO), "spec.route.tls", "nothing", "a certificate, as an ALB signs people in on HTTPS alone", id="signing-in-without-https"),
    pytest.param(one("nginx", auth={"external": {"url": "http://me:secret@auth/verify"}}), "spec.route.auth.external.url", "***", "an address", id="a-password-in-a-url"),
    pytest.param({"image": "ghcr.io/huggingface/text-generation-inference:3.0", **one("old-alb")}, "spec.route.path", "/inference/llama", "/ with a host of its own, or another backend", id="nobody-takes-the-prefix-off"),
    *(
        pytest.param(one("alb", path=path), "spec.route.path", path, "a path without `//`", id=f"path-{path}")
        for path in ("/a//b", "//", "/..", "/a/../b", "/.", "/a/./b", "/a//")
    ),
    pytest.param(one("old-alb", stripPrefix=True), "spec.route.stripPrefix", "true", "false: the load balancer controller of old-alb", id="a-rewrite-that-the-controller-lacks"),
    pytest.param({"regions": [{"name": "nginx", "route": {"auth": COGNITO}}, "alb"]}, "spec.regions[0].route.auth", "cognito", "basic or external", id="in-the-region-that-says-so"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "path", "given", "allowed"), REFUSED)
def test_what_a_backend_cannot_do_is_refused_with_what_it_can(spec, path, given, allowed):
    refused, _ = told(spec)

    assert refused.keys() == {path}
    assert refused[path][0].startswith(given)
    assert refused[path][1].startswith(allowed)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(one("alb", tls={"certificateArn": CERTIFICATE}, auth=COGNITO), id="alb"),
        pytest.param(one("nginx", host="a.b", tls={"secretName": "c"}, auth=BASIC), id="nginx"),
        pytest.param(one("gw", host="a.b"), id="the-regions-own-gateway"),
        pytest.param(one("gw", gateway={"name": "public", "listener": "https"}), id="a-listener"),
        pytest.param(one("newer", host="a.b", tls={"secretName": "c"}, auth=BASIC, gateway={"name": "g"}), id="a-backend-that-this-version-has-no-rules-for"),
        pytest.param(one("old-alb"), id="the-server-knows-its-prefix"),
        pytest.param(one("old-alb", path="/", host="a.b"), id="no-prefix"),
        pytest.param({"server": "custom", "image": "mine:1", **one("old-alb", stripPrefix=False)}, id="kept-on-purpose"),
        pytest.param({"regions": [{"name": "alb", "route": {"tls": {"certificateArn": CERTIFICATE}}}, "nginx"]}, id="each-region-its-own"),
    ],
)  # fmt: skip
def test_what_every_region_can_do_is_accepted(spec):
    assert told(spec)[0] == {}


def test_a_key_in_place_of_its_reference_is_refused_and_not_repeated():
    key = "-----BEGIN PRIVATE KEY----- abc"
    refused, _ = told(one("alb", tls={"certificateArn": key}))

    given, allowed = refused["spec.route.tls.certificateArn"]
    assert (given, allowed) == ("***", "the ARN of a certificate in AWS Certificate Manager")


def test_passwords_without_https_are_warned_of():
    assert told(one("nginx", auth=BASIC))[1]["spec.route.tls"][1].startswith("a certificate, or")


def test_what_is_said_of_many_regions_is_said_once():
    refused, _ = told({"regions": ["alb", "old-alb"], "route": {"backend": "alb", "auth": {}}})

    assert refused.keys() == {"spec.route.auth"}
