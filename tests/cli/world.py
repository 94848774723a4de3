"""A store in a file, regions that are heard of, and the command line run against them."""

import asyncio
import dataclasses
import json
from pathlib import Path

from typer.testing import CliRunner

from gco.cli.app import assemble
from gco.clock import SystemClock
from gco.core.model.endpoint import EndpointState, TargetState, Write
from gco.core.model.status import (
    AcceleratorCapacity,
    Condition,
    ConditionType,
    Region,
    RegionState,
    RegionStatus,
)
from gco.settings import environment_with
from gco.store.sqlite import SqliteStore

APP = assemble()
EAST, WEST, SOUTH = "us-east-1", "eu-west-1", "ap-south-1"
NEW, OLD = "vllm/vllm-openai:v0.8.5", "vllm/vllm-openai:v0.8.4"


def document(name="web", **spec):
    return {
        "apiVersion": "gco.io/v1alpha1",
        "kind": "InferenceEndpoint",
        "metadata": {"name": name},
        "spec": {"image": OLD, **spec},
    }


@dataclasses.dataclass
class World:
    folder: Path

    def __post_init__(self):
        self.path = self.folder / "store.db"
        self.url = f"sqlite:///{self.path}"

    def run(self, *arguments, stdin=None, store=True, **environment):
        """Run `gco`; return its result, with `exit_code`, `stdout` and `stderr`."""
        told = ["--store", self.url] if store else []
        given = {
            "USER": "ann",
            "GCO_DATA": str(self.folder),
            "GCO_STORE": "",
            "XDG_CONFIG_HOME": str(self.folder),
            **environment,
        }
        return CliRunner(env=given).invoke(APP, [*told, *arguments], input=stdin, prog_name="gco")

    def facts(self, *arguments):
        """Run `gco` and return what it prints as JSON."""
        result = self.run(*arguments, "-o", "json")
        assert result.exit_code == 0, result.stderr
        return json.loads(result.stdout)

    def file(self, name="web.yaml", *documents):
        """Write a file of documents and return its path as text."""
        path = self.folder / name
        path.write_text("\n---\n".join(json.dumps(one) for one in documents or [document()]))
        return str(path)

    def applied(self, *documents):
        """Apply documents; the world then has these endpoints."""
        result = self.run("apply", "-f", self.file("applied.yaml", *documents))
        assert result.exit_code == 0, result.stderr
        return result

    def create(self):
        """Create the store."""

        async def nothing(_):
            pass

        self.do(nothing)

    def register(self, *names, free=6, address="", **fields):
        """Register regions that are heard of now."""

        async def work(store):
            for name in names:
                await store.lead_region(a_region(name, free=free, address=address, **fields))

        self.do(work)

    def report(self, region, name="web", **fields):
        """Have a region say something of an endpoint, at its present revision unless told."""

        async def work(store):
            endpoint = await store.get(name)
            [known] = [r for r in await store.regions() if r.name == region]
            said = a_status(endpoint, region, **fields)
            await store.write_statuses(region, known.epoch, [said])

        self.do(work)

    def ready(self, *regions, name="web"):
        """Have regions say that an endpoint answers, and the fleet promote it."""
        for region in regions:
            self.report(region, name)

        async def work(store):
            endpoint = await store.get(name)
            update = {"state": EndpointState.RUNNING, "generation": endpoint.generation + 1}
            changed = endpoint.model_copy(update=update)
            await store.write([Write(name, endpoint.generation, changed)])

        self.do(work)

    def purge(self, name="web"):
        """Have the fleet forget an endpoint."""

        async def work(store):
            endpoint = await store.get(name)
            await store.write([Write(name, endpoint.generation, None)])

        self.do(work)

    def do(self, work):
        """Await `work(store)` with the store open."""

        async def opened():
            store = await SqliteStore.open(self.path)
            try:
                return await work(store)
            finally:
                await store.close()

        return asyncio.run(opened())


def a_region(name, *, free=6, total=16, address="", heartbeat=None, **fields):
    capacity = {"nvidia.com/gpu": AcceleratorCapacity(total=total, free=free, nodes=2)}
    values = {
        "name": name,
        "cluster_uid": f"cluster-{name}",
        "aws_region": name,
        "namespaces": ("gco-inference",),
        "capacity": capacity,
        "address": address,
        "version": "0.1.0",
        "heartbeat": heartbeat or SystemClock().now(),
        "epoch": 1,
    }
    return Region(**{**values, **fields})


def a_status(
    endpoint,
    region,
    *,
    state=None,
    ready=None,
    revision=None,
    reason="Ready",
    message="",
    conditions=(),
    at=None,
):
    target = endpoint.targets[region]
    moment = at or SystemClock().now()
    resting = {
        TargetState.RUNNING: RegionState.RUNNING,
        TargetState.STOPPED: RegionState.STOPPED,
        TargetState.DELETED: RegionState.DELETED,
    }
    done = state is None
    told = [
        (ConditionType.READY, "True" if done else "False", reason, message),
        *conditions,
    ]
    return RegionStatus(
        name=endpoint.name,
        uid=endpoint.uid,
        region=region,
        state=state or resting[target.state],
        replicas_ready=target.replicas if ready is None else ready,
        replicas_desired=target.replicas,
        observed_revision=revision or target.revision,
        last_transition=moment,
        conditions=tuple(
            Condition(type=t, status=s, reason=r, message=m, last_transition_time=moment)
            for t, s, r, m in told
        ),
    )


def environment(world, **more):
    """The environment of a real `gco` process that works with the world's store."""
    folder = str(world.folder)
    told = {"GCO_STORE": world.url, "GCO_DATA": folder, "XDG_CONFIG_HOME": folder}
    return environment_with({**told, **more})
