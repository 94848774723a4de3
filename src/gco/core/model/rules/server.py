"""The server: its image, and arguments with which it can be reached where the spec says."""

from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path
from gco.core.model.flags import flag_value, has_flag, told_port, words
from gco.core.model.images import parse_image
from gco.core.model.launch import SHELLS, host_told, program, takes_flags, tells_port
from gco.core.model.profiles import PROFILES, Profile, infer_server, profile_of
from gco.core.model.resources import devices
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import EndpointSpec, InferenceEndpoint, Server
from gco.digits import is_digits

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_ARGS: Final[Path] = ("spec", "args")


def images(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """Images are references, and better ones that mean the same tomorrow."""
    spec = document.spec
    own = ((("spec", "regions", n, "image"), r.image) for n, r in enumerate(spec.regions or ()))
    stated: Iterator[tuple[Path, str | None]] = iter([(("spec", "image"), spec.image), *own])
    for path, image in stated:
        if image is None:
            continue
        try:
            reference = parse_image(image)
        except ValueError as error:
            yield Finding(path, image, str(error))
            continue
        if reference.floating:
            allowed = "may be another image tomorrow: name a version or a digest"
            yield Finding(path, image, allowed, warning=True)


def server(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """A stated server is the one in an image that is known."""
    spec = document.spec
    known = infer_server(spec.image)
    if spec.server not in {None, known, Server.CUSTOM} and known is not Server.CUSTOM:
        allowed = f"{known}, as the image is its, or custom with port and probes of your own"
        yield Finding(("spec", "server"), spec.server, allowed)


def port(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """The server listens on the port that is asked."""
    spec = document.spec
    if spec.port is None:
        return
    kind = spec.server or infer_server(spec.image)
    profile = PROFILES[kind]
    told = told_port(spec, profile)
    path: Path = ("spec", "port")
    if told is not None and told != spec.port:
        allowed = f"{told}, which args or env tell the server; one of them is enough"
        yield Finding(path, spec.port, allowed, warning=kind is Server.CUSTOM)
    known = profile.port_flags and kind is not Server.CUSTOM and program(spec) not in SHELLS
    if told is None and spec.port != profile.port and known and not tells_port(spec):
        flag = f"{profile.port_flags[0]}={spec.port}"
        allowed = f"{kind} listens on {profile.port} unless args say `{flag}`"
        yield Finding(path, spec.port, allowed, warning=True)


def arguments(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """No argument keeps the server from serving, or asks for devices that it has not."""
    spec = document.spec
    profile = profile_of(spec.image, spec.server)
    line = words(spec)
    for flag, why in profile.harmful_flags.items():
        if has_flag(line, [flag]):
            yield Finding(_ARGS, flag, f"no {flag}: {why}")
    yield from _parallel(spec)


def listening(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """The server listens where it can be reached: on more than the loopback address."""
    spec = document.spec
    profile = profile_of(spec.image, spec.server)
    host = host_told(spec, profile)
    if host is not None and _address(host) in _LOOPBACK:
        path = _ARGS if has_flag(words(spec), profile.host_flags) else _env_path(spec, profile)
        yield Finding(path, host, "0.0.0.0, as a pod is reached from outside")
    if host is None and profile.bind_args and program(spec) not in SHELLS and not takes_flags(spec):
        kind, asked = spec.server or infer_server(spec.image), " ".join(profile.bind_args)
        allowed = f"{kind} listens on the loopback address alone unless args say `{asked}`"
        yield Finding(_ARGS, f"no {profile.bind_args[0]}", allowed, warning=True)


def _address(host: str) -> str:
    """Return the address in `127.0.0.1`, `::1` or `127.0.0.1:8000`."""
    return host.partition(":")[0] if host.count(":") == 1 else host


def _env_path(spec: EndpointSpec, profile: Profile) -> Path:
    names = [variable.name for variable in spec.env or ()]
    return ("spec", "env", names.index(str(profile.host_env)), "value")


def _parallel(spec: EndpointSpec) -> Iterator[Finding]:
    profile = profile_of(spec.image, spec.server)
    stated = flag_value(words(spec), profile.parallel_flags)
    count = devices(spec.resources).count
    if stated is not None and is_digits(stated) and 0 < count < int(stated):
        allowed = f"at most resources.count, which is {count}"
        yield Finding(_ARGS, f"{profile.parallel_flags[0]} {stated}", allowed)


def open_route(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """Warn of a route that anyone may use: the server asks for no key either."""
    spec = document.spec
    profile = profile_of(spec.image, spec.server)
    keyed = has_flag(words(spec), profile.key_flags) or any(
        variable.name in profile.key_env for variable in spec.env or ()
    )
    if keyed or (spec.route is not None and spec.route.auth is not None):
        return
    allowed = "whoever reaches the load balancer may use the model: keep it internal"
    if profile.key_env:
        allowed += f", or give the server a key ({profile.key_env[0]} by valueFrom)"
    yield Finding(("spec", "route"), "no authentication", allowed, warning=True)
