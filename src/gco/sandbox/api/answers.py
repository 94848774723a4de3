"""What the API answers, as Kubernetes writes it: lists, watch events, and Statuses for errors."""

from collections.abc import Sequence
from typing import Any, Final

import orjson

from gco.cluster.port import LogLine, Manifest, WatchEvent
from gco.errors import (
    AbsentError,
    ClusterError,
    ExpiredError,
    ForbiddenError,
    RejectedError,
    ThrottledError,
)
from gco.kinds.registry import Kind

_CODES: Final[tuple[tuple[type[ClusterError], int, str], ...]] = (
    (AbsentError, 404, "NotFound"),
    (ExpiredError, 410, "Expired"),
    (ForbiddenError, 403, "Forbidden"),
    (RejectedError, 400, "BadRequest"),
    (ThrottledError, 429, "TooManyRequests"),
    (ClusterError, 500, "InternalError"),
)


def listed(kind: Kind, items: Sequence[Manifest], version: str) -> bytes:
    """Return a list of objects."""
    return orjson.dumps(
        {
            "kind": f"{kind.name}List",
            "apiVersion": kind.api_version,
            "metadata": {"resourceVersion": version},
            "items": items,
        }
    )


def event_line(event: WatchEvent) -> bytes:
    """Return one event of a watch, as a line."""
    told = {"type": event.type.value, "object": event.object}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def error_line(error: ClusterError) -> bytes:
    """Return the last line of a watch that cannot go on."""
    told = {"type": "ERROR", "object": status(error)}
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE)


def log_line(line: LogLine, *, times: bool) -> bytes:
    """Return one line of a log, behind its time where that is asked for."""
    return (f"{line.time} {line.text}\n" if times else f"{line.text}\n").encode()


def status(error: ClusterError) -> dict[str, Any]:
    """Return the Status that stands for `error`."""
    code, reason = next((code, why) for kind, code, why in _CODES if isinstance(error, kind))
    return failure(code, reason, str(error))


def failure(code: int, reason: str, message: str) -> dict[str, Any]:
    """Return the Status of a failure."""
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }
