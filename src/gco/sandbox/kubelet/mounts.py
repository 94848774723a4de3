"""Volumes of a sandbox: folders of this machine in place of claims, for processes without mounts.

A process sees the machine's own files, so that what a container would find under a mount's path it
is told by the folder's: in its command line and in the variables that its pod states.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_NAME: Final = re.compile(r"[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?")
"""As Kubernetes names a claim: a DNS subdomain, never a path."""


class ConfigError(Exception):
    """The container asks for something that a sandbox does not have; the text says what."""


def local_mounts(
    pod: Mapping[str, Any], container: Mapping[str, Any], volumes: Path
) -> dict[str, Path]:
    """Return the folder of each claim that the container mounts, by the path in the container.

    `volumes` holds a folder for each claim, made when it is first used. Raises ConfigError where a
    part of a claim is mounted that is not there, or where a name leads out of `volumes`.
    """
    claims = {
        volume["name"]: volumes / _claim_name(volume["persistentVolumeClaim"]["claimName"])
        for volume in pod["spec"].get("volumes", ())
        if "persistentVolumeClaim" in volume
    }
    found: dict[str, Path] = {}
    for mount in container.get("volumeMounts", ()):
        if mount["name"] in claims:
            root = claims[mount["name"]]
            root.mkdir(parents=True, exist_ok=True)
            found[mount["mountPath"].rstrip("/")] = _part(root, mount.get("subPath", ""))
    return found


def _claim_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{name!r} is not the name of a claim")
    return name


def _part(root: Path, part: str) -> Path:
    if part.startswith("/") or ".." in Path(part).parts:
        raise ConfigError(f"subPath {part!r} leads out of volume {root.name}")
    folder = root / part
    if not folder.is_dir():
        raise ConfigError(f"volume {root.name} has no folder {part}")
    return folder


def mounted(word: str, mounts: Mapping[str, Path]) -> str:
    """Return `word` with the folders of this machine in place of the paths of `mounts`."""
    if not mounts:
        return word
    paths = "|".join(map(re.escape, sorted(mounts, key=len, reverse=True)))
    pattern = rf"(?:(?<=file://)|(?<![\w./-]))({paths})(?![\w.-])"
    return re.sub(pattern, lambda found: str(mounts[found[1]]), word)
