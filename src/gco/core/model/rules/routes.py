"""Routes: in each region, one that its backend can make, and nothing that it would ignore."""

import dataclasses
from collections.abc import Iterator
from typing import Final

from pydantic.alias_generators import to_camel

from gco.core.model.allowed import Path, one_of
from gco.core.model.flags import has_flag, words
from gco.core.model.ids import EndpointName, RegionName
from gco.core.model.launch import takes_flags
from gco.core.model.names import route_path
from gco.core.model.profiles import profile_of
from gco.core.model.routes import overlaid, route_in
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import EndpointSpec, InferenceEndpoint, Route, RouteBackend
from gco.core.model.status import Region
from gco.core.model.unknown import is_known

ALB, NGINX, GATEWAY = RouteBackend.ALB, RouteBackend.NGINX, RouteBackend.GATEWAY
_AUTH: Final = {ALB: ("oidc", "cognito"), NGINX: ("basic", "external"), GATEWAY: ()}
"""What each backend can ask of a caller by itself."""
_DOTTED: Final = frozenset({"", ".", ".."})


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """The route in one region."""

    number: int | None
    """Which of spec.regions it is, where that states a route of its own."""
    base: Route | None
    own: Route | None
    region: Region | None
    """None where it is not known."""

    @property
    def stated(self) -> Route:
        return overlaid(self.base, self.own) or Route()

    @property
    def backend(self) -> RouteBackend | None:
        """None where nobody states it, or the region has one that this version knows no rule of."""
        found = self.stated.backend if self.region is None else self.resolved.backend
        return found if found is None or is_known(found) else None

    @property
    def resolved(self) -> Route:
        return self.stated if self.region is None else route_in(self.stated, self.region)

    @property
    def where(self) -> str:
        """Say whose backend it is, where the spec does not."""
        return "" if self.region is None or self.stated.backend else f", by {self.region.name}"

    def at(self, field: str, *below: str) -> Path:
        """Return where a field of it is stated, or would best be."""
        own = self.own is not None and getattr(self.own, field) is not None
        base = self.base is not None and getattr(self.base, field) is not None
        path = (to_camel(field), *below)
        if self.number is not None and (own or not base):
            return ("spec", "regions", self.number, "route", *path)
        return ("spec", "route", *path)


