"""The roles of deploy/ hold what the monitor uses, no more and no less; run after everything else."""

import asyncio

import pytest
import yaml

from gco.core.model.ids import EndpointName
from gco.core.model.model_source import job_name
from gco.service import Until
from testbed import crds
from testbed.world import MANIFESTS
from tests.real.driving import NAMESPACE, apply, endpoint, kubectl, settled, until

pytestmark = pytest.mark.real

MONITOR = "system:serviceaccount:gco-system:gco-monitor"
CREATED, FORBIDDEN = 201, 403
SPARED = {
    ("get", "controllerrevisions"),
}
"""Verbs that only a rare repair uses, and that a run of these tests need not come by."""


def granted():
    """Return verb and resource of every rule that the manifests give the monitor."""
    found = set()
    for name in ("roles.yaml", "capacity.yaml"):
        for document in yaml.safe_load_all((MANIFESTS / name).read_text()):
            for rule in document.get("rules", ()):
                found |= {(verb, r) for verb in rule["verbs"] for r in rule["resources"]}
    return found


def asked(installation):
    """Return verb and resource of what the monitors were granted, and of what they were refused.

    An apply that creates is authorised for `create` too, which the audit log shows by its code.
    """
    used, refused = set(), set()
    for region in installation.regions:
        for request in region.plane.audit_log.requests():
            if request.user != MONITOR:
                continue
            verbs = {request.verb} | ({"create"} if request.code == CREATED else set())
            found = {(verb, request.resource) for verb in verbs}
            (refused if request.code == FORBIDDEN else used).update(found)
    return used, refused


QUEUE = {
    "metrics": [{"type": "waiting", "target": 4}],
    "pollers": {"prometheusAddress": "http://prometheus:9090"},
}
REGIONS = ({"name": "us-east-1", "autoscaling": QUEUE}, "eu-west-1")
AUTOSCALERS = ("scaledobject.keda.sh", "horizontalpodautoscaler")
"""By region: the first one has KEDA."""


async def edit_by_hand(region, name, autoscaler):
    """Change a label of ours on every object, and wait until it is as it was."""
    for kind, object_name in (
        ("deployment", name),
        ("service", name),
        ("poddisruptionbudget", name),
        ("ingress", f"inference-{name}"),
        (autoscaler, name),
    ):
        target = f"{kind}/{object_name}"
        await kubectl(region, "label", target, "project=other", "--overwrite", NAMESPACE)

        async def healed(target=target):
            told = await kubectl(region, "get", target, NAMESPACE, "-o=jsonpath={.metadata.labels}")
            return '"project":"gco"' in told

        await until(healed, seconds=20, what=f"{target} healed")


async def routed_by_a_gateway(service, installation):
    """Have an endpoint served by an HTTPRoute in a region that had no such kind until now."""
    east, name = installation.regions[0], EndpointName("by-gateway")
    await asyncio.to_thread(crds.install, east.plane, crds.GATEWAY_API)
    route = {"backend": "gateway", "gateway": {"name": "public"}}
    await apply(service, endpoint(name, regions=["us-east-1"], route=route))
    target = ("httproute", f"inference-{name}", NAMESPACE)

    async def labelled():
        told = await kubectl(east, "get", *target, "--ignore-not-found", "-o=jsonpath={.metadata}")
        return '"project":"gco"' in told

    await until(labelled, what="an HTTPRoute")
    await kubectl(east, "label", *target, "project=other", "--overwrite")
    await until(labelled, seconds=20, what="an HTTPRoute healed")
    await service.delete([name], confirmed=True)
    await settled(service, name, until=Until.DELETED)


async def copying_a_model(service, installation):
    """Have a model's Job made, whose pod no node takes; mend the Job, and let it go again."""
    east, name = installation.regions[0], EndpointName("of-a-model")
    told = endpoint(name, regions=["us-east-1"], model={"uri": "s3://weights/llama"})
    await apply(service, told)
    job = ("job", job_name(told[0].spec.model), NAMESPACE)

    async def labelled():
        said = await kubectl(east, "get", *job, "--ignore-not-found", "-o=jsonpath={.metadata}")
        return '"project":"gco"' in said

    async def without_volume():
        view = await service.get(name)
        return [region.reason for region in view.regions] == ["VolumeNotFound"]

    await until(without_volume, what="that the volume of models is missing")
    await kubectl(east, "label", *job, "project=other", "--overwrite")
    await until(labelled, seconds=20, what="a Job healed")
    await service.delete([name], confirmed=True)
    await settled(service, name, until=Until.DELETED)


async def crashing(service, name):
    """Tell whether every region names the crash."""
    view = await service.get(name)
    return {region.reason for region in view.regions} == {"CrashLooping"}


async def test_every_permission_is_used_and_none_is_missing(installation):
    async with installation.service() as service:
        name = EndpointName("permissions")
        west = installation.regions[1]  # where nodes are made on demand from now on
        await asyncio.to_thread(crds.install, west.plane, crds.KARPENTER)
        await apply(service, endpoint(name, regions=REGIONS, autoscaling={"max": 3}))
        assert (await settled(service, name)).ready
        for region, autoscaler in zip(installation.regions, AUTOSCALERS, strict=True):
            await edit_by_hand(region, name, autoscaler)
        await routed_by_a_gateway(service, installation)
        await copying_a_model(service, installation)
        await apply(service, endpoint(name, command=["/bin/false"]))
        await until(lambda: crashing(service, name), what="a crash, whose last words are read")
        await service.delete([name], confirmed=True)
        await settled(service, name, until=Until.DELETED)

    used, refused = asked(installation)

    # An API server that has just started refuses everything until it has read its roles.
    assert refused - used == set()
    assert sorted(granted() - used - SPARED) == []
