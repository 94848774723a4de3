"""The manifests of deploy/ are what an API server takes, and say what the monitor serves."""

import asyncio
import json

import aiohttp
import pytest
import yaml

from testbed.world import MANIFESTS

pytestmark = pytest.mark.real


def monitor_pod():
    documents = yaml.safe_load_all((MANIFESTS / "monitor.yaml").read_text())
    (deployment,) = (d for d in documents if d["kind"] == "Deployment")
    return deployment["spec"]["template"]["spec"]


@pytest.mark.parametrize("name", ["monitor.yaml", "network-policy.yaml"])
async def test_every_object_is_accepted_under_strict_validation(installation, name):
    plane = installation.regions[0].plane
    arguments = ("apply", "--dry-run=server", "--validate=strict", "-f", str(MANIFESTS / name))

    told = await asyncio.to_thread(plane.kubectl, *arguments)

    assert "(server dry run)" in told
    assert "Warning" not in told


async def test_the_kustomization_lists_files_that_are_there(installation):
    manifests = await asyncio.to_thread(
        installation.regions[0].plane.kubectl, "kustomize", str(MANIFESTS)
    )

    kinds = [document["kind"] for document in yaml.safe_load_all(manifests)]
    assert {"CustomResourceDefinition", "Namespace", "Role", "Deployment"} <= set(kinds)
    assert "gco-capacity" not in manifests, "reading all pods is for a person to allow"


@pytest.mark.parametrize(
    ("verb", "namespace", "allowed"),
    [
        ("create", "gco-inference", True),
        ("delete", "gco-inference", True),
        ("create", "default", False),
        ("delete", "default", False),
        ("patch", "default", True),
    ],
)
async def test_custom_resources_are_made_and_deleted_in_namespaces_with_the_role_only(
    installation, verb, namespace, allowed
):
    asked = {"group": "gco.io", "resource": "inferenceendpoints", "verb": verb}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": "system:serviceaccount:gco-system:gco-monitor",
            "resourceAttributes": {**asked, "namespace": namespace},
        },
    }

    answer = await asyncio.to_thread(
        installation.regions[0].plane.kubectl,
        *("create", "-f", "-", "-o=jsonpath={.status.allowed}"),
        input=json.dumps(review),
    )

    assert answer == str(allowed).lower()


@pytest.mark.parametrize("probe", ["livenessProbe", "readinessProbe"])
async def test_the_probes_ask_for_what_a_monitor_serves(installation, probe):
    (container,) = monitor_pod()["containers"]
    path = container[probe]["httpGet"]["path"]

    for monitor in installation.regions[0].monitors:
        async with aiohttp.ClientSession() as client, client.get(monitor.url + path) as answer:
            assert answer.status == 200


async def test_metrics_tell_who_leads(installation):
    told = []
    for monitor in installation.regions[0].monitors:
        async with (
            aiohttp.ClientSession() as client,
            client.get(f"{monitor.url}/metrics") as answer,
        ):
            text = await answer.text()
        assert "gco_reconcile_total" in text
        told.append('gco_leader{lease="region"} 1.0' in text)

    assert sorted(told) == [False, True]
