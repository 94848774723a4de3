"""The CustomResourceDefinition: the region's copy of an endpoint, as the API server checks it.

Generated from the same classes that read and write the resource. The whole spec is owned as one
value (`x-kubernetes-map-type: atomic`): whoever edits it by hand takes all of it, and the sync
loop's next apply puts all of it right, fields that were added included.
"""

from collections.abc import Mapping
from typing import Any, Final

from gco.core.model.base import Model
from gco.core.model.patterns import LABEL
from gco.core.model.regional import RegionalSpec, RegionalStatus
from gco.core.model.rules.metadata import LONGEST_NAME
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, INFERENCE_ENDPOINT

_KEPT: Final = frozenset(
    {"type", "description", "enum", "format", "pattern"}
    | {"minLength", "maxLength", "minimum", "maximum", "required"}
)
"""What structural schemas and pydantic's have in common."""
_GLOBAL: Final = frozenset({"regions", "state"})
"""Fields of an endpoint's spec that no region's copy has."""
_COLUMNS: Final = (
    ("State", "string", ".status.state", 0, "Where the endpoint stands in this region."),
    ("Ready", "string", ".status.ready", 0, "Pods that answer, of those wanted."),
    ("Revision", "integer", ".status.observedRevision", 0, "The revision this is said of."),
    ("Reason", "string", ".status.reason", 0, "The one cause that wins."),
    ("Target", "integer", ".spec.revision", 1, "The revision that is wanted."),
    ("Message", "string", ".status.message", 1, "What to do next."),
    ("Age", "date", ".metadata.creationTimestamp", 0, ""),
)


def crd() -> dict[str, Any]:
    """Return the CustomResourceDefinition's manifest."""
    kind = INFERENCE_ENDPOINT
    return {
        "apiVersion": CUSTOM_RESOURCE_DEFINITION.api_version,
        "kind": CUSTOM_RESOURCE_DEFINITION.name,
        "metadata": {"name": f"{kind.plural}.{kind.group}"},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": ["iep"],
            },
            "versions": [_version(kind.version)],
        },
    }


def _version(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [_column(*column) for column in _COLUMNS],
        "schema": {"openAPIV3Schema": _resource()},
    }


def _column(name: str, kind: str, path: str, priority: int, description: str) -> dict[str, Any]:
    column = {"name": name, "type": kind, "jsonPath": path}
    column |= {"description": description} if description else {}
    return {**column, "priority": priority} if priority else column


def _resource() -> dict[str, Any]:
    spec, status = structural(RegionalSpec), structural(RegionalStatus)
    endpoint = spec["properties"]["endpoint"]["properties"]
    spec["properties"]["endpoint"]["properties"] = {
        name: field for name, field in endpoint.items() if name not in _GLOBAL
    }
    status["properties"]["conditions"] |= {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
    }
    name = {"type": "string", "pattern": LABEL, "maxLength": LONGEST_NAME}
    return {
        "type": "object",
        "description": "An endpoint in this region: written by GCO, and put right when edited.",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": name}},
            "spec": {**spec, "x-kubernetes-map-type": "atomic"},
            "status": status,
        },
    }


def structural(model: type[Model]) -> dict[str, Any]:
    """Return the structural schema of what `model` writes: no references, nulls or defaults."""
    schema = model.model_json_schema(mode="serialization")
    return _structural(schema, schema.get("$defs", {}))


def _structural(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    node = _resolved(node, definitions)
    kept = {key: value for key, value in node.items() if key in _KEPT}
    if "description" in kept:
        kept["description"] = " ".join(kept["description"].split())
    if "items" in node:
        kept["items"] = _structural(node["items"], definitions)
        kept["x-kubernetes-list-type"] = "atomic"
    if "properties" in node:
        kept["properties"] = {
            name: _structural(field, definitions) for name, field in node["properties"].items()
        }
    return kept | _further(node.get("additionalProperties"), definitions)


def _further(further: object, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a structural schema has the fields that are not named."""
    match further:
        case True:
            return {"x-kubernetes-preserve-unknown-fields": True}
        case Mapping():
            return {"additionalProperties": _structural(further, definitions)}
        case _:
            return {}  # unknown fields are pruned, or refused under strict validation


def _resolved(node: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference, and leave out null, which is never written."""
    options = [option for option in node.get("anyOf", ()) if option.get("type") != "null"]
    if options:
        [only] = options
        return {**_resolved(only, definitions), **_described(node)}
    if "$ref" in node:
        target = definitions[node["$ref"].removeprefix("#/$defs/")]
        return {**_resolved(target, definitions), **_described(node)}
    return node


def _described(node: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": node["description"]} if "description" in node else {}
