"""How the regions of a sandbox are found by other processes: by a kubeconfig in its folder.

It is there while the sandbox runs, for its owner alone, and leads to loopback addresses.
"""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from gco.contexts.model import Way
from gco.core.model.status import Region
from gco.settings import data_folder

if TYPE_CHECKING:
    from gco.sandbox.api import ApiFace

CLUSTER_NAME: Final = "sandbox"
"""Marks the regions that a sandbox registered; those of real clusters are never taken over."""


def sandbox_folder() -> Path:
    """Return the folder of a person's sandbox."""
    return data_folder() / "sandbox"


def published_way(region: Region) -> Way | None:
    """Return the way to a region of the sandbox that runs; None for any other region."""
    path = _kubeconfig()
    if region.cluster_name != CLUSTER_NAME or not path.exists():
        return None
    return Way(kube_context=region.name, kubeconfig=str(path))


@contextlib.contextmanager
def published(faces: Mapping[str, "ApiFace"]) -> Iterator[None]:
    """Have the regions be found while the block runs."""
    path = _kubeconfig()
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as made:  # its mode is 0600
        made.write(orjson.dumps(_config(faces)))
    Path(made.name).replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _kubeconfig() -> Path:
    return sandbox_folder() / "kubeconfig"


def _config(faces: Mapping[str, "ApiFace"]) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": n, "cluster": {"server": f.url}} for n, f in faces.items()],
        "users": [{"name": n, "user": {"token": f.token}} for n, f in faces.items()],
        "contexts": [{"name": n, "context": {"cluster": n, "user": n}} for n in faces],
    }
