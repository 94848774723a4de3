"""A GCO whose rendering has changed: what runs goes on as it was, and what changes next is new."""

import pytest

from gco.controllers.endpoint import templates
from gco.core.region.render.template import pod_template
from gco.kinds.registry import DEPLOYMENT, POD
from tests.builders import WEB
from tests.scenario.region_world import NS, World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

SPEC = {
    "image": "lmsysorg/sglang:v0.4.6",
    "command": ["python3", "-m", "sglang.launch_server", "--model-path", "m"],
    "resources": {"count": 2},
}


def as_the_version_before_rendered(regional, directory=None):
    """The template without what was added since: host, root path, shared memory, a longer grace."""
    template = pod_template(regional, directory)
    pod = {k: v for k, v in template["spec"].items() if k != "volumes"}
    [server] = pod["containers"]
    server = {k: v for k, v in server.items() if k != "volumeMounts"} | {"args": []}
    spec = {**pod, "containers": [server], "terminationGracePeriodSeconds": 60}
    return {**template, "spec": spec}


def pods(world):
    return {name: pod["metadata"]["uid"] for name, pod in world.all(POD).items()}


def server(world):
    [found] = world.find(DEPLOYMENT, WEB)["spec"]["template"]["spec"]["containers"]
    return found


async def test_an_upgrade_restarts_no_pod_and_the_next_change_takes_what_is_new(clock, monkeypatch):
    world = World(clock)
    await world.install()
    async with background(*world.others()):
        with monkeypatch.context() as before:
            before.setattr(templates, "pod_template", as_the_version_before_rendered)
            async with background(world.controller().run()):
                await world.want(**SPEC)
                await world.ready()
                await world.quiet()
        running, generation = pods(world), world.find(DEPLOYMENT, WEB)["metadata"]["generation"]

        async with background(world.controller().run()):
            await world.quiet(60)
            assert pods(world) == running
            assert world.find(DEPLOYMENT, WEB)["metadata"]["generation"] == generation

            path = "/spec/template/spec/containers/0/args"
            edit = [{"op": "add", "path": path, "value": ["--host", "::"]}]
            await world.person.patch(DEPLOYMENT, NS, WEB, edit, manager="kubectl-edit")
            await until(lambda: "args" not in server(world) or not server(world)["args"])
            await world.ready()

            await world.want(revision=2, **SPEC, port=9000)
            await world.ready(revision=2)
            assert server(world)["args"] == [
                "--host",
                "0.0.0.0",  # noqa: S104
                "--port=9000",
                "--fastapi-root-path=/inference/web",
            ]
            assert server(world)["volumeMounts"]


async def test_a_changed_overlay_reaches_the_pods_and_taking_it_away_leaves_nothing(clock):
    world = World(clock)
    await world.install()
    sidecar = {"name": "proxy", "image": "example.com/proxy:1"}
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        before = world.find(DEPLOYMENT, WEB)["spec"]["template"]

        overrides = {"spec": {"containers": [sidecar], "serviceAccountName": "other"}}
        await world.want(revision=2, podOverrides=overrides)
        await world.ready(revision=2)
        pod = world.find(DEPLOYMENT, WEB)["spec"]["template"]["spec"]
        assert [c["name"] for c in pod["containers"]] == ["inference", "proxy"]
        assert pod["serviceAccountName"] == "other"

        path = "/spec/template/spec/containers/1/image"
        edit = [{"op": "replace", "path": path, "value": "example.com/mine:1"}]
        await world.person.patch(DEPLOYMENT, NS, WEB, edit, manager="kubectl-edit")
        await until(
            lambda: (
                world.find(DEPLOYMENT, WEB)["spec"]["template"]["spec"]["containers"][1]["image"]
                == sidecar["image"]
            )
        )

        await world.want(revision=3)
        await world.ready(revision=3)
        assert world.find(DEPLOYMENT, WEB)["spec"]["template"] == before
