"""A schedule: what happens in one simulation, and when. Plain data, so that it replays from a file."""

import dataclasses
import json
import random
from collections.abc import Callable
from typing import Any

from tests.simulation.edits import EDITS

ENDPOINTS = ("web", "llm")
IMAGES = ("vllm/vllm-openai:v1", "vllm/vllm-openai:v2", "vllm/vllm-openai:v3")
CHILDREN = ("Deployment", "Service", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget")
DELETABLE = (*CHILDREN, "HTTPRoute", "ControllerRevision", "ReplicaSet")
NEEDED = (*CHILDREN, "InferenceEndpoint", "ControllerRevision", "Pod", "Node", "Lease", "Event")
ROUTES = (
    {"backend": "nginx"},
    {"backend": "gateway", "gateway": {"name": "public", "namespace": "gateways"}},
    {"path": "/elsewhere"},
)


@dataclasses.dataclass(frozen=True)
class Act:
    """One thing that somebody does at `at`, in seconds of virtual time."""

    at: float
    do: str
    args: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Schedule:
    """Everything that decides how one simulation runs."""

    seed: int
    gpus: int
    """GPUs of the one node of each region."""
    load_seconds: float
    """How long a server loads before it is ready."""
    acts: tuple[Act, ...]

    def to_json(self) -> str:
        """Return the schedule as JSON, one act a line."""
        acts = ",\n  ".join(json.dumps(dataclasses.asdict(act)) for act in self.acts)
        fields = {"seed": self.seed, "gpus": self.gpus, "load_seconds": self.load_seconds}
        return json.dumps(fields)[:-1] + f', "acts": [\n  {acts}\n]}}\n'

    @staticmethod
    def from_json(text: str) -> "Schedule":
        """Return the schedule that `to_json` wrote."""
        fields = json.loads(text)
        acts = tuple(Act(**act) for act in fields.pop("acts"))
        return Schedule(**fields, acts=acts)


def generate(seed: int) -> Schedule:
    """Return the schedule of `seed`: the same seed gives the same schedule."""
    rng = random.Random(seed)  # noqa: S311 - no secret
    few = rng.random() < 0.6
    gpus = rng.choice((6, 8)) if few else 64
    load = rng.choice((2.0, 8.0, 20.0))
    names = ENDPOINTS[: rng.choice((1, 2, 2))]
    acts = [Act(0.0, "apply", {"name": name, **_spec(rng)}) for name in names]
    moment = 20.0 + load
    kinds = list(_DRAWN)
    weights = [weight for weight, _ in _DRAWN.values()]
    for _ in range(rng.randint(4, 12)):
        [kind] = rng.choices(kinds, weights)
        args = _DRAWN[kind][1](rng)
        if "name" in args:
            args["name"] = rng.choice(names)
        acts.append(Act(round(moment, 2), kind, args))
        moment += rng.choice((0.02, 0.5, 3.0, 10.0, 25.0))
    return Schedule(seed, gpus, load, tuple(acts))


def _spec(rng: random.Random) -> dict[str, Any]:
    spec: dict[str, Any] = {"image": rng.choice(IMAGES), "replicas": rng.choice((1, 2, 3, 4))}
    if rng.random() < 0.25:
        spec["autoscaling"] = {"min": rng.choice((1, 2)), "max": 4}
    if rng.random() < 0.4:
        spec["route"] = rng.choice(ROUTES)
    return spec


def _name(_rng: random.Random, **more: Any) -> dict[str, Any]:
    return {"name": ENDPOINTS[0], **more}


def _place(rng: random.Random, **more: Any) -> dict[str, Any]:
    return {"region": rng.randrange(2), **more}


def _process(rng: random.Random, **more: Any) -> dict[str, Any]:
    return _place(rng, process=rng.randrange(2), **more)


def _seconds(rng: random.Random) -> float:
    return rng.choice((1.0, 5.0, 20.0, 60.0))


Draw = Callable[[random.Random], dict[str, Any]]

_DRAWN: dict[str, tuple[int, Draw]] = {
    "apply": (10, lambda r: _name(r, **_spec(r))),
    "scale": (8, lambda r: _name(r, replicas=r.choice((1, 1, 2, 3, 4)))),
    "image": (8, lambda r: _name(r, image=r.choice(IMAGES))),
    "stop": (2, _name),
    "start": (3, _name),
    "canary": (3, lambda r: _name(r, image=r.choice(IMAGES), weight=r.choice((10, 50)))),
    "promote": (3, lambda r: _name(r, force=r.random() < 0.5)),
    "abort": (2, _name),
    "rollback": (2, _name),
    "delete": (3, _name),
    "remove_region": (2, lambda r: _place(r, **_name(r))),
    "add_region": (2, lambda r: _place(r, **_name(r))),
    "evict": (4, lambda r: _place(r, **_name(r, pod=r.randrange(4)))),
    "lose_node": (2, lambda r: _place(r, seconds=_seconds(r))),
    "occupy": (3, lambda r: _place(r, gpus=r.choice((1, 2, 4)), seconds=_seconds(r))),
    "load": (4, lambda r: _place(r, **_name(r, cpu=r.choice((10.0, 100.0, 280.0, 400.0))))),
    "webhook_down": (2, lambda r: _place(r, kind=r.choice((*CHILDREN, "")), seconds=_seconds(r))),
    "edit_image": (2, lambda r: _place(r, **_name(r))),
    "edit_count": (2, lambda r: _place(r, **_name(r, replicas=r.choice((1, 2, 5))))),
    "edit": (
        6,
        lambda r: _place(
            r, **_name(r, kind=r.choice(tuple(EDITS)), edit=r.randrange(8), pick=r.randrange(4))
        ),
    ),
    "delete_child": (
        4,
        lambda r: _place(r, **_name(r, kind=r.choice(DELETABLE), pick=r.randrange(4))),
    ),
    "odd_revision": (1, lambda r: _place(r, **_name(r, data=r.choice(("odd", [1], {"a": 1}))))),
    "delete_resource": (2, lambda r: _place(r, **_name(r))),
    "delete_lease": (1, _place),
    "restart_pods": (2, lambda r: _place(r, **_name(r))),
    "kill": (3, _process),
    "kill_at": (4, lambda r: _process(r, request=r.randint(1, 25), after=r.random() < 0.5)),
    "terminate": (2, _process),
    "pause": (2, lambda r: _process(r, seconds=_seconds(r))),
    "api_down": (2, lambda r: _process(r, seconds=_seconds(r))),
    "silent_watches": (2, lambda r: _process(r, seconds=_seconds(r))),
    "late_watches": (2, lambda r: _process(r, late=r.choice((0.2, 2.0, 5.0)), seconds=_seconds(r))),
    "stale_cache": (
        2,
        lambda r: _process(
            r, kind=r.choice(NEEDED), late=r.choice((2.0, 15.0)), seconds=_seconds(r)
        ),
    ),
    "repeated_events": (1, lambda r: _process(r, seconds=_seconds(r))),
    "forbid": (3, lambda r: _process(r, kind=r.choice(NEEDED), seconds=_seconds(r))),
    "clock_step": (
        2,
        lambda r: _process(r, by=r.choice((-3600.0, -5.0, 30.0, 3600.0)), seconds=_seconds(r)),
    ),
    "other_version": (3, _process),
    "lost_answers": (2, lambda r: _process(r, times=r.choice((1, 3)))),
    "too_many_requests": (
        1,
        lambda r: _process(r, times=r.choice((1, 5)), retry_after=r.choice((1.0, 10.0))),
    ),
    "compact": (1, _place),
    "store_down": (2, lambda r: {"seconds": _seconds(r)}),
    "store_loses_answers": (1, lambda _: {"seconds": 2.0}),
}
"""Each act with its weight, and how its arguments are drawn."""
