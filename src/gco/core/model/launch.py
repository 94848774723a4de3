"""What a server is told beside what its spec states, so that it is reached where the spec says.

Flags are added only to a command line that is known to be the server's own: a script would take
them for its own, or end. What the spec states is never contradicted.
"""

from collections.abc import Iterator
from typing import Final

from gco.core.model.flags import env_value, flag_value, has_flag, told_port, words
from gco.core.model.profiles import Metrics, Profile, infer_server, profile_of
from gco.core.model.spec import EndpointSpec, EnvVar

SHELLS: Final = frozenset({"sh", "bash", "ash", "dash", "zsh"})


def program(spec: EndpointSpec) -> str:
    """Return the program that the stated line runs: a file's name, or Python's module; else nothing."""
    line = words(spec)
    first = line[0].rpartition("/")[2] if line else ""
    if first.startswith("python") and "-m" in line[:-1]:
        return line[line.index("-m") + 1]
    return first


def takes_flags(spec: EndpointSpec) -> bool:
    """Whether flags of the server can be added to what the spec states.

    Either the line names the server's program, or there is no command and the image, which is
    known, has the server as its entry point.
    """
    kind = infer_server(spec.image)
    profile = profile_of(spec.image, spec.server)
    if program(spec) in profile.programs:
        return True
    return profile.entrypoint and not spec.command and spec.server in {None, kind}


def host_told(spec: EndpointSpec, profile: Profile) -> str | None:
    """Return the address on which arguments or environment have the server listen, if they do."""
    told = flag_value(words(spec), profile.host_flags)
    return env_value(spec.env or (), profile.host_env) if told is None else told


def added_args(spec: EndpointSpec, prefix: str) -> tuple[str, ...]:
    """Return what is added to the arguments; `prefix` is the endpoint's path from outside.

    The prefix is for the links of `/docs` alone: the route takes it off, and the server answers
    bare paths. It is the endpoint's, whoever serves it: a canary's name is in no path.
    """
    return tuple(_added_args(spec, prefix)) if takes_flags(spec) else ()


def _added_args(spec: EndpointSpec, prefix: str) -> Iterator[str]:
    profile, line = profile_of(spec.image, spec.server), words(spec)
    if not _host_stated(spec, profile):
        yield from profile.bind_args
    if profile.port_env is None and profile.port_flags and _port_untold(spec, profile):
        yield f"{profile.port_flags[0]}={spec.port}"
    if profile.prefix_flag and prefix.strip("/") and not has_flag(line, [profile.prefix_flag]):
        yield f"{profile.prefix_flag}=/{prefix.strip('/')}"


def added_env(spec: EndpointSpec) -> tuple[EnvVar, ...]:
    """Return what is added to the environment: the port, where the server reads it from there."""
    profile = profile_of(spec.image, spec.server)
    if profile.port_env is None or not _port_untold(spec, profile):
        return ()
    return (EnvVar(name=profile.port_env, value=str(spec.port)),)


def served_metrics(spec: EndpointSpec) -> Metrics | None:
    """Return where the server tells its metrics; None where it has none, or is not told to."""
    metrics = profile_of(spec.image, spec.server).metrics
    untold = metrics is not None and metrics.flag and not has_flag(words(spec), [metrics.flag])
    return None if untold else metrics


def tells_port(spec: EndpointSpec) -> bool:
    """Whether a stated port is told to a server that would listen on another one."""
    profile = profile_of(spec.image, spec.server)
    return profile.port_env is not None or (bool(profile.port_flags) and takes_flags(spec))


def _port_untold(spec: EndpointSpec, profile: Profile) -> bool:
    stated = {variable.name for variable in spec.env or ()}
    told = told_port(spec, profile) is not None or profile.port_env in stated
    return spec.port not in {None, profile.port} and not told


def _host_stated(spec: EndpointSpec, profile: Profile) -> bool:
    stated = {variable.name for variable in spec.env or ()}
    return has_flag(words(spec), profile.host_flags) or profile.host_env in stated
