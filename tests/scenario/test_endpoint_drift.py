"""Whoever changes a field of ours, it is put back, and said which field and who it was."""

import asyncio

import pytest

from gco.core.model.names import HASH_ANNOTATION, UID_ANNOTATION
from gco.core.model.status import ConditionType
from gco.kinds.ownership import owned_hash
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    INGRESS,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    Kind,
)
from tests.builders import WEB
from tests.scenario.region_world import NS, ROUTE, World, names
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

CONTAINER = "/spec/template/spec/containers/0"
SPEC = {
    "args": ["--max-model-len=8192"],
    "env": [{"name": "MODE", "value": "fast"}, {"name": "LEVEL", "value": "info"}],
}


def op(verb: str, path: str, value: object = None) -> dict[str, object]:
    return {"op": verb, "path": path, "value": value}


def escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


TCP = {"tcpSocket": {"port": 8000}, "periodSeconds": 10}
FROM = {"name": "MODE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
EDITS = [
    pytest.param(
        DEPLOYMENT,
        [op("replace", f"{CONTAINER}/image", "evil:latest")],
        "spec.template.spec.containers[inference].image",
        id="image",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", f"{CONTAINER}/env/0/value", "slow")],
        "spec.template.spec.containers[inference].env[MODE].value",
        id="env-value",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", f"{CONTAINER}/env/0", FROM)],
        "spec.template.spec.containers[inference].env[MODE]",
        id="env-value-to-value-from",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("remove", f"{CONTAINER}/env/1")],
        "spec.template.spec.containers[inference].env[LEVEL]",
        id="env-removed",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", f"{CONTAINER}/args", ["--max-model-len=1"])],
        "spec.template.spec.containers[inference].args",
        id="args",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("add", f"{CONTAINER}/command", ["sleep", "infinity"])],
        "spec.template.spec.containers[inference].command",
        id="command-that-we-leave-empty",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", f"{CONTAINER}/ports/0/containerPort", 9000)],
        "spec.template.spec.containers[inference].ports",
        id="container-port",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", f"{CONTAINER}/readinessProbe", TCP)],
        "spec.template.spec.containers[inference].readinessProbe",
        id="probe-type",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", f"{CONTAINER}/name", "main")],
        "spec.template.spec.containers[inference]",
        id="container-renamed",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("remove", f"{CONTAINER}/resources/limits/memory")],
        "spec.template.spec.containers[inference].resources.limits",
        id="limit-removed",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("add", "/spec/template/spec/nodeSelector/zone", "a")],
        "spec.template.spec.nodeSelector",
        id="node-selector",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", "/spec/template/spec/tolerations", [{"operator": "Exists"}])],
        "spec.template.spec.tolerations",
        id="tolerations",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", "/spec/replicas", 0)],
        "spec.replicas",
        id="replicas",
    ),
    pytest.param(DEPLOYMENT, [op("add", "/spec/paused", value=True)], "spec.paused", id="paused"),
    pytest.param(
        DEPLOYMENT,
        [op("replace", "/spec/strategy", {"type": "Recreate"})],
        "spec.strategy",
        id="strategy",
    ),
    pytest.param(
        DEPLOYMENT,
        [op("replace", "/metadata/labels/project", "mine")],
        "metadata.labels.project",
        id="label",
    ),
    pytest.param(
        SERVICE,
        [op("replace", "/spec/ports/0/port", 8080)],
        "spec.ports",
        id="service-port",
    ),
    pytest.param(
        SERVICE,
        [op("replace", "/spec/ports/0/targetPort", 22)],
        "spec.ports",
        id="target-port",
    ),
    pytest.param(
        SERVICE,
        [op("replace", "/spec/selector", {"app": "other"})],
        "spec.selector",
        id="selector",
    ),
    pytest.param(
        SERVICE,
        [op("replace", f"/metadata/annotations/{escaped(UID_ANNOTATION)}", "another")],
        "metadata.annotations",
        id="uid-annotation",
    ),
    pytest.param(
        POD_DISRUPTION_BUDGET,
        [op("remove", "/spec/maxUnavailable"), op("add", "/spec/minAvailable", 1)],
        "spec.maxUnavailable",
        id="disruption-budget",
    ),
    pytest.param(
        INGRESS,
        [op("replace", "/spec/rules/0/http/paths/0/path", "/elsewhere")],
        "spec.rules",
        id="path",
    ),
    pytest.param(
        INGRESS,
        [op("replace", "/spec/ingressClassName", "nginx")],
        "spec.ingressClassName",
        id="ingress-class",
    ),
]
NAMES = {DEPLOYMENT: WEB, SERVICE: WEB, POD_DISRUPTION_BUDGET: WEB, INGRESS: ROUTE}


