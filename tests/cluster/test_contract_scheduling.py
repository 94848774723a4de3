"""Pods of every accelerator land on the nodes that have it, and no other pod does."""

import contextlib
import uuid

import pytest

from gco.core.model.names import MANAGER, SERVICE_ACCOUNT
from gco.core.region.freeze import freeze
from gco.core.region.render.deployment import deployment
from gco.core.region.render.template import pod_template
from gco.kinds.registry import DEPLOYMENT, NODE, POD
from tests.builders import a_regional
from tests.cluster.conftest import SERVICE_ACCOUNT as SERVICE_ACCOUNTS
from tests.cluster.observing import listed
from tests.kubelet import add_node
from tests.waiting import eventually

DEVICES = {
    "nvidia": "nvidia.com/gpu",
    "neuron": "aws.amazon.com/neuron",
    "amd": "amd.com/gpu",
}
LABELS = {
    "nvidia": {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"},
    "neuron": {"accelerator": "neuron"},
}
CAPACITY = "karpenter.sh/capacity-type"


@contextlib.asynccontextmanager
async def nodes(cluster, **wanted):
    """Make nodes, each under a name that begins as it is called here, and take them away again."""
    names = {}
    try:
        for name, told in wanted.items():
            names[name] = f"{name}-{uuid.uuid4().hex[:8]}"
            labels, taints, resources = told
            await add_node(cluster, names[name], labels=labels, taints=taints, **resources)
        yield names
    finally:
        for name in names.values():
            await cluster.delete(NODE, None, name)


def a_node(accelerator, count=8, **labels):
    device = DEVICES[accelerator]
    taint = {"key": device, "value": "present", "effect": "NoSchedule"}
    return {**LABELS.get(accelerator, {}), **labels}, [taint], {device: str(count)}


@pytest.fixture
async def deploy(cluster, namespace, implementation):
    """Make the Deployment of an endpoint as it is rendered, in a namespace where pods can be made."""
    if implementation == "real":  # its admission asks for the account of every pod
        metadata = {"name": SERVICE_ACCOUNT, "namespace": namespace}
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}
        await cluster.create(SERVICE_ACCOUNTS, account)

    async def make(name, **spec):
        regional = a_regional(name, **spec).model_copy(update={"namespace": namespace})
        template = freeze(name, regional.spec.template_key, 1, pod_template(regional))
        manifest = deployment(regional, template, regional.spec.replicas).manifest
        await cluster.apply(DEPLOYMENT, manifest, manager=MANAGER)

    return make


@pytest.fixture
def placed(cluster, namespace):
    """Wait until an endpoint's pods are on nodes, `pending` of them on none, and tell which."""

    async def ask(name, count, pending=0):
        async def found():
            pods = await listed(cluster, POD, namespace, labels=f"app={name}")
            on = sorted(filter(None, (p["spec"].get("nodeName") for p in pods.values())))
            stuck = [p for p in pods.values() if unschedulable(p)]
            done = len(on) == count and len(stuck) == pending
            return (on, stuck) if done else None

        return await eventually(found, within=60, what=f"{count} pods of {name} on nodes")

    return ask


def unschedulable(pod):
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(c["type"] == "PodScheduled" and c["status"] == "False" for c in conditions)


async def test_each_accelerators_pods_land_on_its_nodes_and_cpu_pods_on_none_of_them(
    cluster, deploy, placed
):
    async with nodes(
        cluster,
        nvidia=a_node("nvidia"),
        neuron=a_node("neuron"),
        amd=a_node("amd"),
        plain=({}, [], {}),
    ) as names:
        for accelerator in DEVICES:
            await deploy(
                accelerator, replicas=2, resources={"accelerator": accelerator, "count": 4}
            )
        await deploy("cpu", replicas=2, resources={"accelerator": "none"})

        for accelerator in DEVICES:
            assert (await placed(accelerator, 2))[0] == [names[accelerator]] * 2
        assert (await placed("cpu", 2))[0] == [names["plain"]] * 2


async def test_a_device_more_than_there_is_waits_and_says_which(cluster, deploy, placed):
    async with nodes(cluster, nvidia=a_node("nvidia", count=4), plain=({}, [], {})) as names:
        await deploy("web", replicas=3, resources={"count": 2})

        on, [stuck] = await placed("web", 2, pending=1)

        assert on == [names["nvidia"]] * 2
        told = next(c for c in stuck["status"]["conditions"] if c["type"] == "PodScheduled")
        assert "Insufficient nvidia.com/gpu" in told["message"]


@pytest.mark.parametrize("implementation", [pytest.param("real", marks=pytest.mark.real)])
async def test_spot_is_preferred_and_on_demand_the_way_out(cluster, deploy, placed):
    spot, firm = {CAPACITY: "spot"}, {CAPACITY: "on-demand"}
    async with nodes(
        cluster, spot=a_node("nvidia", 1, **spot), firm=a_node("nvidia", 8, **firm)
    ) as names:
        await deploy("first", scheduling={"capacity": "spot-preferred"})
        assert (await placed("first", 1))[0] == [names["spot"]]

        await deploy("second", scheduling={"capacity": "spot-preferred"})
        assert (await placed("second", 1))[0] == [names["firm"]]

        await deploy("third", scheduling={"capacity": "spot"})
        await placed("third", 0, pending=1)

        await deploy("fourth", scheduling={"capacity": "on-demand"})
        assert (await placed("fourth", 1))[0] == [names["firm"]]


@pytest.mark.parametrize("implementation", [pytest.param("real", marks=pytest.mark.real)])
async def test_replicas_are_spread_as_stated_and_an_overlays_toleration_opens_a_node(
    cluster, deploy, placed
):
    zone = "topology.kubernetes.io/zone"
    spread = {"maxSkew": 1, "topologyKey": zone, "whenUnsatisfiable": "DoNotSchedule"}
    team = {"key": "team", "value": "ml", "effect": "NoSchedule"}
    north, south = a_node("amd", **{zone: "a"}), a_node("amd", **{zone: "b"})
    async with nodes(cluster, north=north, south=(south[0], [*south[1], team], south[2])) as names:
        await deploy(
            "web",
            replicas=4,
            resources={"accelerator": "amd"},
            scheduling={"topologySpread": [spread]},
            podOverrides={"spec": {"tolerations": [{"key": "team", "operator": "Exists"}]}},
        )

        assert (await placed("web", 4))[0] == sorted([names["north"], names["south"]] * 2)
