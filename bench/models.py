"""How fast a model is copied, beside a plain copy of the same bytes from the same server.

    python -m bench.models
    python -m bench.models --mebibytes 2048 --rounds 5 --json results.json

The plain copies check nothing and can go on with nothing: one stream into a file, and as many ranges
at once as GCO reads, into a file of the full size. Rounds take turns, so that whatever else the
machine does strikes all alike; each copy is on stable storage before its clock stops.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import obstore
from rich.console import Console

from bench.progress import say
from bench.report import Measure, as_json, at_least, table
from gco.clock import SystemClock
from gco.core.model.model_uri import S3Uri
from gco.models.cache.cache import Cache
from gco.models.manifest import PART_SIZE
from gco.models.sources import Access
from gco.models.sources.aws import open_bucket
from gco.models.sync import sync_model
from gco.models.threads import in_thread
from gco.models.upload import upload_model
from testbed.errors import BedError
from testbed.s3 import S3Server

_BUCKET, _OLD_BUCKET = "weights", "old-weights"
_UPLOADED, _PLAIN = S3Uri(_BUCKET, "uploaded"), S3Uri(_BUCKET, "plain")
_OLD = S3Uri(_OLD_BUCKET, "plain")
_FILES = 4
_CHUNK = 2**20
_SHARE = 80.0
_MIB = 2**20
Copy = Callable[[Path], Awaitable[None]]


class Copies:
    """The ways to copy that are compared, each into an empty folder."""

    def __init__(self, size: int, connections: int) -> None:
        self._file_size = size // _FILES
        self._connections = connections

    def ways(self) -> dict[str, Copy]:
        """Return each way by its name."""
        return {
            "one plain stream": self._stream,
            "plain ranges, many at once": self._ranges,
            "gco, uploaded by gco": lambda folder: self._gco(_UPLOADED, folder),
            "gco, uploaded by any client": lambda folder: self._gco(_PLAIN, folder),
            "gco, of which S3 has an MD5 alone": lambda folder: self._gco(_OLD, folder),
        }

    async def _gco(self, uri: S3Uri, folder: Path) -> None:
        access = Access(connections=self._connections)
        await sync_model(uri, Cache(folder), "bench", clock=SystemClock(), access=access)

    async def _stream(self, folder: Path) -> None:
        async with open_bucket(_BUCKET) as bucket:
            store = bucket.store(retries=0)
            for name in _names():
                answer = await obstore.get_async(store, _PLAIN.child(name).key)
                with (folder / name).open("wb", buffering=0) as file:
                    async for data in answer.stream(min_chunk_size=_CHUNK):
                        await in_thread(file.write, data)
                    await in_thread(os.fsync, file.fileno())

    async def _ranges(self, folder: Path) -> None:
        async with open_bucket(_BUCKET) as bucket:
            store = bucket.store(retries=0)
            files = {name: (folder / name).open("wb", buffering=0) for name in _names()}
            todo = [
                (name, start)
                for name in reversed(_names())
                for start in reversed(range(0, self._file_size, PART_SIZE))
            ]

            async def work() -> None:
                while todo:
                    name, place = todo.pop()
                    end = min(place + PART_SIZE, self._file_size)
                    answer = await obstore.get_async(
                        store, _PLAIN.child(name).key, options={"range": (place, end)}
                    )
                    async for data in answer.stream(min_chunk_size=_CHUNK):
                        await in_thread(os.pwrite, files[name].fileno(), data, place)
                        place += len(data)

            await asyncio.gather(*[work() for _ in range(self._connections)])
            for file in files.values():
                await in_thread(os.fsync, file.fileno())
                file.close()


async def run(server: S3Server, folder: Path, told: argparse.Namespace) -> list[Measure]:
    """Make the weights, put them in place, and take turns."""
    size = told.mebibytes * _MIB
    source = folder / "source"
    source.mkdir()
    say(f"writing and uploading {told.mebibytes} MiB of weights")
    for name in _names():
        with (source / name).open("wb") as file:
            for _ in range(size // _FILES // _MIB):
                file.write(os.urandom(_MIB))
    await upload_model(source, _UPLOADED, access=Access())
    for uri in (_PLAIN, _OLD):
        async with open_bucket(uri.bucket) as bucket:
            for name in _names():
                store = bucket.store(retries=0)
                await obstore.put_async(store, uri.child(name).key, source / name)
    shutil.rmtree(source)
    server.forget_checksums(_OLD_BUCKET)
    return _measures(await _rounds(folder, told, size), told.rounds)


async def _rounds(folder: Path, told: argparse.Namespace, size: int) -> dict[str, list[float]]:
    """Return the MiB a second of each way, round by round; the first round only warms up."""
    ways = Copies(size, told.connections).ways()
    speeds: dict[str, list[float]] = {name: [] for name in ways}
    clock = asyncio.get_running_loop().time
    for number in range(told.rounds + 1):
        for name, copy in ways.items():
            into = folder / "copy"
            into.mkdir()
            began = clock()
            await copy(into)
            if number:
                speeds[name].append(size / _MIB / (clock() - began))
                say(f"round {number}: {name}: {speeds[name][-1]:.0f} MiB/s")
            shutil.rmtree(into)
    return speeds


def _measures(speeds: dict[str, list[float]], rounds: int) -> list[Measure]:
    middle = {name: statistics.median(found) for name, found in speeds.items()}
    plain, ours = list(middle)[:2], list(middle)[2:]
    best = max(middle[name] for name in plain)
    measures = [
        Measure(name, middle[name], "MiB/s", rounds, details={"samples": speeds[name]})
        for name in middle
    ]
    for name in ours:
        share = 100 * middle[name] / best
        measures.append(
            Measure(f"{name}, beside the faster plain copy", share, "%", rounds, at_least(_SHARE))
        )
    return measures


def _names() -> list[str]:
    return [f"model-{number}.safetensors" for number in range(_FILES)]


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.models", description=__doc__.split("\n")[0]
    )
    parser.add_argument("--mebibytes", type=int, default=1024, help="size of the model (1024)")
    parser.add_argument("--rounds", type=int, default=5, help="copies of each kind (5)")
    parser.add_argument("--connections", type=int, default=16, help="ranges at once (16)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    return parser.parse_args(given)


def main(given: Sequence[str]) -> int:
    """Return 0 once everything was measured."""
    told = _arguments(given)
    facts = {"cores": os.cpu_count(), "load_at_start": os.getloadavg(), **vars(told), "json": ""}
    try:
        with S3Server() as server, tempfile.TemporaryDirectory(prefix="gco-bench-") as folder:
            os.environ.update(server.variables())
            for bucket in (_BUCKET, _OLD_BUCKET):
                server.make_bucket(bucket)
            measures = asyncio.run(run(server, Path(folder), told))
    except BedError as error:
        say(str(error))
        return 1
    Console().print(table(measures, f"{told.mebibytes} MiB, {told.rounds} rounds"))
    if told.json is not None:
        told.json.write_text(json.dumps(as_json(measures, facts), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
