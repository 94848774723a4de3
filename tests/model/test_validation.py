"""The door: what is refused, in which words, and that all of it is told at once."""

import contextlib
import datetime as dt
import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from gco.core.model.spec import InferenceEndpoint
from gco.core.model.status import Region
from gco.core.model.validation import check, examine, parse_documents
from gco.errors import InvalidSpecError
from tests.model.specs import JSON, SPECS, TEXT, a_document


def a_region(name, **fields):
    started = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    return Region(name=name, cluster_uid=f"uid-{name}", heartbeat=started, epoch=1, **fields)


REGIONS = (a_region("us-east-1"), a_region("eu-west-1"), a_region("ap-south-1"))


def refused(document, **known):
    """Return what is said of a document, by path."""
    with pytest.raises(InvalidSpecError) as error:
        parse_documents(json.dumps(document), "a.json", **known)
    return {p.path: (p.given, p.allowed) for p in error.value.problems}


def findings(document, *, regions=None, namespaces=None):
    [parsed] = parse_documents(json.dumps(document), "a.json")
    return examine(parsed, regions=regions, namespaces=namespaces)


def problems(document, **known):
    return {p.path: (p.given, p.allowed) for p in findings(document, **known).problems}


def warnings(document, **known):
    return {p.path: (p.given, p.allowed) for p in findings(document, **known).warnings}


def test_a_valid_document_is_returned():
    [endpoint] = parse_documents(yaml.safe_dump(a_document({"replicas": 2})), "a.yaml")

    assert endpoint == InferenceEndpoint.model_validate(a_document({"replicas": 2}))


def test_every_problem_of_every_document_is_told_at_once_with_its_line():
    text = """\
apiVersion: gco.io/v1alpha1
kind: InferenceEndpoint
metadata: {name: Llama}
spec:
  imgae: vllm/vllm-openai:v1
  replicas: three
---
apiVersion: gco.io/v1alpha1
kind: InferenceEndpoint
metadata: {name: other}
spec:
  image: vllm/vllm-openai:v1
  port: 70000
  regions:
  - us-east-1
  - {name: eu-wst-1}
  env:
  - {name: A, value: x, valueFrom: {secretKeyRef: {name: s, key: k}}}
---
kind: Deployment
"""
    with pytest.raises(InvalidSpecError) as error:
        parse_documents(text, "a.yaml", regions=REGIONS)

    assert [(p.source, p.path, p.given, p.allowed) for p in error.value.problems] == [
        ("a.yaml:4", "spec.image", "", "required: the container image of the server: `vllm/vllm-openai:v0.8.5`"),
        ("a.yaml:5", "spec.imgae", "vllm/vllm-openai:v1", "no such field; did you mean image?"),
        ("a.yaml:6", "spec.replicas", "three", "a whole number, 0 to 10000"),
        ("a.yaml:13", "spec.port", "70000", "a whole number, 1 to 65535"),
        ("a.yaml:16", "spec.regions[1].name", "eu-wst-1", "not a region here; did you mean eu-west-1? (known: ap-south-1, eu-west-1, us-east-1)"),
        ("a.yaml:18", "spec.env[0].valueFrom", "", "value or valueFrom, not both"),
        ("a.yaml:20", "kind", "Deployment", "InferenceEndpoint: nothing else is read"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "given", "allowed"),
    [
        ("", "nothing", "a mapping with apiVersion"),
        ("# nothing\n", "nothing", "a mapping with apiVersion"),
        ("just text", "just text", "a mapping with apiVersion"),
        ("7", '"7"', "a mapping with apiVersion"),
    ],
)
def test_what_is_no_document_is_told_what_one_has(text, given, allowed):
    with pytest.raises(InvalidSpecError) as error:
        parse_documents(text, "a.yaml")

    [problem] = error.value.problems
    assert problem.given in {given, given.strip('"')}
    assert problem.allowed.startswith(allowed)


