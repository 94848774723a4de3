"""From the path of a request to what it asks for, as Kubernetes lays out its API; pure."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from gco.kinds.registry import KINDS, Kind

_CORE: Final = ("api", "v1")


class Target(NamedTuple):
    """What a path leads to."""

    kind: Kind
    namespace: str | None
    name: str | None
    """None for all objects of the kind."""
    log: bool = False
    """The log of the pod, in place of the pod."""


def target_of(path: str, kinds: Iterable[Kind] = KINDS) -> Target | None:
    """Return what `path` (percent-decoded) leads to, None where nothing is served there."""
    parts = path.strip("/").split("/")
    if tuple(parts[:2]) == _CORE:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[0] == "apis" and len(parts) >= 3:  # noqa: PLR2004  (apis, group, version)
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    served = {k.plural: k for k in kinds if (k.group, k.version) == (group, version)}
    match rest:
        case ["namespaces", namespace, plural, *names]:
            return _target(served.get(plural), namespace, names)
        case [plural, *names]:
            return _target(served.get(plural), None, names)
        case _:
            return None


def _target(kind: Kind | None, namespace: str | None, names: list[str]) -> Target | None:
    if kind is None or (namespace is not None and not kind.namespaced):
        return None
    match names:
        case []:
            return Target(kind, namespace, None)
        case [name] if kind.namespaced is (namespace is not None):
            return Target(kind, namespace, name)
        case [name, "log"] if kind.plural == "pods" and namespace is not None:
            return Target(kind, namespace, name, log=True)
        case _:
            return None
