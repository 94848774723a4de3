"""podOverrides: an overlay on the pod template, the last word on all but what makes pods ours."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from gco.core.model.allowed import Path
from gco.core.model.defaults import effective
from gco.core.model.names import CONTAINER, OUR_LABEL_KEYS, PORT_NAME
from gco.core.model.rules.environment import literal_secrets
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.rules.metadata import label_syntax
from gco.core.model.rules.overlay import overlay
from gco.core.model.spec import EndpointSpec, InferenceEndpoint
from gco.kinds.directives import PATCH
from gco.kinds.schema import type_named

_PATH: Final[Path] = ("spec", "podOverrides")
_METADATA: Final = frozenset({"labels", "annotations"})
_WHOLE: Final[tuple[Path, ...]] = (
    (),
    ("metadata",),
    ("metadata", "labels"),
    ("spec",),
    ("spec", "containers"),
)
"""What can be added to, and neither replaced nor taken away: something of ours is in it."""
_OWN_PREFIX: Final = "gco.io/"


def overrides(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """The overlay fits a pod template, and leaves our labels and our container what they are."""
    given = document.spec.pod_overrides
    if given is None:
        return
    found = list(overlay(_PATH, given, type_named("PodTemplateSpec")))
    if found:
        yield from found  # what follows reads the overlay, and may where it has its shape
        return
    yield from _whole(given)
    yield from _metadata(given.get("metadata", {}))
    yield from _pod(given.get("spec", {}))
    yield from _containers(given.get("spec", {}), document.spec)


def _whole(given: Mapping[str, Any]) -> Iterator[Finding]:
    for path in _WHOLE:
        value = _at(given, path)
        entries = value if isinstance(value, list) else [value]
        if any(isinstance(entry, dict) and _replaces(entry, path) for entry in entries):
            what = ".".join(map(str, path)) or "the pod template"
            allowed = f"no {PATCH} here: GCO's own is in {what}, so it can only be added to"
            yield Finding((*_PATH, *path), "", allowed)


def _replaces(entry: Mapping[str, Any], path: Path) -> bool:
    """Whether `entry` is a directive for the whole, and no directive for one item of a list."""
    return PATCH in entry and (path[-1:] != ("containers",) or entry.keys() == {PATCH})


def _at(value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON value
    for step in path:
        value = value.get(step, {}) if isinstance(value, dict) else {}
    return value


def _metadata(metadata: Mapping[str, Any]) -> Iterator[Finding]:
    path = (*_PATH, "metadata")
    for field in metadata.keys() - _METADATA - {PATCH}:
        yield Finding((*path, field), metadata[field], "labels and annotations alone")
    for key, value in metadata.get("labels", {}).items():
        at = (*path, "labels", key)
        if key in OUR_LABEL_KEYS:
            yield Finding(at, value, "GCO's own label, which its selectors go by: leave it out")
        elif key != PATCH:
            yield from label_syntax(at, key, value if isinstance(value, str) else "")
    for key, value in metadata.get("annotations", {}).items():
        if key.startswith(_OWN_PREFIX):
            allowed = f"a key that does not begin with {_OWN_PREFIX}, which is GCO's own"
            yield Finding((*path, "annotations", key), value, allowed)


def _pod(pod: Mapping[str, Any]) -> Iterator[Finding]:
    policy = pod.get("restartPolicy", "Always")
    if policy != "Always":
        allowed = "Always: the pods of an endpoint are there to stay"
        yield Finding((*_PATH, "spec", "restartPolicy"), policy, allowed)


def _containers(pod: Mapping[str, Any], spec: EndpointSpec) -> Iterator[Finding]:
    for field in ("containers", "initContainers"):
        found = pod.get(field, [])
        for number, container in enumerate(found if isinstance(found, list) else ()):
            path: Path = (*_PATH, "spec", field, number)
            yield from _secrets(path, container)
            if field == "containers" and container.get("name") == CONTAINER:
                yield from _ours(path, container, spec)


def _secrets(path: Path, container: Mapping[str, Any]) -> Iterator[Finding]:
    env = container.get("env", [])
    for number, variable in enumerate(env if isinstance(env, list) else ()):
        value = variable.get("value", "")
        if isinstance(value, str):
            yield from literal_secrets((*path, "env", number), variable.get("name", ""), value)


def _ours(path: Path, container: Mapping[str, Any], spec: EndpointSpec) -> Iterator[Finding]:
    if PATCH in container:
        allowed = f"no {PATCH}: {CONTAINER} is the container that serves"
        yield Finding((*path, PATCH), container[PATCH], allowed)
    if "image" in container:
        allowed = "spec.image instead: update-image, regions and ECR rewriting do not reach this"
        stated = container["image"]
        yield Finding((*path, "image"), stated, allowed, warning=isinstance(stated, str))
    yield from _port((*path, "ports"), container.get("ports", []), effective(spec).port)


def _port(path: Path, ports: Any, serving: int) -> Iterator[Finding]:  # noqa: ANN401
    """The port that serves is found by its name, by probes and Service alike."""
    listed = ports if isinstance(ports, list) else [ports]
    for number, port in enumerate(listed):
        at = (*path, number) if listed is ports else path
        if PATCH in port and port.get("containerPort", serving) == serving:
            yield Finding((*at, PATCH), port[PATCH], "no way to take away the port that serves")
        named = port.get("name", PORT_NAME if port.get("containerPort") == serving else "")
        if (named == PORT_NAME) is not (port.get("containerPort") == serving):
            allowed = f"{PORT_NAME} for port {serving} alone; spec.port says which that is"
            yield Finding((*at, "name"), port.get("name", ""), allowed)
