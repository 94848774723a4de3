"""Every rendered object as a file, so that a change of what runs is reviewed as a diff.

`GCO_UPDATE_GOLDEN=1 pytest tests/region/test_golden.py` writes the files anew.
"""

import json
import os
from pathlib import Path

import pytest
import yaml

from gco.core.model.model_source import model_name
from gco.core.region.canary import Step, Trial, as_endpoint
from gco.core.region.desired import desired
from gco.core.region.freeze import freeze
from gco.core.region.observed import is_canarys
from gco.core.region.render.autoscaler import autoscaler
from gco.core.region.render.deployment import deployment
from gco.core.region.render.disruption import disruption_budget
from gco.core.region.render.model_job import model_job
from gco.core.region.render.revision import revision
from gco.core.region.render.route import routes
from gco.core.region.render.service import service
from gco.core.region.render.split import Split
from gco.core.region.render.template import pod_template
from gco.core.region.scaling import task_of
from gco.core.region.stage import Stage, wanted_replicas
from tests.builders import WEB, a_regional
from tests.region.test_stage import ALL

GOLDEN = Path(__file__).parent / "golden"

EVERYTHING = {
    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/llm@sha256:" + "a" * 64,
    "server": "vllm",
    "imagePullSecrets": ["registry"],
    "command": ["python3", "-m", "vllm.entrypoints.openai.api_server"],
    "args": ["--max-model-len=8192"],
    "env": [
        {"name": "LOG_LEVEL", "value": "info"},
        {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "hf", "key": "token"}}},
    ],
    "envFrom": [{"configMapRef": {"name": "tuning"}}],
    "port": 80,
    "probes": {"readyPath": "/ready", "startupSeconds": 1200, "livenessFailures": 9},
    "resources": {
        "accelerator": "nvidia",
        "count": 2,
        "requests": {"cpu": "1000m", "memory": "8192Mi"},
        "limits": {"cpu": "8", "memory": "64Gi"},
    },
    "scheduling": {
        "nodeSelector": {"node.kubernetes.io/instance-type": "p5.48xlarge"},
        "tolerations": [{"key": "team", "operator": "Equal", "value": "ml"}],
        "capacity": "spot-preferred",
        "topologySpread": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
            }
        ],
        "priorityClass": "inference",
    },
    "route": {"path": "/v1.0/llama", "host": "llm.example.com"},
    "rollout": {"strategy": "surge"},
}

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
OVERRIDES = {
    "metadata": {"annotations": {"prometheus.io/scrape": "true"}},
    "spec": {
        "serviceAccountName": "reads-a-bucket",
        "terminationGracePeriodSeconds": 600,
        "tolerations": [{"key": "team", "operator": "Exists"}],
        "nodeSelector": {"zone": "a"},
        "volumes": [{"name": "cache", "persistentVolumeClaim": {"claimName": "cache"}}],
        "containers": [
            {
                "name": "inference",
                "env": [{"name": "HF_HOME", "value": "/cache"}],
                "livenessProbe": None,
                "securityContext": {"runAsNonRoot": True, "runAsUser": 1000},
                "volumeMounts": [{"name": "cache", "mountPath": "/cache"}],
            },
            {
                "name": "log-shipper",
                "image": "example.com/shipper:1",
                "resources": {"limits": {"cpu": "1000m", "memory": "128Mi"}},
            },
        ],
    },
}

