"""Which requests each endpoint claims in a region, and which of two claims answers a request.

The rule serves twice: `gco apply` refuses a claim that another endpoint holds, and a region decides
by it between endpoints that two people applied at the same moment.
"""

import bisect
import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

from gco.core.model.ids import EndpointName, EndpointUid, RegionName
from gco.core.model.names import default_route_path, ingress_name, route_path
from gco.core.model.spec import Route, RouteBackend

_DEFAULT_PARENT: Final = "/inference/"
"""Below it, the first segment of a path is the name of the endpoint that the path belongs to."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class RouteKey:
    """Where requests come in, and which of them are meant."""

    backend: RouteBackend
    gateway: str
    """`NAMESPACE/NAME` of a Gateway; empty for other backends, which all routes share."""
    listener: str
    """Of that Gateway; empty: all of them."""
    host: str
    """Empty: any host."""
    path: str
    """Without a slash at its end, or `/`."""


@dataclasses.dataclass(frozen=True, slots=True)
class RouteClaim:
    """An endpoint's route in one region."""

    endpoint: EndpointName
    namespace: str
    region: RegionName
    key: RouteKey


def route_key(name: EndpointName, namespace: str, route: Route) -> RouteKey:
    """Return what `route`, resolved for a region, claims for the endpoint `name`."""
    gateway, listener = "", ""
    if route.backend is RouteBackend.GATEWAY and route.gateway is not None:
        gateway = f"{route.gateway.namespace or namespace}/{route.gateway.name}"
        listener = route.gateway.listener or ""
    return RouteKey(
        route.backend or RouteBackend.ALB,
        gateway,
        listener,
        route.host or "",
        route_path(name, route.path),
    )


def owner_of_path(path: str) -> str | None:
    """Return the endpoint that a path below `/inference/` belongs to; None for any other path."""
    if not path.startswith(_DEFAULT_PARENT):
        return None
    return path.removeprefix(_DEFAULT_PARENT).partition("/")[0]


def is_own_path(name: EndpointName, path: str) -> bool:
    """Whether `path` is the endpoint's default path or inside it, where no other endpoint may be."""
    return is_within(path, default_route_path(name))


def is_within(path: str, outer: str) -> bool:
    """Whether a route on `outer` would also take requests for `path`; a path is within itself."""
    return outer in {"/", path} or path.startswith(f"{outer}/")


def collide(one: RouteKey, other: RouteKey) -> bool:
    """Whether both claim the same requests, so that only one of them can have any."""
    return (one.host, one.path) == (other.host, other.path) and _share_entrance(one, other)


def overlap(one: RouteKey, other: RouteKey) -> bool:
    """Whether some request is claimed by both."""
    nested = is_within(one.path, other.path) or is_within(other.path, one.path)
    return nested and _share_entrance(one, other) and _share_hosts(one.host, other.host)


def answers_first(one: RouteClaim, other: RouteClaim) -> RouteClaim:
    """Return which of two overlapping claims answers the requests that both claim.

    ingress-nginx and Gateways prefer the more specific host, then the longer path. The rules of a
    shared ALB are asked in the order of `NAMESPACE/NAME` of their Ingresses, whatever their paths.
    """
    if one.key.backend is RouteBackend.ALB:
        return min(one, other, key=lambda claim: (claim.namespace, ingress_name(claim.endpoint)))
    return max(one, other, key=lambda claim: (*_specificity(claim.key.host), len(claim.key.path)))


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Claimant:
    """An endpoint that claims a route in a region, in the order in which claims count."""

    created: str
    """When the endpoint was created, as the store says, so that every region decides alike."""
    uid: EndpointUid
    name: EndpointName
    namespace: str
    key: RouteKey

    @property
    def place(self) -> tuple[str, str]:
        """Host and path: only claims of one place can collide."""
        return self.key.host, self.key.path


def first_claimant(mine: Claimant, others: Iterable[Claimant]) -> Claimant:
    """Return who has the route of `mine`: the endpoint that was created first."""
    return min((other for other in others if collide(mine.key, other.key)), default=mine)


class Claims:
    """The routes of many endpoints, in an order in which overlaps are found without a scan."""

    def __init__(self, claims: Iterable[RouteClaim]) -> None:
        self._by_path: dict[tuple[RegionName, str], list[RouteClaim]] = {}
        for claim in claims:
            self._by_path.setdefault((claim.region, claim.key.path), []).append(claim)
        paths: dict[RegionName, list[str]] = {}
        for region, path in self._by_path:
            paths.setdefault(region, []).append(path)
        self._paths: Mapping[RegionName, Sequence[str]] = {r: sorted(p) for r, p in paths.items()}

    def overlapping(self, claim: RouteClaim) -> Iterator[RouteClaim]:
        """Yield the claims of other endpoints that overlap `claim` in its region."""
        for path in self._nested(claim):
            for other in self._by_path[claim.region, path]:
                if other.endpoint != claim.endpoint and overlap(claim.key, other.key):
                    yield other

    def _nested(self, claim: RouteClaim) -> Iterator[str]:
        known, path = self._paths.get(claim.region, ()), claim.key.path
        for outer in _outer(path):
            if (claim.region, outer) in self._by_path:
                yield outer
        below = f"{path.rstrip('/')}/"
        for inner in known[bisect.bisect_left(known, below) :]:
            if not inner.startswith(below):
                break
            if inner != path:
                yield inner


@dataclasses.dataclass(frozen=True, slots=True)
class OtherRoutes:
    """What is known of other endpoints' routes when a document is checked."""

    held: Collection[tuple[RegionName, RouteKey]] = frozenset()
    """What the endpoint's stored routes claim already; it stays accepted."""
    claims: Claims | None = None
    """The routes of all endpoints; None where none of them needs to be compared."""
    adopted: bool = False
    """The endpoint runs already and is imported: what is wrong with its route is a warning."""


def _outer(path: str) -> Iterator[str]:
    """Yield `path` and every path that it is within, the shortest last."""
    while path != "/":
        yield path
        path = path.rpartition("/")[0] or "/"
    yield "/"


def _share_entrance(one: RouteKey, other: RouteKey) -> bool:
    if (one.backend, one.gateway) != (other.backend, other.gateway):
        return False
    return not one.listener or not other.listener or one.listener == other.listener


def _share_hosts(one: str, other: str) -> bool:
    return one == other or _covers(one, other) or _covers(other, one)


def _covers(pattern: str, host: str) -> bool:
    """Whether `pattern` means every host that `host` means."""
    return not pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _specificity(host: str) -> tuple[bool, bool, int]:
    return bool(host), not host.startswith("*."), len(host)
