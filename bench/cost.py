"""What a DynamoDB store costs at rest: `python -m bench.cost --regions 20`.

The reads follow from the pauses of the loops, so that a change of one of those changes the figures, and
`tests/scenario/test_store_reads.py` counts them. They do not depend on the number of endpoints.
"""

import argparse
from typing import Final, NamedTuple

from gco.controllers.fleet.lease import LOOK_SECONDS
from gco.controllers.fleet.tail import PAUSE_SECONDS
from gco.controllers.sync.follower import STANDBY_SECONDS
from gco.settings import Settings
from gco.store.dynamodb.store import REST_SECONDS

_MINUTE: Final = 60.0
_MINUTES_A_MONTH: Final = 30 * 24 * 60
_MILLION: Final = 1_000_000
_REST: Final = 0.9 * REST_SECONDS
"""The mean pause at rest: it is shortened by up to a fifth."""
_SPREAD: Final = 1.05
"""The mean lengthening of what else is periodic: by up to a tenth."""

LEADER: Final = _MINUTE / _REST
"""Reads a minute of the change log by the leader of a region."""
STANDBY: Final = _MINUTE / (_SPREAD * STANDBY_SECONDS)
"""Reads a minute of the change log by a standby."""
FLEET: Final = _MINUTE / (_REST + PAUSE_SECONDS)
"""Reads a minute of the change log by the fleet's leader."""
LEASE: Final = _MINUTE / (_REST + _SPREAD * LOOK_SECONDS)
"""Reads a minute of the fleet's lease by a process that does not lead the fleet."""

_HEARTBEATS: Final = _MINUTE / (_SPREAD * 0.9 * Settings().heartbeat_seconds)
"""Writes a minute of a region's record: it is written a tenth before it is due."""
_RENEWALS: Final = _MINUTE / 2
"""Writes a minute of the fleet's lease, which its holder renews every two seconds."""
_TRANSACTION: Final = 2
"""Write units for each kilobyte in a transaction."""
_REGION_KILOBYTES: Final = 2
"""Of a region's record, with its capacity and namespaces; assumed, not measured."""


class Cost(NamedTuple):
    """Read and write units at rest, of all processes together."""

    reads_a_minute: float
    """Each read is of less than 4 KB, strongly consistent: one unit."""
    writes_a_minute: float

    def monthly(self, *, read_price: float, write_price: float) -> float:
        """Return the price of 30 days, at a price for a million units of each."""
        reads = self.reads_a_minute * read_price
        return (reads + self.writes_a_minute * write_price) * _MINUTES_A_MONTH / _MILLION


def at_rest(regions: int) -> Cost:
    """Return the cost of `regions` with two monitors each."""
    reads = regions * (LEADER + STANDBY) + FLEET + (2 * regions - 1) * LEASE
    writes = regions * _HEARTBEATS * _TRANSACTION * _REGION_KILOBYTES + _RENEWALS * _TRANSACTION
    return Cost(reads, writes)


def main() -> None:
    """Print the figures for one number of regions."""
    parser = argparse.ArgumentParser(prog="python -m bench.cost", description=__doc__)
    parser.add_argument("--regions", type=int, default=20)
    parser.add_argument("--read-price", type=float, default=0.125, help="dollars a million")
    parser.add_argument("--write-price", type=float, default=0.625, help="dollars a million")
    options = parser.parse_args()
    cost = at_rest(options.regions)
    dollars = cost.monthly(read_price=options.read_price, write_price=options.write_price)
    reads, writes = (
        each * _MINUTES_A_MONTH / _MILLION for each in (cost.reads_a_minute, cost.writes_a_minute)
    )
    print(
        f"{options.regions} regions at rest: {cost.reads_a_minute:.0f} read units and "
        f"{cost.writes_a_minute:.0f} write units a minute\n"
        f"30 days: {reads:.1f} million reads, {writes:.1f} million writes, ${dollars:.2f}"
    )


if __name__ == "__main__":
    main()