def routes(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """Every region's route is one that its backend can make."""
    name = EndpointName(document.metadata.name)
    found = (
        finding
        for place in places(document.spec, known)
        for finding in _of_place(document.spec, name, place)
    )
    yield from dict.fromkeys(found)


def places(spec: EndpointSpec, known: Known) -> Iterator[Place]:
    """Yield the route in each region that the endpoint is for."""
    registered = {region.name: region for region in known.regions or ()}
    if spec.regions is None:
        for region in registered.values():
            yield Place(None, spec.route, None, region)
        if not registered:
            yield Place(None, spec.route, None, None)
    for number, own in enumerate(spec.regions or ()):
        stated = number if own.route is not None else None
        yield Place(stated, spec.route, own.route, registered.get(RegionName(own.name)))


def _of_place(spec: EndpointSpec, name: EndpointName, place: Place) -> Iterator[Finding]:
    yield from _segments(place)
    yield from _gateway(place)
    yield from _tls(place)
    yield from _health_check(place)
    yield from _auth(place)
    yield from _prefix(spec, name, place)


def _segments(place: Place) -> Iterator[Finding]:
    """No segment is empty or a dot: servers and load balancers read such paths differently."""
    path = place.stated.path or "/"
    if not _DOTTED.isdisjoint(path.removesuffix("/").split("/")[1:]):
        allowed = "a path without `//`, `/.` and `/..`, which load balancers read differently"
        yield Finding(place.at("path"), path, allowed)


def _gateway(place: Place) -> Iterator[Finding]:
    stated, backend = place.stated.gateway, place.backend
    if stated is not None and backend not in {None, GATEWAY}:
        allowed = f"left out, as the backend is {backend}{place.where}"
        yield Finding(place.at("gateway"), stated.name, allowed)
    if backend is GATEWAY and place.region is not None and place.resolved.gateway is None:
        allowed = (
            f"the name and namespace of a Gateway, as {place.region.name} names none of its own "
            "(GCO_GATEWAY of its monitor)"
        )
        yield Finding(place.at("gateway"), "nothing", allowed)


def _tls(place: Place) -> Iterator[Finding]:
    tls, backend = place.stated.tls, place.backend
    if tls is None or backend is None:
        return
    fields = {"certificateArn": (tls.certificate_arn, ALB), "secretName": (tls.secret_name, NGINX)}
    wrong = [field for field, (value, by) in fields.items() if value and by is not backend]
    for field in wrong:
        yield Finding(place.at("tls", field), fields[field][0], _instead(backend) + place.where)
    missing = [field for field, (value, by) in fields.items() if not value and by is backend]
    for field in missing if not wrong else ():
        yield Finding(place.at("tls"), f"no {field}", f"{field}, for backend {backend}")
    if backend is NGINX and tls.secret_name is not None and place.stated.host is None:
        yield Finding(place.at("host"), "nothing", "the host name that the certificate is for")


def _instead(backend: RouteBackend) -> str:
    told = {
        ALB: "left out: backend alb takes certificateArn",
        NGINX: "left out: backend nginx takes secretName",
        GATEWAY: "left out: with backend gateway the certificate is the listener's "
        "(route.gateway.listener)",
    }
    return told[backend]


def _health_check(place: Place) -> Iterator[Finding]:
    check = place.stated.health_check
    if check is None:
        return
    if place.backend not in {None, ALB}:
        allowed = (
            f"left out: backend {place.backend}{place.where} goes by the pods' readiness "
            "(spec.probes)"
        )
        yield Finding(place.at("health_check"), "a health check", allowed)
    interval, timeout = check.interval_seconds or 15, check.timeout_seconds or 5
    if timeout >= interval:
        path = place.at("health_check", "timeoutSeconds")
        yield Finding(path, timeout, f"less than the interval, {interval}")


def _auth(place: Place) -> Iterator[Finding]:
    auth, backend = place.stated.auth, place.backend
    if auth is None:
        return
    stated = [kind for kind in ("oidc", "cognito", "basic", "external") if getattr(auth, kind)]
    if len(stated) != 1:
        given = " and ".join(stated) or "nothing"
        yield Finding(place.at("auth"), given, "exactly one of oidc, cognito, basic and external")
        return
    if backend is None:
        return
    if stated[0] not in _AUTH[backend]:
        yield Finding(place.at("auth"), stated[0], f"{_kinds(backend)}{place.where}")
    elif place.stated.tls is None:
        allowed = "a certificate, as an ALB signs people in on HTTPS alone"
        warned = "a certificate, or else passwords and tokens travel for everyone to read"
        alb = backend is ALB
        yield Finding(place.at("tls"), "nothing", allowed if alb else warned, warning=not alb)


def _kinds(backend: RouteBackend) -> str:
    if backend is GATEWAY:
        return "left out: a Gateway asks callers by policies of its own controller"
    return f"{one_of(_AUTH[backend])}, which is what backend {backend} can ask of callers"


def _prefix(spec: EndpointSpec, name: EndpointName, place: Place) -> Iterator[Finding]:
    """Where a controller takes no prefix off, the server has to know it."""
    path, region = route_path(name, place.stated.path), place.region
    if region is None or place.backend is not ALB or region.alb_rewrites or path == "/":
        return
    if place.stated.strip_prefix is True:
        allowed = f"false: the load balancer controller of {region.name} takes no prefix off"
        yield Finding(place.at("strip_prefix"), True, allowed)
    if place.stated.strip_prefix is None and not _tells_prefix(spec):
        allowed = (
            f"/ with a host of its own, or another backend: the load balancer controller of "
            f"{region.name} takes no prefix off (GCO_ALB_REWRITES), and the server is told of none"
        )
        yield Finding(place.at("path"), path, allowed)


def _tells_prefix(spec: EndpointSpec) -> bool:
    flag = profile_of(spec.image, spec.server).prefix_flag
    return flag is not None and (takes_flags(spec) or has_flag(words(spec), [flag]))
