"""Label and field selectors, as queries to the API server write them."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

from gco.errors import RejectedError

Predicate: TypeAlias = Callable[[Mapping[str, Any]], bool]

_REQUIREMENT: Final = re.compile(
    r"\s*(?P<absent>!)?\s*(?P<key>[\w./-]+)\s*"
    r"(?:(?P<set>in|notin)\s*\((?P<values>[^)]*)\)|(?P<operator>==|=|!=)\s*(?P<value>[\w./-]*))?"
    r"\s*(?:,|$)"
)
_FIELD_DEFAULTS: Final = {"status.phase": "Pending"}


def matcher(labels: str, fields: str) -> Predicate:
    """Return whether an object matches both selectors; raises RejectedError for a malformed one."""
    tests = (*_labels(labels), *_fields(fields))
    if not tests:
        return lambda _: True
    return lambda manifest: all(test(manifest) for test in tests)


def labels_match(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether `labels` satisfy a LabelSelector's matchLabels (all that we render)."""
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    return all(labels.get(key) == value for key, value in wanted.items())


def _labels(text: str) -> list[Predicate]:
    tests, position = [], 0
    while position < len(text):
        found = _REQUIREMENT.match(text, position)
        if found is None:
            raise RejectedError(f"unable to parse requirement: {text[position:]!r}")
        tests.append(_label_test(found))
        position = found.end()
    return tests


def _label_test(found: re.Match[str]) -> Predicate:
    key = found["key"]
    values = {value.strip() for value in (found["values"] or found["value"] or "").split(",")}
    operator = found["set"] or found["operator"] or ("absent" if found["absent"] else "exists")

    def test(manifest: Mapping[str, Any]) -> bool:
        labels = manifest["metadata"].get("labels") or {}
        match operator:
            case "in" | "=" | "==":
                return key in labels and labels[key] in values
            case "notin" | "!=":
                return key not in labels or labels[key] not in values
            case "exists":
                return key in labels
            case _:
                return key not in labels

    return test


def _fields(text: str) -> list[Predicate]:
    return [_field_test(part) for part in text.split(",") if part]


def _field_test(part: str) -> Predicate:
    found = re.fullmatch(r"([\w.]+)(==|=|!=)(.*)", part.strip())
    if found is None:
        raise RejectedError(f"invalid field selector: {part!r}")
    path, operator, wanted = found.groups()
    steps, absent = path.split("."), _FIELD_DEFAULTS.get(path, "")

    def test(manifest: Mapping[str, Any]) -> bool:
        value: Any = manifest
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        return ((absent if value is None else str(value)) == wanted) is (operator != "!=")

    return test
