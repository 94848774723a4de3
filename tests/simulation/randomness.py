"""One seed for everything that is drawn while a simulation runs: uids, name suffixes, jitter."""

import contextlib
import os
import random
from collections.abc import Iterator


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw everything from `seed` while the block runs, the operating system's bytes included."""
    rng = random.Random(seed)  # noqa: S311 - a simulation has no secrets
    state, system = random.getstate(), (os.urandom, random._urandom)
    random.seed(seed)
    os.urandom = random._urandom = rng.randbytes
    try:
        yield
    finally:
        os.urandom, random._urandom = system
        random.setstate(state)
