"""What is kept of the objects that are measured, and of those that ask for it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gco.cluster.port import Manifest
from gco.kinds.canonical import parse_quantity

RESOURCES: Final = ("cpu", "memory")
_PROCESS: Final = "process://"


class Running(NamedTuple):
    """A container that runs."""

    name: str
    pid: int
    requests: tuple[tuple[str, float], ...]
    """Cores of `cpu` and bytes of `memory`, as far as they are requested."""


class Pod(NamedTuple):
    """A pod, and the ReplicaSet that made it."""

    maker: str
    running: tuple[Running, ...]


class Maker(NamedTuple):
    """A ReplicaSet, and the Deployment that made it."""

    uid: str
    deployment: str


class Asked(NamedTuple):
    """What a HorizontalPodAutoscaler wants to know."""

    deployment: str
    metrics: frozenset[tuple[str, str]]
    """The resource, and the container, or nothing for all of the pod's."""


def pod(manifest: Manifest) -> Pod:
    """Return the record of a pod."""
    states = manifest.get("status", {}).get("containerStatuses") or ()
    ids = {each["name"]: each.get("containerID", "") for each in states if _runs(each)}
    specs = manifest["spec"]["containers"]
    return Pod(_controller(manifest), tuple(_running(specs, ids)))


def maker(manifest: Manifest) -> Maker:
    """Return the record of a ReplicaSet."""
    named = next(_controllers(manifest), None)
    return Maker(manifest["metadata"]["uid"], named["name"] if named else "")


def asked(manifest: Manifest) -> Asked:
    """Return the record of a HorizontalPodAutoscaler; it asks for cpu where it says nothing."""
    spec = manifest["spec"]
    metrics = spec.get("metrics") or [{"resource": {"name": "cpu"}}]
    sources = [each.get("containerResource") or each.get("resource") for each in metrics]
    wanted = {(each["name"], each.get("container", "")) for each in sources if each}
    return Asked(spec["scaleTargetRef"]["name"], frozenset(wanted))


def _running(specs: Iterable[Manifest], ids: Mapping[str, str]) -> Iterator[Running]:
    for spec in specs:
        found = ids.get(spec["name"], "")
        if found.startswith(_PROCESS):
            requests = spec.get("resources", {}).get("requests") or {}
            amounts = {
                name: float(parse_quantity(requests[name]))
                for name in RESOURCES
                if name in requests
            }
            yield Running(spec["name"], int(found.removeprefix(_PROCESS)), tuple(amounts.items()))


def _runs(status: Mapping[str, Any]) -> bool:
    return "running" in status.get("state", {})


def _controllers(manifest: Manifest) -> Iterator[Manifest]:
    owners = manifest["metadata"].get("ownerReferences") or ()
    return (each for each in owners if each.get("controller"))


def _controller(manifest: Manifest) -> str:
    owner = next(_controllers(manifest), None)
    return owner["uid"] if owner else ""
