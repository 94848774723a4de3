"""The API server's own account of who asked for what.

A count that a client keeps of itself misses what it does not know it sends; a
claim such as "no requests at rest" is checked against the server's audit log.
"""

import http.client
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POLICY: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [{"level": "Metadata"}],
}
"""Each request once, when it is answered; a watch also when it ends."""


@dataclass(frozen=True)
class Request:
    """One answered request. A watch is listed when it begins."""

    verb: str
    uri: str
    resource: str
    """The plural, with the subresource behind a slash; empty when it is no resource."""
    namespace: str
    name: str
    user: str
    user_agent: str
    code: int


class AuditLog:
    """Reads the audit log of one control plane, from a chosen point on."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mark(self) -> int:
        """The end of the log now, to pass as `since` later."""
        return self.path.stat().st_size if self.path.exists() else 0

    def requests(self, *, since: int = 0) -> list[Request]:
        """The requests answered since a mark, in the log's order."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as log:
            log.seek(since)
            lines = log.read().splitlines(keepends=True)
        # The server may be in the middle of its last line.
        whole = (json.loads(line) for line in lines if line.endswith(b"\n"))
        return list(
            {event["auditID"]: _request(event) for event in whole if _begins(event)}.values()
        )

    def by_user_agent(self, *, since: int = 0) -> Counter[str]:
        """How many requests each program made, by the first word of its user agent."""
        return Counter(
            request.user_agent.partition(" ")[0] for request in self.requests(since=since)
        )


def _begins(event: dict[str, Any]) -> bool:
    """Whether the event is the first of its request: a watch that was granted ends with a second."""
    ended_watch = event["verb"] == "watch" and event["stage"] == "ResponseComplete"
    return not ended_watch or event["responseStatus"]["code"] >= http.client.BAD_REQUEST


def _request(event: dict[str, Any]) -> Request:
    target = event.get("objectRef", {})
    parts = (target.get("resource", ""), target.get("subresource", ""))
    return Request(
        verb=event["verb"],
        uri=event["requestURI"],
        resource="/".join(part for part in parts if part),
        namespace=target.get("namespace", ""),
        name=target.get("name", ""),
        user=event["user"]["username"],
        user_agent=event.get("userAgent", ""),
        code=event.get("responseStatus", {}).get("code", 0),
    )
