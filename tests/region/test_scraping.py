"""Prometheus finds the metrics of every server that has some: by annotations, or by the PodMonitor."""

import re
from pathlib import Path

import pytest
import yaml

from gco.core.model.names import SELECT_OURS
from gco.core.region.render.template import pod_template
from tests.builders import a_regional

MONITORS = Path(__file__).parents[2] / "deploy/kubernetes/prometheus/pod-monitors.yaml"
LABEL = {
    "prometheus.io/scrape": "__meta_kubernetes_pod_annotation_prometheus_io_scrape",
    "prometheus.io/port": "__meta_kubernetes_pod_annotation_prometheus_io_port",
    "prometheus.io/path": "__meta_kubernetes_pod_annotation_prometheus_io_path",
}
"""As what Prometheus knows the annotations."""


def annotations(**spec):
    return pod_template(a_regional(**spec))["metadata"].get("annotations", {})


@pytest.mark.parametrize(
    ("spec", "port"),
    [
        ({"image": "vllm/vllm-openai:v0.8.4"}, "8000"),
        ({"image": "vllm/vllm-openai:v0.8.4", "port": 9000}, "9000"),
        ({"image": "nvcr.io/nvidia/tritonserver:25.01-py3"}, "8002"),
        ({"image": "pytorch/torchserve:0.12.0"}, "8082"),
        ({"image": "lmsysorg/sglang:v0.4", "args": ["--enable-metrics"]}, "30000"),
    ],
    ids=["vllm", "another-port", "triton", "torchserve", "sglang"],
)
def test_pods_of_a_server_with_metrics_say_where_they_are(spec, port):
    assert annotations(**spec) == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": port,
        "prometheus.io/path": "/metrics",
    }


@pytest.mark.parametrize(
    "spec",
    [
        {"image": "lmsysorg/sglang:v0.4"},
        {"image": "ghcr.io/ggml-org/llama.cpp:server"},
        {"image": "ollama/ollama:0.6"},
        {"image": "mine:1"},
    ],
    ids=["sglang-without-its-flag", "llamacpp-without-its-flag", "ollama", "custom"],
)
def test_pods_of_a_server_that_tells_no_metrics_ask_for_no_scrape(spec):
    assert annotations(**spec) == {}


def test_an_override_has_the_last_word():
    overrides = {"metadata": {"annotations": {"prometheus.io/scrape": "false"}}}

    assert annotations(podOverrides=overrides)["prometheus.io/scrape"] == "false"


def monitor():
    found = yaml.safe_load_all(MONITORS.read_text(encoding="utf-8"))
    [spec] = [m["spec"] for m in found if m["metadata"]["name"] == "gco-model-pods"]
    return spec


def scraped(labels):
    """Return a target's labels after the PodMonitor's relabelings, None where it is dropped.

    Prometheus joins the source labels by semicolons, and anchors each expression.
    """
    labels = dict(labels)
    [endpoint] = monitor()["podMetricsEndpoints"]
    for step in endpoint["relabelings"]:
        joined = ";".join(labels.get(name, "") for name in step["sourceLabels"])
        found = re.fullmatch(step.get("regex", "(.*)"), joined)
        if step.get("action") == "keep":
            if not found:
                return None
        elif found:
            replacement = re.sub(r"\$(\d)", r"\\\1", step.get("replacement", "$1"))
            labels[step["targetLabel"]] = found.expand(replacement)
    return labels


def target(address, told):
    named = {LABEL[key]: value for key, value in told.items()}
    return {"__address__": address, "__meta_kubernetes_pod_label_app": "llama", **named}


def test_the_pod_monitor_selects_the_pods_of_endpoints():
    wanted = dict(pair.split("=") for pair in SELECT_OURS.split(","))

    assert monitor()["selector"]["matchLabels"] == wanted


@pytest.mark.parametrize(
    ("address", "scrape"),
    [("10.0.0.7:8000", "10.0.0.7:8002"), ("[fd00::7]:8000", "[fd00::7]:8002")],
    ids=["ipv4", "ipv6"],
)
def test_the_pod_monitor_scrapes_where_the_annotations_say(address, scrape):
    told = annotations(image="nvcr.io/nvidia/tritonserver:25.01-py3")

    found = scraped(target(address, told))

    assert found["__address__"] == scrape
    assert found["__metrics_path__"] == "/metrics"
    assert found["inference_endpoint"] == "llama"


def test_the_pod_monitor_leaves_pods_alone_that_ask_for_no_scrape():
    assert scraped(target("10.0.0.7:8000", annotations(image="mine:1"))) is None
