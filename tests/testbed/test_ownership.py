"""A test runner that is killed outright leaves no server and no folder behind."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.waiting import until

RUNNER = """
import sys
from testbed.ownership import make_folder
from testbed.processes import Process
folder = make_folder("killed")
server = Process("server", ["sleep", "600"], log=folder / "log")
server.start()
print(server.pid, folder, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, None], ids=str)
def test_a_runner_that_ends_leaves_nothing(number: signal.Signals | None) -> None:
    """No signal at all means a runner that returns without having stopped its server."""
    with subprocess.Popen(  # noqa: S603 - this very interpreter
        [sys.executable, "-c", RUNNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as runner:
        assert runner.stdin is not None
        assert runner.stdout is not None
        pid, folder = runner.stdout.readline().split()
        assert Path(f"/proc/{pid}").exists()
        if number is None:
            runner.stdin.close()
        else:
            runner.send_signal(number)
        runner.wait(30)
    until(lambda: not _alive(pid) and not Path(folder).exists(), what="the guard to clean up")


def _alive(pid: str) -> bool:
    """Whether it runs: an orphan may stay listed until the machine's first process takes it in."""
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
