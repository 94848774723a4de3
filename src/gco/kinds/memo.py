"""Remembering what was computed from a content, by the content's digest."""

import hashlib
from collections.abc import Callable
from typing import Any

from gco.kinds.canonical import canonical_json

_DIGEST_BYTES = 16


class Memo:
    """The latest `most` results, by the JSON content that each was computed from.

    Nothing else than that content may enter a result: then no result is ever out of date.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: dict[bytes, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, content: Any, compute: Callable[[], str]) -> str:  # noqa: ANN401 - any JSON value
        """Return what `compute` returned for that content before, or does now."""
        return self.get_by(hashlib.sha256(canonical_json(content)).digest(), compute)

    def get_by(self, content_digest: bytes, compute: Callable[[], str]) -> str:
        """Return the same for a content whose digest is at hand."""
        key = content_digest[:_DIGEST_BYTES]
        found = self._known.pop(key, None)
        if found is None:
            found = compute()
        self._known[key] = found  # the latest stands last
        if len(self._known) > self._most:
            del self._known[next(iter(self._known))]
        return found
