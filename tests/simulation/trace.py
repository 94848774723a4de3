"""The writes of a simulation in order: two runs of one schedule are the same run if these agree."""

import functools

from tests.simulation.process import WRITER
from tests.simulation.world import Region, World


class Trace:
    """Each commit of each region's storage: when, where, what and by whom."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def follow(self, world: World, region: Region) -> None:
        """Record every write of the region from now on."""
        storage = region.objects
        commit = storage.commit

        @functools.wraps(commit)
        def traced(kind, key, new):
            what = "deletes" if new is None else "writes"
            place = f"{kind.name} {'/'.join(key)}"
            self.lines.append(f"{world.now:.6f} {region.name} {WRITER.get()} {what} {place}")
            return commit(kind, key, new)

        storage.commit = traced
