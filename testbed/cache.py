"""Where built programs are kept: outside the tree, keyed by what they were built from.

Builds take minutes and their inputs are pinned, so every checkout on a machine
shares one cache. An entry appears whole or not at all, whoever is interrupted,
and two processes that want the same entry build it once.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from testbed.progress import say


def root() -> Path:
    """The cache's folder: `GCO_TESTBED_CACHE`, or one under the user's cache folder."""
    chosen = os.environ.get("GCO_TESTBED_CACHE")
    if chosen:
        return Path(chosen).expanduser().resolve()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "gco" / "testbed"


def entry(key: str, make: Callable[[Path], None]) -> Path:
    """The folder of one cache entry, made first when it is missing.

    Args:
        key: the entry's name; it says everything that the content depends on.
        make: fills the empty folder that it is given; an exception leaves no entry.

    Returns:
        The finished entry, never to be written to.
    """
    final = root() / key
    if final.is_dir():
        return final
    final.parent.mkdir(parents=True, exist_ok=True)
    with _locked(key):
        if not final.is_dir():
            _publish(final, make)
    return final


def _publish(final: Path, make: Callable[[Path], None]) -> None:
    """Build beside the entry (a rename is atomic only within a file system), then rename."""
    draft = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
    try:
        make(draft)
        draft.chmod(0o755)
        draft.rename(final)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _locked(key: str) -> Iterator[None]:
    """Hold the entry's file lock, which the kernel lets go of should this process die."""
    with (root() / f".{key}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{key}: another process is building it; waiting")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
