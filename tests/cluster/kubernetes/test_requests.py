"""Requests as values: where each goes, and with what."""

import orjson
import pytest

from gco.cluster.kubernetes import requests
from gco.cluster.port import LogOptions
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT, NODE, POD, SERVICE


@pytest.mark.parametrize(
    ("request_", "method", "target"),
    [
        pytest.param(
            requests.get(SERVICE, "gco", "web"),
            "GET",
            "/api/v1/namespaces/gco/services/web",
            id="core-group",
        ),
        pytest.param(
            requests.get(DEPLOYMENT, "gco", "web"),
            "GET",
            "/apis/apps/v1/namespaces/gco/deployments/web",
            id="named-group",
        ),
        pytest.param(
            requests.get(NODE, "ignored", "n1"), "GET", "/api/v1/nodes/n1", id="cluster-scoped"
        ),
        pytest.param(
            requests.get(SERVICE, "gco", "../../secrets/x?y"),
            "GET",
            "/api/v1/namespaces/gco/services/..%2F..%2Fsecrets%2Fx%3Fy",
            id="a-name-stays-a-name",
        ),
        pytest.param(
            requests.list_page(
                POD, None, labels="app in (a,b)", fields="", limit=500, following="t=="
            ),
            "GET",
            "/api/v1/pods?labelSelector=app+in+%28a%2Cb%29&limit=500&continue=t%3D%3D",
            id="list-of-all-namespaces",
        ),
        pytest.param(
            requests.watch(
                INFERENCE_ENDPOINT,
                "gco",
                after="42",
                labels="",
                fields="metadata.name=a",
                seconds=300,
            ),
            "GET",
            "/apis/gco.io/v1alpha1/namespaces/gco/inferenceendpoints?watch=true"
            "&allowWatchBookmarks=true&resourceVersion=42&timeoutSeconds=300"
            "&fieldSelector=metadata.name%3Da",
            id="watch",
        ),
        pytest.param(
            requests.log_lines(
                "gco", "web-1", LogOptions("inference", 50, previous=True, max_bytes=9)
            ),
            "GET",
            "/api/v1/namespaces/gco/pods/web-1/log"
            "?container=inference&timestamps=true&tailLines=50&previous=true&limitBytes=9",
            id="logs",
        ),
    ],
)
def test_reads(request_, method, target):
    assert (request_.method, request_.target, request_.body) == (method, target, None)


MANIFEST = {"metadata": {"name": "web", "namespace": "gco"}}


@pytest.mark.parametrize(
    ("request_", "method", "target", "content_type"),
    [
        pytest.param(
            requests.apply(DEPLOYMENT, MANIFEST, manager="gco", force=True, subresource="status"),
            "PATCH",
            "/apis/apps/v1/namespaces/gco/deployments/web/status"
            "?fieldManager=gco&force=true&fieldValidation=Strict",
            "application/apply-patch+yaml",
            id="apply",
        ),
        pytest.param(
            requests.create(DEPLOYMENT, MANIFEST, subresource=None),
            "POST",
            "/apis/apps/v1/namespaces/gco/deployments?fieldValidation=Strict",
            "application/json",
            id="create",
        ),
        pytest.param(
            requests.create(POD, MANIFEST, subresource="binding"),
            "POST",
            "/api/v1/namespaces/gco/pods/web/binding?fieldValidation=Strict",
            "application/json",
            id="binding",
        ),
        pytest.param(
            requests.replace(DEPLOYMENT, MANIFEST, subresource=None),
            "PUT",
            "/apis/apps/v1/namespaces/gco/deployments/web?fieldValidation=Strict",
            "application/json",
            id="replace",
        ),
        pytest.param(
            requests.json_patch(DEPLOYMENT, "gco", "web", [], manager="gco", subresource="scale"),
            "PATCH",
            "/apis/apps/v1/namespaces/gco/deployments/web/scale"
            "?fieldManager=gco&fieldValidation=Strict",
            "application/json-patch+json",
            id="json-patch",
        ),
    ],
)
def test_writes(request_, method, target, content_type):
    assert (request_.method, request_.target) == (method, target)
    assert request_.content_type == content_type
    assert orjson.loads(request_.body) in (MANIFEST, [])


def test_a_delete_carries_its_conditions_in_its_body():
    request = requests.delete(
        SERVICE, "gco", "web", uid="u-1", propagation="Foreground", grace_seconds=0
    )
    assert request.target == "/api/v1/namespaces/gco/services/web"
    assert orjson.loads(request.body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Foreground",
        "preconditions": {"uid": "u-1"},
        "gracePeriodSeconds": 0,
    }


def test_a_request_says_in_words_what_it_is():
    told = requests.apply(DEPLOYMENT, MANIFEST, manager="g", force=True, subresource="status").what
    assert told == "apply Deployment status gco/web"
