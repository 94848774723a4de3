"""What a monitor keeps in memory: no container of its own grows beyond what its region holds."""

import collections
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.simulation.world import Region, World

ALLOWANCE: Final = 24
"""Entries beyond twice the objects of the kind that a region holds most of."""
_SHARED: Final = (
    "gco.cluster.memory",
    "gco.store.memory",
    "gco.telemetry",
    "gco.core.model",
    "gco.kinds",
)
"""What belongs to the cluster, the store and the process, or is a record."""


def check_memory(world: World, report: Callable[[str], None]) -> None:
    """Report each container of a monitor that holds more than its region explains."""
    for region in world.regions:
        bound = ALLOWANCE + 2 * _most(region)
        for process in region.processes:
            for place, entries in _containers(process.loops).items():
                if entries > bound:
                    report(f"grows: {process.name} keeps {entries} entries in {place}")


def _most(region: Region) -> int:
    return max(len(table.objects) for table in region.objects.tables())


def _containers(root: Any) -> collections.Counter[str]:
    """Return how many entries are in the containers that each path leads to."""
    entries: collections.Counter[str] = collections.Counter()
    seen: set[int] = set()
    waiting = [(root, "loops")]
    while waiting:
        value, place = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, (dict, list, set, collections.deque)):
            entries[place] += len(value)
        waiting += ((each, place + name) for name, each in _parts(value))
    return entries


def _parts(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from (("[]", each) for each in value.values())
    elif isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        yield from (("[]", each) for each in value)
    elif _is_own(type(value).__module__):
        slots = (slot for of in type(value).__mro__ for slot in getattr(of, "__slots__", ()))
        for name in (*getattr(value, "__dict__", ()), *slots):
            if hasattr(value, name):
                yield f".{name}", getattr(value, name)


def _is_own(module: str) -> bool:
    return module.startswith("gco.") and not module.startswith(_SHARED)
