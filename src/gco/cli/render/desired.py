"""One endpoint as it is wanted: every field with its value, and which are defaults."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid
from gco.cli.render.times import ago
from gco.core.model.shown import shown
from gco.core.model.spec import EndpointSpec
from gco.service.results import EndpointView


def desired_text(view: EndpointView, now: dt.datetime, width: int) -> Text:
    """Return the endpoint's fields; what looks like a secret is masked."""
    head = Text(view.name, style="bold") + Text(
        f"  {view.state}, revision {view.revision} · created {ago(view.created_at, now)}"
        f" · changed {ago(view.updated_at, now)}"
    )
    return Text("\n").join([head, grid(("FIELD",), list(_rows(view)), width, words="VALUE")])


def _rows(view: EndpointView) -> Iterator[Row]:
    yield Row(("metadata.namespace",), (view.namespace,))
    for key, value in view.labels.items():
        yield Row((f"metadata.labels[{key}]",), (value,))
    stated = dict(_leaves("spec", _plain(view.spec)))
    for path, value in _leaves("spec", _plain(view.effective)):
        if path in stated:
            yield Row((path,), (_value(path, value),))
        else:
            told = Text(f"{_value(path, value)}  (default)", style=words.QUIET)
            yield Row((Text(path, style=words.QUIET),), (told,))
    if view.spec.regions is None:
        there = ", ".join(region.region for region in view.regions)
        told = Text(f"{there}  (every region that was registered)", style=words.QUIET)
        yield Row((Text("spec.regions", style=words.QUIET),), (told,))


def _plain(spec: EndpointSpec) -> dict[str, Any]:
    return spec.model_dump(mode="json", exclude_none=True)


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  (JSON-like data)
    """Every plain value of `value` with its path, as the field diff writes paths."""
    match value:
        case Mapping():
            for key, item in value.items():
                yield from _leaves(f"{path}.{key}", item)
        case list():
            for index, item in enumerate(value):
                yield from _element(path, index, item)
        case _:
            yield path, value


def _element(path: str, index: int, item: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  (JSON-like data)
    if not isinstance(item, Mapping) or "name" not in item:
        yield from _leaves(f"{path}[{index}]", item)
        return
    rest = {key: value for key, value in item.items() if key != "name"}
    if rest:
        yield from _leaves(f"{path}[{item['name']}]", rest)
    else:
        yield f"{path}[{item['name']}]", item["name"]


def _value(path: str, value: Any) -> str:  # noqa: ANN401  (JSON-like data)
    if not isinstance(value, str):
        return json.dumps(value)
    return value if shown(value, path) != "***" else "***"