FIELDS = [
    pytest.param({"model": {"uri": "file:///etc"}}, "spec.model.uri", "file:///etc", "a folder of weights; /proc, /sys, /dev, /etc, /run/secrets, /var/run/secrets hold the system and the credentials of the Job that copies", id="model-of-the-system"),
    pytest.param({"model": {"uri": "file:///run/secrets/x"}}, "spec.model.uri", "file:///run/secrets/x", "a folder of weights; /proc, /sys, /dev, /etc, /run/secrets, /var/run/secrets hold the system and the credentials of the Job that copies", id="model-of-secrets"),
    pytest.param({"model": {"uri": "file:///"}}, "spec.model.uri", "file:///", "a folder of weights; /proc, /sys, /dev, /etc, /run/secrets, /var/run/secrets hold the system and the credentials of the Job that copies", id="model-of-everything"),
    pytest.param({"model": {"uri": "https://x"}}, "spec.model.uri", "https://x", "`s3://…`, `hf://…` or `file://…`", id="model-of-the-web"),
    pytest.param({"model": {"uri": "s3://models/x", "digest": "sha256:1"}}, "spec.model.digest", "sha256:1", "`sha256:` and 64 hexadecimal digits", id="short-digest"),
    pytest.param({"model": {"uri": "hf://a/b", "tokenFrom": {"secretKeyRef": {"name": "a", "key": "b c"}}}}, "spec.model.tokenFrom.secretKeyRef.key", "b c", "a key of a Secret: letters, digits, `-`, `_` and `.`", id="key-of-a-secret"),
    pytest.param({"replicas": "3"}, "spec.replicas", '"3"', "a whole number, 0 to 10000", id="number-as-text"),
    pytest.param({"replicas": 2.5}, "spec.replicas", "2.5", "a whole number, 0 to 10000", id="fraction"),
    pytest.param({"replicas": True}, "spec.replicas", "true", "a whole number, 0 to 10000", id="flag-as-number"),
    pytest.param({"port": 0}, "spec.port", "0", "a whole number, 1 to 65535", id="port-0"),
    pytest.param({"args": ["--port", 8000]}, "spec.args[1]", "8000", 'text; in quotes, "8000", it is text', id="number-among-args"),
    pytest.param({"args": "--port"}, "spec.args", "--port", "a list", id="args-as-text"),
    pytest.param({"env": [{"name": "A", "value": True}]}, "spec.env[0].value", "true", 'text; in quotes, "true", it is text', id="flag-as-env"),
    pytest.param({"env": [{"name": "1A", "value": ""}]}, "spec.env[0].name", "1A", "letters, digits, `_`, `-` and `.`, not beginning with a digit", id="env-name"),
    pytest.param({"server": "vlm"}, "spec.server", "vlm", "vllm, sglang, tgi, triton, torchserve, llamacpp, llama-cpp-python, ollama or custom; did you mean vllm?", id="server-nearly"),
    pytest.param({"rollout": {"strategy": "rolling"}}, "spec.rollout.strategy", "rolling", "auto, surge, in-place or recreate", id="strategy"),
    pytest.param({"rollout": {"allowDowntime": "yes"}}, "spec.rollout.allowDowntime", "yes", "true or false", id="flag-as-text"),
    pytest.param({"resources": {"requests": {"cpu": 0.5}}}, "spec.resources.requests.cpu", "0.5", 'a Kubernetes quantity: `500m`, `4` or `16Gi`; in quotes, "0.5", it is text', id="float-quantity"),
    pytest.param({"resources": {"limits": {"memory": "16 GB"}}}, "spec.resources.limits.memory", "16 GB", "a Kubernetes quantity: `500m`, `4` or `16Gi`", id="no-quantity"),
    pytest.param({"resources": {"count": 65}}, "spec.resources.count", "65", "a whole number, 0 to 64", id="too-many-devices"),
    pytest.param({"probes": {"readypath": "/"}}, "spec.probes.readypath", "/", "no such field; did you mean readyPath? (livenessFailures, livenessPeriodSeconds, readinessPeriodSeconds, readyPath, startupSeconds, timeoutSeconds)", id="unknown-field"),
    pytest.param({"probes": {"readyPath": "health"}}, "spec.probes.readyPath", "health", "a path that begins with `/`", id="relative-path"),
    pytest.param({"route": {"path": "/a b"}}, "spec.route.path", "/a b", "a path that begins with `/`, of letters, digits and `-._~/`", id="route-path"),
    pytest.param({"route": {"path": "/" + "a" * 200}}, "spec.route.path", "/" + "a" * 58 + "…", "at most 200 characters", id="long-path"),
    pytest.param({"regions": [{"replicas": 1}]}, "spec.regions[0].name", "", "required: the name under which the region is registered", id="region-without-name"),
    pytest.param({"regions": ["EU"]}, "spec.regions[0].name", "EU", "a region's name: small letters, digits and `-`", id="region-name"),
    pytest.param({"image": ""}, "spec.image", '""', "text without spaces", id="empty-image"),
    pytest.param({"env": [{"name": "HF_TOKEN", "value": ["hf_" + "a" * 30]}]}, "spec.env[0].value", '["***"]', "text", id="secret-masked"),
    pytest.param({"env": [{"name": "DB_PASSWORD", "value": {"x": "hunter22"}}]}, "spec.env[0].value", '{"x": "***"}', "text", id="secret-by-its-name"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "path", "given", "allowed"), FIELDS)
def test_a_field_that_is_wrong_is_told_what_was_given_and_what_is_allowed(
    spec, path, given, allowed
):
    document = a_document(spec)

    found = refused(document)

    if path.startswith("spec.env"):
        assert found[path][1].startswith(allowed)
        assert "hunter22" not in str(found)
        assert "aaaa" not in str(found)
    else:
        assert found == {path: (given, allowed)}


