"""Lines that tell a person how far the benchmark is; on standard error, beside the results."""

import sys
import time

_began = time.monotonic()


def say(line: str) -> None:
    """Print one line of progress, with the seconds since the start before it."""
    print(f"bench {time.monotonic() - _began:6.1f} s  {line}", file=sys.stderr, flush=True)
