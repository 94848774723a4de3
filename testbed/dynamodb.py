"""DynamoDB Local: the DynamoDB API, as its maker implements it for one machine.

Credentials may be any letters and digits; all of them, and all AWS regions, see
the same tables. What it does not show of the real service: throttling and
conflicts between transactions. Calls block; from an event loop use
`asyncio.to_thread`.
"""

import http.client
import json
from pathlib import Path
from typing import Any, ClassVar

from typing_extensions import override

from testbed import build, probe, toolchains
from testbed.errors import CommandFailed
from testbed.server import LocalServer

AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/local/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
"""It wants a signature to be there, and does not check it."""


class DynamoDBLocal(LocalServer):
    """A DynamoDB API at `endpoint_url`, started by `start` or `with`.

    Args:
        durable: keep the tables in a file, so that they outlive `stop_server` and `start_server`
            (an outage in which connections are refused). Without it they are in memory, and
            only `pause` and `resume` (an outage in which nobody answers) keep them.
        logs: where to keep its log after the stop; by default it goes with the rest.
    """

    title: ClassVar = "DynamoDB Local"
    program: ClassVar = "dynamodb-local"
    ready_seconds: ClassVar = 60.0

    def __init__(self, *, durable: bool = False, logs: Path | None = None) -> None:
        super().__init__(logs=logs)
        self._durable = durable

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

    def empty(self, table: str) -> list[dict[str, Any]]:
        """Delete every item of a table, as a mistaken operator does; return what was there."""
        described = self.call("DescribeTable", {"TableName": table})["Table"]
        names = [key["AttributeName"] for key in described["KeySchema"]]
        items = self._items(table)
        for item in items:
            key = {name: item[name] for name in names}
            self.call("DeleteItem", {"TableName": table, "Key": key})
        return items

    def fill(self, table: str, items: list[dict[str, Any]]) -> None:
        """Put items into a table, as a restored backup does."""
        for item in items:
            self.call("PutItem", {"TableName": table, "Item": item})

    def _items(self, table: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            page = self.call("Scan", {"TableName": table, **start})
            items += page["Items"]
            if "LastEvaluatedKey" not in page:
                return items
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    @override
    def answers(self) -> bool:
        """Whether it lists tables."""
        try:
            self.call("ListTables", {})
        except (OSError, CommandFailed):
            return False
        return True

    @override
    def command(self, folder: Path, port: int) -> list[str]:
        """Return a Java command line; raises Unavailable where Java or Maven is missing."""
        home = build.dynamodb_local()
        data = folder / "data"
        data.mkdir()
        return [
            toolchains.find("java", "a Java development kit, 17 or later"),
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