@pytest.mark.parametrize(
    ("metadata", "path", "given", "allowed"),
    [
        ({"name": "Llama"}, "metadata.name", "Llama", "small letters, digits"),
        ({"name": "1-llama"}, "metadata.name", "1-llama", "small letters, digits"),
        ({"name": "llama-"}, "metadata.name", "llama-", "small letters, digits"),
        ({"name": "l" * 41}, "metadata.name", "l" * 41, "at most 40 characters, not 41"),
        ({"name": "llama-canary"}, "metadata.name", "llama-canary", "a name that does not end in"),
        ({"namespace": "Prod"}, "metadata.namespace", "Prod", "a namespace: at most 63"),
        ({"labels": {"-x": "a"}}, 'metadata.labels["-x"]', "-x", "a label's key"),
        ({"labels": {"x": "a b"}}, "metadata.labels.x", "a b", "a label's value"),
        ({"labels": {"x": "a" * 64}}, "metadata.labels.x", "a" * 59 + "…", "a label's value"),
        ({"labels": {"gco.io/mine": "a"}}, 'metadata.labels["gco.io/mine"]', "gco.io/mine", "a key that neither"),
        ({"labels": {"pod-template-hash": "a"}}, "metadata.labels.pod-template-hash", "pod-template-hash", "a key that neither"),
    ],
)  # fmt: skip
def test_metadata(metadata, path, given, allowed):
    found = refused(a_document(**metadata))

    assert found.keys() == {path}
    assert found[path][0] == given
    assert found[path][1].startswith(allowed)


@pytest.mark.parametrize("name", ["a", "llama-3-8b", "l" * 40, "canary", "a-canary-1"])
def test_names_that_are_allowed(name):
    assert parse_documents(json.dumps(a_document(name=name)), "a.json")


def test_a_label_of_our_own_is_accepted_without_effect():
    assert warnings(a_document(labels={"app": "x"}))["metadata.labels.app"] == (
        "x",
        "has no effect: GCO sets this label itself",
    )


def test_a_namespace_off_the_list_is_refused_with_the_list():
    document = a_document(namespace="gco-inferense")

    assert problems(document, namespaces=["gco-inference", "other"]) == {
        "metadata.namespace": (
            "gco-inferense",
            "gco-inference or other; did you mean gco-inference?",
        )
    }
    assert problems(document, namespaces=None) == {}


