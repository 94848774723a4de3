"""What is read off a route: whether its controller has taken it up, and why not."""

import pytest

from gco.core.region.observe import route


def said(generation=None, **verdicts):
    """Return what one Gateway's controller says of a route."""
    of = {} if generation is None else {"observedGeneration": generation}
    conditions = [
        {"type": kind, "status": status, "reason": f"No{kind}", "message": "so", **of}
        for kind, status in verdicts.items()
    ]
    return {"controllerName": "example.com/c", "conditions": conditions}


def an_http_route(*parents, generation=2):
    metadata = {"name": "inference-web", "uid": "u", "generation": generation, "labels": {}}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata,
        "spec": {},
        "status": {"parents": list(parents)},
    }


@pytest.mark.parametrize(
    ("parents", "taken_up", "problem"),
    [
        pytest.param([], False, "", id="nobody-says-anything"),
        pytest.param([said(2, Accepted="True", ResolvedRefs="True")], True, "", id="served"),
        pytest.param([said(2, Accepted="True")], True, "", id="served-and-no-word-of-the-rest"),
        pytest.param([said(Accepted="True")], True, "", id="of-no-generation"),
        pytest.param([said(1, Accepted="True")], False, "", id="of-an-earlier-generation"),
        pytest.param([said(2, Accepted="False")], False, "NoAccepted: so", id="refused"),
        pytest.param(
            [said(2, Accepted="True", ResolvedRefs="False")],
            False,
            "NoResolvedRefs: so",
            id="without-its-service",
        ),
        pytest.param(
            [said(2, Accepted="False"), said(2, Accepted="True")], True, "", id="one-of-two-serves"
        ),
        pytest.param([{"controllerName": "c"}], False, "", id="not-decided-yet"),
    ],
)
def test_an_http_route_is_taken_up_once_a_gateway_serves_what_is_there(parents, taken_up, problem):
    record = route(an_http_route(*parents))

    assert (record.taken_up, record.problem, record.address) == (taken_up, problem, "")


@pytest.mark.parametrize(
    ("point", "address"),
    [({"hostname": "lb"}, "lb"), ({"ip": "10.0.0.1"}, "10.0.0.1"), ({}, "")],
)
def test_an_ingress_is_taken_up_once_it_has_an_address(point, address):
    manifest = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": "inference-web", "uid": "u", "labels": {"gco.io/canary": "true"}},
        "status": {"loadBalancer": {"ingress": [point]}},
    }

    record = route(manifest)

    assert (record.address, record.taken_up, record.weighted) == (address, bool(address), True)
