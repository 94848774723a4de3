"""Every reason of the ranked list, produced on a real control plane and read off `gco status`.

The scheduler, the ReplicaSet's controller, quotas and admission policies are the real ones. What a
machine does to a container is played by `tests/kubelet.py`.
"""

import contextlib
import uuid

import pytest

from gco.kinds.registry import NODE_CLAIM, Kind
from tests.karpenter import a_nodeclaim
from tests.kubelet import Fate
from tests.real.region import real_region
from tests.waiting import eventually

pytestmark = pytest.mark.real

QUOTA = Kind("", "v1", "ResourceQuota", "resourcequotas")
POLICY = Kind(
    "admissionregistration.k8s.io",
    "v1",
    "ValidatingAdmissionPolicy",
    "validatingadmissionpolicies",
    namespaced=False,
)
BINDING = POLICY._replace(
    name="ValidatingAdmissionPolicyBinding", plural="validatingadmissionpolicybindings"
)


@pytest.fixture
async def region(control_plane):
    async with real_region(control_plane, gpus=2) as made:
        yield made


async def pending_pod(region, name):
    async def found():
        pods = await region.pods(name)
        stuck = [n for n, p in pods.items() if p.get("status", {}).get("conditions")]
        return stuck and stuck[0]

    return await eventually(found, within=60)


async def test_too_few_accelerators(region):
    await region.want("web", resources={"count": 4})

    await region.shows("web", "WaitingForGPU", "4 × nvidia.com/gpu requested", "larger node")  # noqa: RUF001


async def test_labels_that_no_node_has(region):
    await region.want("web", scheduling={"nodeSelector": {"zone": "nowhere"}})

    await region.shows("web", "NoMatchingNode", "change spec.scheduling")


async def test_more_cpu_than_there_is(region):
    many = {"requests": {"cpu": "4000"}, "limits": {"cpu": "4000"}}
    await region.want("web", resources=many)

    await region.shows("web", "InsufficientCapacity", "Insufficient cpu", "request less")


async def test_a_volume_claim_that_does_not_exist(region):
    volume = {"name": "data", "persistentVolumeClaim": {"claimName": "missing"}}
    await region.want("web", podOverrides={"spec": {"volumes": [volume]}})

    await region.shows("web", "VolumeNotFound", '"missing" not found', "create the volume claim")


async def test_a_volume_that_kubelet_cannot_mount(region):
    region.kubelet.image("img:1", Fate.CREATING)
    await region.want("web", image="img:1")
    pod = await pending_pod(region, "web")
    await region.note(pod, "FailedMount", 'MountVolume.SetUp failed: secret "keys" not found')

    await region.shows("web", "VolumeNotFound", 'secret "keys" not found', "make what it names")


async def test_a_quota_that_is_used_up(region):
    metadata = {"name": "gpus", "namespace": region.namespace}
    hard = {"requests.nvidia.com/gpu": "0"}
    body = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata}
    await region.cluster.create(QUOTA, {**body, "spec": {"hard": hard}})
    await region.want("web")

    await region.shows("web", "QuotaExceeded", "exceeded quota: gpus", "raise the quota")


async def test_a_policy_that_refuses_an_object(region):
    async with policy(region, "deployments", "apps", "object.spec.replicas < 2"):
        await eventually(lambda: refused(region), within=30, what="the policy is in force")

        await region.shows("web", "Rejected", "no more than one", "correct the spec")


async def test_a_policy_that_refuses_pods(region):
    async with policy(region, "pods", "", "false"):
        await eventually(lambda: refused(region), within=30, what="the policy is in force")

        await region.shows("web", "Rejected", "pods are refused", "no more than one")


async def test_an_image_that_cannot_be_pulled(region):
    region.kubelet.image("vllm/vllm-openai:typo", Fate.IMAGE_PULL)
    await region.want("web", image="vllm/vllm-openai:typo")

    await region.shows("web", "ImagePullFailed", "vllm-openai:typo", "check the image's name")


