"""Regions reached from a laptop: real API servers, an exec plugin, and logs through a node's kubelet."""

import asyncio
import contextlib
import datetime as dt
import json
import sys
import uuid

import pytest

from gco.cluster.identity import identify_cluster
from gco.cluster.kubernetes import connect
from gco.errors import ForbiddenError
from gco.kinds.registry import NAMESPACE, NODE, POD
from gco.reach.events import Owner
from gco.reach.logs import LogRequest, PodLine, follow, read
from gco.reach.merging import merged
from gco.reach.noted import read as events
from gco.reach.place import Place, Trouble
from testbed.world import MANIFESTS
from tests.cli.world import EAST, WEST, World, document
from tests.conftest import START
from tests.reach.world import SPACE
from tests.real.kubelets import FakeKubelet
from tests.waiting import background, eventually

pytestmark = pytest.mark.real

PLUGIN = """
import json, os, sys
from pathlib import Path
folder = Path(sys.argv[1])
told = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
server = told["spec"]["cluster"]["server"]
with (folder / "asked").open("a") as asked:
    asked.write(server + "\\n")
tokens = json.loads((folder / "tokens.json").read_text())
mine = tokens[server]
token = mine.pop(0) if len(mine) > 1 else mine[0]
(folder / "tokens.json").write_text(json.dumps(tokens))
status = {"token": token}
if len(sys.argv) > 2:
    status["expirationTimestamp"] = sys.argv[2]
print(json.dumps({"apiVersion": told["apiVersion"], "kind": "ExecCredential", "status": status}))
"""
"""Prints the next of the server's tokens, and its last one for ever; notes that it was asked."""


class Laptop:
    """A kubeconfig as `aws eks update-kubeconfig` writes it: one plugin, a context a cluster."""

    def __init__(self, folder, planes):
        self._folder = folder
        self._script = folder / "plugin.py"
        self._script.write_text(PLUGIN)
        self.planes = {plane.name: plane for plane in planes}
        self.path = folder / "kubeconfig"
        self.give({name: [plane.admin_token] for name, plane in self.planes.items()})
        self.write()

    def give(self, tokens):
        """Have the plugin print these tokens, one after the other, for each cluster."""
        by_server = {self.planes[name].url: each for name, each in tokens.items()}
        (self._folder / "tokens.json").write_text(json.dumps(by_server))
        (self._folder / "asked").write_text("")

    def write(self, *, expires=None):
        arguments = [str(self._script), str(self._folder), *([expires] if expires else [])]
        plugin = {
            "apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": sys.executable,
            "args": arguments,
            "provideClusterInfo": True,
            "interactiveMode": "Never",
        }
        clusters = [
            {"name": n, "cluster": {"server": p.url, "certificate-authority": str(p.ca_path)}}
            for n, p in self.planes.items()
        ]
        contexts = [
            {"name": f"kube-{n}", "context": {"cluster": n, "user": "plugin"}} for n in self.planes
        ]
        users = [{"name": "plugin", "user": {"exec": plugin}}]
        config = {"clusters": clusters, "users": users, "contexts": contexts}
        self.path.write_text(json.dumps(config))

    @property
    def asked(self):
        """How often the plugin was asked for each cluster, by name."""
        asked = (self._folder / "asked").read_text().splitlines()
        return {name: asked.count(plane.url) for name, plane in self.planes.items()}


@pytest.fixture
def laptop(two_regions, tmp_path):
    return Laptop(tmp_path, two_regions)


@pytest.fixture
def web(two_regions):
    """The name of a Deployment in both regions, whose controllers note what they do."""
    name = f"web-{uuid.uuid4().hex[:6]}"
    labels = {"app": name}
    container = {"name": "inference", "image": "a"}
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }
    for plane in two_regions:
        plane.kubectl("create", "-f", "-", "-n", "default", input=json.dumps(body))
    yield name
    for plane in two_regions:
        plane.kubectl("delete", "deployment", name, "-n", "default", "--wait=false")


@pytest.fixture
def world(tmp_path, two_regions, web):
    """A store in which both regions are registered for their clusters, and `web` runs in them."""
    world = World(tmp_path)
    for plane in two_regions:
        uid = plane.kubectl("get", "ns", "kube-system", "-o", "jsonpath={.metadata.uid}")
        world.register(plane.name, cluster_uid=uid, namespaces=("gco-inference", "default"))
    told = document(web, regions=[EAST, WEST])
    told["metadata"]["namespace"] = "default"
    world.applied(told)
    return world


