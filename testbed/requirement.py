"""Whether this machine may go without the test bed.

A contributor without Go or Java runs everything else and is told what was left
out; a machine whose word counts, such as CI's, may leave nothing out.
"""

import os

VARIABLE = "GCO_REQUIRE_TESTBED"


def skipping_is_forbidden() -> bool:
    """Whether GCO_REQUIRE_TESTBED=1 makes a missing tool a failure."""
    return os.environ.get(VARIABLE) == "1"
