"""What people, Kubernetes and bad luck do in a simulation: one function an act, named as the act."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Awaitable, Callable
from typing import Any

from gco.core.model.ids import RegionName
from gco.core.model.names import LEADER_LEASE
from gco.errors import (
    AbsentError,
    ClusterConflictError,
    GcoError,
    RejectedError,
    ThrottledError,
    TransientError,
)
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    EVENT,
    INFERENCE_ENDPOINT,
    LEASE,
    NODE,
    POD,
)
from tests.scenario.region_world import NS
from tests.service.world import document
from tests.simulation.edits import EDITS, KINDS, RESTARTING, Done, owned, value_at
from tests.simulation.process import Process
from tests.simulation.schedule import Act
from tests.simulation.world import Region, World, new_node, occupy

Perform = Callable[[World, dict[str, Any]], Awaitable[None]]
ACTS: dict[str, Perform] = {}
WATCHED = {kind.name: kind for kind in (*KINDS.values(), POD, NODE, LEASE, EVENT)}


def act(perform: Perform) -> Perform:
    """Register an act under its function's name."""
    ACTS[perform.__name__] = perform
    return perform


async def perform(world: World, what: Act) -> None:
    """Perform one act; what cannot be done now is refused, as it would be to a person."""
    with contextlib.suppress(GcoError):
        await ACTS[what.do](world, what.args)


def _region(world: World, args: dict[str, Any]) -> Region:
    return world.regions[args["region"]]


def _process(world: World, args: dict[str, Any]) -> Process:
    process = _region(world, args).processes[args["process"]]
    if "seconds" in args or "times" in args:
        process.blind(world.now, args.get("seconds", 0.0))
    return process


def _excuse_everywhere(world: World, name: str) -> None:
    for region in world.regions:
        world.excuse(region.name, name)


@act
async def apply(world, args):
    spec = {key: value for key, value in args.items() if key != "name"}
    endpoint = world.endpoint(args["name"])
    if endpoint is not None and endpoint.state in {"stopped", "deleted"}:
        _excuse_everywhere(world, args["name"])
    await world.service.apply([document(args["name"], **spec)], source="web.yaml")


@act
async def scale(world, args):
    await world.service.scale(args["name"], args["replicas"], pin=True)


@act
async def image(world, args):
    await world.service.update_image(args["name"], args["image"])


@act
async def stop(world, args):
    await world.service.stop(args["name"])
    _excuse_everywhere(world, args["name"])


@act
async def start(world, args):
    await world.service.start(args["name"])


@act
async def canary(world, args):
    await world.service.canary(args["name"], image=args["image"], weight=args["weight"])


@act
async def promote(world, args):
    await world.service.promote(args["name"], force=args["force"])


@act
async def abort(world, args):
    await world.service.abort_canary(args["name"])


@act
async def rollback(world, args):
    await world.service.rollback(args["name"])


@act
async def delete(world, args):
    await world.service.delete([args["name"]], confirmed=True)
    _excuse_everywhere(world, args["name"])


@act
async def remove_region(world, args):
    region = _region(world, args)
    await world.service.remove_region(args["name"], region.name)
    world.excuse(region.name, args["name"])


@act
async def add_region(world, args):
    await world.service.add_region(args["name"], RegionName(_region(world, args).name))


@act
async def evict(world, args):
    region = _region(world, args)
    pods = region.pods(args["name"])
    if pods:
        world.excuse(region.name, args["name"], 5.0)
        victim = pods[args["pod"] % len(pods)]["metadata"]
        await region.site.person.delete(POD, NS, victim["name"], uid=victim["uid"])


@act
async def lose_node(world, args):
    region = _region(world, args)
    for name in ("web", "llm"):
        world.excuse(region.name, name, args["seconds"] + 30.0)
    await region.site.person.delete(NODE, None, "n1")
    for namespace, name in list(region.objects.table(POD).objects):
        with contextlib.suppress(AbsentError):
            await region.site.person.delete(POD, namespace, name, grace_seconds=0)
    world.for_a_while(args["seconds"], contextlib.nullcontext())
    await asyncio.sleep(args["seconds"])
    await new_node(region, world.schedule.gpus)


@act
async def occupy_gpus(world, args):
    region = _region(world, args)
    gpus = min(args["gpus"], region.free())
    if gpus > 0:
        await occupy(region, gpus)
    await asyncio.sleep(args["seconds"])
    for _, name in list(region.objects.table(POD).objects):
        if name.startswith("other-"):
            await region.site.person.delete(POD, NS, name, grace_seconds=0)


ACTS["occupy"] = occupy_gpus


@act
async def load(world, args):
    _region(world, args).site.server.server.loads.set(NS, args["name"], cpu=args["cpu"])


@act
async def webhook_down(world, args):
    def refuse(kind, _manifest) -> None:
        if kind.name == args["kind"] or (not args["kind"] and kind.name in KINDS):
            raise TransientError("failed calling webhook: connection refused")

    @contextlib.contextmanager
    def down():
        undo = _region(world, args).site.server.admit(refuse)
        try:
            yield
        finally:
            undo()

    world.for_a_while(args["seconds"], down())


async def _edit(region: Region, kind, name: str, path: str, value: Any) -> None:
    edit = [{"op": "replace", "path": path, "value": value}]
    await region.site.person.patch(kind, NS, name, edit, manager="kubectl-edit")


