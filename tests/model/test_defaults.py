"""What an absent field means."""

import pytest
from hypothesis import given

from gco.core.model.defaults import effective, with_defaults
from gco.core.model.ids import EndpointName
from gco.core.model.spec import Accelerator
from tests.model.specs import SPECS, a_spec

NAME = EndpointName("llama")


@given(SPECS)
def test_a_spec_with_its_defaults_stated_has_none_to_gain(spec):
    once = with_defaults(spec, NAME)

    assert with_defaults(once, NAME) == once


@given(SPECS)
def test_stating_the_defaults_changes_nothing_that_takes_effect(spec):
    assert effective(with_defaults(spec, NAME)) == effective(spec)


def test_a_bare_spec_has_the_documented_defaults():
    full = with_defaults(a_spec(), NAME)

    assert full.model_dump(mode="json", exclude_none=True) == {
        "image": "vllm/vllm-openai:v0.8.5",
        "imagePolicy": "regional",
        "imagePullSecrets": [],
        "server": "vllm",
        "command": [],
        "args": [],
        "env": [],
        "envFrom": [],
        "port": 8000,
        "probes": {
            "readyPath": "/health",
            "startupSeconds": 600,
            "timeoutSeconds": 5,
            "readinessPeriodSeconds": 10,
            "livenessPeriodSeconds": 15,
            "livenessFailures": 5,
        },
        "resources": {
            "accelerator": "nvidia",
            "count": 1,
            "requests": {"cpu": "1", "memory": "4Gi"},
            "limits": {"cpu": "4", "memory": "16Gi"},
        },
        "scheduling": {
            "nodeSelector": {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"},
            "tolerations": [],
            "topologySpread": [],
        },
        "replicas": 1,
        "route": {"path": "/inference/llama"},
        "rollout": {"strategy": "auto", "allowDowntime": False},
        "state": "running",
    }


@pytest.mark.parametrize(
    ("fields", "port"),
    [
        pytest.param({}, 8000, id="the-profiles"),
        pytest.param({"port": 9000}, 9000, id="stated"),
        pytest.param({"args": ("--port", "9001")}, 9001, id="told-by-two-words"),
        pytest.param({"args": ("--port=9001",)}, 9001, id="told-by-one-word"),
        pytest.param({"command": ("vllm", "serve", "--port=9001")}, 9001, id="told-by-the-command"),
        pytest.param({"args": ("--port=1", "--port=2")}, 2, id="the-last-one-counts"),
        pytest.param({"args": ("--port", "many")}, 8000, id="no-number"),
        pytest.param({"args": ("--port", "99999")}, 8000, id="no-port"),
        pytest.param({"args": ("--port",)}, 8000, id="nothing-after-it"),
        pytest.param(
            {"server": "tgi", "env": ({"name": "PORT", "value": "3000"},)}, 3000, id="told-by-env"
        ),
        pytest.param({"server": "sglang"}, 30000, id="of-the-stated-server"),
    ],
)
def test_port(fields, port):
    assert effective(a_spec(**fields)).port == port


@pytest.mark.parametrize(
    ("resources", "accelerator", "count", "device"),
    [
        pytest.param(None, "nvidia", 1, "nvidia.com/gpu", id="one-gpu-unless-said"),
        pytest.param({"count": 4}, "nvidia", 4, "nvidia.com/gpu", id="counted"),
        pytest.param({"count": 0}, "none", 0, "", id="a-count-of-0-is-none"),
        pytest.param({"accelerator": "none"}, "none", 0, "", id="none"),
        pytest.param({"accelerator": "neuron"}, "neuron", 1, "aws.amazon.com/neuron", id="neuron"),
        pytest.param({"limits": {"amd.com/gpu": 2}}, "amd", 2, "amd.com/gpu", id="by-its-limit"),
        pytest.param({"requests": {"nvidia.com/gpu": "0"}}, "none", 0, "", id="a-limit-of-0"),
    ],
)
def test_accelerator(resources, accelerator, count, device):
    full = effective(a_spec(resources=resources))

    assert (full.accelerator, full.count, full.device) == (Accelerator(accelerator), count, device)
    assert device not in full.requests
    assert device not in full.limits


@pytest.mark.parametrize(
    ("resources", "requests", "limits"),
    [
        pytest.param(
            {"requests": {"cpu": 8}},
            {"cpu": "8", "memory": "4Gi"},
            {"cpu": "8", "memory": "16Gi"},
            id="a-default-limit-rises-to-the-request",
        ),
        pytest.param(
            {"limits": {"memory": "2Gi"}},
            {"cpu": "1", "memory": "2Gi"},
            {"cpu": "4", "memory": "2Gi"},
            id="a-default-request-falls-to-the-limit",
        ),
        pytest.param(
            {"limits": {"vpc.amazonaws.com/efa": 1}},
            {"cpu": "1", "memory": "4Gi"},
            {"cpu": "4", "memory": "16Gi", "vpc.amazonaws.com/efa": "1"},
            id="other-devices-stay",
        ),
    ],
)
def test_requests_and_limits(resources, requests, limits):
    full = effective(a_spec(resources=resources))

    assert (full.requests, full.limits) == (requests, limits)


@pytest.mark.parametrize(
    ("accelerator", "nodes"),
    [
        ("nvidia", {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"}),
        ("neuron", {"accelerator": "neuron"}),
        ("amd", {}),
        ("none", {}),
    ],
)
def test_nodes_are_those_of_the_accelerator_unless_some_are_selected(accelerator, nodes):
    resources = {"accelerator": accelerator}

    assert effective(a_spec(resources=resources)).node_selector == nodes
    for stated in ({}, {"pool": "a"}):
        spec = a_spec(resources=resources, scheduling={"node_selector": stated})
        assert effective(spec).node_selector == stated
