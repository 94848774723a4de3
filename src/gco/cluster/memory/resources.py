"""Which kinds the cluster serves, and how: the built-in ones, and those of its CRDs."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gco.cluster.port import Manifest
from gco.errors import AbsentError, RejectedError
from gco.kinds.registry import INFERENCE_ENDPOINT, KINDS, NODE_CLAIM, SCALED_OBJECT, Kind
from gco.kinds.schema import custom_schema, schema_of
from gco.kinds.types import Type


class Resource(NamedTuple):
    """A kind as it is served."""

    kind: Kind
    schema: Type
    status: bool
    """Its status is a subresource: writes of the object leave it alone, and the reverse."""
    generations: bool
    """metadata.generation counts the changes of its spec."""
    structural: Mapping[str, Any] | None = None
    """The CRD's schema; None for a built-in kind."""

    @property
    def api_version(self) -> str:
        """As in a manifest."""
        return self.kind.api_version


_DEFINED: Final = frozenset({INFERENCE_ENDPOINT, SCALED_OBJECT, NODE_CLAIM})
"""Kinds that are there once their definitions are."""
_WITHOUT_STATUS: Final = frozenset({"Lease", "ControllerRevision", "Event"})
_WITH_GENERATION: Final = frozenset(
    {"Deployment", "ReplicaSet", "Ingress", "HTTPRoute", "Pod", "CustomResourceDefinition"}
)


class Resources:
    """The kinds that are served now."""

    def __init__(self) -> None:
        self._served = {_key(kind): _built_in(kind) for kind in KINDS if kind not in _DEFINED}

    def find(self, kind: Kind) -> Resource:
        """Return how `kind` is served; raises AbsentError where it is not."""
        found = self._served.get(_key(kind))
        if found is None:
            raise AbsentError(f"the server could not find the requested resource ({kind.plural})")
        return found

    def install(self, definition: Manifest) -> None:
        """Serve what a CustomResourceDefinition defines."""
        for resource in _custom(definition):
            self._served[_key(resource.kind)] = resource

    def remove(self, definition: Manifest) -> Iterator[Kind]:
        """No longer serve what a CustomResourceDefinition defines; return those kinds."""
        for kind in kinds_of(definition):
            if self._served.pop(_key(kind), None):
                yield kind


def kinds_of(definition: Manifest) -> list[Kind]:
    """Return the kinds that a CustomResourceDefinition serves, one a version."""
    spec = definition["spec"]
    names, namespaced = spec["names"], spec["scope"] == "Namespaced"
    return [
        Kind(spec["group"], version["name"], names["kind"], names["plural"], namespaced)
        for version in spec["versions"]
        if version.get("served")
    ]


def check_definition(definition: Manifest) -> None:
    """Raise RejectedError for a CRD that the API server would not take."""
    spec, name = definition["spec"], definition["metadata"]["name"]
    if name != f"{spec['names'].get('plural')}.{spec.get('group')}":
        raise RejectedError(f'CustomResourceDefinition "{name}": name must be plural.group')
    for version in spec.get("versions") or ():
        schema = (version.get("schema") or {}).get("openAPIV3Schema")
        if not schema or schema.get("type") != "object":
            raise RejectedError(f"{name}: openAPIV3Schema: Required value: a schema of type object")


def _custom(definition: Manifest) -> Iterator[Resource]:
    versions = {version["name"]: version for version in definition["spec"]["versions"]}
    for kind in kinds_of(definition):
        if kind in KINDS and kind != INFERENCE_ENDPOINT:
            yield _built_in(kind)  # as its makers define it, whatever a test's definition says
            continue
        version = versions[kind.version]
        structural = version["schema"]["openAPIV3Schema"]
        yield Resource(
            kind,
            custom_schema(kind.name, structural),
            status="status" in (version.get("subresources") or {}),
            generations=True,
            structural=structural,
        )


def _built_in(kind: Kind) -> Resource:
    return Resource(
        kind,
        schema_of({"apiVersion": kind.api_version, "kind": kind.name}),
        status=kind.name not in _WITHOUT_STATUS,
        generations=kind.name in _WITH_GENERATION,
    )


def _key(kind: Kind) -> tuple[str, str, str]:
    return kind.group, kind.version, kind.plural