CPU = {"type": "cpu", "target": 70}
PROMETHEUS = {"prometheusAddress": "http://prometheus:9090"}
RULES = [
    pytest.param({"image": "a:b:c"}, "spec.image", "a:b:c", "an image such as", id="image"),
    pytest.param({"regions": [{"name": "a", "image": "A/B"}]}, "spec.regions[0].image", "A/B", "an image such as", id="region-image"),
    pytest.param({"regions": [{"name": "a", "image": "mirror/x:1"}]}, "spec.regions[0].image", "mirror/x:1", "an image that is known as vllm's", id="region-image-of-another-server"),
    pytest.param({"server": "sglang"}, "spec.server", "sglang", "vllm, as the image is its", id="server-against-image"),
    pytest.param({"port": 8001, "args": ["--port", "9000"]}, "spec.port", '"8001"', "9000, which args or env tell", id="port-against-args"),
    pytest.param({"server": "tgi", "image": "x/y:1", "port": 8001, "env": [{"name": "PORT", "value": "9000"}]}, "spec.port", '"8001"', "9000, which args or env tell", id="port-against-env"),
    pytest.param({"image": "ollama/ollama:0.5", "env": [{"name": "OLLAMA_HOST", "value": "127.0.0.1:11434"}]}, "spec.env[0].value", "127.0.0.1:11434", "0.0.0.0", id="loopback-host-by-env"),  # noqa: S104
    pytest.param({"args": ["--ssl-keyfile=/tls/key"]}, "spec.args", "--ssl-keyfile", "no --ssl-keyfile: routes and probes speak plain HTTP", id="tls-in-the-pod"),
    pytest.param({"args": ["--host", "127.0.0.1"]}, "spec.args", "127.0.0.1", "0.0.0.0", id="loopback-host"),  # noqa: S104
    pytest.param({"image": "ghcr.io/huggingface/text-generation-inference:3", "args": ["--root-path=/x"]}, "spec.args", "--root-path", "no --root-path: TGI", id="flag-that-ends-the-server"),
    pytest.param({"image": "ghcr.io/ggml-org/llama.cpp:server", "args": ["--api-prefix", "/x"]}, "spec.args", "--api-prefix", "no --api-prefix", id="flag-that-moves-health"),
    pytest.param({"args": ["--tensor-parallel-size=4"], "resources": {"count": 2}}, "spec.args", "--tensor-parallel-size 4", "at most resources.count, which is 2", id="more-devices-than-asked-for"),
    pytest.param({"env": [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]}, "spec.env[0].name", "A", "each variable once", id="env-twice"),
    pytest.param({"env": [{"name": "A"}]}, "spec.env[0]", "A", "value or valueFrom; empty is", id="env-without-value"),
    pytest.param({"env": [{"name": "A", "valueFrom": {"secretKeyReff": {}}}]}, "spec.env[0].valueFrom.secretKeyReff", "secretKeyReff", "secretKeyRef, configMapKeyRef, fieldRef or resourceFieldRef; did you mean secretKeyRef?", id="env-source"),
    pytest.param({"env": [{"name": "A", "valueFrom": {}}]}, "spec.env[0].valueFrom", "[]", "exactly one of", id="env-from-nothing"),
    pytest.param({"envFrom": [{"prefix": "A", "configMap": {}}]}, "spec.envFrom[0].configMap", "configMap", "configMapRef or secretRef; did you mean configMapRef?", id="env-from"),
    pytest.param({"resources": {"requests": {"gpu": 1}}}, "spec.resources.requests.gpu", "gpu", "cpu, memory, or a device such as nvidia.com/gpu; accelerator and count", id="gpu-without-domain"),
    pytest.param({"resources": {"limits": {"memroy": "1Gi"}}}, "spec.resources.limits.memroy", "memroy", "cpu, memory, or a device such as nvidia.com/gpu; did you mean memory?", id="resource-nearly"),
    pytest.param({"resources": {"requests": {"cpu": "1500m"}, "limits": {"cpu": 1}}}, "spec.resources.requests.cpu", "1500m", "at most the limit, 1", id="request-over-limit"),
    pytest.param({"resources": {"requests": {"a.io/b": 1}}}, 'spec.resources.requests["a.io/b"]', '"1"', "the same in limits", id="device-without-limit"),
    pytest.param({"resources": {"requests": {"a.io/b": 1}, "limits": {"a.io/b": 2}}}, 'spec.resources.requests["a.io/b"]', '"1"', "2, the same as the limit", id="device-below-limit"),
    pytest.param({"resources": {"count": 2, "limits": {"nvidia.com/gpu": 4}}}, 'spec.resources.limits["nvidia.com/gpu"]', '"4"', "2, as count says", id="limit-against-count"),
    pytest.param({"resources": {"accelerator": "amd", "limits": {"nvidia.com/gpu": 1}}}, 'spec.resources.limits["nvidia.com/gpu"]', '"1"', "no nvidia.com/gpu, as accelerator is amd", id="limit-against-accelerator"),
    pytest.param({"resources": {"accelerator": "none", "count": 1}}, "spec.resources.count", '"1"', "0, or another accelerator", id="none-but-one"),
    pytest.param({"resources": {"limits": {"nvidia.com/gpu": "500m"}}}, 'spec.resources.limits["nvidia.com/gpu"]', "500m", "a whole number, 0 to 64", id="half-a-device"),
    pytest.param({"scheduling": {"capacity": "spot", "nodeSelector": {"karpenter.sh/capacity-type": "on-demand"}}}, 'spec.scheduling.nodeSelector["karpenter.sh/capacity-type"]', "on-demand", "spot, as scheduling.capacity says", id="capacity-against-selector"),
    pytest.param({"scheduling": {"tolerations": [{"kye": "a"}]}}, "spec.scheduling.tolerations[0].kye", "a", "no such field; did you mean key?", id="toleration"),
    pytest.param({"regions": ["a", "b", "a"]}, "spec.regions[0].name", "a", "each region once", id="region-twice"),
    pytest.param({"regions": []}, "spec.regions", "[]", "at least one", id="no-region"),
    pytest.param({"rollout": {"strategy": "recreate"}}, "spec.rollout.strategy", "recreate", "a strategy that ends no pod", id="recreate-needs-permission"),
    pytest.param({"rollout": {"strategy": "in-place"}, "replicas": 1}, "spec.rollout.strategy", "in-place", "with a single replica, auto or surge", id="in-place-of-the-last-pod"),
    pytest.param({"rollout": {"strategy": "in-place"}, "replicas": 3, "regions": [{"name": "a", "replicas": 1}]}, "spec.rollout.strategy", "in-place", "with a single replica", id="in-place-of-a-regions-last-pod"),
    pytest.param({"rollout": {"strategy": "in-place"}, "replicas": 3, "autoscaling": {"min": 1}}, "spec.rollout.strategy", "in-place", "with a single replica", id="in-place-of-what-may-be-the-last-pod"),
    pytest.param({"autoscaling": {"min": 4, "max": 2}}, "spec.autoscaling.max", "2", "at least min, 4", id="autoscaling-bounds"),
    pytest.param({"autoscaling": {"max": 4}, "regions": [{"name": "a", "autoscaling": {"min": 5}}]}, "spec.regions[0].autoscaling.min", "5", "at most max, 4", id="autoscaling-bounds-of-a-region"),
    pytest.param({"autoscaling": {"metrics": []}}, "spec.autoscaling.metrics", "[]", "at least one; leave it out for cpu at 70 %", id="no-metric"),
    pytest.param({"autoscaling": {"metrics": [CPU, CPU]}}, "spec.autoscaling.metrics[1].type", "cpu", "each metric once", id="metric-twice"),
    pytest.param({"autoscaling": {"metrics": [{"type": "gpu", "target": 70}]}}, "spec.autoscaling.metrics[0].type", "gpu", "cpu, memory, waiting, running, cache or requests", id="unknown-metric"),
    pytest.param({"autoscaling": {"metrics": [{"type": "cpu", "target": 0.7}]}}, "spec.autoscaling.metrics[0].target", "0.7", "a whole number, 1 to 1000000", id="float-target"),
    pytest.param({"autoscaling": {"metrics": [{"type": "cpu", "target": 1001}]}}, "spec.autoscaling.metrics[0].target", "1001", "per cent, 1 to 1000", id="target-of-cpu"),
    pytest.param({"autoscaling": {"metrics": [{"type": "cache", "target": 101}], "pollers": PROMETHEUS}}, "spec.autoscaling.metrics[0].target", "101", "per cent, 1 to 100", id="target-of-a-cache"),
    pytest.param({"autoscaling": {"metrics": [{"type": "waiting", "target": 4}]}}, "spec.autoscaling.pollers.prometheusAddress", "", "the address of the Prometheus that knows waiting", id="no-prometheus"),
    pytest.param({"autoscaling": {"metrics": [{"type": "waiting", "target": 4}], "pollers": {"prometheusAddress": "prometheus:9090"}}}, "spec.autoscaling.pollers.prometheusAddress", "prometheus:9090", "an address `http://…`", id="bad-prometheus"),
    pytest.param({"image": "ollama/ollama:1", "autoscaling": {"metrics": [{"type": "waiting", "target": 4}], "pollers": PROMETHEUS}}, "spec.autoscaling.metrics[0].type", "waiting", "cpu, memory or requests, as ollama tells no waiting", id="server-without-metrics"),
    pytest.param({"image": "ghcr.io/huggingface/text-generation-inference:3", "autoscaling": {"metrics": [{"type": "cache", "target": 4}], "pollers": PROMETHEUS}}, "spec.autoscaling.metrics[0].type", "cache", "cpu, memory, waiting or requests", id="server-without-that-metric"),
    pytest.param({"image": "lmsysorg/sglang:v0.4", "command": ["python3", "-m", "sglang.launch_server"], "autoscaling": {"metrics": [{"type": "waiting", "target": 4}], "pollers": PROMETHEUS}}, "spec.autoscaling.metrics[0].type", "waiting", "--enable-metrics among spec.args", id="metrics-not-switched-on"),
    pytest.param({"autoscaling": {"min": 0}}, "spec.autoscaling.min", "0", "1 or more; 0 only with a metric `requests`", id="zero-without-a-wake-signal"),
    pytest.param({"autoscaling": {"min": 0, "metrics": [{"type": "waiting", "target": 1}], "pollers": PROMETHEUS}}, "spec.autoscaling.min", "0", "1 or more; 0 only with a metric", id="zero-by-what-pods-tell"),
    pytest.param({"autoscaling": {"metrics": [{"type": "requests", "target": 1}], "pollers": PROMETHEUS}}, "spec.autoscaling.metrics[0].query", "", "PromQL that counts the gateway's requests", id="requests-without-query"),
    pytest.param({"autoscaling": {"metrics": [{**CPU, "query": "up"}]}}, "spec.autoscaling.metrics[0].query", "up", "no query; only `requests` takes one", id="query-of-cpu"),
    pytest.param({"autoscaling": {}, "regions": [{"name": "a", "replicas": 0}]}, "spec.regions[0].replicas", "0", "1 or more with autoscaling; for none, say autoscaling: {enabled: false} there", id="none-in-an-autoscaled-region"),
    pytest.param({"model": {"uri": "s3://M/x"}}, "spec.model.uri", "s3://M/x", "`s3://BUCKET/FOLDER` with the name of a bucket", id="bucket"),
    pytest.param({"model": {"uri": "hf://a/b/../c"}}, "spec.model.uri", "hf://a/b/../c", "'../c' is not the path", id="hub-up"),
    pytest.param({"model": {"uri": "s3://models/x", "path": "../y"}}, "spec.model.path", "../y", "a folder within the source", id="model-path-up"),
    pytest.param({"model": {"uri": "s3://models/x", "name": "a/b"}}, "spec.model.name", "a/b", "up to 100 letters", id="model-name"),
    pytest.param({"model": {"uri": "s3://models/x y"}}, "spec.model.name", "x y", "state a name: up to 100 letters", id="no-name-in-the-source"),
    pytest.param({"model": {"uri": "s3://models/x", "tokenFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}}, "spec.model.tokenFrom", "", "only for `hf://`", id="token-of-a-bucket"),
    pytest.param({"canary": {"weight": 10}}, "spec.canary", "neither", "image or revision", id="canary-of-nothing"),
    pytest.param({"canary": {"image": "a:1", "revision": 1}}, "spec.canary", "both", "image or revision, and one of them", id="canary-of-two"),
    pytest.param({"canary": {"image": "A:"}}, "spec.canary.image", "A:", "an image such as", id="canary-image"),
    pytest.param({"canary": {"image": "a:1", "weight": 100}}, "spec.canary.weight", "100", "1 to 99 (to move all traffic, promote)", id="canary-weight"),
    pytest.param({"canary": {"image": "a:1", "weight": 0}}, "spec.canary.weight", "0", "1 to 99", id="canary-weight-of-none"),
    pytest.param({"canary": {"image": "a:1", "replicas": 0}}, "spec.canary.replicas", "0", "a whole number, 1 to 1000", id="canary-replicas"),
    pytest.param({"server": "vllm", "canary": {"image": "lmsysorg/sglang:v0.4.6"}}, "spec.canary.image", "lmsysorg/sglang:v0.4.6", "an image with which spec.server vllm is right", id="canary-of-another-server"),
    pytest.param({"podOverrides": {"spec": {"volums": []}}}, "spec.podOverrides.spec.volums", "[]", "no such field; did you mean volumes?", id="overlay-field"),
    pytest.param({"podOverrides": {"spec": {"terminationGracePeriodSeconds": "60"}}}, "spec.podOverrides.spec.terminationGracePeriodSeconds", "60", "a whole number", id="overlay-type"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"image": "x"}]}}}, "spec.podOverrides.spec.containers[0].name", "", "required: containers are merged by name", id="overlay-item-without-its-key"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"name": "x"}, {"name": "x"}]}}}, "spec.podOverrides.spec.containers[0].name", "x", "each once", id="overlay-item-twice"),
    pytest.param({"podOverrides": {"spec": {"containers": {"name": "x"}}}}, "spec.podOverrides.spec.containers", '{"name": "x"}', "a list", id="overlay-map-as-list"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"name": "inference", "resources": {"limits": {"cpu": 0.5}}}]}}}, "spec.podOverrides.spec.containers[0].resources.limits.cpu", "0.5", "a Kubernetes quantity", id="overlay-float-quantity"),
    pytest.param({"podOverrides": {"spec": {"$retainKeys": ["a"]}}}, 'spec.podOverrides.spec["$retainKeys"]', '["a"]', "no such directive; there is $patch alone", id="overlay-directive"),
    pytest.param({"podOverrides": {"spec": {"nodeSelector": {"$patch": "merge"}}}}, 'spec.podOverrides.spec.nodeSelector["$patch"]', "merge", "replace or delete", id="overlay-directive-value"),
    pytest.param({"podOverrides": {"spec": {"tolerations": [{"$patch": "replace"}]}}}, 'spec.podOverrides.spec.tolerations[0]["$patch"]', "replace", "nothing: tolerations are replaced as a whole, or added to", id="overlay-directive-in-a-plain-list"),
    pytest.param({"podOverrides": {"$patch": "replace"}}, "spec.podOverrides", "", "no $patch here", id="overlay-of-everything"),
    pytest.param({"podOverrides": {"spec": None}}, "spec.podOverrides.spec", "", "no $patch here", id="overlay-without-a-pod"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"$patch": "replace"}, {"name": "x"}]}}}, "spec.podOverrides.spec.containers", "", "no $patch here", id="overlay-of-all-containers"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"name": "inference", "$patch": "delete"}]}}}, 'spec.podOverrides.spec.containers[0]["$patch"]', "delete", "no $patch: inference", id="overlay-of-our-container"),
    pytest.param({"podOverrides": {"metadata": {"labels": {"app": "x"}}}}, "spec.podOverrides.metadata.labels.app", "x", "GCO's own label", id="overlay-of-our-label"),
    pytest.param({"podOverrides": {"metadata": {"labels": None}}}, "spec.podOverrides.metadata.labels", "", "no $patch here", id="overlay-without-labels"),
    pytest.param({"podOverrides": {"metadata": {"name": "x"}}}, "spec.podOverrides.metadata.name", "x", "labels and annotations alone", id="overlay-of-a-name"),
    pytest.param({"podOverrides": {"metadata": {"annotations": {"gco.io/x": "y"}}}}, 'spec.podOverrides.metadata.annotations["gco.io/x"]', "y", "a key that does not begin with gco.io/", id="overlay-of-our-annotation"),
    pytest.param({"podOverrides": {"spec": {"restartPolicy": "Never"}}}, "spec.podOverrides.spec.restartPolicy", "Never", "Always", id="overlay-of-the-restart-policy"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"name": "inference", "ports": [{"containerPort": 8000, "name": "web"}]}]}}}, "spec.podOverrides.spec.containers[0].ports[0].name", "web", "http for port 8000 alone", id="overlay-renames-the-port"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"name": "inference", "ports": [{"containerPort": 9, "name": "http"}]}]}}}, "spec.podOverrides.spec.containers[0].ports[0].name", "http", "http for port 8000 alone", id="overlay-moves-the-port"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"name": "inference", "ports": None}]}}}, 'spec.podOverrides.spec.containers[0].ports["$patch"]', "delete", "no way to take away", id="overlay-without-ports"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "path", "given", "allowed"), RULES)
