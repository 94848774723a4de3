"""The reference of every field, as a page: made from the JSON Schema, so from the model's docstrings."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gco.core.model.schema import json_schema

_HEAD: Final = """\
# Every field

Made from the model by `make generate`. What a field says here is checked before anything is stored, and
every problem of a file is told at once. `gco get NAME -o yaml` shows an endpoint with all its defaults;
[the schema](../schema/inferenceendpoint.json) completes and checks the file in an editor.

A field that a file leaves out keeps its default, but for `spec.state`, `spec.replicas` and `spec.canary`:
these keep the value that the endpoint has.
"""
_REF: Final = "#/$defs/"
_FOREIGN: Final = "as in Kubernetes"
Schema = Mapping[str, Any]


def page() -> str:
    """Return the page as Markdown."""
    schema = json_schema()
    return "\n".join([_HEAD, *_Reference(schema["$defs"]).sections(schema)])


class _Reference:
    """Sections of objects in the order in which a reader meets them, each class once."""

    def __init__(self, definitions: Schema) -> None:
        self._definitions = definitions
        self._homes: dict[str, str] = {}
        """The path under which each class is described."""

    def sections(self, root: Schema) -> Iterator[str]:
        """Yield every section, from the document's own fields inwards."""
        waiting = [("", root)]
        while waiting:
            path, schema = waiting.pop(0)
            inner = list(self._inner(path, schema))
            yield self._section(path, schema)
            waiting = [*inner, *waiting]

    def _inner(self, path: str, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """Yield the objects among the fields that are not described yet; this path is their home."""
        for field, value in schema["properties"].items():
            name, mark = self._object(value)
            if name and name not in self._homes:
                self._homes[name] = f"{path}.{field}{mark}".removeprefix(".")
                yield self._homes[name], self._definitions[name]

    def _object(self, value: Schema) -> tuple[str, str]:
        """Return the class that a field's value has, and `[]` where it is a list of them."""
        name = value.get("$ref", "").removeprefix(_REF)
        if name and "properties" in self._definitions[name]:
            return name, ""
        options = [value["items"]] if "items" in value else value.get("anyOf", ())
        found = next((name for name, _ in map(self._object, options) if name), "")
        return found, "[]" if found and "items" in value else ""

    def _section(self, path: str, schema: Schema) -> str:
        required = schema.get("required", ())
        rows = [
            f"| `{field}`{' (required)' if field in required else ''} "
            f"| {self._type(value)} | {_cell(value.get('description', ''))} |"
            for field, value in schema["properties"].items()
        ]
        title = f"## {path}\n\n{_cell(schema['description'])}\n" if path else "## The document\n"
        return "\n".join([title, "| field | value | meaning |", "|---|---|---|", *rows, ""])

    def _type(self, value: Schema) -> str:
        name, mark = self._object(value)
        if name:
            home = self._homes[name]
            kind = "a list of these" if mark else "an object"
            return f"[{kind}](#{_anchor(home)})"
        if "$ref" in value:
            return self._type(self._definitions[value["$ref"].removeprefix(_REF)])
        if "items" in value:
            kind = self._type(value["items"])
            return f"a list, {kind}" if kind == _FOREIGN else f"a list of {kind}"
        default = value.get("default")
        return f"{_scalar(value)}; `{default}` unless said" if default else _scalar(value)


def _scalar(value: Schema) -> str:
    if "const" in value or "enum" in value:
        return ", ".join(f"`{one}`" for one in value.get("enum", [value.get("const")]))
    if "anyOf" in value:
        return " or ".join(dict.fromkeys(_scalar(option) for option in value["anyOf"]))
    kind = value.get("type", "anything")
    if kind == "integer":
        return _number(value)
    if kind == "object":
        inner = value.get("additionalProperties")
        return "a map of text" if isinstance(inner, Mapping) else _FOREIGN
    return {"string": "text", "boolean": "`true` or `false`"}.get(kind, kind)


def _number(value: Schema) -> str:
    lowest, highest = value.get("minimum"), value.get("maximum")
    if highest is None:
        return "a number" if lowest is None else f"a number, {lowest} or more"
    return f"a number, {lowest or 0} to {highest}"


def _anchor(title: str) -> str:
    return re.sub(r"[^\w\s-]", "", title).lower()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
