"""What an API server's refusals mean: from an HTTP answer, or a Status in a watch, to our errors.

Foreign errors are translated here and nowhere else. A message says what was asked, what the
server said and, where it helps, what to do; it never holds a credential.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

from gco.errors import (
    AbsentError,
    ClusterConflictError,
    ClusterError,
    ExpiredError,
    ForbiddenError,
    RejectedError,
    ThrottledError,
    TransientError,
)

LONGEST_MESSAGE: Final = 2000
"""Characters kept of what a server says: a refusal may quote the whole object."""
DEFAULT_RETRY_AFTER: Final = 1.0

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_REQUEST_TIMEOUT: Final = 408
_CONFLICT: Final = 409
_GONE: Final = 410
_INVALID: Final = 422
_THROTTLED: Final = 429
_SERVER_ERROR: Final = 500

_CREDENTIAL: Final = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
_INVALID_AFTER_ALL: Final = re.compile(
    r"typed patch object"  # an unknown field, a wrong type, a duplicate key of a list
    r"|request is too large"  # etcd's limit
    r"|larger than max"  # gRPC's limit before it
    r"|exceeds the maximum allowed"
)
"""What HTTP 500 says when the object of an apply is at fault, and the same answer would follow."""
_PERMISSION: Final = re.compile(r'(?i)\buser "')
"""How every refusal by RBAC begins; other 403s are admission's: quotas, policies, namespaces."""
_SECONDS: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")
_PASSING: Final = re.compile(
    r"not yet ready to handle request"  # an API server that has just started fills its caches
    r"|custom resource definition is terminating"  # until it has gone, and is applied again
)
"""What admission says with a 403 and will not say in a moment."""


def error_of(what: str, status: int, body: bytes, headers: Mapping[str, str]) -> ClusterError:
    """Return the error that an HTTP answer stands for.

    Args:
        what: the request in words.
        status: the HTTP status, 300 or more.
        body: a Kubernetes Status, or whatever else stands before an API server.
        headers: only Retry-After is looked at.
    """
    told = _status_of(body)
    if told is None:
        text = body.decode(errors="replace").strip()
        return _classified(what, status, text, _seconds(headers.get("Retry-After")), is_api=False)
    return error_of_status(what, {"code": status, **told}, headers)


def error_of_status(
    what: str, answer: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> ClusterError:
    """Return the error that a Status object stands for, as a watch delivers it."""
    details = answer.get("details") or {}
    wait = (headers or {}).get("Retry-After") or details.get("retryAfterSeconds")
    message = str(answer.get("message") or answer.get("reason") or "no reason given")
    code = answer.get("code")
    status = code if isinstance(code, int) and code else _SERVER_ERROR
    if status == _INVALID and any(
        cause.get("field") == "metadata.uid" for cause in details.get("causes") or ()
    ):
        status = _CONFLICT  # an apply meant for another object of that name
    return _classified(what, status, message, _seconds(wait), is_api=True)


def readable(text: str) -> str:
    """Return `text` without credentials and of a length that fits a log line."""
    safe = _CREDENTIAL.sub(r"\1 …", text)
    return safe if len(safe) <= LONGEST_MESSAGE else f"{safe[:LONGEST_MESSAGE]}…"


def _status_of(body: bytes) -> Mapping[str, Any] | None:
    try:
        told = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return told if isinstance(told, dict) and told.get("kind") == "Status" else None


def _classified(
    what: str, status: int, told: str, wait: float | None, *, is_api: bool
) -> ClusterError:
    message = f"{what}: {readable(told) or 'no reason given'} (HTTP {status})"
    if status == _THROTTLED or (status >= _SERVER_ERROR and wait is not None):
        return ThrottledError(message, DEFAULT_RETRY_AFTER if wait is None else wait)
    if status >= _SERVER_ERROR:
        invalid = is_api and _INVALID_AFTER_ALL.search(told)
        return RejectedError(message) if invalid else TransientError(message)
    if status == _FORBIDDEN and is_api and not _PERMISSION.search(told):
        return (TransientError if _PASSING.search(told) else RejectedError)(message)
    return _CLIENT_ERRORS.get(status, RejectedError)(message)


_CLIENT_ERRORS: Final[Mapping[int, type[ClusterError]]] = {
    _UNAUTHORIZED: ForbiddenError,
    _FORBIDDEN: ForbiddenError,
    _NOT_FOUND: AbsentError,
    _REQUEST_TIMEOUT: TransientError,
    _CONFLICT: ClusterConflictError,
    _GONE: ExpiredError,
}


def _seconds(value: object) -> float | None:
    """Read a Retry-After in seconds; its other form, a date, is not sent by API servers."""
    text = str(value)
    return float(text) if _SECONDS.fullmatch(text) else None
