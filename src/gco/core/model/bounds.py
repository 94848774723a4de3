"""What a region may report at most, so that a store always takes it.

DynamoDB refuses an item above 400 KB and a transaction above 4 MB. A region that observes more than fits
reports a part, and how much it left out: its heartbeat, its leadership and its statuses must never be
refused. What a person asks for is refused at the door instead, when it is too large.

The texts of conditions are counted as JSON, because a store keeps them so: a control character takes six
bytes there.
"""

import json
from collections.abc import Iterable
from typing import Final

from gco.core.model.status import AcceleratorCapacity, Condition, Lost, Region, RegionStatus
from gco.kinds.reading import clip

MOST_CONDITIONS: Final = 16
"""GCO writes one for each type; a hand or a newer version may add some."""
LONGEST_MESSAGE: Final = 2000
"""Bytes of a message, as JSON."""
LONGEST_WORD: Final = 256
"""Bytes of a reason, an uid and other single words, as JSON."""
MOST_FOLDERS: Final = 100
LONGEST_FOLDER: Final = 256
MOST_NAMESPACES: Final = 500
LONGEST_NAMESPACE: Final = 63
MOST_RULES: Final = 100
MOST_RESOURCES: Final = 100
LONGEST_RESOURCE: Final = 317
"""A prefix of 253 characters, a slash and a name of 63."""
MOST_ORPHANS: Final = 100
LONGEST_ORPHAN: Final = 400
MOST_LOST: Final = 500
LONGEST_KEY: Final = 128
"""`namespace/name`, of at most 63 and 40 characters where it can be an endpoint's."""
LONGEST_UID: Final = 64
LONGEST_ADDRESS: Final = 2048
MOST: Final = 2**53
"""Every number is below this: JSON readers keep it exact, and so does each store."""
_ESCAPED: Final = 6
"""Bytes that one character may take as JSON: `\\u0000`."""


def bounded_status(status: RegionStatus) -> RegionStatus:
    """Return `status` as far as a store takes it: under 64 KB; itself where all of it fits."""
    folders = status.models
    kept = None if folders is None else tuple(_short(folders, LONGEST_FOLDER)[:MOST_FOLDERS])
    omitted = 0 if folders is None or kept is None else len(folders) - len(kept)
    update = {
        "uid": clip(status.uid, LONGEST_WORD),
        "replicas_ready": min(status.replicas_ready, MOST),
        "replicas_desired": min(status.replicas_desired, MOST),
        "observed_revision": min(status.observed_revision, MOST),
        "error": None if status.error is None else clip(status.error, LONGEST_MESSAGE),
        "conditions": tuple(map(_condition, status.conditions[:MOST_CONDITIONS])),
        "canary": status.canary
        and status.canary.model_copy(
            update={
                "ready": min(status.canary.ready, MOST),
                "desired": min(status.canary.desired, MOST),
                "weight": min(status.canary.weight, MOST),
            }
        ),
        "models": kept,
        "models_omitted": status.models_omitted + omitted,
    }
    same = all(getattr(status, name) == value for name, value in update.items())
    return status if same else status.model_copy(update=update)


def bounded_region(region: Region) -> Region:
    """Return `region` as far as a store takes it: under 390 KB."""
    namespaces = _short(region.namespaces, LONGEST_NAMESPACE)[:MOST_NAMESPACES]
    allowed = region.pod_overrides_allow
    rules = None if allowed is None else _short(dict.fromkeys(allowed), LONGEST_WORD)[:MOST_RULES]
    counted = region.capacity
    capacity = None if counted is None else _capacity(counted)
    omitted = len(region.namespaces) - len(namespaces)
    omitted += 0 if allowed is None or rules is None else len(set(allowed)) - len(rules)
    omitted += 0 if counted is None or capacity is None else len(counted) - len(capacity)
    return region.model_copy(
        update={
            "cluster_uid": clip(region.cluster_uid, LONGEST_WORD),
            "cluster_name": clip(region.cluster_name, LONGEST_WORD),
            "aws_region": clip(region.aws_region, LONGEST_WORD),
            "version": clip(region.version, LONGEST_WORD),
            # half a URL would lead elsewhere
            "address": region.address if _fits(region.address, LONGEST_ADDRESS) else "",
            "namespaces": tuple(namespaces),
            "pod_overrides_allow": None if rules is None else tuple(rules),
            "capacity": capacity,
            "orphans": tuple(clip(each, LONGEST_ORPHAN) for each in region.orphans[:MOST_ORPHANS]),
            "orphan_count": min(max(region.orphan_count, len(region.orphans)), MOST),
            "lost": _lost(region.lost),
            "heartbeat_seconds": min(region.heartbeat_seconds, MOST),
            "omitted": region.omitted + omitted,
        }
    )


def _condition(condition: Condition) -> Condition:
    reason = _clip_json(condition.reason, LONGEST_WORD)
    message = _clip_json(condition.message, LONGEST_MESSAGE)
    generation = min(condition.observed_generation, MOST)
    if (reason, message, generation) == (
        condition.reason,
        condition.message,
        condition.observed_generation,
    ):
        return condition
    return condition.model_copy(
        update={"reason": reason, "message": message, "observed_generation": generation}
    )


def _capacity(counted: dict[str, AcceleratorCapacity]) -> dict[str, AcceleratorCapacity]:
    names = sorted(_short(counted, LONGEST_RESOURCE))[:MOST_RESOURCES]
    return {
        name: counted[name].model_copy(
            update={
                field: min(value, MOST)
                for field, value in counted[name].model_dump(by_alias=False).items()
                if value is not None
            }
        )
        for name in names
    }


def _lost(lost: dict[str, Lost]) -> dict[str, Lost]:
    """Return what an endpoint that is made again can be known by: each part of it whole, or nothing."""
    known = (
        key
        for key in sorted(_short(lost, LONGEST_KEY))
        if _fits(lost[key].uid, LONGEST_UID) and lost[key].revision <= MOST
    )
    return {key: lost[key] for key, _ in zip(known, range(MOST_LOST), strict=False)}


def _short(values: Iterable[str], limit: int) -> list[str]:
    """Return the values that are of at most `limit` bytes: a part of a name would be another name."""
    return [value for value in values if _fits(value, limit)]


def _fits(text: str, limit: int) -> bool:
    return len(text) <= limit and len(text.encode(errors="replace")) <= limit


def _clip_json(text: str, limit: int) -> str:
    """Return the beginning of `text`, of at most `limit` bytes as JSON."""
    if len(text) * _ESCAPED + len('""') <= limit:
        return text  # nearly all are: a monitor looks at thousands of conditions
    if len(json.dumps(text, ensure_ascii=False).encode(errors="replace")) <= limit:
        return text
    clipped = clip(text, limit - len('""'))
    if len(json.dumps(clipped, ensure_ascii=False).encode(errors="replace")) <= limit:
        return clipped
    return clip(text, limit // _ESCAPED - len('""'))