def bind(world, laptop, region, kube_context):
    return world.run(
        "context", "bind", region, kube_context, "--kubeconfig", str(laptop.path), store=False
    )


def test_events_come_from_several_clusters_with_tokens_of_a_plugin(world, laptop, web):
    for region in (EAST, WEST):
        assert bind(world, laptop, region, f"kube-{region}").exit_code == 0

    async def both_noted():
        told = await asyncio.to_thread(world.run, "events", web, "-o", "json", store=False)
        assert told.exit_code == 0, told.stderr
        return {
            event["region"]
            for event in json.loads(told.stdout)
            if event["reason"] == "ScalingReplicaSet"
        } == {EAST, WEST}

    asyncio.run(eventually(both_noted, within=60, what="an event of each region"))
    assert min(laptop.asked.values()) >= 1
    for token in (plane.admin_token for plane in laptop.planes.values()):
        assert token not in (world.folder / "gco/contexts.json").read_text()


def test_the_cluster_of_the_other_region_is_refused(world, laptop):
    refused = bind(world, laptop, EAST, f"kube-{WEST}")

    assert refused.exit_code == 4
    assert "leads to another cluster" in refused.stderr


class SetClock:
    def __init__(self):
        self.moment = START

    def now(self):
        return self.moment


async def test_the_roles_for_people_are_enough_for_logs_and_events_and_for_nothing_else(
    two_regions, nodes, tmp_path
):
    plane = two_regions[0]
    person = f"ann-{uuid.uuid4().hex[:6]}"
    config = await asyncio.to_thread(let_in, plane, person, tmp_path / "ann")
    name = f"web-{uuid.uuid4().hex[:6]}"
    await start(plane, nodes[plane.name], name, f"{name}-a", "one", namespace=SPACE)
    async with contextlib.aclosing(connect(config)) as cluster:
        uid = await identify_cluster(cluster)
        with pytest.raises(ForbiddenError):
            await cluster.delete(POD, SPACE, f"{name}-a")
    way = Place(plane.name, uid, lambda: connect(config))

    assert [line.text async for line in read(way, LogRequest(name, SPACE))] == ["one"]
    assert [
        told async for told in events(way, Owner(name), SPACE) if isinstance(told, Trouble)
    ] == []
    async with contextlib.aclosing(follow(way, LogRequest(name, SPACE))) as following:
        assert (await anext(following)).text == "one"


def let_in(plane, name, path):
    """Make a person's account with the roles of the guide; return its kubeconfig."""
    manifests = ("namespaces.yaml", "viewer.yaml")
    for manifest in manifests:
        plane.kubectl("apply", "-f", str(MANIFESTS / manifest))
    account = f"--serviceaccount={SPACE}:{name}"
    plane.kubectl("create", "serviceaccount", name, "-n", SPACE)
    plane.kubectl("create", "rolebinding", name, "--role=gco-viewer", account, "-n", SPACE)
    plane.kubectl("create", "clusterrolebinding", name, "--clusterrole=gco-viewer", account)
    token = plane.service_account_token(name, namespace=SPACE)
    return plane.write_kubeconfig(path, token=token)


async def test_a_token_is_asked_for_again_before_it_expires_and_not_sooner(laptop):
    clock = SetClock()
    laptop.write(expires=(START + dt.timedelta(minutes=15)).isoformat())
    async with contextlib.aclosing(connect(laptop.path, f"kube-{EAST}", clock=clock)) as cluster:
        await asyncio.gather(*(identify_cluster(cluster) for _ in range(5)))
        clock.moment += dt.timedelta(minutes=13)
        await identify_cluster(cluster)
        assert laptop.asked[EAST] == 1

        clock.moment += dt.timedelta(minutes=1, seconds=1)
        await identify_cluster(cluster)
        assert laptop.asked[EAST] == 2


async def test_a_token_that_the_server_refuses_is_replaced_once(laptop):
    plane = laptop.planes[EAST]
    laptop.give({EAST: ["stale", plane.admin_token]})
    async with contextlib.aclosing(connect(laptop.path, f"kube-{EAST}")) as cluster:
        await identify_cluster(cluster)
        await cluster.get(NAMESPACE, None, "default")

    assert laptop.asked[EAST] == 2


