"""What differs between two specs, as a person reads it: paths, old and new values, no secrets.

Lists of plain values are compared as sequences (an argument put in the middle is one insertion, not
a change of everything behind it); lists of named things by name.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gco.core.fleet.changes import JSON, MASK, FieldChange
from gco.core.model.shown import masked
from gco.core.model.spec import EndpointSpec
from gco.redaction import looks_secret, names_secret

_FLAG: Final = re.compile(r"^(?P<flag>--?[^=\s]+)=(?P<value>.*)$", re.DOTALL)


def diff_specs(
    before: EndpointSpec | None,
    after: EndpointSpec,
    *,
    labels: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
) -> tuple[FieldChange, ...]:
    """Return what `after` changes of `before` (None: everything is new), in the spec's own order.

    `labels` are metadata.labels before and after. Literal values that look like secrets are masked.
    """
    old = {"metadata": {"labels": dict(labels[0])}, "spec": _stated(before)}
    new = {"metadata": {"labels": dict(labels[1])}, "spec": _stated(after)}
    return tuple(_compare("", old, new, hidden=False))


def _stated(spec: EndpointSpec | None) -> dict[str, Any]:
    return {} if spec is None else spec.model_dump(mode="json", exclude_none=True)


def _compare(path: str, old: JSON, new: JSON, *, hidden: bool) -> Iterator[FieldChange]:
    if old == new:
        return
    if isinstance(old, dict | None) and isinstance(new, dict | None) and (old or new):
        yield from _compare_maps(path, old or {}, new or {}, hidden=hidden)
    elif _named(old) and _named(new):
        yield from _compare_named(path, old or [], new or [], hidden=hidden)
    elif isinstance(old, list | None) and isinstance(new, list | None):
        yield from _compare_lists(path, old or [], new or [], hidden=hidden)
    else:
        yield FieldChange(
            path=path, before=_show(old, hidden=hidden), after=_show(new, hidden=hidden)
        )


def _compare_maps(
    path: str, old: Mapping[str, Any], new: Mapping[str, Any], *, hidden: bool
) -> Iterator[FieldChange]:
    for key in dict.fromkeys([*new, *old]):
        masked = hidden and key != "valueFrom"  # a reference names a secret, and holds none
        yield from _compare(_join(path, key), old.get(key), new.get(key), hidden=masked)


def _compare_named(
    path: str, old: Sequence[Any], new: Sequence[Any], *, hidden: bool
) -> Iterator[FieldChange]:
    before, after = ({item["name"]: item for item in items} for items in (old, new))
    for name in dict.fromkeys([*after, *before]):
        one, two = (_rest(items.get(name)) for items in (before, after))
        where = f"{path}[{name}]"
        secret = hidden or names_secret(name)
        if one is None or two is None:
            yield from _appears(where, one, two, hidden=secret)
        else:
            yield from _compare(where, one, two, hidden=secret)


def _appears(where: str, one: JSON, two: JSON, *, hidden: bool) -> Iterator[FieldChange]:
    """A named thing that comes or goes: by its fields, or by its name where it has none."""
    if one or two:
        yield from _compare(where, one, two, hidden=hidden)
    else:
        name = where[where.rindex("[") + 1 : -1]
        yield FieldChange(
            path=where,
            before=None if one is None else name,
            after=None if two is None else name,
        )


def _compare_lists(
    path: str, old: Sequence[Any], new: Sequence[Any], *, hidden: bool
) -> Iterator[FieldChange]:
    before, after = (_show_items(items, hidden=hidden) for items in (old, new))
    was, shall = ([json.dumps(item, sort_keys=True) for item in items] for items in (old, new))
    matcher = difflib.SequenceMatcher(None, was, shall, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            continue
        for offset in range(max(i2 - i1, j2 - j1)):
            i, j = i1 + offset, j1 + offset
            yield FieldChange(
                path=f"{path}[{j if j < j2 else i}]",
                before=before[i] if i < i2 else None,
                after=after[j] if j < j2 else None,
            )


def _show_items(items: Sequence[Any], *, hidden: bool) -> list[str]:
    """Arguments as they are, but for the values of flags that carry a secret."""
    shown: list[str] = []
    flag = ""
    for item in items:
        shown.append(_show_argument(item, hidden=hidden or names_secret(flag)))
        flag = item if isinstance(item, str) and item.startswith("-") and "=" not in item else ""
    return shown


def _show_argument(item: JSON, *, hidden: bool) -> str:
    found = _FLAG.match(item) if isinstance(item, str) else None
    if found and looks_secret(found["flag"], found["value"]):
        return f"{found['flag']}={MASK}"
    return _show(item, hidden=hidden) or ""


def _show(value: JSON, *, hidden: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return MASK if hidden or looks_secret("", value) else value
    if hidden and isinstance(value, dict | list):
        return MASK
    return json.dumps(masked(value), ensure_ascii=False)


def _named(value: JSON) -> bool:
    """Whether `value` is a list of things that have distinct names (or no list at all)."""
    if value is None or value == []:
        return True
    if not isinstance(value, list):
        return False
    names = [item.get("name") if isinstance(item, dict) else None for item in value]
    return None not in names and len(set(names)) == len(names)


def _rest(item: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if item is None else {k: v for k, v in item.items() if k != "name"}


def _join(path: str, key: str) -> str:
    if path.endswith(("labels", "Selector", "requests", "limits")):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key
