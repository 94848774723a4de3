"""From a container's spec to the command and environment of a local process."""

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from gco.sandbox.config import ImageConfig
from gco.sandbox.kubelet.mounts import ConfigError, mounted
from gco.sandbox.kubelet.probes import container_ports

_EVERYWHERE = "0.0.0.0"  # noqa: S104 - looked for, to listen on one address instead

_INHERITED: Final = frozenset(
    {
        "HOME",
        "LANG",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "PATH",
        "PYTHONPATH",
        "SHELL",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
        "XDG_CACHE_HOME",
    }
)
"""What a process of a pod has of the person's environment: nothing that can be a credential."""
_INHERITED_FAMILIES: Final = ("CUDA_", "LC_", "NVIDIA_", "OMP_")


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
    mounts: Mapping[str, Path],
) -> Launch:
    """Return what stands for `container`; raises ConfigError.

    The image's stand-in takes the place of its entry point: a command that the container states
    runs as it is, its args follow either, as in Kubernetes. A process has no mounts of its own: in
    its words and variables the folder that stands for each of `mounts` takes its path's place.
    """
    env = {**_inherited(pod, base_env), **_environment(pod, container, address, base_env)}
    ports = container_ports(container)
    filled = {"python": sys.executable, "ip": address, "port": str(ports[0] if ports else 8000)}
    entry = container.get("command") or [part.format(**filled) for part in image.command]
    words = _expand((*entry, *container.get("args", ())), env)
    stated = {variable["name"] for variable in container.get("env", ())}

    def own(word: str) -> str:
        return mounted(_own(word, address), mounts)

    return Launch(
        tuple(own(word) for word in words),
        {
            name: own(value) if name in stated else _own(value, address)
            for name, value in env.items()
        },
    )


def _inherited(pod: Mapping[str, Any], base_env: Mapping[str, str]) -> dict[str, str]:
    """Return what the pod's process inherits: the command is the document's, not the person's.

    A Job that copies a model is GCO's own, and reads buckets and hubs with the person's keys.
    """
    owners = pod["metadata"].get("ownerReferences", ())
    if any(owner.get("kind") == "Job" for owner in owners):
        return dict(base_env)
    return {
        name: value
        for name, value in base_env.items()
        if name in _INHERITED or name.startswith(_INHERITED_FAMILIES)
    }


def _own(word: str, address: str) -> str:
    """Have a server that listens everywhere listen on its pod's address: the host is not its own."""
    return word.replace(_EVERYWHERE, address)


def _environment(
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    address: str,
    base_env: Mapping[str, str],
) -> dict[str, str]:
    env = {"HOSTNAME": pod["metadata"]["name"], "POD_IP": address, "PYTHONUNBUFFERED": "1"}
    for variable in container.get("env", ()):
        env[variable["name"]] = _value(pod, variable, address, base_env)
    return env


def _value(
    pod: Mapping[str, Any], variable: Mapping[str, Any], address: str, base_env: Mapping[str, str]
) -> str:
    if "valueFrom" not in variable:
        return str(variable.get("value", ""))
    if "secretKeyRef" in variable["valueFrom"] and variable["name"] in base_env:
        return base_env[variable["name"]]  # what a person has there is the secret of a sandbox
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
