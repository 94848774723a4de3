"""One endpoint as it is wanted: every field with its value, and which are defaults."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid
from gco.cli.render.times import ago
from gco.core.fleet.changes import JSON, MASK
from gco.core.model.spec import EndpointSpec
from gco.redaction import looks_secret
from gco.service.results import EndpointView

LEAST_VALUE = 30
_FREE = (".requests", ".limits", ".nodeSelector")
"""Mappings whose keys are names that people choose, not fields."""


def desired_text(view: EndpointView, now: dt.datetime, width: int) -> Text:
    """Return the endpoint's fields; what looks like a secret is masked."""
    facts = (
        f"{view.state}, revision {view.revision} · created {ago(view.created_at, now)}"
        f" · changed {ago(view.updated_at, now)}"
    )
    gap = "  " if len(view.name) + len(facts) + 2 <= width else "\n"
    head = Text(view.name, style="bold") + Text(f"{gap}{facts}")
    return Text("\n").join(
        [head, grid(("FIELD",), list(_rows(view)), width, words="VALUE", least=LEAST_VALUE)]
    )


def _rows(view: EndpointView) -> Iterator[Row]:
    yield Row(("metadata.namespace",), (view.namespace,))
    if view.labels:
        yield Row(("metadata.labels",), (_pairs(view.labels),))
    stated = {path for path, _ in _leaves("spec", _plain(view.spec))}
    for path, lines in _leaves("spec", _plain(view.effective)):
        yield Row((path,), lines) if path in stated else _default(path, lines)
    if view.spec.regions is None:
        names = ", ".join(region.region for region in view.regions)
        yield _default("spec.regions", (names,), "every region that was registered")


def _default(path: str, lines: Sequence[str], told: str = "default") -> Row:
    *first, last = lines
    shown = [*first, f"{last}  ({told})"]
    return Row((_quiet(path),), [_quiet(line) for line in shown])


def _quiet(text: str) -> Text:
    return Text(text, style=words.QUIET)


def _plain(spec: EndpointSpec) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude_none=True)


def _leaves(path: str, value: JSON) -> Iterator[tuple[str, Sequence[str]]]:
    """What stands at each path, in lines; mappings of free names on one line."""
    match value:
        case Mapping() if path.endswith(_FREE):
            if value:
                yield path, (_pairs(value),)
        case Mapping():
            for key, item in value.items():
                yield from _leaves(f"{path}.{key}", item)
        case list():
            if value:
                yield path, tuple(_item(path, item) for item in _masked_words(value))
        case _:
            yield path, (_told(path, value),)


def _masked_words(items: Sequence[JSON]) -> Iterator[JSON]:
    """Mask what a flag whose name says so is given: `--api-key=…`, `--api-key …`."""
    before = ""
    for item in items:
        flag, equals, value = item.partition("=") if isinstance(item, str) else ("", "", "")
        if equals and looks_secret(flag, value):
            yield f"{flag}={MASK}"
        elif isinstance(item, str) and not item.startswith("-") and looks_secret(before, item):
            yield MASK
        else:
            yield item
        before = flag if flag.startswith("-") and not equals else ""


def _item(path: str, item: JSON) -> str:
    """One element of a list on one line: `ap-south-1: replicas=1`."""
    if not isinstance(item, Mapping):
        return _told(path, item)
    name = str(item.get("name", ""))
    rest = {key: value for key, value in item.items() if key != "name"}
    told = ", ".join(
        f"{inner.removeprefix('.')}={' '.join(lines)}"
        for key, value in rest.items()
        for inner, lines in _leaves(f".{key}", _masked(name, key, value))
    )
    return ": ".join(filter(None, (name, told)))


def _masked(name: str, key: str, value: JSON) -> JSON:
    """The value of a variable whose name says that it is a secret is not shown."""
    secret = key == "value" and isinstance(value, str) and looks_secret(name, value)
    return MASK if secret else value


def _pairs(values: Mapping[str, JSON]) -> str:
    return ", ".join(f"{key}={_told(key, value)}" for key, value in values.items())


def _told(path: str, value: JSON) -> str:
    """A value as text; what looks like a secret is masked."""
    if not isinstance(value, str):
        return json.dumps(value)
    return MASK if looks_secret(path, value) else value
