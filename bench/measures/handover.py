"""How long nobody acts when a leader ends."""

import asyncio
from collections.abc import Callable, Sequence

from bench.observer import changed_back, within
from bench.place import NAMESPACE, Place
from bench.progress import say
from bench.quiet import quiet
from bench.report import Measure, at_most
from bench.samples import spread
from gco.cluster.port import Manifest
from gco.core.model.names import LEADER_LEASE
from gco.kinds.registry import LEASE, SERVICE
from testbed.monitor_pods import container_ended, remove_pod
from testbed.monitors import Monitor

_SECONDS = 90.0
_TERMINATED, _PROVED, _KILLED = 1.0, 5.0, 17.0
_PORT = 8080


async def measure(place: Place, terminations: int, kills: int) -> Sequence[Measure]:
    """End the leader again and again, in order and without warning."""
    names = iter(reversed(place.names))  # their Services were not edited before
    told = [await _ended(place, Monitor.stop, next(names)) for _ in range(terminations)]
    proved = [await _ended(place, _killed_in_a_pod(place), next(names)) for _ in range(kills)]
    killed = [await _ended(place, Monitor.kill, next(names)) for _ in range(kills)]
    return [
        _row("hand-over by SIGTERM", told, _TERMINATED),
        _row("hand-over by kill -9, reported by kubelet", proved, _PROVED),
        _row("hand-over by kill -9, nobody reports it", killed, _KILLED),
    ]


def _killed_in_a_pod(place: Place) -> Callable[[Monitor], None]:
    """Return what kills a monitor and says of its container what kubelet says a second later."""

    def kill_and_report(monitor: Monitor) -> None:
        identity = place.holder()
        monitor.kill()
        container_ended(place.plane, monitor.name, identity)

    return kill_and_report


async def _ended(place: Place, end: Callable[[Monitor], None], name: str) -> float:
    """Return the seconds from the leader's end until the other monitor has repaired something.

    The edit to repair is made once the Lease is the other's: before that, a leader that ends in
    order may still have undone it itself.
    """
    await quiet(place)
    leader = place.leader()
    other = place.other(leader)
    say(f"{end.__name__} of {leader.name}, which leads")
    taken = place.observer.when(LEASE, LEADER_LEASE, _held_by(other))
    loop = asyncio.get_running_loop()
    began = loop.time()
    ending = asyncio.create_task(asyncio.to_thread(end, leader))
    await within(taken, _SECONDS, f"{other.name} to lead")
    repaired = place.observer.when(SERVICE, name, changed_back(_has_its_port))
    change = [{"op": "replace", "path": "/spec/ports/0/port", "value": _PORT}]
    await place.cluster.patch(SERVICE, NAMESPACE, name, change, manager="kubectl-edit")
    acted = await within(repaired, _SECONDS, f"{other.name} to act")
    await ending
    await asyncio.to_thread(remove_pod, place.plane, leader.name)
    await asyncio.to_thread(leader.start)
    await asyncio.to_thread(leader.wait_until_ready)
    return acted - began


def _held_by(monitor: Monitor) -> Callable[[Manifest | None], bool]:
    def holds(lease: Manifest | None) -> bool:
        holder = (lease or {}).get("spec", {}).get("holderIdentity") or ""
        return str(holder).startswith(f"{monitor.name}_")

    return holds


def _has_its_port(service: Manifest | None) -> bool:
    return service is not None and service["spec"]["ports"][0]["port"] != _PORT


def _row(name: str, took: Sequence[float], target: float) -> Measure:
    found = spread(took)
    return Measure(
        f"{name}, the slowest",
        max(took),
        "s",
        found.samples,
        at_most(target),
        details={"seconds": [round(each, 3) for each in took], "p50": found.p50},
    )