def test_contradictions_are_refused_at_the_door(spec, path, given, allowed):
    found = refused(a_document(spec))

    assert found.keys() == {path}
    assert found[path][0].strip('"') == given.strip('"')
    assert found[path][1].startswith(allowed)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"port": 9000, "args": ["--port", "9000"]}, id="port-said-twice-the-same"),
        pytest.param({"server": "custom", "port": 1234}, id="a-known-image-run-otherwise"),
        pytest.param({"image": "mine:1", "server": "sglang"}, id="server-of-an-unknown-image"),
        pytest.param({"image": "mine:1", "port": 1, "args": ["--port=2"]}, id="custom-may-mean-it"),
        pytest.param({"server": "vllm", "regions": [{"name": "a", "image": "m/x:1"}]}, id="mirror"),
        pytest.param({"resources": {"count": 0}}, id="no-accelerator"),
        pytest.param({"resources": {"accelerator": "none", "count": 0}}, id="none-and-0"),
        pytest.param({"resources": {"count": 2, "limits": {"nvidia.com/gpu": 2}}}, id="same-count"),
        pytest.param({"resources": {"limits": {"vpc.amazonaws.com/efa": 4}}}, id="other-device"),
        pytest.param({"resources": {"requests": {"cpu": 1}, "limits": {"cpu": 1}}}, id="numbers"),
        pytest.param({"scheduling": {"capacity": "spot-preferred"}}, id="spot-preferred"),
        pytest.param({"rollout": {"strategy": "recreate", "allowDowntime": True}}, id="recreate"),
        pytest.param({"rollout": {"strategy": "in-place"}, "replicas": 2}, id="in-place-of-two"),
        pytest.param({"rollout": {"strategy": "in-place"}, "replicas": 0}, id="in-place-of-none"),
        pytest.param({"regions": ["a", {"name": "b", "replicas": 2}]}, id="bare-region-names"),
        pytest.param({"route": {"host": "llm.example.com", "backend": "nginx"}}, id="host"),
        pytest.param({"env": [{"name": "A", "value": ""}]}, id="an-empty-value"),
        pytest.param({"args": ["--tensor-parallel-size", "2"], "resources": {"count": 2}}, id="tp"),
    ],
)
def test_what_is_free_of_contradictions_passes(spec):
    assert problems(a_document(spec)) == {}