async def edit(world: World, kind: Kind, operations: list[dict[str, object]]) -> None:
    name = NAMES[kind]
    await world.person.patch(kind, NS, name, operations, manager="kubectl-edit")


def what_matters(found: dict[str, object]) -> tuple[object, ...]:
    """What a repaired object has to share with the one before: all values, and our ownership."""
    meta = found["metadata"]
    return found["spec"], meta["labels"], meta["annotations"], owned_hash(found, "gco")


@pytest.mark.parametrize(("kind", "operations", "path"), EDITS)
async def test_an_edit_of_ours_is_repaired_and_told(clock, kind, operations, path):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(**SPEC)
        await world.ready()
        await world.quiet()
        before = what_matters(world.find(kind, NAMES[kind]))
        requests = world.monitor.requests.copy()

        await edit(world, kind, operations)
        assert what_matters(world.find(kind, NAMES[kind])) != before
        await until(lambda: what_matters(world.find(kind, NAMES[kind])) == before)
        await until(lambda: world.reason(ConditionType.DRIFTED) == "Repaired")
        await world.ready()
        await world.quiet()

        assert what_matters(world.find(kind, NAMES[kind])) == before
        told = world.status().condition(ConditionType.DRIFTED)
        assert path in told.message
        assert "kubectl-edit" in told.message or "changed by unknown" in told.message
        assert "Repaired" in names(world.events())
        made = world.monitor.requests - requests
        assert made["apply", kind.name] == 1
        assert made["get", kind.name] <= 4
        assert made["patch", kind.name] <= 4


