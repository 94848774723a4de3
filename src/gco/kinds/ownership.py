"""Whether an object is in sync with a manifest, as far as the fields that we own go.

Only what our own managedFields entry covers is looked at, so that defaults, injected sidecars and
autoscalers never read as drift.
"""

from collections.abc import Mapping
from typing import Any, Final

from gco.kinds.canonical import digest
from gco.kinds.fieldset import FieldSet, fieldset, owned_fields
from gco.kinds.memo import Memo
from gco.kinds.projection import project

_HASH_LENGTH: Final = 32
_REMEMBERED: Final = 8192
"""Hashes kept, a quarter of a KiB each: of most changes to an object, none is to what we own."""
_RENDERED: Final = 65_536
"""As many for what is rendered at each look: of 10,000 endpoints, each object's."""

_owned = Memo(_REMEMBERED)
_expected = Memo(_RENDERED)


def owned_hash(obj: Mapping[str, Any], manager: str) -> str | None:
    """Return a hash over what `manager` owns by apply and the live values; None for nothing.

    Equal to `expected_owned_hash` of a manifest exactly when the object is in sync with it.
    """
    fields = owned_fields(obj, manager)
    if fields is None:
        return None
    return _owned.get([fields, _below_names(obj, fields)], lambda: _hash(obj, fields))


def expected_owned_hash(manifest: Mapping[str, Any], content: str | None = None) -> str:
    """Return the `owned_hash` of an object to which `manifest` was just applied.

    `content` is a digest, in hex, that no other manifest has, where one is at hand.
    """

    def compute() -> str:
        return _hash(manifest, fieldset(manifest))

    if content is None:
        return _expected.get(manifest, compute)
    return _expected.get_by(bytes.fromhex(content), compute)


def _hash(obj: Mapping[str, Any], fields: FieldSet) -> str:
    return digest([fields, project(obj, fields)], length=_HASH_LENGTH)


def _below_names(obj: Mapping[str, Any], fields: FieldSet) -> dict[str, Any]:
    """Return all of `obj` that its projection can depend on: its type, and what `fields` name.

    Status and resourceVersion, which change most, are not ours and stay out.
    """
    named = {key: obj.get(key) for key in ("apiVersion", "kind", *_names(fields))}
    owned = _names(fields.get("f:metadata", {}))
    metadata = obj.get("metadata") or {}
    return {**named, "metadata": {name: metadata.get(name) for name in owned}}


def _names(fields: FieldSet) -> list[str]:
    return [key.removeprefix("f:") for key in fields if key.startswith("f:")]
