"""The types of the kinds that this system reads or writes, from the table in `schema.json`."""

import functools
import importlib.resources
from collections.abc import Mapping
from typing import Any, Final

import orjson

from gco.kinds.openapi import Schema, types_from_structural
from gco.kinds.types import Type, Types

_CUSTOM: Final = "CustomResource"
_CUSTOM_FIELDS: Final = {
    "apiVersion": "string",
    "kind": "string",
    "metadata": "ObjectMeta+",
    "spec": "object",
    "status": "object",
}


@functools.cache
def _table() -> tuple[Mapping[str, str], Types]:
    text = importlib.resources.files(__package__).joinpath("schema.json").read_bytes()
    table = orjson.loads(text)
    return table["kinds"], Types({**table["types"], _CUSTOM: _CUSTOM_FIELDS}, table["merges"])


def type_named(name: str) -> Type:
    """Return a built-in type by its name in the table: `PodTemplateSpec`; raises KeyError."""
    return _table()[1].parse(name)


def schema_of(manifest: Mapping[str, Any]) -> Type:
    """Return the type of a manifest, by its apiVersion and kind.

    A kind that the table does not have counts as a custom resource whose lists are owned as one
    value and whose objects are owned field by field, as a structural schema has it unless it says
    otherwise.
    """
    kinds, types = _table()
    return types.parse(kinds.get(f"{manifest['apiVersion']}/{manifest['kind']}", _CUSTOM))


def custom_schema(name: str, structural: Schema) -> Type:
    """Return the type of a custom resource from its CRD's `openAPIV3Schema`."""
    _, types = _table()
    return Types({**types.raw, **types_from_structural(name, structural)}).parse(name)
