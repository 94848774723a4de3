"""The informer's cache: small records by key, and what may replace what.

A record is replaced only by something newer: resourceVersions are compared as integers (KEP-5504
makes that official), so neither a late watch event nor a listing that began before an own write
undoes that write.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

R = TypeVar("R")
Handler = Callable[[str, R | None, R | None], None]
"""Called with a key, the record before and the record now (None: absent)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry(Generic[R]):
    """One object: who it is, how new it is, and what is kept of it."""

    uid: str
    version: int
    record: R
    deleting: bool = False
    """It has a deletionTimestamp: finalizers keep it for a while."""


class Cache(Generic[R]):
    """Entries by key, with an index; tells `changed` of each difference, after making it."""

    def __init__(self, changed: Handler[R], index: Callable[[R], str | None] | None = None) -> None:
        self._changed = changed
        self._index = index
        self._entries: dict[str, Entry[R]] = {}
        self._indexed: dict[str, dict[str, R]] = {}
        self._own: dict[str, Entry[R]] = {}
        """Own writes that neither a listing nor a watch has confirmed yet."""
        self._gone: dict[str, Entry[R]] = {}
        """The last that we knew of objects that are known to be deleted before the watch says so."""
        self.seen = 0
        """Everything up to this resourceVersion is in the cache."""

    def __len__(self) -> int:
        """Tell how many objects the cache holds."""
        return len(self._entries)

    def get(self, key: str) -> R | None:
        """Return the record under `key`, or None."""
        entry = self._entries.get(key)
        return entry.record if entry else None

    def items(self) -> Mapping[str, R]:
        """Return every record by key; the caller's own."""
        return {key: entry.record for key, entry in self._entries.items()}

    def indexed(self, value: str) -> Mapping[str, R]:
        """Return the records that the index files under `value`, by key; the caller's own."""
        return dict(self._indexed.get(value, ()))

    def replace(self, listed: Mapping[str, Entry[R]], version: int) -> None:
        """A complete listing of the moment `version`: what it lacks is gone, own writes aside."""
        self._gone = {
            key: gone
            for key, gone in self._gone.items()
            if gone.version > version or (key in listed and listed[key].uid == gone.uid)
        }
        current = {key: e for key, e in listed.items() if not self._is_gone(key, e)}
        self._own = {k: e for k, e in self._own.items() if e.version > version}
        current.update(self._own)
        self.seen = version
        for key in self._entries.keys() - current.keys():
            self._remove(key)
        for key, entry in current.items():
            self._put(key, entry)

    def upsert(self, key: str, entry: Entry[R]) -> None:
        """A watch event: the object is now so, unless the cache knows better."""
        self.seen = max(self.seen, entry.version)
        self._confirm(key, entry.version)
        if not self._is_gone(key, entry) and self._is_newer(key, entry):
            self._put(key, entry)

    def confirm(self, key: str, version: int) -> bool:
        """A watch event: return whether it is the echo of an own write whose answer is here.

        Then it is noted, and nobody needs to read the object again.
        """
        own = self._own.get(key)
        if own is None or own.version != version:
            return False
        self.seen = max(self.seen, version)
        del self._own[key]
        return True

    def delete(self, key: str, uid: str, version: int) -> None:
        """A watch event: the object of that uid is gone, or no longer selected."""
        self.seen = max(self.seen, version)
        gone = self._gone.get(key)
        if gone is not None and (gone.uid == uid or gone.version < version):
            del self._gone[key]
        held = self._entries.get(key)
        if held is not None and (held.uid == uid or held.version < version):
            self._confirm(key, held.version)
            self._remove(key)

    def progress(self, version: int) -> None:
        """A bookmark: everything up to `version` has been told."""
        self.seen = max(self.seen, version)
        self._own = {k: e for k, e in self._own.items() if e.version > version}

    def record(self, key: str, entry: Entry[R]) -> None:
        """An own write's answer; ignored where the watch has passed it already."""
        if entry.version <= self.seen or self._is_gone(key, entry):
            return
        if self._is_newer(key, entry):
            self._own[key] = entry
            self._put(key, entry)

    def forget(self, key: str, uid: str) -> None:
        """The object of that uid is known to be deleted; older events do not bring it back."""
        held = self._entries.get(key)
        if held is not None and held.uid == uid:
            self._own.pop(key, None)
            self._gone[key] = held
            self._remove(key)

    def _is_gone(self, key: str, entry: Entry[R]) -> bool:
        """Tell whether `entry` is from before a deletion that we know of."""
        gone = self._gone.get(key)
        if gone is None:
            return False
        if entry.uid == gone.uid:
            return not entry.deleting
        return entry.version < gone.version

    def _is_newer(self, key: str, entry: Entry[R]) -> bool:
        held = self._entries.get(key)
        return held is None or held.version < entry.version

    def _confirm(self, key: str, version: int) -> None:
        own = self._own.get(key)
        if own is not None and own.version <= version:
            del self._own[key]

    def _put(self, key: str, entry: Entry[R]) -> None:
        old = self._entries.get(key)
        self._entries[key] = entry
        before = old.record if old else None
        if before == entry.record:
            return
        self._unfile(key, before)
        self._file(key, entry.record)
        self._changed(key, before, entry.record)

    def _remove(self, key: str) -> None:
        before = self._entries.pop(key).record
        self._unfile(key, before)
        self._changed(key, before, None)

    def _file(self, key: str, record: R) -> None:
        value = self._index(record) if self._index else None
        if value is not None:
            self._indexed.setdefault(value, {})[key] = record

    def _unfile(self, key: str, record: R | None) -> None:
        value = self._index(record) if self._index and record is not None else None
        if value is not None:
            shelf = self._indexed[value]
            del shelf[key]
            if not shelf:
                del self._indexed[value]


def entry_of(manifest: Mapping[str, Any], record: R) -> Entry[R]:
    """Return the entry for `manifest`, of which `record` is kept."""
    metadata = manifest["metadata"]
    deleting = "deletionTimestamp" in metadata
    return Entry(metadata["uid"], int(metadata["resourceVersion"]), record, deleting)