@act
async def edit_image(world, args):
    region = _region(world, args)
    world.excuse(region.name, args["name"])
    path = "/spec/template/spec/containers/0/image"
    await _edit(region, DEPLOYMENT, args["name"], path, "someone/else:1")


@act
async def edit_count(world, args):
    region = _region(world, args)
    world.excuse(region.name, args["name"])
    await _edit(region, DEPLOYMENT, args["name"], "/spec/replicas", args["replicas"])


@act
async def edit(world, args):
    region, kind = _region(world, args), KINDS[args["kind"]]
    names = owned(region, kind, args["name"])
    if not names:
        return
    if args["kind"] in RESTARTING:
        world.excuse(region.name, args["name"])
    chosen = EDITS[args["kind"]][args["edit"] % len(EDITS[args["kind"]])]
    operation = {"op": "add", "path": chosen.path, "value": chosen.value}
    name = names[args["pick"] % len(names)]
    before = region.objects.table(kind).objects[NS, name]
    done = Done(
        region.name,
        kind,
        name,
        before["metadata"]["uid"],
        chosen,
        value_at(before, chosen.path),
    )
    with contextlib.suppress(RejectedError, ClusterConflictError):
        await region.site.person.patch(
            kind,
            NS,
            name,
            [operation],
            manager="kubectl-edit",
            subresource="status" if chosen.status else None,
        )
        world.edits.append(done)


@act
async def delete_child(world, args):
    region, kind = _region(world, args), KINDS[args["kind"]]
    names = owned(region, kind, args["name"])
    if names:
        if args["kind"] in RESTARTING:
            world.excuse(region.name, args["name"])
        await region.site.person.delete(kind, NS, names[args.get("pick", 0) % len(names)])


@act
async def odd_revision(world, args):
    """Leave a ControllerRevision that is not of GCO's making, with the labels of GCO's own."""
    region = _region(world, args)
    labels = {"app": args["name"], "project": "gco", "gco.io/type": "inference"}
    metadata = {"name": f"odd-{args['name']}", "namespace": NS, "labels": labels}
    body = {"metadata": metadata, "revision": 1, "data": args["data"]}
    await region.site.person.create(CONTROLLER_REVISION, body)


@act
async def delete_resource(world, args):
    await _region(world, args).site.person.delete(INFERENCE_ENDPOINT, NS, args["name"])


@act
async def delete_lease(world, args):
    await _region(world, args).site.person.delete(LEASE, NS, LEADER_LEASE)


@act
async def restart_pods(world, args):
    region = _region(world, args)
    path = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"
    edit = [{"op": "add", "path": path, "value": str(world.now)}]
    with contextlib.suppress(RejectedError, ClusterConflictError):
        await region.site.person.patch(DEPLOYMENT, NS, args["name"], edit, manager="kubectl")


@act
async def kill(world, args):
    _process(world, args).line.dead.set()


@act
async def kill_at(world, args):
    _process(world, args).line.die_at(args["request"], after=args["after"])


@act
async def terminate(world, args):
    _process(world, args).stop.set()


@act
async def pause(world, args):
    line = _process(world, args).line

    @contextlib.contextmanager
    def paused():
        line.open.clear()
        try:
            yield
        finally:
            line.open.set()

    world.for_a_while(args["seconds"], paused())


@act
async def api_down(world, args):
    world.for_a_while(args["seconds"], _process(world, args).client.faults.unreachable())


@act
async def silent_watches(world, args):
    world.for_a_while(args["seconds"], _process(world, args).client.faults.black_hole())


@act
async def late_watches(world, args):
    faults = _process(world, args).client.faults

    @contextlib.contextmanager
    def late():
        faults.watch_delay = args["late"]
        try:
            yield
        finally:
            faults.watch_delay = 0.0

    world.for_a_while(args["seconds"], late())


@act
async def stale_cache(world, args):
    faults = _process(world, args).client.faults
    world.for_a_while(args["seconds"], faults.late(WATCHED[args["kind"]], args["late"]))


@act
async def repeated_events(world, args):
    faults = _process(world, args).client.faults

    @contextlib.contextmanager
    def twice():
        faults.repeats = True
        try:
            yield
        finally:
            faults.repeats = False

    world.for_a_while(args["seconds"], twice())


@act
async def forbid(world, args):
    faults = _process(world, args).client.faults
    world.for_a_while(args["seconds"], faults.forbid(WATCHED[args["kind"]]))


@act
async def clock_step(world, args):
    clock = _process(world, args).clock

    @contextlib.contextmanager
    def wrong():
        clock.wrong_by = dt.timedelta(seconds=args["by"])
        try:
            yield
        finally:
            clock.wrong_by = dt.timedelta()

    world.for_a_while(args["seconds"], wrong())


@act
async def other_version(world, args):
    """End a process in order; its next life runs the other version, later or earlier."""
    process = _process(world, args)
    process.later = not process.later
    process.stop.set()


@act
async def lost_answers(world, args):
    _process(world, args).client.faults.fail(times=args["times"], answer_lost=True)


@act
async def too_many_requests(world, args):
    seconds = args["retry_after"]
    _process(world, args).client.faults.fail(
        times=args["times"], error=lambda: ThrottledError("injected: 429", seconds)
    )


@act
async def compact(world, args):
    _region(world, args).site.server.expire_history()


@act
async def store_down(world, args):
    world.for_a_while(args["seconds"], world.store.outage())


@act
async def store_loses_answers(world, args):
    world.for_a_while(args["seconds"], world.store.lost_answers())