def test_replicas_that_a_file_leaves_out_are_judged_once_they_are_known():
    spec = {"rollout": {"strategy": "in-place"}}

    [document] = parse_documents(json.dumps(a_document(spec)), "a.json")

    with pytest.raises(InvalidSpecError, match="with a single replica"):
        check(document, regions=None, namespaces=None)


def test_regions_are_judged_where_they_are_known():
    document = a_document({"regions": ["us-east-1", "mars"]})

    assert problems(document) == {}
    assert problems(document, regions=REGIONS) == {
        "spec.regions[1].name": (
            "mars",
            "not a region here (known: ap-south-1, eu-west-1, us-east-1)",
        )
    }
    assert "start `gco monitor`" in problems(document, regions=())["spec.regions[0].name"][1]


WARNINGS = [
    pytest.param({"model": {"uri": "file:///mnt/llama"}}, "spec.model.uri", "file:///mnt/llama", "is looked for in the Job that copies", id="model-of-one-machine"),
    pytest.param({"model": {"uri": "s3://models/llama"}, "args": ["--model=/models/lama"]}, "spec.args", "/models/lama", "the model is mounted at /models/llama", id="another-model"),
    pytest.param({"image": "vllm/vllm-openai"}, "spec.image", "vllm/vllm-openai", "may be another image tomorrow", id="no-tag"),
    pytest.param({"image": "vllm/vllm-openai:latest"}, "spec.image", "vllm/vllm-openai:latest", "may be another image tomorrow", id="latest"),
    pytest.param({"port": 9000, "command": ["/serve"]}, "spec.port", "9000", "vllm listens on 8000 unless args say `--port=9000`", id="port-not-told"),
    pytest.param({"image": "lmsysorg/sglang:v0.4.6"}, "spec.args", "no --host", "sglang listens on the loopback address alone unless args say `--host 0.0.0.0`", id="host-not-told"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"name": "x", "image": "x", "env": [{"name": "HF_TOKEN", "value": "abcdef123"}]}]}}}, "spec.podOverrides.spec.containers[0].env[0].value", "***", "looks like a secret", id="secret-in-a-sidecar"),
    pytest.param({"podOverrides": {"spec": {"containers": [{"name": "inference", "image": "x:1"}]}}}, "spec.podOverrides.spec.containers[0].image", "x:1", "spec.image instead", id="image-by-overlay"),
    pytest.param({"env": [{"name": "HF_TOKEN", "value": "abcdef123"}]}, "spec.env[0].value", "***", "looks like a secret: put it into a Secret", id="secret-by-name"),
    pytest.param({"env": [{"name": "X", "value": "hf_" + "a" * 30}]}, "spec.env[0].value", "***", "looks like a secret", id="secret-by-value"),
    pytest.param({"args": ["--api-key", "abcdef"]}, "spec.args[1]", "***", "looks like a secret", id="secret-after-its-flag"),
    pytest.param({"args": ["--api-key=abcdef"]}, "spec.args[0]", "***", "looks like a secret", id="secret-in-its-flag"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "path", "given", "allowed"), WARNINGS)
