"""What a model allows where, in words: read off its own JSON Schema."""

import dataclasses
import difflib
import functools
from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from gco.core.model.base import Model
from gco.core.model.patterns import WORDS

Path: TypeAlias = tuple[str | int, ...]
"""The way to a value in a document: `("spec", "regions", 1, "name")`."""
_Node: TypeAlias = Mapping[str, Any]

_MANY: Final = 12
"""More names than this are not listed beside a suggestion."""
_KINDS: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "text",
}


def did_you_mean(given: object, known: Iterable[str]) -> str:
    """Return `; did you mean X?` where one of `known` is close to `given`, else nothing."""
    by_small = {name.lower(): name for name in known}
    close = difflib.get_close_matches(str(given).lower(), by_small, n=1, cutoff=0.6)
    return f"; did you mean {by_small[close[0]]}?" if close else ""


def one_of(names: Iterable[str]) -> str:
    """Return `names`, which are not none, as the choice that they are: `a, b or c`."""
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


@dataclasses.dataclass(frozen=True)
class Schema:
    """A model's JSON Schema, asked what may stand where."""

    model: type[Model]

    def words(self, path: Path) -> str:
        """Return in words what may stand at `path`."""
        node = self._at(path)
        return _choice(node) or _pattern(node) or _kind(node)

    def meaning(self, path: Path) -> str:
        """Return what is meant to stand at `path`."""
        text = str(self._at(path).get("description", "")) or self.words(path)
        return text[:1].lower() + text[1:].rstrip(".")

    def suggestion(self, path: Path, given: object) -> str:
        """Return which of a fixed choice at `path` was probably meant."""
        choice = self._at(path).get("enum", ())
        return did_you_mean(given, choice) if isinstance(given, str) else ""

    def instead_of(self, path: Path) -> str:
        """Return which fields there are in place of the unknown one at `path`."""
        fields = sorted(self._at(path[:-1]).get("properties", {}))
        near = did_you_mean(path[-1], fields)
        listed = f" ({', '.join(fields)})" if not near or len(fields) <= _MANY else ""
        return f"no such field{near}{listed}"

    def _at(self, path: Path) -> _Node:
        root = _schema_of(self.model)
        node = _resolved(root, root, inner=bool(path))
        for number, step in enumerate(path, 1):
            below = node.get("items", {}) if isinstance(step, int) else _member(node, step)
            node = _resolved(root, below, inner=number < len(path))
        return node


@functools.cache
def _schema_of(model: type[Model]) -> _Node:
    return model.model_json_schema()


def _resolved(root: _Node, node: _Node, *, inner: bool) -> _Node:
    """Follow references; of a choice, take the structure where the path goes on within it."""
    if "$ref" in node:
        target = root["$defs"][node["$ref"].removeprefix("#/$defs/")]
        return {**_resolved(root, target, inner=inner), **_described(node)}
    options = [option for option in node.get("anyOf", ()) if option.get("type") != "null"]
    if not options:
        return node
    structured = [n for n in options if "$ref" in n or n.get("type") in {"object", "array"}]
    chosen = (structured if inner and structured else options)[0]
    return {**_resolved(root, chosen, inner=inner), **_described(node)}


def _described(node: _Node) -> _Node:
    return {"description": node["description"]} if "description" in node else {}


def _member(node: _Node, step: str) -> _Node:
    member = node.get("properties", {}).get(step, node.get("additionalProperties", {}))
    return member if isinstance(member, Mapping) else {}


def _choice(node: _Node) -> str:
    if "const" in node:
        return str(node["const"])
    return one_of(map(str, node["enum"])) if "enum" in node else ""


def _pattern(node: _Node) -> str:
    return WORDS[node["pattern"]] if "pattern" in node else ""


def _kind(node: _Node) -> str:
    words = _KINDS.get(node.get("type", ""), "another value")
    low, high = node.get("minimum"), node.get("maximum")
    return words if low is None or high is None else f"{words}, {low} to {high}"
