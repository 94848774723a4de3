"""What containers wrote: for each a file of its present run and one of the run before.

Each line begins with its time, as a kubelet hands it out.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Final

from gco.clock import Clock
from gco.cluster.port import LogLine, LogOptions
from gco.errors import AbsentError

_LAST_WORDS: Final = 2048
"""As many characters of a log as the real kubelet puts into a termination message."""
_LONGEST: Final = 16_384
"""Bytes after which a line is cut, as container runtimes do."""
_SECONDS: Final = len("2026-01-01T00:00:00")


class ContainerLog:
    """The log of one container."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._before = path.with_suffix(".previous.log")
        self._clock = clock
        self._rest = b""
        self._runs = 0
        self._growing = False
        self._news = asyncio.Event()

    def begin(self) -> None:
        """Begin a run: the one until now becomes the one before."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._runs:
            self._path.replace(self._before)
        self._path.unlink(missing_ok=True)  # an older sandbox let everybody read it
        self._path.touch(mode=0o600)
        self._runs += 1
        self._growing = True

    def write(self, piece: bytes) -> None:
        """Take what the container wrote: whole lines are logged, a beginning waits for its rest."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > _LONGEST:
            lines.append(self._rest)
            self._rest = b""
        self._append(lines)

    def end(self) -> None:
        """End the run; those who follow it are told."""
        if self._rest:
            self._append([self._rest])
            self._rest = b""
        self._growing = False
        self._tell()

    def last_words(self) -> str:
        """Return the end of the present run's text."""
        return "\n".join(line.text for line in _read(self._path))[-_LAST_WORDS:].strip()

    async def lines(self, options: LogOptions) -> AsyncGenerator[LogLine, None]:
        """Yield the lines that are wanted; with `follow` until the run has ended."""
        path = self._before if options.previous else self._path
        self._require(path)
        run = self._runs
        # Held open, the file is the same one when it becomes that of the run before.
        with path.open("rb") as file:
            for line in _chosen(file, options):
                yield line
            while options.follow and not options.previous:
                news = self._news
                fresh = list(_parsed(file))
                for line in fresh:
                    yield line
                if not fresh and (self._runs != run or not self._growing):
                    return
                if not fresh:
                    await news.wait()

    def _append(self, lines: Iterable[bytes]) -> None:
        stamp = self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode()
        with self._path.open("ab") as file:
            file.writelines(stamp + line + b"\n" for line in lines)
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    def _require(self, path: Path) -> None:
        if not path.exists():
            raise AbsentError(f"{path.stem}: the container had no such run")


class Logs:
    """The logs of all containers of one region."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._logs: dict[tuple[str, str, str], ContainerLog] = {}

    def of(self, namespace: str, pod: str, container: str) -> ContainerLog:
        """Return the log of a container, made where there is none yet."""
        key = (namespace, pod, container)
        if key not in self._logs:
            path = self._folder / f"{namespace}_{pod}_{container}.log"
            self._logs[key] = ContainerLog(path, self._clock)
        return self._logs[key]

    def find(self, namespace: str, pod: str, container: str) -> ContainerLog:
        """Return the log of a container; raises AbsentError where there is none."""
        found = self._logs.get((namespace, pod, container))
        if found is None:
            raise AbsentError(f'no log of container "{container}" of pod "{pod}"')
        return found


def _chosen(file: BinaryIO, options: LogOptions) -> list[LogLine]:
    since = options.since[:_SECONDS]
    lines = [line for line in _parsed(file) if line.time[:_SECONDS] >= since]
    return lines if options.lines is None else lines[max(0, len(lines) - options.lines) :]


def _read(path: Path) -> list[LogLine]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        return list(_parsed(file))


def _parsed(file: BinaryIO) -> Iterator[LogLine]:
    for line in file:
        time, _, text = line.decode("utf-8", errors="replace").partition(" ")
        yield LogLine(time, text.removesuffix("\n"))
