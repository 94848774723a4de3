"""The generated CRD on a real API server, and a custom resource under strict validation."""

import datetime as dt
import json
from pathlib import Path

import pytest
import yaml

from gco.core.model.regional import Regional, RegionalSpec, RegionalStatus, spec_hash
from gco.core.model.status import Condition, ConditionType, RegionState
from testbed.errors import CommandFailed
from tests.model.specs import a_spec

pytestmark = pytest.mark.real

CRD = Path(__file__).parents[2] / "deploy" / "kubernetes" / "crd.yaml"
NAMESPACE = "model-crd"
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def plane(control_plane):
    control_plane.kubectl("apply", "--server-side", "-f", str(CRD))
    control_plane.kubectl("wait", "--for=condition=Established", "crd/inferenceendpoints.gco.io")
    control_plane.kubectl("create", "namespace", NAMESPACE)
    yield control_plane
    control_plane.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def a_resource(name, **fields):
    spec = RegionalSpec(
        uid="u1",
        revision=3,
        template_key="k",
        state="running",
        replicas=2,
        labels={"team": "a"},
        endpoint=a_spec(
            args=("--max-model-len", "8192"),
            env=({"name": "HF_TOKEN", "value_from": {"secretKeyRef": {"name": "s", "key": "k"}}},),
            resources={"count": 2, "limits": {"memory": "32Gi"}},
            scheduling={
                "tolerations": ({"key": "a", "tolerationSeconds": 5.0},),
                "topology_spread": ({"maxSkew": 1, "labelSelector": {}},),
                "capacity": "spot-preferred",
            },
            route={"host": "llm.example.com"},
            probes={"startup_seconds": 900},
        ),
    )
    return spec, {
        "apiVersion": "gco.io/v1alpha1",
        "kind": "InferenceEndpoint",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "annotations": {"gco.io/spec-hash": spec_hash(spec)},
        },
        "spec": {**spec.to_wire(), **fields},
    }


def apply(plane, manifest, *flags, manager="gco-sync"):
    return plane.kubectl(
        "apply", "--server-side", "--validate=strict", f"--field-manager={manager}", *flags, "-f", "-",
        input=json.dumps(manifest),
    )  # fmt: skip


def read(plane, name):
    text = plane.kubectl("get", "iep", name, f"--namespace={NAMESPACE}", "-o", "json")
    return Regional.from_manifest(json.loads(text))


def test_the_api_server_accepts_the_crd_as_structural(plane):
    text = plane.kubectl("get", "crd", "inferenceendpoints.gco.io", "-o", "json")

    conditions = {c["type"]: c["status"] for c in json.loads(text)["status"]["conditions"]}
    assert conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"
    stored = json.loads(text)["spec"]["versions"][0]["schema"]
    assert stored == yaml.safe_load(CRD.read_text())["spec"]["versions"][0]["schema"]


def test_a_resource_comes_back_from_strict_validation_as_it_was_written(plane):
    spec, manifest = a_resource("strict")

    apply(plane, manifest)

    found = read(plane, "strict")
    assert found.spec == spec
    assert not found.edited


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"wings": 2}, "field not declared in schema"),
        ({"uid": None}, "spec.uid"),
        ({"state": "dancing"}, "spec.state"),
        ({"replicas": -1}, "spec.replicas"),
        ({"endpoint": {"image": "a b"}}, "spec.endpoint.image"),
        ({"endpoint": {"image": "a", "regions": []}}, "field not declared in schema"),
    ],
)
def test_what_is_not_in_the_schema_is_refused(plane, fields, complaint):
    _, manifest = a_resource("refused", **fields)

    with pytest.raises(CommandFailed, match=complaint):
        apply(plane, manifest)


def test_the_next_apply_heals_what_a_hand_added_or_changed(plane):
    spec, manifest = a_resource("edited")
    apply(plane, manifest)

    plane.kubectl(
        "patch", "iep", "edited", f"--namespace={NAMESPACE}", "--type=merge",
        "--field-manager=kubectl-edit", "--patch",
        json.dumps({"spec": {"replicas": 9, "endpoint": {"port": 1}, "labels": {"mine": "x"}}}),
    )  # fmt: skip
    assert read(plane, "edited").edited

    apply(plane, manifest, "--force-conflicts")

    found = read(plane, "edited")
    assert found.spec == spec
    assert not found.edited


def test_kubectl_shows_state_ready_revision_and_reason(plane):
    _, manifest = a_resource("shown")
    apply(plane, manifest)
    ready = Condition(
        type=ConditionType.READY,
        status="False",
        reason="WaitingForGPU",
        message="free a GPU",
        last_transition_time=NOW,
    )
    status = RegionalStatus(
        uid="u1",
        state=RegionState.UPDATING,
        replicas_ready=3,
        replicas_desired=4,
        observed_revision=3,
        last_transition=NOW + dt.timedelta(microseconds=1500),
        conditions=(ready,),
    )
    head = {key: manifest[key] for key in ("apiVersion", "kind")}
    names = {key: manifest["metadata"][key] for key in ("name", "namespace")}
    written = {**head, "metadata": names, "status": status.to_wire()}

    apply(plane, written, "--subresource=status", manager="gco-status")

    table = plane.kubectl("get", "iep", "shown", f"--namespace={NAMESPACE}").splitlines()
    assert table[0].split() == ["STATE", "READY", "REVISION", "REASON", "AGE"] or (
        table[0].split() == ["NAME", "STATE", "READY", "REVISION", "REASON", "AGE"]
    )
    assert table[1].split()[:5] == ["shown", "updating", "3/4", "3", "WaitingForGPU"]
    assert read(plane, "shown").status == status