CASES = {
    "plain": a_regional(),
    "everything": a_regional("llama", replicas=3, labels={"team": "ml"}, **EVERYTHING),
    "cpu-nginx": a_regional(
        replicas=2, resources={"accelerator": "none"}, route={"backend": "nginx"}
    ),
    "neuron-spot": a_regional(
        resources={"accelerator": "neuron"},
        scheduling={"capacity": "spot"},
        rollout={"strategy": "recreate", "allowDowntime": True},
    ),
    "overridden": a_regional(podOverrides=OVERRIDES),
    "sglang": a_regional(
        image="lmsysorg/sglang:v0.4.6",
        command=["python3", "-m", "sglang.launch_server", "--model-path", "org/model"],
        port=9000,
        resources={"count": 4, "limits": {"memory": "100G"}},
    ),
    "tgi": a_regional(
        image="ghcr.io/huggingface/text-generation-inference:3.0", args=["--model-id=org/model"]
    ),
    "amd-in-place": a_regional(
        resources={"accelerator": "amd", "count": 8},
        rollout={"strategy": "in-place", "allowDowntime": True},
        route={"backend": "nginx", "path": "/"},
    ),
    "model": a_regional(
        args=["--model=/models/llama-3-8b"],
        model={
            "uri": "hf://org/llama-3@refs%2Fpr%2F1",
            "path": "int4/$(HF_TOKEN)",
            "name": "llama-3-8b",
            "digest": "sha256:" + "b" * 64,
            "tokenFrom": {"secretKeyRef": {"name": "hub", "key": "token"}},
        },
    ),
    "alb-weighted": a_regional(route={"host": "llm.example.com"}),
    "nginx-weighted": a_regional(route={"backend": "nginx"}),
    "alb-https-oidc": a_regional(
        route={
            "tls": {"certificateArn": CERTIFICATE},
            "healthCheck": {"intervalSeconds": 30, "unhealthyThreshold": 5},
            "auth": {
                "oidc": {
                    "issuer": "https://id.example.com",
                    "authorizationEndpoint": "https://id.example.com/authorize",
                    "tokenEndpoint": "https://id.example.com/token",
                    "userInfoEndpoint": "https://id.example.com/userinfo",
                    "secretName": "oidc-client",
                }
            },
        }
    ),
    "alb-cognito-without-rewrite": a_regional(
        route={
            "stripPrefix": False,
            "tls": {"certificateArn": CERTIFICATE},
            "auth": {
                "cognito": {
                    "userPoolArn": "arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_a",
                    "userPoolClientId": "1example23456789",
                    "userPoolDomain": "models",
                }
            },
        }
    ),
    "nginx-tls-basic": a_regional(
        route={
            "backend": "nginx",
            "host": "llm.example.com",
            "tls": {"secretName": "llm-tls"},
            "auth": {"basic": {"secretName": "llm-users"}},
        }
    ),
    "nginx-external": a_regional(
        route={
            "backend": "nginx",
            "auth": {
                "external": {
                    "url": "http://auth.gco-inference.svc.cluster.local/verify",
                    "responseHeaders": ["X-User", "X-Team"],
                }
            },
        }
    ),
    "gateway": a_regional(
        route={
            "backend": "gateway",
            "host": "*.example.com",
            "gateway": {"name": "public", "namespace": "gateways", "listener": "https"},
        }
    ),
    "gateway-weighted": a_regional(
        route={"backend": "gateway", "path": "/v1.0/llm", "gateway": {"name": "public"}}
    ),
    "gateway-root": a_regional(
        route={"backend": "gateway", "path": "/", "gateway": {"name": "public"}}
    ),
    "nginx-without-weight": a_regional(route={"backend": "nginx", "path": "/"}),
    "autoscaled": a_regional(
        replicas=2,
        autoscaling={
            "min": 2,
            "max": 8,
            "metrics": [{"type": "cpu", "target": 60}, {"type": "memory", "target": 80}],
            "pollers": {"cooldownSeconds": 600},
        },
    ),
    "autoscaled-by-keda": a_regional(
        autoscaling={
            "min": 0,
            "metrics": [
                {"type": "waiting", "target": 4},
                {"type": "cache", "target": 80},
                {"type": "cpu", "target": 90},
                {"type": "requests", "target": 2, "query": "sum(rate(requests_total[2m]))"},
            ],
            "pollers": {"prometheusAddress": "http://prometheus.monitoring:9090"},
        },
        route={"backend": "nginx"},
    ),
}
SPLITS = {
    "alb-weighted": Split("web-canary", 10),
    "nginx-weighted": Split("web-canary", 25),
    "nginx-without-weight": Split("web-canary", 0),
    "gateway-weighted": Split("web-canary", 40),
}
"""Where some of the requests go to a canary."""


def objects_of(regional, split=None):
    """Every object of an endpoint that serves, in the order in which they are applied."""
    task = task_of(regional)
    model = regional.spec.endpoint.model
    body = pod_template(regional, f"{model_name(model)}/{'6f3a' * 16}" if model else None)
    template = freeze(regional.name, regional.spec.template_key, regional.spec.revision, body)
    job = [model_job(model, regional.namespace, "example.com/gco:0.1.0")] if model else []
    return (
        *job,
        revision(regional, template),
        deployment(regional, template, None if task else wanted_replicas(regional)),
        service(regional, template),
        disruption_budget(regional),
        *routes(regional, template, split).values(),
        *((autoscaler(regional, task),) if task else ()),
    )


@pytest.mark.parametrize("case", CASES)
def test_the_objects_of_an_endpoint_are_the_reviewed_ones(case):
    compare(case, objects_of(CASES[case], SPLITS.get(case)))


def test_the_objects_of_a_canary_are_the_reviewed_ones():
    regional = a_regional(
        canary={"image": "vllm/vllm-openai:v0.9.0", "replicas": 2}, route={"path": "/llm"}
    )
    its = as_endpoint(regional, regional.spec.canary)
    own, canary = (
        freeze(each.name, each.spec.template_key, each.spec.revision, pod_template(each))
        for each in (regional, its)
    )

    wanted = desired(regional, ALL, Stage.SERVE, own, trial=Trial(Step.TRY, 10), canary=canary)

    compare("canary", [o for ref, o in wanted.objects.items() if is_canarys(ref, WEB)])


def compare(case, rendered):
    plain = [json.loads(json.dumps(r.manifest)) for r in rendered]
    text = yaml.safe_dump_all(plain, sort_keys=False, width=100)
    path = GOLDEN / f"{case}.yaml"
    if os.environ.get("GCO_UPDATE_GOLDEN"):  # noqa: TID251  (how a person asks for new files)
        path.write_text(text)
    assert path.read_text() == text
