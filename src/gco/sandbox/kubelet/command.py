"""From a container's spec to the command and environment of a local process."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from gco.sandbox.config import ImageConfig
from gco.sandbox.kubelet.probes import container_ports

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - looked for, to listen on one address instead


class ConfigError(Exception):
    """The container asks for something that a sandbox does not have; the text says what."""


@dataclasses.dataclass(frozen=True, slots=True)
class Launch:
    """What to run."""

    command: tuple[str, ...]
    env: dict[str, str]


def launch(
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    image: ImageConfig,
    *,
    address: str,
    base_env: Mapping[str, str],
) -> Launch:
    """Return what stands for `container`; raises ConfigError.

    The image's stand-in takes the place of its entry point: a command that the container states
    runs as it is, its args follow either, as in Kubernetes.
    """
    env = {**base_env, **_environment(pod, container, address)}
    ports = container_ports(container)
    filled = {"python": sys.executable, "ip": address, "port": str(ports[0] if ports else 8000)}
    entry = container.get("command") or [part.format(**filled) for part in image.command]
    words = _expand((*entry, *container.get("args", ())), env)
    return Launch(
        tuple(_own(word, address) for word in words),
        {name: _own(value, address) for name, value in env.items()},
    )


def _own(word: str, address: str) -> str:
    """Have a server that listens everywhere listen on its pod's address: the host is not its own."""
    return word.replace(_EVERYWHERE, address)


def _environment(
    pod: Mapping[str, Any], container: Mapping[str, Any], address: str
) -> dict[str, str]:
    env = {"HOSTNAME": pod["metadata"]["name"], "POD_IP": address, "PYTHONUNBUFFERED": "1"}
    for variable in container.get("env", ()):
        env[variable["name"]] = _value(pod, variable, address)
    return env


def _value(pod: Mapping[str, Any], variable: Mapping[str, Any], address: str) -> str:
    if "valueFrom" not in variable:
        return str(variable.get("value", ""))
    path = variable["valueFrom"].get("fieldRef", {}).get("fieldPath")
    known = {
        "metadata.name": pod["metadata"]["name"],
        "metadata.namespace": pod["metadata"]["namespace"],
        "status.podIP": address,
        "spec.nodeName": pod["spec"]["nodeName"],
    }
    if path not in known:
        raise ConfigError(f"env {variable['name']}: a sandbox fills in only {', '.join(known)}")
    return str(known[path])


def _expand(words: Sequence[str], env: Mapping[str, str]) -> tuple[str, ...]:
    """Replace `$(NAME)` by the variable's value, as Kubernetes does in commands and args."""
    expanded = list(words)
    for name, value in env.items():
        expanded = [word.replace(f"$({name})", value) for word in expanded]
    return tuple(expanded)
