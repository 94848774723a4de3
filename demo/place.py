"""A sandbox of the demo's own: started, watched from outside, and gone without a trace."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_START_SECONDS = 60.0
_STOP_SECONDS = 20.0
_LOOK_SECONDS = 0.1


class StepFailedError(Exception):
    """Something that the demo promises did not hold."""


class Place:
    """One sandbox, and the `gco` command pointed at it."""

    def __init__(self, folder: Path, repository: Path, *, config: Path | None = None) -> None:
        self._folder = folder
        self._repository = repository
        self._config = ("--config", str(config)) if config else ()
        self.env = {**os.environ, "GCO_DATA": str(folder), "COLUMNS": "110"}
        """What leads every `gco` to this sandbox."""
        for told in (
            "GCO_STORE",
            "GCO_CONTEXT",
            "INFERENCE_ENDPOINTS_TABLE_NAME",
            "DYNAMODB_REGION",
        ):
            self.env.pop(told, None)
        self._sandbox: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Keep the sandbox running inside the block; afterwards see that nothing is left of it."""
        with (self._folder / "sandbox.log").open("wb") as log:
            self._sandbox = subprocess.Popen(
                [sys.executable, "-m", "gco", "sandbox", "up", "--ports", "0", *self._config],
                env=self.env,
                cwd=self._repository,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_up()
            yield
        finally:
            self._stop()

    def gco(self, *arguments: str, show: bool = True) -> str:
        """Run one `gco` command, show it with what it prints, and return that.

        Raises StepFailedError where it exits with anything but 0.
        """
        if show:
            print(f"\n$ gco {' '.join(_quoted(word) for word in arguments)}", flush=True)
        command = [sys.executable, "-m", "gco", *arguments]
        done = subprocess.run(
            command,
            env=self.env,
            cwd=self._repository,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if show or done.returncode:
            print(done.stdout, end="", flush=True)
        if done.returncode:
            raise StepFailedError(f"gco {' '.join(arguments)} exited with {done.returncode}")
        return done.stdout

    def facts(self, *arguments: str) -> Any:  # noqa: ANN401 - JSON
        """Return what a `gco` command answers as JSON."""
        return json.loads(self.gco(*arguments, "-o", "json", show=False))

    def replicas(self, endpoint: str) -> set[int]:
        """Return the ids of the processes that stand for the endpoint's replicas."""
        return {pid for pid, words in self._processes() if any(f"/{endpoint}" in w for w in words)}

    def processes(self) -> set[int]:
        """Return the ids of every pod's process."""
        return {pid for pid, _ in self._processes()}

    def log(self) -> str:
        """Return what the sandbox has said so far."""
        return (self._folder / "sandbox.log").read_text(encoding="utf-8")

    def _processes(self) -> Iterator[tuple[int, list[str]]]:
        if self._sandbox is None:
            return
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError, IndexError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if parent == self._sandbox.pid:
                    env = (entry / "environ").read_bytes().decode(errors="replace").split("\0")
                    yield int(entry.name), [w.replace("HOSTNAME=", "/") for w in env]

    def _wait_until_up(self) -> None:
        def up() -> bool:
            if self._sandbox is None or self._sandbox.poll() is not None:
                raise StepFailedError(f"the sandbox ended:\n{self.log()}")
            return "all regions are ready" in self.log()

        until(up, "the sandbox is up", seconds=_START_SECONDS)

    def _stop(self) -> None:
        sandbox = self._sandbox
        if sandbox is None:
            return
        left = self.processes()
        ports = self._ports() if sandbox.poll() is None else set()
        if sandbox.poll() is None:
            sandbox.send_signal(signal.SIGTERM)
        try:
            sandbox.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(sandbox.pid, signal.SIGKILL)
            sandbox.wait()
            raise StepFailedError(f"the sandbox did not end:\n{self.log()}") from None
        until(lambda: not any(map(_alive, left)), "every pod's process is gone")
        until(lambda: not any(map(_listening, ports)), "every port is free again")

    def _ports(self) -> set[tuple[str, int]]:
        try:
            listed = self.facts("regions", "list")
        except StepFailedError:
            return set()
        urls = [urlsplit(info["region"]["address"]) for info in listed]
        return {(url.hostname, url.port) for url in urls if url.hostname and url.port}


def until(condition: Callable[[], object], told: str, seconds: float = 30.0) -> None:
    """Return once `condition()` holds; raise StepFailedError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise StepFailedError(f"not so within {seconds:g} s: {told}")
        time.sleep(_LOOK_SECONDS)


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _listening(address: tuple[str, int]) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(address) == 0


def _quoted(word: str) -> str:
    return f'"{word}"' if " " in word else word
