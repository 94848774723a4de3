"""One writer for each model of a cache, over processes and, on NFS, over machines.

flock(2): the kernel lets go when the process ends, however it ends, so nothing can be left locked
behind. NFS from version 4 on (EFS too) carries it to the server as a lock of the whole file, which
the server takes back when the machine that held it is gone; where a file system has no locks, the
copy is refused with that reason. A heartbeat in a file would need clocks that agree and a guess at
how long a slow machine may be silent.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

from gco.errors import CacheError

_POLL_SECONDS: Final = 1.0
_UNSUPPORTED: Final = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})


@contextlib.asynccontextmanager
async def locked(path: Path, waiting: Callable[[], None]) -> AsyncIterator[None]:
    """Hold the lock at `path`, waiting for it if need be; `waiting` is told when it has to.

    Raises CacheError where the file system has no locks, OSError where it cannot be written.
    """
    while True:
        with try_lock(path) as held:
            if held:
                yield
                return
        waiting()
        await asyncio.sleep(_POLL_SECONDS)


@contextlib.contextmanager
def try_lock(path: Path) -> Iterator[bool]:
    """Hold the lock at `path` unless somebody else does; tell which."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        # Whoever removes a model removes its lock too: a lock on a file without a name locks nobody.
        yield _flock(path, descriptor) and _is_at(path, descriptor)
    finally:
        os.close(descriptor)


def _flock(path: Path, descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _UNSUPPORTED:
            told = f"{path}: this file system has no locks; mount it with NFS version 4"
            raise CacheError(told) from error
        raise
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