async def test_what_others_own_is_left_alone(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await world.quiet()
        requests = world.monitor.writes

        sidecar = {"name": "proxy", "image": "envoy:1"}
        await edit(
            world,
            DEPLOYMENT,
            [
                op("add", "/spec/template/spec/containers/-", sidecar),
                op("add", "/metadata/labels/team", "ml"),
                op("add", "/metadata/annotations/note", "mine"),
            ],
        )
        await world.ready()
        await world.quiet()

        found = world.find(DEPLOYMENT, WEB)
        assert [c["name"] for c in found["spec"]["template"]["spec"]["containers"]] == [
            "inference",
            "proxy",
        ]
        assert found["metadata"]["labels"]["team"] == "ml"
        assert world.reason(ConditionType.DRIFTED) == "InSync"
        assert world.monitor.requests["apply", DEPLOYMENT.name] == 1
        assert world.monitor.writes - requests <= 2  # the rollout's status alone


async def test_a_sidecar_outlasts_the_repair_of_our_container(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        sidecar = {"name": "proxy", "image": "envoy:1"}
        await edit(
            world,
            DEPLOYMENT,
            [
                op("add", "/spec/template/spec/containers/-", sidecar),
                op("replace", f"{CONTAINER}/name", "main"),
            ],
        )
        await until(lambda: world.reason(ConditionType.DRIFTED) == "Repaired")

        containers = world.find(DEPLOYMENT, WEB)["spec"]["template"]["spec"]["containers"]
        assert sorted(c["name"] for c in containers) == ["inference", "proxy"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [(DEPLOYMENT, WEB), (SERVICE, WEB), (POD_DISRUPTION_BUDGET, WEB), (INGRESS, ROUTE)],
    ids=lambda value: getattr(value, "name", None),
)
async def test_a_deleted_object_comes_back(clock, kind, name):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        before = world.find(kind, name)["metadata"]["uid"]

        await world.person.delete(kind, NS, name)
        await until(
            lambda: (
                (world.find(kind, name) or {"metadata": {"uid": before}})["metadata"]["uid"]
                != before
            )
        )
        await world.ready()


async def test_a_deleted_frozen_template_comes_back_from_the_deployment_that_runs_it(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(**SPEC)
        await world.ready()
        ((name, before),) = world.all(CONTROLLER_REVISION).items()
        generation = world.find(DEPLOYMENT, WEB)["metadata"]["generation"]

        await world.person.delete(CONTROLLER_REVISION, NS, name)
        await until(lambda: world.all(CONTROLLER_REVISION))
        await world.quiet()

        ((_, after),) = world.all(CONTROLLER_REVISION).items()
        assert after["metadata"]["uid"] != before["metadata"]["uid"]
        assert world.find(DEPLOYMENT, WEB)["metadata"]["generation"] == generation
        assert world.is_ready()


async def test_what_admission_changes_is_accepted_and_said_once(clock):
    world = World(clock)
    await world.install()

    def mutate(kind: Kind, manifest: dict[str, object]) -> None:
        if kind == SERVICE:
            manifest["spec"]["selector"]["app"] = "mesh"

    world.server.admit(mutate)
    async with background(*world.loops()):
        await world.want()
        await until(lambda: world.reason(ConditionType.DRIFTED) == "MutatedOnAdmission")
        await world.ready()
        await world.quiet()

        assert world.monitor.requests["apply", SERVICE.name] == 1
        assert "spec.selector" in world.status().condition(ConditionType.DRIFTED).message
        assert names(world.events()).count("MutatedOnAdmission") == 1


async def test_a_fight_over_an_object_slows_down_and_is_told(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()

        async def fight() -> None:
            while True:
                if world.find(DEPLOYMENT, WEB)["spec"]["replicas"] != 5:
                    await edit(world, DEPLOYMENT, [op("replace", "/spec/replicas", 5)])
                await asyncio.sleep(0.1)

        async with background(fight()):
            await until(lambda: world.reason(ConditionType.DRIFTED) == "FoughtOver")
            applied = world.monitor.requests["apply", DEPLOYMENT.name]
            await asyncio.sleep(600)
            assert world.monitor.requests["apply", DEPLOYMENT.name] - applied <= 10
        await until(lambda: world.find(DEPLOYMENT, WEB)["spec"]["replicas"] == 1, within=400)
        await until(lambda: world.reason(ConditionType.DRIFTED) == "Repaired", within=400)


def engine(world: World, kind: Kind, name: str, path: str, value: object):
    """A policy engine that sets one field back whenever it finds another value there."""
    *parents, last = path.strip("/").split("/")

    async def enforce() -> None:
        while True:
            holder = world.find(kind, name) or {}
            for key in parents:
                holder = holder[int(key)] if isinstance(holder, list) else holder.get(key, {})
            if holder and holder.get(last) != value:
                verb = "replace" if last in holder else "add"
                edits = [op(verb, path, value)]
                await world.person.patch(kind, NS, name, edits, manager="policy-engine")
            await asyncio.sleep(0.1)

    return enforce()


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        (POD_DISRUPTION_BUDGET, WEB, "/spec/maxUnavailable", "30%"),
        (SERVICE, WEB, "/metadata/labels/project", "platform"),
        (DEPLOYMENT, WEB, "/metadata/labels/project", "platform"),
        (INGRESS, ROUTE, "/metadata/labels/project", "platform"),
    ],
    ids=["budget", "label-of-service", "label-of-deployment", "label-of-route"],
)
async def test_a_fight_that_keeps_no_request_from_its_answer_leaves_ready_alone(
    clock, kind, name, path, value
):
    """Invariant: what does not affect serving does not affect Ready, at any moment of the fight."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()

        async with background(engine(world, kind, name, path, value)):
            await until(lambda: world.reason(ConditionType.DRIFTED) == "FoughtOver")
            for _ in range(3600):
                assert world.is_ready()
                await asyncio.sleep(1)
            await world.want(revision=2)
            await world.ready(revision=2)
            assert world.reason(ConditionType.DRIFTED) == "FoughtOver"
            assert "policy-engine" in world.status().condition(ConditionType.DRIFTED).message


@pytest.mark.parametrize(
    ("kind", "name", "path", "value"),
    [
        (DEPLOYMENT, WEB, f"{CONTAINER}/image", "registry.example.com/mirrored:1"),
        (DEPLOYMENT, WEB, "/spec/replicas", 5),
        (SERVICE, WEB, "/spec/selector/app", "another"),
    ],
    ids=["image", "replicas", "selector-of-service"],
)
async def test_a_fight_over_what_answers_makes_ready_false_and_names_who_fights(
    clock, kind, name, path, value
):
    """Invariant: Ready is True exactly while the wanted revision answers."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()

        async with background(engine(world, kind, name, path, value)):
            await until(lambda: world.reason() == "FoughtOver")
            assert "policy-engine" in world.status().message
            await asyncio.sleep(600)
            assert world.reason() == "FoughtOver"
        await until(world.is_ready, within=400)


async def test_an_edit_of_what_answers_during_a_harmless_fight_is_no_part_of_that_fight(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        label = "/metadata/labels/project"
        async with background(engine(world, SERVICE, WEB, label, "platform")):
            await until(lambda: world.reason(ConditionType.DRIFTED) == "FoughtOver")
            await asyncio.sleep(600)
            assert world.is_ready()

            await edit(world, SERVICE, [op("replace", "/spec/selector/app", "another")])

            await until(lambda: world.reason() == "FoughtOver", within=5)


async def test_a_hand_edited_hash_is_repaired_too(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        before = what_matters(world.find(SERVICE, WEB))

        path = f"/metadata/annotations/{escaped(HASH_ANNOTATION)}"
        await edit(world, SERVICE, [op("replace", path, "0")])
        await until(lambda: what_matters(world.find(SERVICE, WEB)) == before)
