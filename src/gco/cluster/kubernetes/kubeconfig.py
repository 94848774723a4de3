"""Reads kubeconfig files and the service account of a pod; lightkube's config library parses them.

Several files are merged as kubectl does: the first to name a cluster, user or context wins, and a
relative path is relative to the file that states it.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import yaml

from gco.errors import SettingsError

if TYPE_CHECKING:
    from lightkube.config.kubeconfig import SingleConfig

DEFAULT: Final = Path("~/.kube/config")
SERVICE_ACCOUNT: Final = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_PATHS: Final = {
    "cluster": ("certificate-authority",),
    "user": ("client-certificate", "client-key", "tokenFile"),
}
_TOLD_TO_PLUGINS: Final = (
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority-data",
)
_SECTIONS: Final = {"clusters": "cluster", "users": "user", "contexts": "context"}
_UNSUPPORTED: Final = {
    "cluster": ("proxy-url",),
    "user": ("as", "as-uid", "as-groups", "as-user-extra", "auth-provider"),
}
"""What would change how or as whom we connect, and is refused before it is silently left out."""


class Choice(NamedTuple):
    """One context of a kubeconfig, with what lightkube does not read of it."""

    config: "SingleConfig"
    tls_server_name: str | None = None
    """The name that the server's certificate must carry, where it is not that of the address."""
    exec_cluster: Mapping[str, str] | None = None
    """What the credential plugin asks to be told of the cluster."""


def from_files(paths: str | Path, context: str | None) -> Choice:
    """Return one context of kubeconfig files.

    Args:
        paths: a file, or several with the path separator between, as in KUBECONFIG.
        context: the context's name; the current one unless given.

    Raises:
        SettingsError: a file is unreadable, or does not say what is needed.
    """
    from lightkube.config.kubeconfig import KubeConfig  # noqa: PLC0415 - costs a third of a second
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415

    merged = _merged([Path(part).expanduser() for part in str(paths).split(os.pathsep) if part])
    try:
        chosen = KubeConfig.from_dict(merged).get(context)
    except ConfigError as error:
        known = ", ".join(each["name"] for each in merged["contexts"]) or "none"
        raise SettingsError(f"{paths}: {error} (contexts: {known})") from error
    except (KeyError, TypeError, ValueError) as error:  # msgspec's errors are ValueErrors
        raise SettingsError(f"{paths} is not a valid kubeconfig: {error!r}") from error
    if chosen is None:
        raise SettingsError(f"{paths}: no current context is set; name one")
    cluster = _chosen(merged, "cluster", chosen.context.cluster)
    user = _chosen(merged, "user", chosen.context.user)
    _refuse_unsupported(paths, cluster, user)
    asked = (user.get("exec") or {}).get("provideClusterInfo")
    told = {key: cluster[key] for key in _TOLD_TO_PLUGINS if cluster.get(key)} if asked else None
    return Choice(chosen, cluster.get("tls-server-name"), told)


def from_service_account(folder: Path = SERVICE_ACCOUNT) -> Choice | None:
    """Return the configuration of the pod that this runs in, or None where it has no account.

    Raises SettingsError where the account is there and the API server's address is not.
    """
    from lightkube.config.kubeconfig import KubeConfig  # noqa: PLC0415
    from lightkube.core.exceptions import ConfigError  # noqa: PLC0415

    try:
        chosen = KubeConfig.from_service_account(folder).get()
    except ConfigError:
        return None  # no such files: the pod mounts no service account
    except (KeyError, OSError) as error:
        raise SettingsError(f"the service account in {folder} is unusable: {error!r}") from error
    return Choice(chosen) if chosen else None


def _merged(paths: Sequence[Path]) -> dict[str, Any]:
    files = [_read(path) for path in paths]
    current = next((each["current-context"] for each in files if each.get("current-context")), None)
    return {
        "current-context": current,
        **{section: _first_of_each(files, section) for section in _SECTIONS},
    }


def _first_of_each(files: Sequence[Mapping[str, Any]], section: str) -> list[dict[str, Any]]:
    named: dict[str, dict[str, Any]] = {}
    for each in files:
        for item in each.get(section) or ():
            named.setdefault(item["name"], item)
    return list(named.values())


def _read(path: Path) -> dict[str, Any]:
    try:
        config = yaml.safe_load(path.read_text())
    except OSError as error:
        raise SettingsError(
            f"the kubeconfig {path} cannot be read: {error.strerror}; set KUBECONFIG"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"the kubeconfig {path} is not YAML") from error
    if not isinstance(config, dict):
        raise SettingsError(f"the kubeconfig {path} is empty or not a mapping")
    for section, key in _SECTIONS.items():
        for item in config.get(section) or ():
            _make_absolute(item, key, path.parent)
    return config


def _make_absolute(item: object, key: str, folder: Path) -> None:
    """Resolve what `item` says of files, in place, before other files are merged with it."""
    content = item.get(key) if isinstance(item, dict) and "name" in item else None
    if not isinstance(content, dict):
        raise SettingsError(f"the kubeconfig in {folder} has a {key} without name or content")
    for field in _PATHS.get(key, ()):
        if content.get(field):
            content[field] = str(folder / content[field])
    plugin = content.get("exec") or {}
    if "/" in plugin.get("command", ""):  # a bare name is looked up on PATH
        plugin["command"] = str(folder / plugin["command"])


def _chosen(merged: Mapping[str, Any], key: str, name: str | None) -> Mapping[str, Any]:
    found = (each[key] for each in merged[f"{key}s"] if each["name"] == name)
    return next(found, {})


def _refuse_unsupported(
    paths: str | Path, cluster: Mapping[str, Any], user: Mapping[str, Any]
) -> None:
    stated = [f"cluster.{key}" for key in _UNSUPPORTED["cluster"] if cluster.get(key)]
    stated += [f"user.{key}" for key in _UNSUPPORTED["user"] if user.get(key)]
    if stated:
        raise SettingsError(f"{paths}: {', '.join(stated)} is not supported")
