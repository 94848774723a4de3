"""The API that a sandbox shows to other processes: reads as Kubernetes answers them, and no more."""

import asyncio
import contextlib

import aiohttp
import pytest

from gco.cluster.kubernetes import KubernetesCluster
from gco.cluster.kubernetes.auth import Fixed, bearer
from gco.cluster.kubernetes.transport import Server, Transport
from gco.cluster.memory import MemoryCluster
from gco.cluster.port import EventType, LogOptions
from gco.errors import AbsentError, ExpiredError, ForbiddenError
from gco.kinds.registry import EVENT, NAMESPACE, NODE, POD
from gco.sandbox.api import ApiFace
from gco.sandbox.api.paths import Target, target_of
from gco.sandbox.kubelet.logs import Logs
from tests.waiting import background

PLACE = "gco-inference"


def pod(name, **labels):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": PLACE, "labels": labels},
        "spec": {"containers": [{"name": "inference", "image": "a"}]},
    }


@pytest.fixture
async def memory(tmp_path, clock):
    cluster = MemoryCluster()
    await cluster.create(
        NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE}}
    )
    logs = Logs(tmp_path, clock)
    cluster.log_streamer = lambda *where: stream(logs, *where)
    cluster.logs_written = logs
    return cluster


async def stream(logs, namespace, name, options):
    async with contextlib.aclosing(
        logs.find(namespace, name, options.container).lines(options)
    ) as lines:
        async for line in lines:
            yield line


@pytest.fixture
async def face(memory):
    face = ApiFace(memory.client("api"))
    async with background(face.run()):
        yield face


@pytest.fixture
async def person(face):
    async with contextlib.aclosing(reached(face, face.token)) as cluster:
        yield cluster


def reached(face, token):
    return KubernetesCluster(Transport(Server(face.url), Fixed(bearer(token))))


async def listed(cluster, kind, namespace, **selectors):
    return [
        item async for page in cluster.list(kind, namespace, **selectors) for item in page.items
    ]


async def test_objects_and_listings_are_those_of_the_cluster(memory, person):
    for name, app in (("a", "web"), ("b", "chat")):
        await memory.create(POD, pod(name, app=app))

    assert await person.get(POD, PLACE, "a") == await memory.get(POD, PLACE, "a")
    assert await listed(person, POD, PLACE) == await listed(memory, POD, PLACE)
    assert [p["metadata"]["name"] for p in await listed(person, POD, None, labels="app=chat")] == [
        "b"
    ]
    assert await listed(person, NODE, None) == []
    assert await person.get(NAMESPACE, None, PLACE) == await memory.get(NAMESPACE, None, PLACE)
    assert len(await listed(person, NAMESPACE, None)) == len(await listed(memory, NAMESPACE, None))


async def test_a_watch_tells_of_changes_as_they_happen(memory, person):
    [page] = [page async for page in person.list(POD, PLACE)]
    events = person.watch(POD, PLACE, after=page.resource_version, fields="metadata.name=a")
    first = asyncio.create_task(anext(events))
    await memory.create(POD, pod("b"))
    await memory.create(POD, pod("a"))

    event = await first

    assert (event.type, event.object["metadata"]["name"]) == (EventType.ADDED, "a")
    await events.aclose()


async def test_a_watch_from_a_forgotten_moment_is_told_so(memory, person):
    [page] = [page async for page in person.list(POD, PLACE)]
    await memory.create(POD, pod("a"))
    memory.expire_history()

    with pytest.raises(ExpiredError):
        await anext(person.watch(POD, PLACE, after=page.resource_version))


async def test_logs_are_followed(memory, person):
    await memory.create(POD, pod("a"))
    log = memory.logs_written.of(PLACE, "a", "inference")
    log.begin()
    log.write(b"one\ntwo\n")
    lines = person.log_lines(PLACE, "a", LogOptions("inference", lines=1, follow=True))

    assert (await anext(lines)).text == "two"
    following = asyncio.create_task(anext(lines))
    log.write(b"three\n")
    assert (await following).text == "three"
    log.end()
    assert [line async for line in lines] == []


async def test_a_log_without_a_line_yet_answers_at_once(memory, face):
    await memory.create(POD, pod("a"))
    memory.logs_written.of(PLACE, "a", "inference").begin()
    url = f"{face.url}/api/v1/namespaces/{PLACE}/pods/a/log?container=inference&follow=true"

    async with aiohttp.ClientSession(headers={"Authorization": bearer(face.token)}) as http:
        answer = await asyncio.wait_for(http.get(url), 10)
        assert answer.status == 200
        answer.close()


@pytest.mark.parametrize("name", ["a", "nobody"], ids=["not started", "not there"])
async def test_a_log_that_is_not_there_is_absent(memory, person, name):
    await memory.create(POD, pod("a"))

    with pytest.raises(AbsentError):
        await anext(person.log_lines(PLACE, name, LogOptions("inference", follow=True)))


async def test_nobody_reads_without_the_token(face):
    async with contextlib.aclosing(reached(face, "stolen")) as stranger:
        with pytest.raises(ForbiddenError):
            await stranger.get(NAMESPACE, None, PLACE)


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        pytest.param("POST", f"/api/v1/namespaces/{PLACE}/pods", 405, id="a write"),
        pytest.param("DELETE", f"/api/v1/namespaces/{PLACE}/pods/a", 405, id="a deletion"),
        pytest.param("GET", "/version", 404, id="something else"),
        pytest.param("GET", f"/api/v1/namespaces/{PLACE}/pods/nobody", 404, id="nobody"),
    ],
)
async def test_what_is_not_a_read_is_refused_with_a_status(face, method, path, code):
    async with aiohttp.ClientSession(headers={"Authorization": bearer(face.token)}) as http:
        answer = await http.request(method, face.url + path)
        told = await answer.json()

    assert (answer.status, told["kind"], told["code"]) == (code, "Status", code)


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/api/v1/nodes", Target(NODE, None, None)),
        ("/api/v1/nodes/n1", Target(NODE, None, "n1")),
        ("/api/v1/namespaces", Target(NAMESPACE, None, None)),
        ("/api/v1/namespaces/gco", Target(NAMESPACE, None, "gco")),
        ("/api/v1/pods", Target(POD, None, None)),
        ("/api/v1/namespaces/gco/pods", Target(POD, "gco", None)),
        ("/api/v1/namespaces/gco/pods/a", Target(POD, "gco", "a")),
        ("/api/v1/namespaces/gco/pods/a/log", Target(POD, "gco", "a", log=True)),
        ("/apis/events.k8s.io/v1/namespaces/gco/events", Target(EVENT, "gco", None)),
        ("/apis/events.k8s.io/v2/namespaces/gco/events", None),
        ("/api/v1/namespaces/gco/nodes", None),
        ("/api/v1/pods/a", None),
        ("/api/v1/nodes/n1/log", None),
        ("/api/v1/namespaces/gco/pods/a/exec", None),
        ("/apis", None),
        ("/", None),
    ],
)
def test_paths_lead_where_kubernetes_has_them(path, target):
    assert target_of(path) == target
