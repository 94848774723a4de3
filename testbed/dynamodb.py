"""DynamoDB Local: the DynamoDB API, as its maker implements it for one machine.

Credentials may be any letters and digits; all of them, and all AWS regions, see
the same tables. What it does not show of the real service: throttling and
conflicts between transactions. Calls block; from an event loop use
`asyncio.to_thread`.
"""

import http.client
import json
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from testbed import build, ports, probe, toolchains
from testbed.errors import CommandFailed, StartFailed
from testbed.ownership import make_folder, remove_folder
from testbed.processes import Process, await_ready

READY_SECONDS = 60.0
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
"""It wants a signature to be there, and does not check it."""


class DynamoDBLocal:
    """A DynamoDB API at `endpoint_url`, started by `start` or `with`.

    Args:
        durable: keep the tables in a file, so that they outlive `stop_server` and `start_server`
            (an outage in which connections are refused). Without it they are in memory, and
            only `pause` and `resume` (an outage in which nobody answers) keep them.
        logs: where to keep its log after the stop; by default it goes with the rest.
    """

    def __init__(self, *, durable: bool = False, logs: Path | None = None) -> None:
        self._durable = durable
        self._logs = logs
        self._port: ports.Port | None = None
        self._folder: Path | None = None
        self._process: Process | None = None

    @property
    def endpoint_url(self) -> str:
        """The address to give to a client, the same over restarts.

        Raises:
            StartFailed: it was not started.
        """
        if self._port is None:
            raise StartFailed("DynamoDB Local is not started")
        return f"http://{ports.LOOPBACK}:{self._port.number}"

    @property
    def pid(self) -> int | None:
        """The server's process id, or None while it is stopped."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Build it if need be, start it and wait until it answers.

        Raises:
            Unavailable: Java or Maven is missing on this machine.
            StartFailed: it did not come up; nothing of it is left.
        """
        if self._port is not None:
            raise StartFailed("DynamoDB Local is started already")
        home = build.dynamodb_local()
        java = toolchains.find("java", "a Java development kit, 17 or later")
        try:
            (self._port,) = ports.reserve(1)
            self._folder = make_folder("dynamodb")
            command = self._command(java, home, self._folder, self._port.number)
            self._process = Process("dynamodb-local", command, log=self._folder / "dynamodb.log")
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
        """Take the server away, in order or as a crash; its port stays reserved."""
        if kill:
            self._server.kill()
        else:
            self._server.stop()

    def start_server(self) -> None:
        """Bring the server back at the same address, and wait until it answers."""
        self._server.start()
        await_ready(self._server, self._answers, seconds=READY_SECONDS)

    def pause(self) -> None:
        """Freeze the server: connections stay open and nothing is answered."""
        self._server.pause()

    def resume(self) -> None:
        """Let a paused server go on."""
        self._server.resume()

    def call(self, operation: str, request: dict[str, Any], *, seconds: float = 5.0) -> Any:  # noqa: ANN401 - JSON
        """Send one request of the DynamoDB API, without any client library.

        Args:
            operation: `ListTables`, for instance.
            request: its parameters.
            seconds: the time for each step on the wire.

        Raises:
            CommandFailed: the answer is an error.
            OSError: there was no answer.
        """
        headers = {
            "Authorization": AUTHORIZATION,
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        }
        body = json.dumps(request).encode()
        answer = probe.request(
            "POST", self.endpoint_url, headers=headers, body=body, seconds=seconds
        )
        if answer.status != http.client.OK:
            raise CommandFailed(operation, answer.status, answer.body.decode(errors="replace"))
        return json.loads(answer.body)

    @property
    def _server(self) -> Process:
        if self._process is None:
            raise StartFailed("DynamoDB Local is not started")
        return self._process

    def _answers(self) -> bool:
        try:
            self.call("ListTables", {})
        except (OSError, CommandFailed):
            return False
        return True

    def _command(self, java: str, home: Path, folder: Path, port: int) -> list[str]:
        data = folder / "data"
        data.mkdir()
        return [
            java,
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",  # starts sooner; the time of a request goes to SQLite
            f"-Djava.library.path={home}",
            f"-Dsqlite4java.library.path={home}",
            "-cp",
            f"{home}:{home}/*",
            build.LOOPBACK_CLASS,
            "-port",
            str(port),
            # One database, whatever region and credentials a client uses.
            "-sharedDb",
            # By default it reports its use to its maker.
            "-disableTelemetry",
            *(("-dbPath", str(data)) if self._durable else ("-inMemory",)),
        ]

    def _keep_log(self, folder: Path) -> None:
        log = folder / "dynamodb.log"
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