def test_what_is_better_done_otherwise_is_accepted_with_a_warning(spec, path, given, allowed):
    found = warnings(a_document(spec))[path]

    assert found[0].strip('"') == given
    assert found[1].startswith(allowed)


@pytest.mark.parametrize(
    "spec",
    [
        {"env": [{"name": "MAX_TOKENS", "value": "100000"}]},
        {"env": [{"name": "TOKENIZERS_PARALLELISM", "value": "disabled"}]},
        {"env": [{"name": "HF_TOKEN_PATH", "value": "secrets/token"}]},
        {"env": [{"name": "API_KEY", "value": "/run/secrets/key"}]},
        {"args": ["--api-key", "$(API_KEY)"]},
        {"args": ["--api-key", "--other-flag"]},
        {"args": ["--max-num-batched-tokens", "8192000"]},
        {"image": "lmsysorg/sglang:v0.4.6", "args": ["--host=0.0.0.0"]},
        {"image": "lmsysorg/sglang:v0.4.6", "command": ["sh", "-c", "serve"]},
        {"image": "vllm/vllm-openai@sha256:" + "a" * 64},
    ],
)
def test_no_warning_without_cause(spec):
    assert warnings(a_document(spec)).keys() <= {"spec.route"}


@pytest.mark.parametrize(
    ("spec", "warned"),
    [
        ({}, True),
        ({"args": ["--api-key", "$(KEY)"]}, False),
        (
            {
                "env": [
                    {
                        "name": "VLLM_API_KEY",
                        "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}},
                    }
                ]
            },
            False,
        ),
        ({"env": [{"name": "OTHER_KEY", "value": "x"}]}, True),
    ],
)
def test_a_route_that_anyone_may_use_is_warned_of(spec, warned):
    assert ("spec.route" in warnings(a_document(spec))) is warned


