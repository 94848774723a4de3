"""Take a hand-edited custom resource back: its spec is wholly the sync loop's.

A forced apply alone leaves what an editor added, since the editor owns it. Moving the editor's
managedFields entries for the spec into ours makes the next apply remove it.
"""

from collections.abc import Mapping
from typing import Any

from gco.core.model.names import SYNC_MANAGER
from gco.kinds.fieldset import FieldSet, union

_SPEC = "f:spec"


def take_back_spec(live: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return a JSON patch that makes `gco-sync` the one owner of the spec; None where it is.

    The patch is guarded by the resourceVersion of `live`.
    """
    meta = live["metadata"]
    taken: FieldSet = {}
    ours: dict[str, Any] | None = None
    kept: list[dict[str, Any]] = []
    for entry in meta.get("managedFields") or ():
        if _is_ours(entry):
            ours = dict(entry)
            continue
        fields = dict(entry.get("fieldsV1") or {})
        taken = union(taken, fields.pop(_SPEC, {}))
        if fields:
            kept.append({**entry, "fieldsV1": fields})
    if not taken:
        return None
    entry = ours or _entry(live)
    entry["fieldsV1"] = union(entry["fieldsV1"], {_SPEC: taken})
    return [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": [*kept, entry]},
    ]


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return (
        entry.get("manager") == SYNC_MANAGER
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
    )


def _entry(live: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "manager": SYNC_MANAGER,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": {},
    }
