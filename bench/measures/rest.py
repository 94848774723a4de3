"""What a region costs while nothing happens."""

import asyncio
from collections import Counter
from collections.abc import Sequence

from bench.place import Place
from bench.processor import processor_seconds
from bench.quiet import quiet, work
from bench.report import Measure, at_most


async def measure(place: Place, seconds: float) -> Sequence[Measure]:
    """Watch both monitors do nothing for `seconds`."""
    await quiet(place, seconds=5.0)
    mark, stored = place.audit.mark(), place.proxy.mark()
    before = [processor_seconds(monitor) for monitor in place.monitors]
    await asyncio.sleep(seconds)
    spent = [processor_seconds(m) - b for m, b in zip(place.monitors, before, strict=True)]
    asked = await asyncio.to_thread(work, place, mark)
    store = place.proxy.requests(since=stored)
    writes = [request for request in store if request.writes and not request.upkeep]
    upkeep = [request for request in store if request.upkeep]
    reads = Counter(request.operation for request in store if not request.writes)
    told = f"{asked.leases} requests for leases, {asked.watches} watches opened"
    count, period = len(place.names), f"{seconds:.0f} s at rest"
    return [
        Measure(
            f"Kubernetes requests in {period}",
            asked.requests,
            "",
            count,
            at_most(0),
            note=f"{count} endpoints; beside them {told}",
            details={"work": dict(asked.work), "leases": asked.leases, "watches": asked.watches},
        ),
        Measure(
            f"store writes in {period}",
            len(writes),
            "",
            count,
            at_most(0),
            note=f"beside them {len(upkeep)} heartbeats and lease renewals",
            details={"writes": dict(Counter(r.operation for r in writes)), "upkeep": len(upkeep)},
        ),
        Measure(f"store reads in {period}", reads.total(), "", count, details=dict(reads)),
        Measure(
            f"processor time of a monitor in {period}",
            max(spent),
            "s",
            len(spent),
            details={"seconds": spent},
        ),
    ]
