"""A real process, really stopped while it leads: it writes nothing after it goes on."""

import asyncio
import signal
import sys
from pathlib import Path

from structlog.testing import capture_logs

from gco.runtime.election import Elector
from tests.runtime.file_lock import QUICK, FileLock
from tests.virtual_time import until


async def test_a_leader_stopped_by_sigstop_writes_nothing_after_sigcont(tmp_path: Path) -> None:
    lock, journal = tmp_path / "lock", tmp_path / "journal"
    journal.touch()
    program = [sys.executable, "-m", "tests.runtime.file_lock", str(lock), str(journal), "first"]
    first = await asyncio.create_subprocess_exec(*program, env={"PYTHONPATH": ":".join(sys.path)})
    with capture_logs():
        try:
            await until(lambda: "first\n" in journal.read_text()[-200:], within=30)
            second = Elector(FileLock(lock), "second", **QUICK)
            standing = asyncio.create_task(second.run(asyncio.Event().wait))
            first.send_signal(signal.SIGSTOP)
            await until(second.may_send, within=30)
            before = journal.stat().st_size
            first.send_signal(signal.SIGCONT)
            await until(lambda: journal.stat().st_size > before + 10_000, within=30)
            standing.cancel()
            await asyncio.wait([standing])
        finally:
            first.kill()
            await first.wait()
    with journal.open() as file:
        file.seek(before)
        after = set(file.read().splitlines()[1:-1])
    assert after == {"first refused"}
