"""From the API server's OpenAPI v3, or a CRD's schema, to a table of types.

The table that ships (`schema.json`) was made by this module from the documents that a
kube-apiserver serves under /openapi/v3; a contract test makes it again from a live server.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from gco.kinds.registry import Kind
from gco.kinds.types import OTHERS

Schema: TypeAlias = Mapping[str, Any]

_QUANTITY: Final = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_RAW_EXTENSION: Final = "io.k8s.apimachinery.pkg.runtime.RawExtension"
_SCALARS: Final = frozenset({"string", "integer", "number", "boolean"})
_OBJECT_META: Final = "ObjectMeta"


def table_from_openapi(
    documents: Iterable[Mapping[str, Any]], kinds: Iterable[Kind]
) -> dict[str, Any]:
    """Return the table for `kinds`: the type of each, and every type that those refer to.

    `documents` are those of /openapi/v3/... that serve the kinds. A kind that none of them
    serves is left out.
    """
    schemas = {n: s for d in documents for n, s in d["components"]["schemas"].items()}
    writer = _Writer(schemas)
    served = {
        (gvk["group"], gvk["version"], gvk["kind"]): name
        for name, schema in schemas.items()
        for gvk in schema.get("x-kubernetes-group-version-kind", ())
    }
    found = {k: served[k[:3]] for k in kinds if k[:3] in served}
    return {
        "kinds": {f"{k.api_version}/{k.name}": writer.reference(n) for k, n in found.items()},
        "types": writer.types,
        "merges": writer.merges,
    }


def types_from_structural(name: str, schema: Schema) -> dict[str, dict[str, str]]:
    """Return the types of a CRD's `openAPIV3Schema`; `name` is the resource's, ObjectMeta is not in."""
    writer = _Writer({})
    writer.expression(name, {"properties": {}, **schema, "type": "object"})
    known = {"apiVersion": "string", "kind": "string", "metadata": f"{_OBJECT_META}+"}
    return {**writer.types, name: {**writer.types[name], **known}}


def _properties(schema: Schema) -> Iterable[tuple[str, Schema]]:
    properties: Mapping[str, Schema] = schema.get("properties", {})
    return sorted(properties.items())


class _Writer:
    """Collects types while it turns schemas into expressions."""

    def __init__(self, schemas: Mapping[str, Schema]) -> None:
        self.types: dict[str, dict[str, str]] = {}
        self.merges: dict[str, dict[str, str]] = {}
        self._schemas = schemas
        self._names: dict[str, str] = {}

    def reference(self, full: str) -> str:
        """Return the expression of a named schema, and take its fields into the table."""
        schema = self._schemas[full]
        if full == _QUANTITY:
            return "quantity"
        if full == _RAW_EXTENSION:
            return "any"
        if "properties" not in schema:
            return self.expression(full.rpartition(".")[2], schema)
        name = self._name(full)
        if name not in self.types:
            self.types[name] = {}  # before its fields, which may refer to it
            self.types[name] |= {k: self._field(name, k, s) for k, s in _properties(schema)}
            self._merge(name, schema)
        return name + _mark(schema)

    def expression(self, name: str, schema: Schema) -> str:
        """Return the expression of an inline schema, whose own type would be called `name`."""
        if reference := _reference(schema):
            found = self.reference(reference)
            return found if found.endswith("!") else found + _mark(schema)
        kind = schema.get("type", "")
        if schema.get("x-kubernetes-int-or-string") or schema.get("format") == "int-or-string":
            return "int-or-string"
        if kind in _SCALARS:
            return str(kind)
        if kind == "array":
            return f"[{self.expression(name, schema['items'])}]{self._relation(schema)}"
        if kind == "object":
            return self._object(name, schema)
        return "free"

    def _object(self, name: str, schema: Schema) -> str:
        if "properties" in schema:
            self._inline(name, schema)
            return name + _mark(schema)
        values = schema.get("additionalProperties")
        inner = self.expression(f"{name}.*", values) if isinstance(values, Mapping) else None
        if inner is None:
            return "any" if _mark(schema) else "free"
        return f"{{{inner}}}{_mark(schema)}"

    def _inline(self, name: str, schema: Schema) -> None:
        fields = self.types[name] = {}
        fields |= {key: self.expression(f"{name}.{key}", s) for key, s in _properties(schema)}
        if schema.get("x-kubernetes-preserve-unknown-fields"):
            fields[OTHERS] = "free"

    def _merge(self, name: str, schema: Schema) -> None:
        """Note how a strategic merge joins fields of the type: `merge,retainKeys name`."""
        found = {key: _strategy(field) for key, field in _properties(schema)}
        if told := {key: strategy for key, strategy in found.items() if strategy}:
            self.merges[name] = told

    def _field(self, name: str, key: str, schema: Schema) -> str:
        expression = self.expression(f"{name}.{key}", schema)
        return f"{expression}+" if schema.get("default") == {} else expression

    def _relation(self, schema: Schema) -> str:
        match schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-patch-strategy"):
            case ("map", _):
                return self._keys(schema, schema["x-kubernetes-list-map-keys"])
            case ("set", _):
                return "set"
            case (None, "merge" | "merge,retainKeys"):
                merge_key = schema.get("x-kubernetes-patch-merge-key")
                return self._keys(schema, [merge_key]) if merge_key else "set"
            case _:
                return ""

    def _keys(self, schema: Schema, keys: Iterable[str]) -> str:
        items = schema["items"]
        fields = self._schemas[ref] if (ref := _reference(items)) else items
        defaults = {k: s["default"] for k, s in _properties(fields) if s.get("default")}
        return ",".join(f"{k}={defaults[k]}" if k in defaults else k for k in keys)

    def _name(self, full: str) -> str:
        """Shorten `io.k8s.api.apps.v1.Deployment` to its last part, unless that is taken."""
        if full not in self._names:
            short = full.rpartition(".")[2]
            taken = short in self._names.values()
            self._names[full] = ".".join(full.split(".")[-3:]) if taken else short
        return self._names[full]


def _strategy(schema: Schema) -> str:
    strategy = schema.get("x-kubernetes-patch-strategy", "")
    return f"{strategy} {schema.get('x-kubernetes-patch-merge-key', '')}".strip()


def _reference(schema: Schema) -> str:
    references = [schema, *schema.get("allOf", ())]
    found = next((s["$ref"] for s in references if "$ref" in s), "")
    return str(found).rpartition("/")[2]


def _mark(schema: Schema) -> str:
    return "!" if schema.get("x-kubernetes-map-type") == "atomic" else ""
