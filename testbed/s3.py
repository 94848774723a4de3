"""An S3 server: versitygw over a folder of this machine.

An object is a file of that folder, so that a test can spoil one behind the
server's back. What it does not show of the real service: throttling, KMS, and
buckets of other regions. Calls block; from an event loop use `asyncio.to_thread`.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from testbed import build, ports, probe
from testbed.errors import StartFailed
from testbed.ownership import make_folder, remove_folder
from testbed.processes import Process, await_ready

READY_SECONDS = 30.0
ACCESS_KEY: Final = "testbed"
SECRET_KEY: Final = "testbed-secret"  # noqa: S105 - of a server that listens on the loopback address
REGION: Final = "us-east-1"
_HEALTH: Final = "/health"


class S3Server:
    """An S3 API at `endpoint_url`, started by `start` or `with`.

    Args:
        logs: where to keep its log after the stop; by default it goes with the rest.
    """

    def __init__(self, *, logs: Path | None = None) -> None:
        self._logs = logs
        self._port: ports.Port | None = None
        self._folder: Path | None = None
        self._process: Process | None = None

    @property
    def port(self) -> int:
        """The port of the loopback address that it listens on, the same over restarts.

        Raises:
            StartFailed: it was not started.
        """
        if self._port is None:
            raise StartFailed("the S3 server is not started")
        return self._port.number

    @property
    def endpoint_url(self) -> str:
        """The address to give to a client."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The server's process id, or None while it is stopped."""
        return self._process.pid if self._process else None

    def variables(self, *, secret: str = SECRET_KEY, url: str = "") -> Mapping[str, str]:
        """The environment in which an AWS client finds this server and its credentials.

        Args:
            secret: another one is refused.
            url: where to find the server by another way than directly.
        """
        return {
            "AWS_ENDPOINT_URL": url or self.endpoint_url,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def make_bucket(self, name: str) -> Path:
        """Make a bucket and return the folder that holds its objects as files."""
        folder = self.bucket(name)
        folder.mkdir()
        return folder

    def bucket(self, name: str) -> Path:
        """The folder that holds a bucket's objects as files."""
        if self._folder is None:
            raise StartFailed("the S3 server is not started")
        return self._folder / "buckets" / name

    def start(self) -> Self:
        """Build it if need be, start it and wait until it answers.

        Raises:
            Unavailable: Go is missing on this machine.
            StartFailed: it did not come up; nothing of it is left.
        """
        if self._port is not None:
            raise StartFailed("the S3 server is started already")
        program = build.program("versitygw")
        try:
            (self._port,) = ports.reserve(1)
            self._folder = make_folder("s3")
            command = self._command(program, self._folder)
            self._process = Process("versitygw", command, log=self._folder / "versitygw.log")
            self.start_server()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server and remove its data; harmless when repeated."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._folder is not None:
            self._keep_log(self._folder)
            remove_folder(self._folder)
            self._folder = None
        if self._port is not None:
            self._port.close()
            self._port = None

    def stop_server(self, *, kill: bool = False) -> None:
        """Take the server away, in order or as a crash; its port and its objects stay."""
        if kill:
            self._server.kill()
        else:
            self._server.stop()

    def start_server(self) -> None:
        """Bring the server back at the same address, and wait until it answers."""
        self._server.start()
        url = f"{self.endpoint_url}{_HEALTH}"
        await_ready(self._server, lambda: probe.answers(url), seconds=READY_SECONDS)

    def pause(self) -> None:
        """Freeze the server: connections stay open and nothing is answered."""
        self._server.pause()

    def resume(self) -> None:
        """Let a paused server go on."""
        self._server.resume()

    @property
    def _server(self) -> Process:
        if self._process is None:
            raise StartFailed("the S3 server is not started")
        return self._process

    def _command(self, program: Path, folder: Path) -> list[str]:
        (folder / "buckets").mkdir()
        (folder / "metadata").mkdir()
        return [
            str(program),
            f"--access={ACCESS_KEY}",
            f"--secret={SECRET_KEY}",
            f"--region={REGION}",
            f"--port={ports.LOOPBACK}:{self.port}",
            f"--health={_HEALTH}",
            "--keep-alive",
            "--quiet",
            "posix",
            # In place of extended attributes, which not every temporary folder has.
            f"--sidecar={folder / 'metadata'}",
            str(folder / "buckets"),
        ]

    def _keep_log(self, folder: Path) -> None:
        log = folder / "versitygw.log"
        if self._logs is not None and log.exists():
            self._logs.mkdir(parents=True, exist_ok=True)
            shutil.copy2(log, self._logs / log.name)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
