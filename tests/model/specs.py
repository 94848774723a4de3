"""Hypothesis strategies for whole specs, and short documents for tests that need but one field."""

from hypothesis import strategies as st

from gco.core.model import spec as model
from gco.core.model.spec import EndpointSpec

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
WORD = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
QUANTITY = st.sampled_from(["1", "500m", "4", "16Gi", "0.5", "1e3", "2k", "128974848"])
JSON = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=3)
IMAGES = st.sampled_from(
    [
        "vllm/vllm-openai:v0.8.5",
        "lmsysorg/sglang:v0.4",
        "ghcr.io/huggingface/text-generation-inference:3.0",
        "nvcr.io/nvidia/tritonserver:24.08-vllm-python-py3",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com/team/llm@sha256:" + "a" * 64,
        "plain",
    ]
)


def maybe(strategy):
    return st.none() | strategy


def seconds(low=1, high=300):
    return maybe(st.integers(low, high))


ENV = st.builds(
    model.EnvVar,
    name=st.from_regex(r"[A-Z][A-Z0-9_]{0,8}", fullmatch=True),
    value=maybe(TEXT),
    value_from=maybe(OBJECT),
)
PROBES = st.builds(
    model.Probes,
    ready_path=maybe(st.just("/ready")),
    startup_seconds=seconds(5, 86_400),
    timeout_seconds=seconds(),
    readiness_period_seconds=seconds(),
    liveness_period_seconds=seconds(),
    liveness_failures=seconds(1, 100),
)
RESOURCES = st.builds(
    model.Resources,
    accelerator=maybe(st.sampled_from(model.Accelerator)),
    count=maybe(st.integers(0, 64)),
    requests=maybe(st.dictionaries(st.sampled_from(["cpu", "memory", "amd.com/gpu"]), QUANTITY)),
    limits=maybe(st.dictionaries(st.sampled_from(["cpu", "memory", "nvidia.com/gpu"]), QUANTITY)),
)
SCHEDULING = st.builds(
    model.Scheduling,
    node_selector=maybe(st.dictionaries(TEXT, TEXT, max_size=2)),
    tolerations=maybe(st.lists(OBJECT, max_size=2).map(tuple)),
    capacity=maybe(st.sampled_from(model.Capacity)),
    topology_spread=maybe(st.lists(OBJECT, max_size=2).map(tuple)),
    priority_class=maybe(WORD),
)
METRICS = st.builds(
    model.Metric,
    type=st.sampled_from(model.MetricType),
    target=st.integers(1, 100),
    query=maybe(st.just("sum(up)")),
)
POLLERS = st.builds(
    model.Pollers,
    prometheus_address=maybe(st.just("http://prometheus:9090")),
    interval_seconds=maybe(st.integers(1, 60)),
    cooldown_seconds=maybe(st.integers(0, 600)),
)
AUTOSCALING = st.builds(
    model.Autoscaling,
    enabled=maybe(st.booleans()),
    min=maybe(st.integers(0, 5)),
    max=maybe(st.integers(5, 10)),
    metrics=maybe(st.lists(METRICS, min_size=1, max_size=2).map(tuple)),
    pollers=maybe(POLLERS),
)
ROUTES = st.builds(
    model.Route,
    path=maybe(st.sampled_from(["/", "/llm", "/a/b/"])),
    host=maybe(st.just("llm.example.com")),
    backend=maybe(st.sampled_from(model.RouteBackend)),
    gateway=maybe(st.builds(model.GatewayRef, name=WORD, namespace=maybe(WORD))),
    strip_prefix=maybe(st.booleans()),
    tls=maybe(st.builds(model.RouteTls, secret_name=maybe(WORD))),
    health_check=maybe(st.builds(model.HealthCheck, interval_seconds=seconds(5))),
    auth=maybe(
        st.builds(model.RouteAuth, basic=maybe(st.builds(model.BasicAuth, secret_name=WORD)))
    ),
)
REGIONS = st.builds(
    model.RegionSpec,
    name=WORD,
    replicas=maybe(st.integers(0, 10)),
    autoscaling=maybe(AUTOSCALING),
    image=maybe(IMAGES),
    scheduling=maybe(SCHEDULING),
    route=maybe(ROUTES),
)
FIELDS = {
    "image": IMAGES,
    "image_pull_secrets": maybe(st.lists(WORD, max_size=2).map(tuple)),
    "image_policy": maybe(st.sampled_from(["regional", "as-is"])),
    "server": maybe(st.sampled_from(model.Server)),
    "command": maybe(st.lists(TEXT, max_size=3).map(tuple)),
    "args": maybe(
        st.lists(TEXT | st.sampled_from(["--port", "8001", "--port=9000"]), max_size=4).map(tuple)
    ),
    "env": maybe(st.lists(ENV, max_size=2).map(tuple)),
    "env_from": maybe(st.lists(OBJECT, max_size=2).map(tuple)),
    "port": maybe(st.integers(1, 65535)),
    "probes": maybe(PROBES),
    "resources": maybe(RESOURCES),
    "scheduling": maybe(SCHEDULING),
    "model": maybe(st.builds(model.ModelSource, uri=st.just("s3://models/llama"))),
    "replicas": maybe(st.integers(0, 10_000)),
    "autoscaling": maybe(AUTOSCALING),
    "regions": maybe(st.lists(REGIONS, max_size=3).map(tuple)),
    "route": maybe(ROUTES),
    "canary": maybe(st.builds(model.Canary, image=IMAGES)),
    "rollout": maybe(
        st.builds(
            model.Rollout,
            strategy=maybe(st.sampled_from(model.RolloutStrategy)),
            allow_downtime=maybe(st.booleans()),
        )
    ),
    "pod_overrides": maybe(OBJECT),
    "state": maybe(st.sampled_from(model.DesiredState)),
}
"""A strategy for each field of a spec."""
SPECS = st.builds(EndpointSpec, **FIELDS)


def a_spec(**fields):
    return EndpointSpec(**{"image": "vllm/vllm-openai:v0.8.5", **fields})


def a_document(spec=None, **metadata):
    return {
        "apiVersion": "gco.io/v1alpha1",
        "kind": "InferenceEndpoint",
        "metadata": {"name": "llama", **metadata},
        "spec": {"image": "vllm/vllm-openai:v0.8.5", **(spec or {})},
    }