async def test_too_little_memory(region):
    region.kubelet.image("img:big", Fate.OUT_OF_MEMORY)
    await region.want("web", image="img:big")

    await region.shows("web", "OutOfMemory", "raise spec.resources.limits.memory")


async def test_a_server_that_ends_again_and_again(region):
    region.kubelet.image("img:bad", Fate.CRASH)
    region.kubelet.last_words = "loading weights\nFileNotFoundError: config.json"
    await region.want("web", image="img:bad")

    await region.shows(
        "web", "CrashLooping", "exit code 1, 3 restarts", "FileNotFoundError: config.json"
    )


async def test_a_probe_on_a_path_that_the_server_does_not_have(region):
    region.kubelet.image("img:1", Fate.CRASH)
    await region.want("web", image="img:1", probes={"startupSeconds": 60})
    pod = await pending_pod(region, "web")
    probe = "Startup probe failed: HTTP probe failed with statuscode: 404"
    await region.note(pod, "Unhealthy", probe)
    killed = "Container inference failed startup probe, will be restarted"
    await region.note(pod, "Killing", killed)

    await region.shows(
        "web", "NotAnswering", "within 60 s: Startup probe failed", "spec.probes.readyPath"
    )


async def test_a_node_that_is_being_made(region):
    await region.want("web", resources={"count": 4})
    pod = await pending_pod(region, "web")
    await region.shows("web", "WaitingForGPU")
    await region.cluster.create(NODE_CLAIM, a_nodeclaim("gpu-x7k2p"))
    nominated = "Pod should schedule on: nodeclaim/gpu-x7k2p"
    await region.note(pod, "Nominated", nominated, by="karpenter")

    await region.shows("web", "ProvisioningNode", "NodeClaim gpu-x7k2p")

    await region.cluster.delete(NODE_CLAIM, None, "gpu-x7k2p")  # as when the cloud has none
    await region.shows("web", "InsufficientCapacity", "the cloud has no such machine")


async def test_a_node_that_nobody_can_make(region):
    await region.want("web", resources={"count": 4})
    pod = await pending_pod(region, "web")
    failed = "Failed to schedule pod, all available instance types exceed limits for nodepool: gpu"
    await region.note(pod, "FailedScheduling", failed, by="karpenter")

    await region.shows("web", "InsufficientCapacity", "exceed limits", "or request less")


async def test_a_server_that_loads_and_a_route_that_nobody_takes_up(region):
    region.kubelet.image("img:1", Fate.NEVER_READY)
    await region.want("web", image="img:1")
    await region.shows("web", "StillLoading", "0 of 1 replicas ready")

    region.kubelet.image("img:1", Fate.READY)
    await region.shows("web", "RouteNotReady", "no load balancer has taken its Ingress up")


@contextlib.asynccontextmanager
async def policy(region, resource, group, expression):
    """Have a ValidatingAdmissionPolicy of the test's own in force in the region's namespace."""
    name = f"{region.namespace}.example.com"
    rule = {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": [resource],
    }
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "validations": [{"expression": expression, "message": "no more than one"}],
    }
    within = {"kubernetes.io/metadata.name": region.namespace}
    binding = {
        "policyName": name,
        "validationActions": ["Deny"],
        "matchResources": {"namespaceSelector": {"matchLabels": within}},
    }
    for kind, body in ((POLICY, spec), (BINDING, binding)):
        head = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {"name": name}}
        await region.cluster.create(kind, {**head, "spec": body})
    try:
        yield
    finally:
        for kind in (BINDING, POLICY):
            await region.cluster.delete(kind, None, name)


async def refused(region):
    """Whether the policy refuses something yet: it takes the API server a moment to follow it."""
    await region.want("web", replicas=2, args=[f"--n={uuid.uuid4().hex}"])

    async def said():
        return (await region.view("web")).reason == "Rejected"

    with contextlib.suppress(TimeoutError):
        return await eventually(said, within=5)
    return False
