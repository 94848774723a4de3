"""Lines that tell a person what takes so long.

They go to standard error: a build started by a test or a benchmark must not
mix with what that prints.
"""

import sys


def say(line: str) -> None:
    """Print one line of progress now, however standard error is buffered."""
    print(f"testbed: {line}", file=sys.stderr, flush=True)