def test_check_returns_the_warnings_of_what_it_accepts():
    [document] = parse_documents(json.dumps(a_document()), "a.json")

    told = check(document, regions=REGIONS, namespaces=["gco-inference"])
    assert [problem.path for problem in told] == ["spec.route"]


@settings(max_examples=50)
@given(SPECS)
def test_what_the_model_accepts_comes_back_from_json_and_yaml(spec):
    document = InferenceEndpoint.model_validate(
        {**a_document(), "spec": spec.model_dump(mode="json", exclude_none=True)}
    )
    plain = document.model_dump(mode="json", exclude_none=True)

    assert InferenceEndpoint.model_validate_json(json.dumps(plain)) == document
    assert InferenceEndpoint.model_validate(yaml.safe_load(yaml.safe_dump(plain))) == document
    assert document.spec == spec


@settings(max_examples=50)
@given(SPECS)
def test_whatever_the_model_accepts_is_judged_without_surprise(spec):
    document = InferenceEndpoint.model_validate(
        {**a_document(), "spec": spec.model_dump(mode="json", exclude_none=True)}
    )

    examine(document, regions=REGIONS, namespaces=["gco-inference"])


@given(
    st.dictionaries(
        TEXT
        | st.sampled_from(
            ["image", "args", "env", "regions", "probes", "resources", "route", "labels"]
        ),
        JSON,
        max_size=5,
    ),
    st.dictionaries(TEXT | st.sampled_from(["name", "namespace", "labels"]), JSON, max_size=3),
)
def test_junk_raises_nothing_but_the_error_for_bad_input(spec, metadata):
    document = a_document(spec, **metadata)

    with contextlib.suppress(InvalidSpecError):
        parse_documents(json.dumps(document), "a.json", regions=REGIONS, namespaces=["a"])


@given(JSON)
def test_junk_for_a_document_is_refused(value):
    with pytest.raises(InvalidSpecError):
        parse_documents(json.dumps(value), "a.json")
