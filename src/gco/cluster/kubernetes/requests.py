"""The requests of the Kubernetes API as values: paths, queries, bodies. Nothing here sends any.

Rules: https://kubernetes.io/docs/reference/using-api/api-concepts/ and server-side-apply/.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

import orjson

from gco.cluster.port import LogOptions, Propagation, Subresource
from gco.kinds.registry import POD, Kind

JSON: Final = "application/json"
JSON_PATCH: Final = "application/json-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
"""YAML by name; JSON is YAML, and needs no YAML parser on either side."""
STRICT: Final = {"fieldValidation": "Strict"}


class Request(NamedTuple):
    """One request, ready to be sent to any API server."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    what: str
    """The request in a person's words, for error messages: `apply Deployment gco/llama`."""
    body: bytes | None = None
    content_type: str = JSON


def get(kind: Kind, namespace: str | None, name: str) -> Request:
    """Read one object."""
    return Request("GET", _target(kind, namespace, name), _what("get", kind, namespace, name))


def list_page(
    kind: Kind, namespace: str | None, *, labels: str, fields: str, limit: int, following: str
) -> Request:
    """Read the page of a listing that the token `following` asks for, the first one if empty."""
    query = {
        "labelSelector": labels,
        "fieldSelector": fields,
        "limit": str(limit),
        "continue": following,
    }
    return Request("GET", _target(kind, namespace, query=query), _what("list", kind, namespace, ""))


def watch(
    kind: Kind, namespace: str | None, *, after: str, labels: str, fields: str, seconds: int
) -> Request:
    """Follow changes from `after` on, for `seconds`."""
    query = {
        "watch": "true",
        "allowWatchBookmarks": "true",
        "resourceVersion": after,
        "timeoutSeconds": str(seconds),
        "labelSelector": labels,
        "fieldSelector": fields,
    }
    return Request(
        "GET", _target(kind, namespace, query=query), _what("watch", kind, namespace, "")
    )


def apply(
    kind: Kind,
    manifest: Mapping[str, Any],
    *,
    manager: str,
    force: bool,
    subresource: Subresource | None,
) -> Request:
    """Server-side apply `manifest`."""
    namespace, name = _place(kind, manifest)
    query = {"fieldManager": manager, "force": "true" if force else "false", **STRICT}
    return Request(
        "PATCH",
        _target(kind, namespace, name, subresource, query),
        _what("apply", kind, namespace, name, subresource),
        orjson.dumps(manifest),
        APPLY_PATCH,
    )


def create(kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None) -> Request:
    """Create the object, or post to a subresource of the object that the manifest names."""
    namespace, name = _place(kind, manifest)
    addressed = name if subresource else None
    return Request(
        "POST",
        _target(kind, namespace, addressed, subresource, STRICT),
        _what("create", kind, namespace, name, subresource),
        orjson.dumps(manifest),
    )


def replace(kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None) -> Request:
    """Put the object in place of what is there."""
    namespace, name = _place(kind, manifest)
    return Request(
        "PUT",
        _target(kind, namespace, name, subresource, STRICT),
        _what("replace", kind, namespace, name, subresource),
        orjson.dumps(manifest),
    )


def json_patch(
    kind: Kind,
    namespace: str | None,
    name: str,
    operations: Sequence[Mapping[str, Any]],
    *,
    manager: str,
    subresource: Subresource | None,
) -> Request:
    """Change single values of the object (RFC 6902)."""
    return Request(
        "PATCH",
        _target(kind, namespace, name, subresource, {"fieldManager": manager, **STRICT}),
        _what("patch", kind, namespace, name, subresource),
        orjson.dumps(operations),
        JSON_PATCH,
    )


def delete(
    kind: Kind,
    namespace: str | None,
    name: str,
    *,
    uid: str | None,
    propagation: Propagation,
    grace_seconds: int | None,
) -> Request:
    """Delete the object, on condition of its uid where one is given."""
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": propagation,
    }
    if uid is not None:
        options["preconditions"] = {"uid": uid}
    if grace_seconds is not None:
        options["gracePeriodSeconds"] = grace_seconds
    return Request(
        "DELETE",
        _target(kind, namespace, name),
        _what("delete", kind, namespace, name),
        orjson.dumps(options),
    )


def log_lines(namespace: str, pod: str, options: LogOptions) -> Request:
    """Read a container's log, each line behind its time."""
    query = {
        "container": options.container,
        "timestamps": "true",
        "tailLines": "" if options.lines is None else str(options.lines),
        "previous": "true" if options.previous else "",
        "follow": "true" if options.follow else "",
        "sinceTime": options.since,
        "limitBytes": "" if options.max_bytes is None else str(options.max_bytes),
    }
    path = f"{_target(POD, namespace, pod)}/log"
    stated = urlencode({key: value for key, value in query.items() if value})
    return Request("GET", f"{path}?{stated}", _what("read the log of", POD, namespace, pod))


def _place(kind: Kind, manifest: Mapping[str, Any]) -> tuple[str | None, str]:
    """Where a manifest's object lives: its namespace (`default` unless stated) and its name."""
    metadata = manifest["metadata"]
    namespace = metadata.get("namespace", "default") if kind.namespaced else None
    return namespace, metadata.get("name", "")


def _target(
    kind: Kind,
    namespace: str | None,
    name: str | None = None,
    subresource: Subresource | None = None,
    query: Mapping[str, str] | None = None,
) -> str:
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    place = f"/namespaces/{quote(namespace, safe='')}" if namespace and kind.namespaced else ""
    parts = [root, place, f"/{kind.plural}"]
    if name is not None:
        parts.append(f"/{quote(name, safe='')}")
    if subresource is not None:
        parts.append(f"/{subresource}")
    stated = {key: value for key, value in (query or {}).items() if value}
    if stated:
        parts.append(f"?{urlencode(stated)}")
    return "".join(parts)


def _what(
    verb: str, kind: Kind, namespace: str | None, name: str, subresource: str | None = None
) -> str:
    thing = f"{kind.name} {subresource}" if subresource else kind.name
    where = "/".join(part for part in (namespace, name) if part)
    return f"{verb} {thing} {where}".rstrip()
