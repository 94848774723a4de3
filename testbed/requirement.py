"""What a machine demands of the test bed: nothing left out, and how many random rounds.

A contributor without Go or Java runs everything else and is told what was left
out; a machine whose word counts, such as CI's, may leave nothing out.
"""

import os

VARIABLE = "GCO_REQUIRE_TESTBED"
ROUNDS_VARIABLE = "GCO_CHAOS_ROUNDS"


def skipping_is_forbidden() -> bool:
    """Whether GCO_REQUIRE_TESTBED=1 makes a missing tool a failure."""
    return os.environ.get(VARIABLE) == "1"


def rounds() -> int:
    """How many seeds of a random test to run: GCO_CHAOS_ROUNDS, 1 unless set."""
    return int(os.environ.get(ROUNDS_VARIABLE, "1"))
