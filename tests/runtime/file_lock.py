"""A lock in a file, for electors in processes of their own; run as a program, it is such a process.

`python -m tests.runtime.file_lock LOCK JOURNAL NAME` stands for leadership over LOCK and appends to
JOURNAL: `NAME` for each write that it sends, `NAME refused` where it may not.
"""

import asyncio
import dataclasses
import fcntl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import orjson

from gco.errors import ConflictError
from gco.runtime.election import Elector
from gco.runtime.lock import LeaseRecord

QUICK = {"lease": 1.5, "renew_deadline": 1.0, "retry": 0.2}


class FileLock:
    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> LeaseRecord | None:
        return self._load(self._path.read_bytes()) if self._path.exists() else None

    async def write(self, record: LeaseRecord, *, seen: LeaseRecord | None) -> LeaseRecord:
        with self._path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            held = self._load(file.read())
            if held != seen:
                raise ConflictError("changed")
            token = str(int(held.token) + 1 if held else 1)
            stored = dataclasses.replace(record, token=token)
            file.truncate(0)
            file.write(orjson.dumps(dataclasses.asdict(stored)))
        return stored

    async def watch(self) -> AsyncIterator[LeaseRecord | None]:
        while True:
            yield await self.read()
            await asyncio.sleep(0.05)

    def _load(self, data: bytes) -> LeaseRecord | None:
        return LeaseRecord(**orjson.loads(data)) if data else None


async def stand(lock: Path, journal: Path, name: str) -> None:
    elector = Elector(FileLock(lock), name, **QUICK)

    async def write_all_the_time() -> None:
        with journal.open("a", buffering=1) as file:
            while True:
                file.write(f"{name}\n" if elector.may_send() else f"{name} refused\n")
                await asyncio.sleep(0)

    writing = asyncio.create_task(write_all_the_time())
    await elector.run(asyncio.Event().wait)
    writing.cancel()


if __name__ == "__main__":
    asyncio.run(stand(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
