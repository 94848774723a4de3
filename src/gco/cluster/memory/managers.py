"""metadata.managedFields: who owns what, and how applies and updates move it."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from gco.cluster.memory.merging import Comparison, compare, exclude, merge, prune
from gco.cluster.port import Manifest
from gco.errors import ClusterConflictError
from gco.kinds.differences import readable
from gco.kinds.fieldset import FieldSet, difference, fields_of, intersection, strip, union
from gco.kinds.types import Struct, Type


class Writer(NamedTuple):
    """Who writes: one entry of managedFields each."""

    manager: str
    operation: str
    """Apply or Update."""
    api_version: str
    subresource: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes two writers the same: an applier stays itself over API versions."""
        version = "" if self.operation == "Apply" else self.api_version
        return self.manager, self.operation, version, self.subresource

    def told(self) -> str:
        """Return the writer as a conflict's message names it."""
        through = f' with subresource "{self.subresource}"' if self.subresource else ""
        using = f" using {self.api_version}" if self.operation == "Update" else ""
        return f'"{self.manager}"{through}{using}'


class Entry(NamedTuple):
    """What a writer owns, and since when."""

    writer: Writer
    time: str
    fields: FieldSet


_RESET: Final[Mapping[str, FieldSet]] = {
    "": {"f:status": {}},
    "status": {"f:spec": {}},
    "scale": {"f:status": {}},
}
"""What a write through each subresource cannot touch, and so never owns."""


class Entries:
    """The managedFields of one object while a write moves them."""

    def __init__(self, manifest: Mapping[str, Any]) -> None:
        listed = manifest.get("metadata", {}).get("managedFields") or ()
        decoded = [_decode(each) for each in listed if each]
        self._entries = {entry.writer.identity: entry for entry in decoded}

    def applied(
        self, live: Manifest, stated: Manifest, of: Type, writer: Writer, *, now: str, force: bool
    ) -> Manifest:
        """Return `live` after `writer` applied `stated`, and move ownership accordingly.

        Raises ClusterConflictError where others own a field with another value, unless `force`.
        """
        last = self._fields(writer)
        fields = exclude(fields_of(stated, of) or {}, _RESET[writer.subresource])
        self._put(writer, now, fields)
        merged: Manifest = merge(live, stated, of)
        if difference(last, fields):  # `fields` has the name: metadata itself is never pruned
            merged = prune(merged, of, last, self._everyone()) or {}
        changes = compare(live, merged, of).without(_RESET[writer.subresource])
        self._take(changes, writer, force=force)
        self._put(writer, now, strip(fields))
        return merged

    def updated(self, live: Manifest, new: Manifest, of: Type, writer: Writer, *, now: str) -> None:
        """Move ownership after `writer` changed `live` into `new`."""
        changes = compare(live, new, of).without(_RESET[writer.subresource])
        self._take(changes, None, force=True)
        took = strip(union(changes.modified, changes.added))
        if took:
            self._put(writer, now, union(self._fields(writer), took))

    def encode(self) -> list[Manifest]:
        """Return the entries as managedFields lists them: appliers first, then by time and name."""
        kept = [entry for entry in self._entries.values() if entry.fields]
        kept.sort(
            key=lambda e: (e.writer.operation, e.time, e.writer.manager, e.writer.subresource)
        )
        return [_encode(entry) for entry in kept]

    def _fields(self, writer: Writer) -> FieldSet:
        entry = self._entries.get(writer.identity)
        return entry.fields if entry else {}

    def _put(self, writer: Writer, time: str, fields: FieldSet) -> None:
        self._entries[writer.identity] = Entry(writer, time, fields)

    def _everyone(self) -> FieldSet:
        everyone: FieldSet = {}
        for entry in self._entries.values():
            everyone = union(everyone, entry.fields)
        return everyone

    def _take(self, changes: Comparison, taker: Writer | None, *, force: bool) -> None:
        """Take what changed from everyone but `taker`."""
        if not any(changes.parts()):
            return
        others = [
            entry
            for identity, entry in self._entries.items()
            if taker is None or identity != taker.identity
        ]
        changed = union(changes.modified, changes.added)
        conflicts = {e.writer: intersection(e.fields, changed) for e in others}
        if not force and any(conflicts.values()):
            raise ClusterConflictError(_conflict(conflicts))
        lost = union(changed, changes.removed)
        for entry in others:
            self._put(entry.writer, entry.time, difference(entry.fields, lost))


def _decode(raw: Mapping[str, Any]) -> Entry:
    writer = Writer(
        raw.get("manager", "unknown"),
        raw.get("operation", "Update"),
        raw.get("apiVersion", ""),
        raw.get("subresource", ""),
    )
    return Entry(writer, raw.get("time", ""), raw.get("fieldsV1") or {})


def _encode(entry: Entry) -> Manifest:
    manager, operation, api_version, subresource = entry.writer
    encoded = {
        "manager": manager,
        "operation": operation,
        "apiVersion": api_version,
        "time": entry.time,
        "fieldsType": "FieldsV1",
        "fieldsV1": entry.fields,
    }
    return {**encoded, "subresource": subresource} if subresource else encoded


def _conflict(conflicts: Mapping[Writer, FieldSet]) -> str:
    told = [
        f"conflict with {writer.told()}: .{readable(path)}"
        for writer, fields in conflicts.items()
        for path in members(fields)
    ]
    plural = "conflict" if len(told) == 1 else "conflicts"
    return f"Apply failed with {len(told)} {plural}: {'; '.join(sorted(told))}"


def members(fields: FieldSet, path: tuple[str, ...] = ()) -> Iterable[tuple[str, ...]]:
    """Every member path of a field set."""
    for key, below in fields.items():
        if key == ".":
            continue
        if not below or "." in below:
            yield (*path, key)
        yield from members(below, (*path, key))


def blank(of: Type) -> Manifest:
    """Return the object of type `of` that says nothing: what a create is compared with."""
    if not isinstance(of, Struct):
        return {}
    return {name: blank(of.fields[name]) for name in of.present}


def timestamp(moment: dt.datetime) -> str:
    """Return a time as Kubernetes writes it, in whole seconds."""
    return f"{moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
