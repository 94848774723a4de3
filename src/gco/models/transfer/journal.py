"""What of a model is on disk already, in a file that a kill at any moment leaves readable.

Each line is appended with one write: `[file, part, "sha256"]` once a part's bytes are written (an
empty string where the checksum of the whole file will tell), and `[file]` once a whole file is
verified and on stable storage. A part's line proves nothing by itself: a power cut may lose the bytes
and keep the line, so the next copy compares the part, or the file when it is whole. A finished file's
line comes after fsync, and is believed.
"""

import contextlib
import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Self

import orjson

_VERSION: Final = 1
_PART, _FILE = 3, 1
"""How many values a line of each kind has."""


@dataclasses.dataclass(slots=True)
class Progress:
    """What a journal says."""

    parts: dict[tuple[int, int], str] = dataclasses.field(default_factory=dict)
    """The SHA-256 of parts, by file and number; empty where it was not needed."""
    finished: set[int] = dataclasses.field(default_factory=set)
    """Files that are whole."""


class Journal:
    """The open journal of one model. Made by :meth:`opened`."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    @contextlib.contextmanager
    def opened(cls, path: Path, digest: str) -> Iterator[tuple[Self, Progress]]:
        """Open the journal of the model `digest`, begun anew where it is not readable; raises OSError."""
        header = _line({"version": _VERSION, "digest": digest})
        content = path.read_bytes() if path.exists() else b""
        progress = _read(content[len(header) :]) if content.startswith(header) else Progress()
        mode = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(path, mode, 0o644)
        try:
            if not content.startswith(header):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, header)
            elif not content.endswith(b"\n"):
                os.write(descriptor, b"\n")  # a kill tore the last line; the next is one of its own
            yield cls(descriptor), progress
        finally:
            os.close(descriptor)

    def part(self, file: int, number: int, sha256: str) -> None:
        """Note that a part's bytes are written; raises OSError."""
        os.write(self._descriptor, _line([file, number, sha256]))

    def finished(self, file: int) -> None:
        """Note that a file is verified and on stable storage; raises OSError."""
        os.write(self._descriptor, _line([file]))


def _read(content: bytes) -> Progress:
    progress = Progress()
    for line in content.splitlines():
        try:
            values: Any = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # torn by a kill: what it would have said is copied again
        if len(values) == _PART:
            file, number, sha256 = values
            progress.parts[file, number] = sha256
        elif len(values) == _FILE:
            progress.finished.add(values[0])
    return progress


def _line(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)