async def test_a_plugin_without_a_good_token_is_told_and_its_token_is_not(laptop):
    laptop.give({EAST: ["s3cr3t"]})
    async with contextlib.aclosing(connect(laptop.path, f"kube-{EAST}")) as cluster:
        with pytest.raises(ForbiddenError) as told:
            await identify_cluster(cluster)

    assert "s3cr3t" not in str(told.value)
    assert laptop.asked[EAST] == 2


@pytest.fixture
async def nodes(two_regions, tmp_path):
    """In each region a node whose kubelet is the test's: the kubelets, by region."""
    async with contextlib.AsyncExitStack() as stack:
        kubelets = {}
        for plane in two_regions:
            kubelet = kubelets[plane.name] = FakeKubelet(tmp_path / plane.name)
            certificates = plane.layout.certificates
            serving = kubelet.serving(certificates.server, certificates.server_key)
            await stack.enter_async_context(serving)
            name = f"node-{uuid.uuid4().hex[:6]}"
            cluster = await stack.enter_async_context(
                contextlib.aclosing(connect(plane.kubeconfig_path))
            )
            node = kubelet.node(name)
            status = node.pop("status")
            await cluster.create(NODE, node)
            stated = {**node, "status": status}
            await cluster.apply(NODE, stated, manager="test", subresource="status")
            stack.push_async_callback(_remove, cluster, name)
            kubelet.name = name
        yield kubelets


async def _remove(cluster, node):
    """Take the node away, and its pods, which no kubelet would end."""
    async for page in cluster.list(POD, None, fields=f"spec.nodeName={node}"):
        for pod in page.items:
            own = pod["metadata"]
            await cluster.delete(POD, own["namespace"], own["name"], grace_seconds=0)
    await cluster.delete(NODE, None, node)


def place(plane, uid):
    return Place(plane.name, uid, lambda: connect(plane.kubeconfig_path), plane.name)


async def start(plane, kubelet, app, name, *lines, namespace="default"):
    """Run a pod on the kubelet's node whose container writes `lines`."""
    labels = {"app": app}
    container = {"name": "inference", "image": "a"}
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"containers": [container], "nodeName": kubelet.name},
    }
    log = kubelet.log(namespace, name)
    log.begin()
    log.write("".join(f"{line}\n" for line in lines).encode())
    async with contextlib.aclosing(connect(plane.kubeconfig_path)) as cluster:
        await cluster.create(POD, body)
        own = {"name": "inference", "image": "a", "imageID": "", "ready": True, "restartCount": 0}
        own |= {"state": {"running": {}}, "containerID": f"test://{uuid.uuid4()}"}
        status = {"phase": "Running", "containerStatuses": [own]}
        identity = {"name": name, "namespace": namespace}
        stated = {"apiVersion": "v1", "kind": "Pod", "metadata": identity, "status": status}
        await cluster.apply(POD, stated, manager="test", subresource="status")
    return log


async def test_logs_of_two_regions_come_through_their_api_servers(two_regions, nodes):
    app = f"web-{uuid.uuid4().hex[:6]}"
    places = []
    for plane in two_regions:
        await start(plane, nodes[plane.name], app, f"{app}-a", "one", f"two of {plane.name}")
        async with contextlib.aclosing(connect(plane.kubeconfig_path)) as cluster:
            places.append(place(plane, await identify_cluster(cluster)))
    request = LogRequest(app, "default", lines=1)

    told = [found async for found in merged(read(each, request) for each in places)]
    assert {(line.region, line.text) for line in told} == {
        (plane.name, f"two of {plane.name}") for plane in two_regions
    }

    [trouble] = [
        found async for found in read(places[0], LogRequest(app, "default", previous=True))
    ]
    assert isinstance(trouble, Trouble)
    assert trouble.passing  # there was no run before: no failure of the region

    found = []

    async def take():
        async for finding in merged(follow(each, request) for each in places):
            found.append(finding)  # noqa: PERF401 - looked at while it grows

    def lines():
        return [line.text for line in found if isinstance(line, PodLine)]

    async def texts(*wanted):
        async def there():
            return lines()[len(told) :] == list(wanted)

        await eventually(there, within=60, what=str(wanted))

    async def begun():
        return len(lines()) == len(told)

    east = two_regions[0]
    async with background(take()):
        await eventually(begun, within=60, what="the end of what each pod wrote")
        log = await start(east, nodes[east.name], app, f"{app}-b", "later")
        await texts("later")
        log.write(b"and more\n")
        await texts("later", "and more")
