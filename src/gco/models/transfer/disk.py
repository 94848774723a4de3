"""What a disk refuses, in our words, and whether a model fits before it is begun."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gco.core.model.sizes import readable
from gco.errors import CacheError, CacheFullError

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SPARE: Final = 64 * 2**20
"""Bytes that stay free: journals and folders need room too."""


@contextlib.contextmanager
def disk_faults(folder: Path, path: Path | None = None) -> Iterator[None]:
    """Raise CacheFullError or CacheError for what the disk of `folder` refuses, over `path`."""
    try:
        yield
    except OSError as error:
        told = f"{path or error.filename or folder}: {error.strerror or error}"
        if error.errno in _FULL:
            raise CacheFullError(f"{told}; {readable(_free(folder))} free there") from error
        raise CacheError(told) from error


def check_room(folder: Path, needed: int) -> None:
    """Raise CacheFullError unless `needed` bytes more fit on the disk below `folder`."""
    with disk_faults(folder):
        free = _free(folder)
    if needed + _SPARE > free:
        told = f"{readable(needed)} more needed, {readable(free)} free"
        raise CacheFullError(f"{folder}: too little room for the model: {told}")


def used(path: Path) -> int:
    """Return the bytes that a file takes on disk: holes take none; 0 where there is no file."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
