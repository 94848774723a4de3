"""JSON patch (RFC 6902): add, remove, replace and test, the operations that this system sends."""

from collections.abc import Mapping, Sequence
from typing import Any

from gco.cluster.memory.storage import copy
from gco.cluster.port import Manifest
from gco.digits import is_digits
from gco.errors import RejectedError


def patched(manifest: Manifest, operations: Sequence[Mapping[str, Any]]) -> Manifest:
    """Return a copy of `manifest` with `operations` done; raises RejectedError where one fails."""
    result = copy(manifest)
    for operation in operations:
        *parents, last = _pointer(operation["path"])
        container: Any = result
        for step in parents:
            container = _step(container, step, operation)
        _do(container, last, operation)
    return result


def _pointer(path: str) -> list[str]:
    steps = path.split("/")[1:]
    if not steps:
        raise RejectedError(f"{path!r} does not name a field")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def _step(container: Any, step: str, operation: Mapping[str, Any]) -> Any:  # noqa: ANN401
    try:
        return container[int(step)] if isinstance(container, list) else container[step]
    except (LookupError, ValueError, TypeError) as error:
        raise _does_not_fit(operation) from error


def _do(container: Any, last: str, operation: Mapping[str, Any]) -> None:  # noqa: ANN401
    match operation["op"]:
        case "add":
            _add(container, last, operation)
        case "replace":
            _step(container, last, operation)
            container[_index(container, last)] = operation["value"]
        case "remove":
            _step(container, last, operation)
            del container[_index(container, last)]
        case "test":
            if _step(container, last, operation) != operation["value"]:
                raise RejectedError(f"testing value {operation['path']} failed: test failed")
        case other:
            raise RejectedError(f"unexpected kind: unknown JSON patch operation {other!r}")


def _add(container: Any, last: str, operation: Mapping[str, Any]) -> None:  # noqa: ANN401
    if isinstance(container, dict):
        container[last] = operation["value"]
        return
    if not isinstance(container, list) or not (last == "-" or is_digits(last)):
        raise _does_not_fit(operation)
    position = len(container) if last == "-" else int(last)
    if position > len(container):
        raise _does_not_fit(operation)
    container.insert(position, operation["value"])


def _index(container: Any, last: str) -> str | int:  # noqa: ANN401
    return int(last) if isinstance(container, list) else last


def _does_not_fit(operation: Mapping[str, Any]) -> RejectedError:
    return RejectedError(f"{operation['op']} operation does not apply: {operation['path']}")
