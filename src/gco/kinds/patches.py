"""JSON patches (RFC 6902) that reach an object only in the state in which it was read."""

from collections.abc import Mapping
from typing import Any


def replacing(live: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the patch that puts each of `values` at its path, where something must stand already.

    It conflicts where the object has changed since `live` was read.
    """
    guard = {"/metadata/resourceVersion": live["metadata"]["resourceVersion"]}
    return [
        {"op": "replace", "path": path, "value": value}
        for path, value in {**guard, **values}.items()
    ]
