"""The port through which a Kubernetes cluster is read and written, with every adapter's promises.

Objects are plain JSON-like dicts, exactly as on the wire. An adapter never retries by itself: what
failed is raised as one of the errors of :mod:`gco.errors`, and the caller, who knows what the call
was for, decides. A dict that an adapter returned is the caller's own.
"""

import enum
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

from gco.kinds.registry import Kind

Manifest: TypeAlias = dict[str, Any]
Subresource: TypeAlias = Literal["status", "scale", "binding"]
Propagation: TypeAlias = Literal["Background", "Foreground", "Orphan"]


class Page(NamedTuple):
    """A part of a listing; all pages of one listing are of one moment."""

    items: Sequence[Manifest]
    resource_version: str
    """Where a watch that follows this listing starts; the same on every page."""


class EventType(enum.StrEnum):
    """What a watch says about an object; an ERROR of the wire is raised instead."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    BOOKMARK = "BOOKMARK"
    """Nothing changed; the object carries only a resourceVersion to go on from."""


class WatchEvent(NamedTuple):
    """One line of a watch."""

    type: EventType
    object: Manifest


class LogLine(NamedTuple):
    """One line of a container's log."""

    time: str
    """When the node took it, in RFC 3339 with nanoseconds, UTC."""
    text: str


class LogOptions(NamedTuple):
    """Which part of a container's log is wanted."""

    container: str
    lines: int | None = None
    """The last so many of what is there now; None: all of it."""
    previous: bool = False
    """Of the run before the present one."""
    follow: bool = False
    """And each further line as it comes, until the container's run has ended."""
    since: str = ""
    """Only lines of this moment and later (RFC 3339, whole seconds count)."""
    max_bytes: int | None = None
    """Where to stop, times and newlines counted, be it within a line; None: nowhere."""


class Cluster(Protocol):
    """One region's Kubernetes API.

    Every method raises TransientError (time-out, refused connection, 5xx), ThrottledError (429)
    and ForbiddenError (401, 403) besides what it names itself.
    """

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest:
        """Return the object; raises AbsentError."""
        ...

    def list(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> AsyncIterator[Page]:
        """Every object that matches the label and field selectors, page by page.

        `namespace` None means all namespaces. It yields at least one page, and raises before its
        end where a page cannot be had: a part never looks like the whole. Raises AbsentError
        where the kind itself is unknown (its CRD is not installed), ExpiredError where the
        listing took so long that the server forgot its moment.
        """
        ...

    def watch(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        after: str,
        labels: str = "",
        fields: str = "",
    ) -> AsyncIterator[WatchEvent]:
        """Changes that follow resourceVersion `after`, bookmarks included, as they happen.

        Ends when the server closes the watch (each 300-600 s): watch again from the last
        resourceVersion seen. Raises ExpiredError for HTTP 410 and for an in-stream one alike.
        """
        ...

    async def apply(
        self,
        kind: Kind,
        manifest: Mapping[str, Any],
        *,
        manager: str,
        force: bool = True,
        subresource: Subresource | None = None,
    ) -> Manifest:
        """Server-side apply, with strict field validation; return the object as it now is.

        A `metadata.uid` in `manifest` makes an apply to another object of that name a
        ClusterConflictError instead of a resurrection. Raises ClusterConflictError where `force`
        is false and another manager owns a field with another value, and RejectedError where
        the object is invalid.
        """
        ...

    async def create(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        """Create the object; raises ClusterConflictError where the name is taken, RejectedError.

        `metadata.generateName` works. A pod's subresource `binding` takes a Binding (the body's
        metadata names the pod) and answers with a Status.
        """
        ...

    async def replace(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        """PUT the object; raises ClusterConflictError unless `metadata.resourceVersion` is live."""
        ...

    async def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        operations: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        subresource: Subresource | None = None,
    ) -> Manifest:
        """JSON patch (RFC 6902); guard it by a `replace` of `/metadata/resourceVersion`.

        Raises AbsentError, ClusterConflictError (that guard), RejectedError.
        """
        ...

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        propagation: Propagation = "Background",
        grace_seconds: int | None = None,
    ) -> None:
        """Delete the object, if it still has `uid`.

        Raises AbsentError where it is gone, or ClusterConflictError where the name now belongs
        to another uid. Finalizers may keep it for a while with a deletionTimestamp.
        """
        ...

    def log_lines(
        self, namespace: str, pod: str, options: LogOptions
    ) -> AsyncGenerator[LogLine, None]:
        """The lines of a container's log, oldest first, each with its time.

        With `follow` it ends with the container's run, or where the server closes the stream: who
        wants the rest reads on from the last line's time. Raises AbsentError where the pod is gone,
        its container has not started, or there was no run before.
        """
        ...

    async def close(self) -> None:
        """Release connections and open watches; the cluster is not used afterwards."""
        ...
