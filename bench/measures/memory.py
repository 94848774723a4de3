"""How much memory the monitors hold."""

from collections.abc import Sequence

from bench.place import Place
from bench.report import Measure, at_most

_MEBIBYTES = 110.0


def measure(place: Place) -> Sequence[Measure]:
    """Read what the leader and the standby hold now."""
    leader = place.leader()
    note = f"at {len(place.names)} endpoints; the target is for 1,000"
    return [
        Measure(
            f"resident memory of the {role}",
            monitor.resident_mebibytes(),
            "MiB",
            1,
            at_most(_MEBIBYTES),
            note=note,
        )
        for role, monitor in (("leader", leader), ("standby", place.other(leader)))
    ]
